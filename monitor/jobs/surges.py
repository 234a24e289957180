"""Surges: say once what is more than usual and what it is made of, how it grows, and when it is over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from monitor.core.days import Window
from monitor.core.digest import Words
from monitor.core.mark import Mark
from monitor.core.message import Message
from monitor.core.routing import Silence, Subject
from monitor.core.spread import Together, spread, together
from monitor.core.surge import (
    FEWEST,
    HISTORY,
    HOUR,
    LEARNING,
    MOSTLY,
    TALKS,
    WHOLE,
    WINDOWS,
    Baseline,
    Crowd,
    Excess,
    Kind,
    Often,
    Scope,
    Surge,
    baseline,
    excess,
    is_over,
    is_surge,
    made_of,
)
from monitor.core.surge_message import Evidence, write_end, write_growth, write_said, write_surge
from monitor.core.terms import apart
from monitor.core.wording import edit_of
from monitor.ports import Store, Transaction

DAY, WEEK = timedelta(days=1), timedelta(days=7)
READ = 300
QUOTED = 3
NOBODY = Crowd(posts=0, people=0)
COMPLAINING = 0.3
"""Of those who speak, so many must complain, or it is talk."""

GROWN = 2.0
EDITED_EVERY = HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgeRules:
    """For which brands, by the words that name them, how often a false surge is put up with, and who hears of them.

    ``threaded`` are the targets whose messages can be edited and stand under each other.
    """

    brands: Mapping[str, tuple[str, ...]]
    targets: tuple[str, ...]
    often: Often = Often.MONTHLY
    threaded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Known:
    """What is ordinary for a brand, by scope, as of the beginning of an hour."""

    hour: datetime
    people: Mapping[Scope, Baseline]
    posts: Mapping[Scope, Baseline]
    talk: Baseline | None
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """What stands out: where, what it is made of, and by how much."""

    scope: Scope
    kind: Kind
    excess: Excess


class SurgeWatch:
    """Looks at a store; what is ordinary is worked out once an hour and kept meanwhile."""

    def __init__(self, rules: SurgeRules) -> None:
        self.rules = rules
        self._known: dict[str, _Known] = {}

    def look(self, store: Store, now: datetime) -> int:
        """Look at every brand, and return how many messages were put into the outbox."""
        if not self.rules.targets:
            return 0
        silences = store.silences(now)
        before = store.surges(now - DAY)
        worth_it = store.busy(self.rules.brands, Window(start=now - DAY, end=now), FEWEST)
        worth_it |= {one.brand for one in before if one.ended_at is None}
        return sum(
            self._look(store, brand, [one for one in before if one.brand == brand], silences, now)
            for brand in self.rules.brands
            if brand in worth_it
        )

    def _look(
        self, store: Store, brand: str, before: Sequence[Surge], silences: Sequence[Silence], now: datetime
    ) -> int:
        known = self._learned(store, brand, _ordinary_until(before, now))
        if not known.people:
            return 0
        looked = _Looked(store, brand, known, before, now)

        def is_muted(scope: Scope) -> bool:
            about = Subject(brand=brand, topic=scope.topic, platform=scope.platform)
            return any(one.mutes(about, now) for one in silences)

        count = sum(self._go_on(looked, one, is_muted(one.scope)) for one in before if one.ended_at is None)
        for found in looked.found(self.rules.often):
            count += 0 if is_muted(found.scope) else self._begin(looked, found)
        return count

    def _learned(self, store: Store, brand: str, hour: datetime) -> _Known:
        known = self._known.get(brand)
        if known is None or known.hour != hour:
            known = self._known[brand] = _learn(store, brand, hour)
        return known

    def _begin(self, looked: "_Looked", found: _Found) -> int:
        first_at = looked.now - found.excess.hours * HOUR
        with looked.store.begin() as transaction:
            people, expected = found.excess.people, found.excess.expected
            surge = transaction.open_surge(
                looked.brand, found.scope, found.kind, first_at, people, expected, looked.now
            )
            if surge is None:
                return 0
            message = write_surge(surge, looked.evidence(surge, found.excess, self.rules.brands[looked.brand]))
            message = write_said(message, surge, ())
            return sum(transaction.enqueue(target, message, looked.now) for target in self.rules.targets)

    def _go_on(self, looked: "_Looked", surge: Surge, is_muted: bool) -> int:
        """Edit the notice once an hour, add a line when people have doubled, and one when it is over.

        No lines come of what is muted, and none of what somebody called a false alarm.
        """
        is_quiet = is_muted or surge.mark is Mark.FALSE or surge.kind is not Kind.SURGE
        now = looked.now
        found = looked.excess_of(surge)
        people = max(surge.people, looked.people_since(surge))
        is_ended = found is None or is_over(found)
        has_grown = not is_quiet and people >= GROWN * surge.peak
        if not is_ended and not has_grown and now - surge.told_at < EDITED_EVERY:
            return 0
        after = replace(surge, people=people, told_at=now, ended_at=now if is_ended else None)
        after = replace(after, peak=people) if has_grown else after
        lines = [write_growth(after, surge.peak)] if has_grown else []
        lines += [write_end(after)] if is_ended and not is_quiet else []
        shown = None
        if found and not is_ended:
            shown = write_surge(after, looked.evidence(after, found, self.rules.brands[looked.brand]))
        with looked.store.begin() as transaction:
            transaction.set_surge(after)
            count = show_again(transaction, self.rules, after, now, shown)
            return count + sum(
                transaction.enqueue(target, line, now) for target in self.rules.targets for line in lines
            )


def show_again(
    transaction: Transaction, rules: SurgeRules, surge: Surge, now: datetime, notice: Message | None = None
) -> int:
    """Put a new notice in the place of the old one; without one it says what it said, and how it stands now."""
    count = 0
    for target in rules.targets:
        told = transaction.message(target, surge.key)
        if told is not None:
            message = write_said(notice or told.message, surge, transaction.surge_facts(surge.id))
            transaction.revise(told.id, message)
            if target in rules.threaded:
                count += transaction.enqueue(target, edit_of(message, now), now)
    return count


class _Looked:
    """What there is to see of a brand at a moment."""

    def __init__(self, store: Store, brand: str, known: _Known, before: Sequence[Surge], now: datetime) -> None:
        self.store, self.brand, self.now = store, brand, now
        self._known, self._before = known, before
        self._crowds = {hours: store.crowds(brand, self._window(hours), known.without) for hours in WINDOWS}

    def found(self, often: Often) -> list[_Found]:
        """What begins now: topics first, then platforms, and the brand as a whole only if none of them stands out.

        Whoever is in something that is told already is not counted again.
        """
        if self._is_open(WHOLE, Kind.SURGE):
            return []
        told = [one.scope for one in self._before if one.ended_at is None and one.kind is Kind.SURGE]
        found: list[_Found] = []
        for scope in self._parts():
            others = [other for other in (*told, *(one.scope for one in found)) if other != scope]
            one = self._of(scope, often, [other for other in others if other.overlaps(scope)])
            found += [one] if one else []
        if not found and not told:
            whole = (self._of(WHOLE, often) if self._is_enough(WHOLE) else None) or self._talk(often)
            found = [whole] if whole else []
        return [one for one in found if not self._is_open(one.scope, one.kind)]

    def _parts(self) -> list[Scope]:
        """Topics, and platforms where there are several: a single one is the brand as a whole."""
        parts = [scope for scope in self._crowds[WINDOWS[-1]] if scope.is_part and self._is_enough(scope)]
        has_several = sum(bool(scope.platform) for scope in self._known.people) > 1
        topics = [scope for scope in parts if scope.topic]
        return topics + [scope for scope in parts if scope.platform and has_several]

    def excess_of(self, surge: Surge) -> Excess | None:
        """How an open surge stands out now; the windows that are longer than it was when it was found say nothing."""
        longest = round((surge.found_at - surge.first_at) / HOUR)
        if surge.kind in TALKS:
            return self._excess_of_talk(surge.kind, longest)
        known = (self._known.people if surge.kind is Kind.SURGE else self._known.posts).get(surge.scope)
        return self._excess(known, surge.scope, surge.kind, longest) if known else None

    def people_since(self, surge: Surge) -> int:
        return self._people(surge, Window(start=surge.first_at, end=self.now))

    def evidence(self, surge: Surge, found: Excess, own_words: Sequence[str]) -> Evidence:
        span = self._window(found.hours)
        read = (
            self.store.talk_in
            if surge.kind in TALKS
            else partial(self.store.said_in, topic=surge.topic, platform=surge.platform)
        )
        said = read(self.brand, span=span, limit=READ)
        there = read(self.brand, span=Window(start=span.start - WEEK, end=span.start), limit=READ)
        is_talk = surge.kind in TALKS
        terms = [] if is_talk else apart([one.text for one in said], [one.text for one in there], own_words)
        crowds = {} if is_talk else self.store.crowds(self.brand, span, self._known.without, surge.scope)
        known = self._known.people.get(surge.scope)
        before = Window(start=self.now - 2 * HOUR, end=self.now - HOUR)
        return Evidence(
            excess=found,
            crowd=self._crowd(surge, span),
            quotes=said[:QUOTED] if is_talk else _quotes(said, terms),
            first=min(said, key=lambda one: one.posted_at, default=None),
            terms=terms,
            topics=_most((scope.topic, one.people) for scope, one in crowds.items()),
            platforms=_most((scope.platform, one.people) for scope, one in crowds.items()),
            lately=(self._people(surge, self._window(1)), self._people(surge, before)),
            is_young=known is not None and known.is_young,
            spread=None if is_talk else self._spread(surge),
        )

    def _spread(self, surge: Surge) -> Together | None:
        measured = self.store.reach_in(self.brand, surge.scope, Window(start=surge.first_at, end=self.now))
        return together([one for posted_at, points in measured if (one := spread(posted_at, points))])

    def _crowd(self, surge: Surge, span: Window) -> Crowd:
        """Who speaks in a span, and what most of it is."""
        if surge.kind in TALKS:
            talk = self.store.talk_of(self.brand, span, self._known.without)
            return replace(talk, copies=self.store.most_talk_of(self.brand, span))
        crowd = self.store.crowds(self.brand, span, self._known.without, surge.scope)[WHOLE]
        copies, by_one = self.store.most_of(self.brand, surge.scope, span)
        return replace(crowd, copies=copies if copies > 1 else 0, by_one=by_one if by_one > 1 else 0)

    def _people(self, surge: Surge, span: Window) -> int:
        return self._crowd(surge, span).people

    def _of(self, scope: Scope, often: Often, beside: Sequence[Scope] = ()) -> _Found | None:
        """A surge of people; or else a wave of posts without a crowd behind it, and what it is made of."""
        people, posts = self._known.people.get(scope), self._known.posts.get(scope)
        if people is None or posts is None:
            return None
        found = self._standing_out(people, scope, Kind.SURGE, often, beside)
        if found:
            return _Found(scope, Kind.SURGE, found)
        wave = self._standing_out(posts, scope, Kind.COPIES, often, beside)
        if wave is None:
            return None
        copies, by_one = self.store.most_of(self.brand, scope, self._window(wave.hours))
        kind = made_of(replace(self._crowds[wave.hours][scope], copies=copies, by_one=by_one))
        return _Found(scope, kind, wave) if kind else None

    def _standing_out(
        self, known: Baseline, scope: Scope, kind: Kind, often: Often, beside: Sequence[Scope]
    ) -> Excess | None:
        """A scope that stands out, and would without those who are in others, too."""
        found = self._excess(known, scope, kind, WINDOWS[-1])
        if found is None or not is_surge(found, often, is_part=scope.is_part) or not beside:
            return found if found and is_surge(found, often, is_part=scope.is_part) else None
        alone = self._excess(known, scope, kind, WINDOWS[-1], beside)
        return found if alone and is_surge(alone, often, is_part=scope.is_part) else None

    def _excess(
        self, known: Baseline, scope: Scope, kind: Kind, longest: int, beside: Sequence[Scope] = ()
    ) -> Excess | None:
        counts = {}
        for hours in self._usable(scope, kind, longest):
            crowd = self._crowds[hours].get(scope, NOBODY)
            if beside:
                crowd = self.store.crowds(self.brand, self._window(hours), self._known.without, scope, beside)[WHOLE]
            counts[hours] = crowd.people if kind is Kind.SURGE else crowd.posts
        return excess(known, counts, self.now) if counts else None

    def _talk(self, often: Often) -> _Found | None:
        found = self._excess_of_talk(Kind.TALK, WINDOWS[-1])
        if found is None or not is_surge(found, often):
            return None
        if self._crowds[found.hours].get(WHOLE, NOBODY).people >= COMPLAINING * found.people:
            return None
        is_copied = self.store.most_talk_of(self.brand, self._window(found.hours)) >= MOSTLY * found.people
        return _Found(WHOLE, Kind.COPIED_TALK if is_copied else Kind.TALK, found)

    def _excess_of_talk(self, kind: Kind, longest: int) -> Excess | None:
        if self._known.talk is None:
            return None
        windows = self._usable(WHOLE, kind, longest)
        counts = {
            hours: self.store.talk_of(self.brand, self._window(hours), self._known.without).people for hours in windows
        }
        return excess(self._known.talk, counts, self.now) if counts else None

    def _usable(self, scope: Scope, kind: Kind, longest: int) -> list[int]:
        """Windows that hold nothing of what is over: it was told. Copies and talk keep no surge of people back."""
        same = [one for one in self._before if one.scope.overlaps(scope)]
        ended = [one.ended_at for one in same if one.ended_at and (one.kind is Kind.SURGE or kind is not Kind.SURGE)]
        last = max(ended, default=None)
        return [hours for hours in WINDOWS if hours <= longest and (last is None or self.now - hours * HOUR >= last)]

    def _is_open(self, scope: Scope, kind: Kind) -> bool:
        return any(one.ended_at is None and one.kind is kind and one.scope == scope for one in self._before)

    def _is_enough(self, scope: Scope) -> bool:
        return self._crowds[WINDOWS[-1]][scope].posts >= FEWEST

    def _window(self, hours: int) -> Window:
        return Window(start=self.now - hours * HOUR, end=self.now)


def _ordinary_until(before: Sequence[Surge], now: datetime) -> datetime:
    """The hour up to which a baseline is learned: not while something stands out, unless for longer than a day."""
    begun = min((one.found_at for one in before if one.ended_at is None), default=now)
    return max(begun, now - DAY).replace(minute=0, second=0, microsecond=0)


def _learn(store: Store, brand: str, hour: datetime) -> _Known:
    """What is ordinary, without sources that were not read for long enough to tell."""
    since = store.since(brand)
    if since is None or hour - since < LEARNING * HOUR:
        return _Known(hour, {}, {}, None, ())
    young = tuple(name for name, first in store.sources_since().items() if hour - first < LEARNING * HOUR)
    start = max(since.replace(minute=0, second=0, microsecond=0) + HOUR, hour - HISTORY * HOUR)
    span = Window(start=start, end=hour)
    hours = [start + step * HOUR for step in range(round((hour - start) / HOUR))]

    def learned(found: Mapping[datetime, Crowd], name: str) -> Baseline | None:
        return baseline([getattr(found[at], name) if at in found else 0 for at in hours], hour)

    scopes = store.by_hour(brand, span, young)
    people = {scope: one for scope, found in scopes.items() if (one := learned(found, "people"))}
    posts = {scope: one for scope, found in scopes.items() if (one := learned(found, "posts"))}
    return _Known(hour, people, posts, learned(store.talk_by_hour(brand, span, young), "people"), young)


def _most(named: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """The three names that move most people; what is of no name is left out."""
    return sorted(((name, people) for name, people in named if name), key=lambda item: (-item[1], item[0]))[:3]


def _quotes(said: Sequence[Words], terms: Sequence[str]) -> list[Words]:
    """Those that say most of what sets the hour apart, in the order they were posted."""
    best = sorted(said, key=lambda one: -sum(term in one.text.lower() for term in terms))[:QUOTED]
    return sorted(best, key=lambda one: (one.posted_at, one.mention))
