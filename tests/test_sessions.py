"""The session that vendors' clients are given: it waits only so long, reads only so much, and asks in turn."""

import logging
from collections.abc import Iterator

import pytest
import requests

from monitor.core.errors import SourceError, Unavailable, Unreadable
from monitor.pace import Pace
from monitor.sessions import session, translated
from monitor.testing.loopback_http import Fault, Kind, LoopbackServer, Reply


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer({"/": lambda _: Reply(body={"ok": True})}) as running:
        yield running


def failure(server: LoopbackServer, **options: object) -> SourceError:
    with pytest.raises(SourceError) as caught, translated("There"):
        session(timeout=0.3, **options).get(server.url).json()  # type: ignore[arg-type]
    return caught.value


def test_it_says_who_asks_and_reads_answers(server: LoopbackServer) -> None:
    assert session("ops@acme.example").get(server.url).json() == {"ok": True}
    assert server.requests[0].headers["user-agent"].endswith("(+ops@acme.example)")


def test_it_can_be_led_to_another_place(server: LoopbackServer) -> None:
    assert session(base=server.url).get("https://fixed.example/?a=1").json() == {"ok": True}
    assert server.requests[0].query == {"a": "1"}


def test_silence_ends(server: LoopbackServer) -> None:
    server.fail("/", Fault(kind=Kind.SLOW, seconds=30))
    error = failure(server)
    server.release()
    assert isinstance(error, Unavailable)
    assert str(error) == "There did not answer in time"


@pytest.mark.parametrize("kind", [Kind.DROP_BEFORE_COMMIT, Kind.MALFORMED])
def test_a_broken_answer(server: LoopbackServer, kind: Kind) -> None:
    server.fail("/", Fault(kind=kind))
    assert isinstance(failure(server), Unavailable | Unreadable)


def test_too_much_is_not_read(server: LoopbackServer) -> None:
    server.routes["/"] = lambda _: Reply(body=b" " * 200_000)
    assert isinstance(failure(server, largest=100_000), Unreadable)


def test_it_waits_for_its_turn(server: LoopbackServer) -> None:
    waits: list[float] = []
    asking = session(turn=Pace(1, clock=lambda: 0.0, wait=waits.append))
    for _ in range(3):
        asking.get(server.url)
    assert waits == [60.0, 120.0]


def test_vendors_do_not_log(server: LoopbackServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    asking = session()
    logging.getLogger("tweepy.client").debug("Bearer secret")
    asking.get(server.url, headers={"Authorization": "Bearer secret"})
    assert "secret" not in caplog.text


def test_errors_repeat_no_address() -> None:
    with pytest.raises(Unavailable) as caught, translated("There"):
        raise requests.exceptions.ConnectionError("https://there.example/?key=secret")
    assert str(caught.value) == "There could not be reached: connection error"
