"""Before money is spent: what a source would ask for, and what that would cost; after it: what was spent for what."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.store.connection import open_engine
from monitor.store.schema import spending
from monitor.testing.loopback_http import LoopbackServer, Reply
from tests.cli.conftest import CONFIG, Umbrage
from tests.collectors.test_x import SEARCH, body, post

COUNTS = "/2/tweets/counts/recent"


@pytest.fixture
def server(config: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    """X on this machine, and a source that asks it."""
    monkeypatch.setenv("UMBRAGE_TEST_X", "secret")
    with LoopbackServer({COUNTS: lambda _: Reply(body={"meta": {"total_tweet_count": 1_200}})}) as running:
        source = f'\n[sources.x]\nuse = "x"\ntoken = {{ env = "UMBRAGE_TEST_X" }}\nbase_url = "{running.url}"\n'
        config.write_text(CONFIG + source, "utf-8")
        yield running


def test_queries_are_shown_and_nothing_is_asked(umbrage: Umbrage, config: Path, server: LoopbackServer) -> None:
    words = [f"Zap{n} phone" for n in range(60)]
    config.write_text(config.read_text("utf-8").replace('["Acme"]', json.dumps(words)), "utf-8")
    finished = umbrage("try", "x", "--show-query")
    assert finished.code == 0
    queries = finished.out.splitlines()
    assert len(queries) > 1
    assert max(map(len, queries)) <= 512
    assert [word for word in words if f'"{word}"' not in finished.out] == []
    assert server.requests == []


def test_a_source_without_queries_says_so(umbrage: Umbrage, config: Path) -> None:
    finished = umbrage("try", "posts", "--show-query")
    assert (finished.code, finished.out) == (0, "")
    assert "asks for no words" in finished.err


def test_costs_are_told_before_anything_is_read(umbrage: Umbrage, server: LoopbackServer, tmp_path: Path) -> None:
    finished = umbrage("try", "x", "--cost")
    assert finished.code == 0
    assert finished.out == "1200 posts in 7 days, 18.00 USD to read: (Acme) -is:retweet\n"
    assert finished.err == "asking cost 0.005 USD, which no budget counts\n"
    assert [request.path for request in server.requests] == [COUNTS]
    assert not (tmp_path / "umbrage.db").exists()


def test_what_costs_nothing_says_so(umbrage: Umbrage, config: Path) -> None:
    assert "costs nothing" in umbrage("try", "posts", "--cost").err


def test_status_says_what_was_spent_and_what_a_complaint_has_cost(
    umbrage: Umbrage, config: Path, server: LoopbackServer, tmp_path: Path
) -> None:
    (tmp_path / "posts.jsonl").write_text("", "utf-8")
    at = datetime.now(UTC) - timedelta(minutes=1)  # noqa: TID251 - the command reads the clock
    found = body(post(2, at, text="Acme is a shop"), post(1, at, text="Acme lost my parcel, terrible!"))
    server.routes[SEARCH] = lambda _: Reply(body=found)
    umbrage("once")
    with open_engine(f"sqlite:///{tmp_path / 'umbrage.db'}").connect() as connection:
        assert {row.unit for row in connection.execute(spending.select())} == {"USD"}
    assert "spent 0.02 of 10 USD this month, 0.02 for each of 1 complaints found" in umbrage("status").out
