"""The posts that others answer: each is asked for once, and only so many in a round."""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from monitor.core.errors import RateLimited, SourceError
from monitor.core.mention import Mention
from monitor.core.watch import Matcher

MOST_KEPT = 5_000

Place = TypeVar("Place", bound=Hashable)

Known = dict[Hashable, Mention | None]
"""What was learnt about places, kept from round to round; ``None`` where there is no post that we may read."""

LEFT_OUT = "which post is answered, not looked up"


@dataclass(slots=True)
class Parents:
    """A round's look for posts that others answer; ``most`` is how many may be asked for."""

    matcher: Matcher
    now: datetime
    known: Known
    most: int
    _asked: int = 0
    _left_out: int = 0

    def note(self, place: Hashable, found: Mention | None) -> None:
        """Remember what is at a place."""
        if len(self.known) >= MOST_KEPT:
            self.known.clear()
        self.known[place] = found

    def at(self, place: Hashable, ask: Callable[[], Mention | None]) -> Mention | None:
        """The post at a place, asked for if it is not known."""
        self.learn([place], lambda _: {place: ask()})
        return self.known.get(place)

    def learn(self, places: Sequence[Place], ask: Callable[[Sequence[Place]], Mapping[Place, Mention | None]]) -> None:
        """Ask for what is not known, all at once; what cannot be asked for now is counted.

        Raises ``RateLimited``: the page is then read again later, with everything that it answers.
        """
        unknown = [place for place in dict.fromkeys(places) if place not in self.known]
        wanted = unknown[: self.most - self._asked]
        self._asked += len(wanted)
        self._left_out += len(unknown)
        if not wanted:
            return
        try:
            found = ask(wanted)
        except RateLimited:
            raise
        except SourceError:
            return
        self._left_out -= len(wanted)
        for place in wanted:
            self.note(place, found.get(place))

    def skipped(self) -> Counter[str]:
        """What was left out since it was last asked."""
        left_out, self._left_out = self._left_out, 0
        return Counter({LEFT_OUT: left_out} if left_out else {})
