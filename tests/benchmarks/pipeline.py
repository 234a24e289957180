"""CPU per post through collect, store, judge and triage, without the model: at an empty and at a full store."""

import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.core.calibration import Calibration, Cutoffs
from monitor.core.mention import Mention, Page
from monitor.core.routing import Route
from monitor.core.verdict import Score, Thresholds, Word
from monitor.core.watch import Matcher, Watch
from monitor.jobs.classify import classify
from monitor.jobs.collect import Source, collect
from monitor.jobs.triage import TriageRules, triage
from monitor.ports import Round
from monitor.store.connection import open_engine
from monitor.store.migrate import upgrade
from monitor.store.sql import SqlStore

POSTS = 20_000
FULL = 500_000 if "--full" in sys.argv else 100_000
PAGE = 100
START = datetime(2026, 1, 1, tzinfo=UTC)
TOPICS = ("delivery", "billing_refund", "product_defect", "account_app", "unreachable", "price")
WORDS = [
    "the",
    "my",
    "was",
    "not",
    "again",
    "parcel",
    "order",
    "app",
    "refund",
    "week",
    "email",
    "support",
    "phone",
    "still",
    "waiting",
    "broken",
    "arrived",
    "late",
    "two",
    "days",
    "charged",
    "twice",
    "screen",
    "battery",
    "update",
    "login",
    "account",
    "please",
    "help",
    "anyone",
    "else",
    "with",
    "this",
    "since",
    "yesterday",
    "morning",
    "happy",
    "great",
    "love",
    "thanks",
    "really",
    "nice",
    "new",
    "colour",
    "shop",
    "store",
    "bought",
    "today",
    "friend",
    "said",
    "never",
    "ever",
    "why",
    "how",
    "when",
]
RULES = TriageRules(routes=(Route(name="all", targets=("team",)),))


def figures() -> Iterator[tuple[str, str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'bench.db'}")
        upgrade(engine)
        bench = _Bench(SqlStore(engine))
        yield f"CPU per post, empty store, {POSTS:,} posts, µs", f"{bench.run(POSTS):.0f}", "< 300"
        bench.run(FULL - POSTS, page=1_000)
        yield f"CPU per post, {FULL:,} posts stored, µs", f"{bench.run(POSTS):.0f}", "< 450"
        yield "CPU per post that is known already, µs", f"{bench.run(POSTS, again=True):.0f}", ""
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        yield "database, bytes per post", f"{size / (FULL + POSTS):.0f}", ""


class _Bench:
    """Posts of an invented brand, a tenth of them not about it, a third of the rest complaints."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._random = random.Random(7)
        self._count = 0
        watches = tuple(Watch(brand=f"Brand {n}", terms=(f"brand{n}", f"brand{n} shop")) for n in range(50))
        self._matcher = Matcher(watches)
        self._watches = watches

    def run(self, posts: int, page: int = PAGE, *, again: bool = False) -> float:
        """Push ``posts`` through every stage and return CPU microseconds per post. Making them is not counted."""
        if again:
            self._random.seed(11)
            self._count = 10_000_000
            self.run(posts)
            self._random.seed(11)
            self._count = 10_000_000
        spent = 0.0
        for _ in range(posts // page):
            made = Page(mentions=tuple(self._post() for _ in range(page)), cursor=str(self._count))
            source = Source(name="bench", collector=_Given(made), look_back=timedelta(days=365_00))
            now = made.mentions[-1].posted_at
            begun = time.process_time()
            collect(source, self._watches, self._matcher, self._store, now, 0.5)
            while classify(_Judge(), Cutoffs.everywhere(Thresholds()), self._store, now, limit=page):
                pass
            triage(self._store, RULES, now)
            spent += time.process_time() - begun
        return spent / posts * 1e6

    def _post(self) -> Mention:
        self._count += 1
        pick = self._random.choices
        brand = self._random.randrange(55)
        text = f"@user{self._count % 977} brand{brand} {' '.join(pick(WORDS, k=18))} https://example.com/{self._count}"
        return Mention(
            platform="x",
            id=f"{self._random.getrandbits(63)}",
            text=text,
            posted_at=START + timedelta(seconds=self._count * 10),
            url=f"https://example.com/{self._count}",
            author=f"user{self._random.randrange(90_000)}",
            language="en",
            followers=self._random.randrange(5_000),
        )


class _Given:
    def __init__(self, page: Page) -> None:
        self._page = page

    def pages(self, asked: Round) -> Iterator[Page]:
        yield self._page


class _Judge:
    """Every third text is a complaint; costs next to nothing."""

    model = "none@1"
    cutoffs = Cutoffs.everywhere(Thresholds())
    calibrations: Mapping[str, Calibration] = {}

    def explain(self, text: str, most: int = 3) -> tuple[Word, ...]:
        return ()

    def score(self, texts: Sequence[str]) -> list[Score]:
        return [
            Score(complaint=0.9 if len(text) % 3 == 0 else 0.1, topics=((TOPICS[len(text) % len(TOPICS)], 0.9),))
            for text in texts
        ]
