"""What every collector must keep to: subclass a contract, give a payload and what it must become."""

import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.core.errors import AuthFailed, RateLimited, SourceError, Unavailable, Unreadable
from monitor.core.mention import Mention, Page
from monitor.core.watch import Watch
from monitor.ports import Collector, Round
from monitor.testing.loopback_http import Fault, Kind, LoopbackServer, Reply

Serve = Callable[[bytes], Collector]


class CollectorContract:
    """The part that holds for every source. Use one of the subclasses below, or write a ``serve`` fixture.

    ``answer`` is a payload that becomes ``expected``; ``malformed`` holds the same and at least one item that cannot
    be read. ``options`` gives the plugin's options for a place: an address or a file.
    """

    plugin: ModuleType
    answer: bytes
    malformed: bytes
    expected: tuple[Mention, ...]
    watches: tuple[Watch, ...] = (Watch(brand="Acme", terms=("Acme",)),)
    since: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    now: datetime = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)

    def options(self, place: str) -> dict[str, Any]:
        """The plugin's options, as they would stand in the configuration."""
        raise NotImplementedError

    @pytest.fixture
    def serve(self) -> Serve:
        """Gives a function that offers a payload at the source and returns a collector for it."""
        raise NotImplementedError

    def collector(self, place: str) -> Collector:
        """A new collector, as the program would make it."""
        made: Collector = self.plugin.create(self.plugin.Options(**self.options(place)))
        return made

    def read(self, collector: Collector, cursor: str | None = None) -> list[Page]:
        """One round to its end."""
        return list(collector.pages(Round(watches=self.watches, cursor=cursor, since=self.since, now=self.now)))

    def test_says_what_it_is(self) -> None:
        first = (self.plugin.__doc__ or "").strip().split("\n\n")[0]
        assert first.endswith(".")

    def test_refuses_unknown_options(self) -> None:
        with pytest.raises(ValidationError):
            self.plugin.Options(**self.options("http://127.0.0.1:1"), no_such_option=1)

    def test_the_answer_becomes_the_expected_mentions(self, serve: Serve) -> None:
        assert mentions(self.read(serve(self.answer))) == list(self.expected)

    def test_the_same_answer_gives_the_same_pages(self, serve: Serve) -> None:
        collector = serve(self.answer)
        assert mentions(self.read(collector)) == mentions(self.read(collector))

    def test_a_second_round_brings_nothing_new(self, serve: Serve) -> None:
        collector = serve(self.answer)
        cursor = last_cursor(self.read(collector))
        assert cursor is not None
        again = self.read(collector, cursor)
        assert mentions(again) == []
        assert mentions(self.read(collector, last_cursor(again) or cursor)) == []

    def test_a_crash_between_pages_loses_nothing(self, serve: Serve) -> None:
        collector = serve(self.answer)
        pages = self.read(collector)
        for number in range(1, len(pages) + 1):
            rest = mentions(self.read(collector, last_cursor(pages[:number])))
            assert [mention for mention in mentions(pages[number:]) if mention not in rest] == []
        assert rest == []

    def test_a_bad_item_is_counted_and_stops_nothing(self, serve: Serve) -> None:
        pages = self.read(serve(self.malformed))
        assert mentions(pages) == list(self.expected)
        reasons = {reason: count for page in pages for reason, count in page.skipped}
        assert sum(reasons.values()) >= 1
        assert all(reason.strip() for reason in reasons)

    @pytest.mark.parametrize("cursor", ["", "null", "[]", "17", "nonsense", '{"path": 1}', '{"x": {"y": []}}'])
    def test_a_foreign_cursor_starts_from_the_beginning(self, serve: Serve, cursor: str) -> None:
        assert mentions(self.read(serve(self.answer), cursor)) == list(self.expected)


class FileCollectorContract(CollectorContract):
    """For collectors of files; ``file_name`` is what the payload is called."""

    file_name: str

    @pytest.fixture
    def serve(self, tmp_path: Path) -> Serve:
        def offer(payload: bytes) -> Collector:
            path = tmp_path / self.file_name
            path.write_bytes(payload)
            return self.collector(str(path))

        return offer


