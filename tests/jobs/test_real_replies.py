"""Real complaints with the companies' real replies: threads become cases, and the clocks say what the data says.

``pytest -s`` prints the table of docs/measurements.md. Needs ../shared/data.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from monitor.core.case import Case, Move, Step, moved
from monitor.core.clocks import Staffed, customer_waited_for_answer, team_waits
from monitor.core.mention import Mention
from monitor.store.connection import open_engine, reading
from monitor.store.schema import mentions
from monitor.store.sql import SqlStore
from monitor.testing.fakes import Clock, FakeClassifier
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


@pytest.fixture(scope="module")
def told(replies: Replies, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Every post of the recording, a day at a time, through the pipeline; nobody clicks anything."""
    path = tmp_path_factory.mktemp("replies") / "replies.db"
    shutil.copyfile(sqlite_template, path)
    store = SqlStore(open_engine(f"sqlite:///{path}", durable=False))
    classifier = FakeClassifier(lambda _: 0.9, topics=("delivery",))
    pipeline = Pipeline(store, Clock(), classifier=classifier)
    ordered = sorted(map(_mention, replies.posts.values()), key=lambda post: (post.posted_at, post.id))
    for _, posts in groupby(ordered, key=lambda post: post.posted_at.date()):
        batch = list(posts)
        pipeline.clock.now = batch[-1].posted_at
        pipeline.collector.add(*batch)
        pipeline.collect()
        pipeline.judge()
        pipeline.triage()
    yield pipeline
    store.engine.dispose()


def test_threads_become_cases(replies: Replies, told: Pipeline) -> None:
    rows = {row["native_id"]: row for row in _stored(told)}
    same = apart = 0
    for name, post in replies.posts.items():
        root = replies.root(name)
        if post["from_brand"] or name == root or replies.posts[root]["from_brand"]:
            continue
        joined = rows[name]["case_id"] == rows[root]["case_id"]
        same, apart = same + joined, apart + (not joined)
    print(f"\n{same} of {same + apart} later posts of customers are in the case of their thread")
    assert same / (same + apart) > 0.99


def test_the_companies_own_replies_answer_the_cases_of_every_thread(replies: Replies, told: Pipeline) -> None:
    """The clock of a case that nobody clicked on, against the first reply that the data has in its thread."""
    rows = {row["native_id"]: row for row in _stored(told)}
    first = _first_replies(replies)
    right = wrong = 0
    for root, at in first.items():
        case = told.store.case(rows[root]["case_id"])
        assert case is not None
        if case.opened_at != rows[root]["posted_at"]:
            continue
        is_right = customer_waited_for_answer(case) == at - case.opened_at
        right, wrong = right + is_right, wrong + (not is_right)
    print(f"\n{right} of {right + wrong} threads are answered when the data says so, {len(first)} have an answer")
    assert wrong == 0


def _first_replies(replies: Replies) -> dict[str, datetime]:
    """When each thread that a customer opened was first answered by the company, to that customer."""
    found: dict[str, datetime] = {}
    for name, post in replies.posts.items():
        root = replies.posts[replies.root(name)]
        answered = replies.posts.get(post["in_reply_to"] or "")
        if not post["from_brand"] or root["from_brand"] or answered is None:
            continue
        if answered["author"] == root["author"]:
            at = datetime.fromisoformat(post["created_at"])
            found[root["id"]] = min(at, found.get(root["id"], at))
    return found


def _moved(case: Case, at: datetime) -> Case:
    return moved(case, Move(step=Step.ANSWER, by="brand", name="brand", via="x", at=at, key="1"))


def _mention(post: dict[str, Any]) -> Mention:
    return Mention(
        platform="x",
        id=post["id"],
        text=f"Acme {post['text']}",
        posted_at=datetime.fromisoformat(post["created_at"]),
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
