"""Real complaints with the companies' real replies: threads become cases, and the clocks say what the data says.

``pytest -s`` prints the table of docs/measurements.md. Needs ../shared/data.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from monitor.core.case import Case, Move, Step, moved
from monitor.core.clocks import Staffed, customer_waited_for_answer, team_waits
from monitor.core.mention import Mention
from monitor.store.connection import reading
from monitor.store.schema import mentions
from monitor.testing.fakes import FakeClassifier
from tests.jobs.pipeline import Pipeline

DATA = Path(__file__).parents[3] / "shared" / "data" / "replay" / "twcs_2017"
OFFICE = Staffed(zone=ZoneInfo("America/New_York"), days=range(5), start=time(9), end=time(17))


@dataclass(frozen=True)
class Replies:
    posts: dict[str, dict[str, Any]]
    wanted: dict[str, float]
    """Seconds from a customer's post to the company's first reply, as the data has it."""

    def answered_at(self) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        for post in self.posts.values():
            if post["from_brand"] and post["in_reply_to"]:
                at = datetime.fromisoformat(post["created_at"])
                parent = post["in_reply_to"]
                found[parent] = min(at, found.get(parent, at))
        return found

    def root(self, name: str) -> str:
        while (parent := self.posts[name]["in_reply_to"]) in self.posts:
            name = parent
        return name


@pytest.fixture(scope="module")
def replies() -> Replies:
    if not DATA.is_dir():
        pytest.skip("needs the replay twcs_2017 of ../shared/data")
    posts = {post["id"]: post for post in _rows("posts.jsonl")}
    wanted = {row["id"]: row["first_reply_seconds"] for row in _rows("gold.jsonl")}
    return Replies(posts, {name: seconds for name, seconds in wanted.items() if seconds is not None})


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with (DATA / name).open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def test_the_customers_clock_says_what_the_data_says(replies: Replies) -> None:
    answered_at = replies.answered_at()
    waits, staffed = [], []
    for name, seconds in replies.wanted.items():
        posted = datetime.fromisoformat(replies.posts[name]["created_at"])
        case = Case(id=1, cause=1, brand="b", topic="other", opened_at=posted, last_at=posted, told_at=posted)
        answered = _moved(case, answered_at[name])
        waited = customer_waited_for_answer(answered)
        assert waited == timedelta(seconds=seconds)
        waits.append(waited)
        team = team_waits(answered, OFFICE, answered_at[name])
        assert team is not None
        staffed.append(team)
    hour, day = timedelta(hours=1), timedelta(days=1)
    print(f"\n{len(waits)} posts with a reply, all as in the data")
    print(
        f"customer clock: median {_median(waits)}, within 1 h {_share(waits, hour)}, within 24 h {_share(waits, day)}"
    )
    print(f"team clock 9 to 17: median {_median(staffed)}, within 1 h {_share(staffed, hour)}")


def test_threads_become_cases(replies: Replies, pipeline: Pipeline) -> None:
    pipeline.classifier = FakeClassifier(lambda _: 0.9, topics=("delivery",))
    ordered = sorted(replies.posts.values(), key=lambda post: post["created_at"])
    pipeline.clock.now = datetime.fromisoformat(ordered[-1]["created_at"])
    batch = [_mention(post, pipeline.clock.now - timedelta(hours=1)) for post in ordered]
    pipeline.collector.add(*batch)
    pipeline.collect()
    pipeline.judge()
    pipeline.triage()
    rows = {row["native_id"]: row for row in _stored(pipeline)}
    same = apart = 0
    for name, post in replies.posts.items():
        root = replies.root(name)
        if post["from_brand"] or name == root or replies.posts[root]["from_brand"]:
            continue
        joined = rows[name]["case_id"] == rows[root]["case_id"]
        same, apart = same + joined, apart + (not joined)
    print(f"\n{same} of {same + apart} later posts of customers are in the case of their thread")
    assert same / (same + apart) > 0.99


def _moved(case: Case, at: datetime) -> Case:
    return moved(case, Move(step=Step.ANSWER, by="brand", name="brand", via="x", at=at, key="1"))


def _mention(post: dict[str, Any], at: datetime) -> Mention:
    return Mention(
        platform="x",
        id=post["id"],
        text=f"Acme {post['text']}",
        posted_at=at,
        author=post["author"],
        reply_to=post["in_reply_to"],
        own=post["from_brand"],
    )


def _stored(pipeline: Pipeline) -> list[dict[str, Any]]:
    with reading(pipeline.store.engine) as connection:
        return [dict(row) for row in connection.execute(select(mentions)).mappings()]


def _median(waits: list[timedelta]) -> timedelta:
    return timedelta(seconds=median(wait.total_seconds() for wait in waits))


def _share(waits: list[timedelta], limit: timedelta) -> str:
    return f"{sum(wait <= limit for wait in waits) / len(waits):.0%}"