class HttpCollectorContract(CollectorContract):
    """For collectors that ask a server; ``path`` is the path that is asked first.

    The options must lead to a time-out of at most a second, and hold the ``secrets``, which must never be shown.
    """

    path: str
    content_type: str = "application/json"
    secrets: tuple[str, ...] = ()

    @pytest.fixture
    def server(self) -> Iterator[LoopbackServer]:
        with LoopbackServer({}) as running:
            yield running

    @pytest.fixture
    def serve(self, server: LoopbackServer) -> Serve:
        def offer(payload: bytes) -> Collector:
            reply = Reply(headers={"Content-Type": self.content_type}, body=payload)
            server.routes[self.path] = lambda _: reply
            return self.collector(server.url)

        return offer

    def failure(self, collector: Collector) -> SourceError:
        """The error that ends a round, whatever was read before it."""
        with pytest.raises(SourceError) as caught:
            self.read(collector)
        return caught.value

    def test_says_who_asks(self, serve: Serve, server: LoopbackServer) -> None:
        self.read(serve(self.answer))
        assert server.requests[0].headers["user-agent"].startswith("umbrage/")

    @pytest.mark.parametrize("status", [401, 403])
    def test_refused_credentials(self, serve: Serve, server: LoopbackServer, status: int) -> None:
        server.fail(self.path, Fault.answer(status, b"<html>no</html>"))
        assert isinstance(self.failure(serve(self.answer)), AuthFailed)

    def test_being_asked_to_wait(self, serve: Serve, server: LoopbackServer) -> None:
        server.fail(self.path, Fault.answer(429, b"<html>slow down</html>", retry_after="120"))
        error = self.failure(serve(self.answer))
        assert isinstance(error, RateLimited)
        assert error.wait == timedelta(seconds=120) or error.until is not None

    @pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 522])
    def test_trouble_at_the_server(self, serve: Serve, server: LoopbackServer, status: int) -> None:
        server.fail(self.path, Fault.answer(status, b"<html>oops</html>"))
        assert isinstance(self.failure(serve(self.answer)), Unavailable)

    def test_a_dropped_connection(self, serve: Serve, server: LoopbackServer) -> None:
        server.fail(self.path, Fault(kind=Kind.DROP_BEFORE_COMMIT))
        assert isinstance(self.failure(serve(self.answer)), Unavailable)

    def test_silence(self, serve: Serve, server: LoopbackServer) -> None:
        server.fail(self.path, Fault(kind=Kind.SLOW, seconds=30))
        assert isinstance(self.failure(serve(self.answer)), Unavailable)
        server.release()

    @pytest.mark.parametrize("body", [b"", b" \n", b"<!doctype html><p>Log in to go on</p>", b"\x00\xff", b"null"])
    def test_an_answer_that_makes_no_sense(self, serve: Serve, server: LoopbackServer, body: bytes) -> None:
        server.fail(self.path, Fault.answer(200, body, content_type="text/html"))
        assert isinstance(self.failure(serve(self.answer)), Unreadable)

    def test_works_again_after_trouble(
        self, serve: Serve, server: LoopbackServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        server.fail(self.path, Fault.answer(500))
        collector = serve(self.answer)
        self.failure(collector)
        assert mentions(self.read(collector)) == list(self.expected)
        assert not [secret for secret in self.secrets if secret in caplog.text]

    @pytest.mark.parametrize("status", [200, 301, 401, 404, 429, 500])
    def test_secrets_are_never_shown(
        self, serve: Serve, server: LoopbackServer, caplog: pytest.LogCaptureFixture, status: int
    ) -> None:
        caplog.set_level(logging.DEBUG)
        collector = serve(self.answer)
        here = f"{server.url}{self.path}?{'&'.join(self.secrets)}"
        server.fail(self.path, *[Fault.answer(status, b"no", location=here)] * 10)
        shown = "".join(traceback.format_exception(self.failure(collector)))
        for secret in self.secrets:
            assert secret not in shown
            assert secret not in caplog.text


def mentions(pages: list[Page]) -> list[Mention]:
    """The mentions of all pages, in order."""
    return [mention for page in pages for mention in page.mentions]


def last_cursor(pages: list[Page]) -> str | None:
    """The cursor that a round leaves behind."""
    return next((page.cursor for page in reversed(pages) if page.cursor is not None), None)
