"""How far a search by time was read: a moment, and the posts just before it that are known already.

Platforms index late, so that what was posted a moment ago may only be found a while later. Each round therefore reads
the last stretch again; what was seen in it is remembered and not given twice.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from monitor.core.mention import Gap, Mention, Page
from monitor.ports import Round

MOST_SEEN = 20_000
"""Posts remembered; beyond that the oldest are forgotten, and the store knows them."""


class Reading:
    """The position of a search; :meth:`cursor` and the constructor are each other's inverse."""

    def __init__(self, cursor: str | None) -> None:
        self.until: datetime | None = None
        self.oldest: datetime | None = None
        self.is_second_look = False
        self._seen: dict[str, int] = {}
        try:
            data = json.loads(cursor or "{}")
            until = datetime.fromtimestamp(int(data["until"]), UTC)
            self._seen = {str(name): int(at) for name, at in data["seen"].items()}
            self.oldest = datetime.fromtimestamp(int(data["oldest"]), UTC) if "oldest" in data else None
            self.is_second_look = data.get("is_second_look") is True
            self.until = until
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError):
            self._seen = {}

    def start(self, since: datetime, overlap: timedelta) -> datetime:
        """From when on to read: ``since`` on the first start, else a stretch before where it ended."""
        return since if self.until is None else self.until - overlap

    def new(self, mentions: Iterable[Mention], arrived: Mapping[str, datetime] | None = None) -> tuple[Mention, ...]:
        """The mentions that were not seen yet, or not in these words; from now on they are.

        They are remembered by the time at which they ``arrived``, which is when they were posted if nothing else is
        known.
        """
        found = []
        for mention in mentions:
            # Newer words of a post that is known are worth giving again.
            edited = f"@{mention.edited_at.timestamp():.0f}" if mention.edited_at else ""
            name = f"{mention.id}{edited}"
            if name not in self._seen:
                self._seen[name] = int((arrived or {}).get(mention.id, mention.posted_at).timestamp())
                found.append(mention)
        return tuple(found)

    def cursor(
        self, until: datetime, overlap: timedelta, *, held: datetime | None = None, is_second_look: bool = False
    ) -> str:
        """The cursor once everything up to ``until`` has been given.

        ``held`` is the time of the oldest item that was in the listing; a second look is what the next round is to be.
        """
        oldest = int((until - overlap - timedelta(minutes=1)).timestamp())
        recent = sorted((item for item in self._seen.items() if item[1] >= oldest), key=lambda item: -item[1])
        known: dict[str, object] = {"until": int(until.timestamp()), "seen": dict(recent[:MOST_SEEN])}
        known |= {"oldest": int(held.timestamp())} if held else {}
        return json.dumps(known | ({"is_second_look": True} if is_second_look else {}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of a listing, newest first: what is in it, the times of all its items, and how to ask for what is below.

    ``below`` is ``None`` at the end of the listing. ``arrived`` gives, by a mention's id, when it came into the listing
    where that is not when it was posted: an old post that somebody repeats is new here.
    """

    mentions: Sequence[Mention]
    times: Sequence[datetime]
    below: str | None
    skipped: tuple[tuple[str, int], ...] = ()
    spent: tuple[tuple[str, float], ...] = ()
    arrived: Mapping[str, datetime] = field(default_factory=dict)


class Readings:
    """The positions in several listings, under the names of those that are still read."""

    def __init__(self, cursor: str | None, names: Iterable[str]) -> None:
        wanted = set(names)
        try:
            found = json.loads(cursor or "{}")
            self._at = {str(name): at for name, at in found.items() if name in wanted and isinstance(at, str)}
        except (ValueError, AttributeError):
            self._at = {}

    def down(
        self,
        name: str,
        fetch: Callable[[str | None], Listed],
        asked: Round,
        *,
        overlap: timedelta,
        most_pages: int,
        holds: int | None = None,
        is_lasting: bool = False,
        settles: timedelta | None = None,
    ) -> Iterator[Page]:
        """Read a listing from its newest item down to where the last round began, and ``overlap`` further.

        Only the last page carries a cursor: a crash before it repeats the listing. What lies below ``most_pages``, or
        below the end of a listing that never ``holds`` more items, is a gap, and so is what lies below a page that a
        platform gives again and again. A listing that ``is_lasting`` goes on showing what it held: when it ends above
        that, the next round looks a second time before anything is lost. A listing ``settles`` in so long, by default
        ``overlap``: what was older when the last round read it was whole then, and is no gap if it lies too deep now.
        """
        reading = Reading(self._at.get(name))
        start = reading.start(asked.since, overlap)
        unsettled = max(start, reading.start(start, settles or overlap))
        below, count, oldest = None, 0, asked.now
        for number in range(1, most_pages + 1):
            listed = fetch(below)
            count += len(listed.times)
            oldest = min([oldest, *listed.times])
            new = reading.new(
                (found for found in listed.mentions if listed.arrived.get(found.id, found.posted_at) >= start),
                listed.arrived,
            )
            # A page that leads to itself is the end if it holds nothing but the item that was named.
            is_stuck = below is not None and listed.below == below and len(listed.times) > 1
            is_end = listed.below in (None, below) and not is_stuck
            is_reached = _reaches_below(listed.times, start)
            page = Page(mentions=new, cursor=None, skipped=listed.skipped, spent=listed.spent)
            if not (is_end or is_stuck or is_reached or number == most_pages):
                yield page
                below = listed.below
                continue
            is_full = not is_end or (holds is not None and count >= holds * 0.95)
            is_early = is_lasting and is_end and reading.oldest is not None and reading.oldest < start <= oldest
            if is_early and not is_full and reading.until and not reading.is_second_look:
                self._at[name] = reading.cursor(reading.until, overlap, held=reading.oldest, is_second_look=True)
                yield replace(page, cursor=json.dumps(self._at))
                return
            is_cut = not is_reached and (is_full or is_early)
            most = f"{holds:,} items" if holds else f"{most_pages:,} pages"
            why = f"no more than {most} of a listing can be read at once"
            gaps = (Gap(unsettled, oldest, "the platform gave the same page again" if is_stuck else why),)
            held = (oldest if is_early else min(oldest, reading.oldest or oldest)) if is_lasting and count else None
            self._at[name] = reading.cursor(asked.now, overlap, held=held)
            yield replace(page, cursor=json.dumps(self._at), gaps=gaps if is_cut and oldest > unsettled else ())
            return


def _reaches_below(times: Sequence[datetime], start: datetime) -> bool:
    """Whether a page has reached what the last round read; single old items may stand anywhere."""
    return bool(times) and sorted(times)[len(times) // 2] < start
