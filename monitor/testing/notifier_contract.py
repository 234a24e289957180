"""What every notifier must do, as tests: subclass :class:`NotifierContract` beside the test of a plugin."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.core.errors import Busy, DeliveryError, Doubtful, Refused
from monitor.core.message import Message, Quote, Tone
from monitor.ports import Notifier, Receipt
from monitor.testing.loopback_http import Fault, Kind, LoopbackServer

SINCE = datetime(2026, 1, 1, tzinfo=UTC)

SAMPLE = Message(
    key="acme/delivery/grouping-1/1/mastodon:4711",
    title="Complaint · delivery · Acme",
    quotes=(
        Quote(
            text="Third week, three mails, still no parcel. Is anybody there?",
            where="mastodon · @sam · 2026-11-22 09:03 UTC · waiting 1 h 12 min",
            url="https://mastodon.example/@sam/4711",
        ),
    ),
    facts=(("Altogether", "7 posts, 5 people"),),
    why=("first of its kind", "matched acme", "complaint probability 0.93"),
)

HOSTILE = Message(
    key="acme/<!channel>/grüße\n",
    title="<!channel> \x1b[31mred\x1b[0m <@U0> \u202eevil",
    quotes=(
        Quote(
            text="<https://good.example|click> <!here> &lt;\x00\ud800 " + "x" * 50_000, where="<#C0>", url="file:///etc"
        ),
        Quote(text="", where="", url="https://good.example@evil.example/"),
    ),
    facts=(("<!everyone>", "a\r\nb"), ("", "")),
    why=("<mailto:a@b.example>",),
    more=3,
    tone=Tone.GROWING,
)


class NotifierContract:
    """Give ``server`` as a fixture, and the methods that raise ``NotImplementedError`` here."""

    path = "/"
    """Where the notifier sends to on the server."""

    secrets: tuple[str, ...] = ()
    """Texts that may appear in no error and no log."""

    can_find = True

    def notifier(self, url: str) -> Notifier:
        """A notifier with the secrets above that sends to a server at ``url`` and gives up after a second."""
        raise NotImplementedError

    def accepted(self, server: Any) -> list[str]:
        """What the server accepted, as text, one for each message."""
        raise NotImplementedError

    def refusal(self) -> Fault:
        """The server's answer to a message that it will never accept."""
        raise NotImplementedError

    @pytest.fixture
    def server(self) -> Iterator[LoopbackServer]:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _tells_no_secret(self, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
        caplog.set_level(logging.DEBUG)
        yield
        logged = "\n".join(record.getMessage() for record in caplog.get_records("call"))
        assert not [secret for secret in self.secrets if secret in logged], "a secret is in the log"

    def fails(self, server: LoopbackServer, fault: Fault) -> DeliveryError:
        """The error after a fault; none of them may tell a secret, nor keep one in what it was raised from."""
        server.fail(self.path, fault)
        return self._error(lambda: self.notifier(server.url).send(SAMPLE, None))

    def _error(self, act: Callable[[], object]) -> DeliveryError:
        with pytest.raises(DeliveryError) as caught:
            act()
        shown = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
        assert not [secret for secret in self.secrets if secret in shown], "a secret is in an error"
        assert str(caught.value)
        return caught.value

    def test_delivers(self, server: LoopbackServer) -> None:
        self.notifier(server.url).send(SAMPLE, None)
        (text,) = self.accepted(server)
        for part in (SAMPLE.title, SAMPLE.quotes[0].text, SAMPLE.quotes[0].where, SAMPLE.quotes[0].url):
            assert str(part) in text

    def test_waits_as_long_as_it_is_asked_to(self, server: LoopbackServer) -> None:
        error = self.fails(server, Fault.answer(429, {"ok": False, "error": "ratelimited"}, Retry_After="7"))
        assert isinstance(error, Busy)
        assert error.wait == timedelta(seconds=7)
        assert self.accepted(server) == []

    @pytest.mark.parametrize("kind", [Kind.DROP_BEFORE_COMMIT, Kind.DROP_AFTER_COMMIT])
    def test_does_not_know_after_a_lost_answer(self, server: LoopbackServer, kind: Kind) -> None:
        assert isinstance(self.fails(server, Fault(kind=kind)), Doubtful)
        assert len(server.requests) == 1, "tried again on its own"

    @pytest.mark.parametrize("status", [500, 502, 504])
    def test_does_not_know_after_a_server_error(self, server: LoopbackServer, status: int) -> None:
        assert isinstance(self.fails(server, Fault.answer(status, b"<html>oops</html>")), Doubtful)
        assert len(server.requests) == 1, "tried again on its own"

    def test_does_not_know_after_a_timeout(self, server: LoopbackServer) -> None:
        assert isinstance(self.fails(server, Fault(kind=Kind.SLOW)), Doubtful)
        server.release()
        assert len(self.accepted(server)) == 1

    def test_tries_again_when_nobody_listens(self) -> None:
        with LoopbackServer({}) as gone:
            url = gone.url
        assert isinstance(self._error(lambda: self.notifier(url).send(SAMPLE, None)), Busy)

    def test_gives_up_what_is_never_accepted(self, server: LoopbackServer) -> None:
        assert isinstance(self.fails(server, self.refusal()), Refused)

    def test_finds_what_it_sent(self, server: LoopbackServer) -> None:
        notifier = self.notifier(server.url)
        if not self.can_find:
            assert isinstance(self._error(lambda: notifier.find(SAMPLE, None, SINCE)), Refused)
            return
        assert notifier.find(SAMPLE, None, SINCE) is None
        server.fail(self.path, Fault(kind=Kind.DROP_AFTER_COMMIT))
        self._error(lambda: notifier.send(SAMPLE, None))
        assert notifier.find(SAMPLE, None, SINCE) is not None
        assert notifier.find(HOSTILE, None, SINCE) is None

    def test_changes_what_it_sent(self, server: LoopbackServer) -> None:
        notifier = self.notifier(server.url)
        receipt = notifier.send(SAMPLE, None)
        words = (Quote(text="(deleted by its author)", where="mastodon"),)
        changed = replace(SAMPLE, key="changed", quotes=words, thread=SAMPLE.key, edits=True)
        for _ in range(2):
            notifier.edit(changed, receipt)
        assert "(deleted by its author)" in self.accepted(server)[-1]

    def test_carries_hostile_text(self, server: LoopbackServer) -> None:
        self.notifier(server.url).send(HOSTILE, None)
        (text,) = self.accepted(server)
        text.encode()
        assert json.loads(server.requests[-1].body)

    def test_puts_a_message_under_another(self, server: LoopbackServer) -> None:
        notifier = self.notifier(server.url)
        above = notifier.send(SAMPLE, None)
        below = Message(key="below", title="2 more · delivery · Acme", tone=Tone.QUIET, thread=SAMPLE.key)
        assert isinstance(notifier.send(below, above), Receipt)
        assert isinstance(notifier.send(below, None), Receipt), "the message above may be lost; this one must not be"
        assert len(self.accepted(server)) == 3
