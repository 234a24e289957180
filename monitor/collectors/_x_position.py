"""Where the reading of X stands: the pages of each query, what was given, and what X has billed today."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitor.collectors._x_posts import id_at, is_id, moment_of
from monitor.core.mention import Gap

OVERLAP = timedelta(minutes=30)
"""How late a post may be indexed and still be found. Reading it again costs nothing: X bills a post once a day."""

LONGEST_QUIET = timedelta(days=3)
"""How far back a query starts that has found nothing for long: a clock that is wrong by less skips nothing."""

MOST_KEPT = 20_000
_DAY = 86_400


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

    ``given`` has the ids of posts' words, ``billed`` those of posts and accounts; both forget what is an hour old.
    """

    chains: dict[str, Chain] = field(default_factory=dict)
    given: dict[str, int] = field(default_factory=dict)
    billed: dict[str, int] = field(default_factory=dict)

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

    def bill(self, names: Collection[str], now: datetime) -> int:
        """How many of these X bills: it bills each once a day (UTC)."""
        second = int(now.timestamp())
        fresh = [name for name in names if self.billed.get(name, 0) < second - second % _DAY]
        self.billed |= dict.fromkeys(names, second)
        return len(fresh)

    def dump(self, now: datetime) -> str:
        chains = {name: [one.since_id, one.token, one.goal, one.count] for name, one in self.chains.items()}
        oldest = int((now - OVERLAP * 2).timestamp())
        return json.dumps(
            {"chains": chains, "given": _recent(self.given, oldest), "billed": _recent(self.billed, oldest)}
        )


def position(cursor: str | None) -> Position:
    """What a cursor says; one that is not ours starts from the beginning."""
    try:
        data = json.loads(cursor or "{}")
        chains = {str(name): _chain(*parts) for name, parts in data["chains"].items()}
        return Position(chains, _seconds(data["given"]), _seconds(data["billed"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Position()


def _chain(since_id: Any, token: Any, goal: Any, count: Any) -> Chain:
    is_ours = is_id(since_id) and (goal is None or is_id(goal)) and (token is None or isinstance(token, str))
    if not is_ours:
        raise ValueError("not a chain")
    return Chain(since_id, token, goal, int(count))


def _seconds(found: Any) -> dict[str, int]:
    return {str(name): int(second) for name, second in found.items()}


def _recent(seconds: dict[str, int], oldest: int) -> dict[str, int]:
    recent = sorted((item for item in seconds.items() if item[1] >= oldest), key=lambda item: -item[1])
    return dict(recent[:MOST_KEPT])
