"""Where the reading of X stands: the pages of each query, what was given, and what X has billed today."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitor.collectors import _x_posts as posts
from monitor.collectors._x_bill import MOST_KEPT, OVERLAP, Bill, recent
from monitor.collectors._x_posts import id_at, is_id, moment_of
from monitor.core.mention import Gap, Mention

LONGEST_QUIET = timedelta(days=3)
"""How far back a query starts that has found nothing for long: a clock that is wrong by less skips nothing."""


@dataclass(slots=True)
class Chain:
    """One query: read to ``since_id``; with ``token`` in the middle of the pages above it.

    ``goal`` becomes ``since_id`` when the last page is read; ``count`` is how many posts the pages held so far.
    """

    since_id: str
    token: str | None = None
    goal: str | None = None
    count: int = 0

    def restart(self) -> None:
        """Read from the newest page again."""
        self.token, self.goal, self.count = None, None, 0

    def skip_to(self, since_id: str, why: str) -> Gap:
        """Give up what lies below an id."""
        gap = Gap(moment_of(self.since_id), moment_of(since_id), why)
        self.since_id = since_id
        return gap

    def advance(self, ids: Collection[str], token: Any, now: datetime, *, is_last: bool) -> bool:
        """Move on by a page that held these posts; ``True`` when the chain has come to its end.

        X's rule: the newest post of the first page is where to start next. Posts that are indexed late have ids below
        it, so the last stretch is read again.
        """
        self.count += len(ids)
        if self.goal is None:
            newest = max(map(int, ids), default=0)
            reached = min(newest, int(id_at(now - OVERLAP)))
            self.goal = str(max(reached, int(id_at(now - LONGEST_QUIET)), int(self.since_id)))
        if isinstance(token, str) and token and token != self.token and not is_last:
            self.token = token
            return False
        self.since_id = self.goal
        self.restart()
        return True


@dataclass(slots=True)
class Position:
    """What the cursor holds: a chain for each query, the longest unread first, and when posts were given or read.

    ``given`` has the ids of posts' words and forgets what is an hour old.
    """

    chains: dict[str, Chain] = field(default_factory=dict)
    given: dict[str, int] = field(default_factory=dict)
    billed: Bill = field(default_factory=Bill)

    def keep(self, names: Iterable[str], start: datetime) -> None:
        """Have chains for exactly these queries. A new one starts where the oldest that it may replace has come to."""
        wanted = list(names)
        left = [int(chain.since_id) for name, chain in self.chains.items() if name not in wanted]
        since_id = str(min([int(id_at(start)), *left]))
        if not self.chains.keys() >= set(wanted):
            # Words that are new may be in posts that were given for others.
            self.given.clear()
        kept = {name: chain for name, chain in self.chains.items() if name in wanted}
        self.chains = kept | {name: Chain(since_id) for name in wanted if name not in kept}

    def moved(self, name: str, chain: Chain) -> None:
        """A page of this query was read: it is the others' turn first."""
        self.chains.pop(name, None)
        self.chains[name] = chain

    def take(self, answer: Mapping[str, Any], skipped: Counter[str], now: datetime) -> list[Mention]:
        """What is new in an answer, and is known from now on; what cannot be seen is counted."""
        new = [mention for mention in posts.read(answer, skipped) if posts.version(mention) not in self.given]
        self.given |= dict.fromkeys(map(posts.version, new), int(now.timestamp()))
        if missing := len(posts.missing(answer)):
            skipped["not to be seen (deleted, withheld or suspended)"] += missing
        return new

    def dump(self, now: datetime, most: int = MOST_KEPT) -> str:
        chains = {name: [one.since_id, one.token, one.goal, one.count] for name, one in self.chains.items()}
        return json.dumps(
            {"chains": chains, "given": recent(self.given, now, most), "billed": self.billed.dump(now, most)}
        )


def position(cursor: str | None, billed: Bill) -> Position:
    """What a cursor says, which the bill learns too; one that is not ours starts from the beginning."""
    try:
        data = json.loads(cursor or "{}")
        chains = {str(name): _chain(*parts) for name, parts in data["chains"].items()}
        found = Position(chains, _seconds(data["given"]), billed)
        billed.learn(_seconds(data["billed"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Position(billed=billed)
    return found


def _chain(since_id: Any, token: Any, goal: Any, count: Any) -> Chain:
    is_ours = is_id(since_id) and (goal is None or is_id(goal)) and (token is None or isinstance(token, str))
    if not is_ours:
        raise ValueError("not a chain")
    return Chain(since_id, token, goal, int(count))


def _seconds(found: Any) -> dict[str, int]:
    return {str(name): int(second) for name, second in found.items()}
