"""Routing: which targets hear about a cause, and when they are not to be disturbed."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a route or silence is matched against."""

    brand: str
    topic: str
    platform: str = ""
    source: str = ""
    language: str = ""
    level: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Empty fields match everything; the filled ones must all match."""

    brands: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()

    def matches(self, subject: Subject) -> bool:
        return all(not wanted or found in wanted for wanted, found in self._pairs(subject))

    def _pairs(self, subject: Subject) -> tuple[tuple[tuple[object, ...], object], ...]:
        return (
            (self.brands, subject.brand),
            (self.topics, subject.topic),
            (self.platforms, subject.platform),
            (self.sources, subject.source),
            (self.languages, subject.language),
            (self.levels, subject.level),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From ``start`` to ``end`` local time in ``zone``, over midnight if end comes first; alerts wait until ``end``.

    Topics in ``breaks_through`` do not wait, nor does what must be acted on now.
    """

    start: time
    end: time
    zone: ZoneInfo
    breaks_through: tuple[str, ...] = ()

    def holds(self, subject: Subject, now: datetime) -> bool:
        if subject.topic in self.breaks_through or subject.level <= 1 or self.start == self.end:
            return False
        local = now.astimezone(self.zone).time()
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end

    def ends(self, now: datetime) -> datetime:
        """The next moment at which these quiet hours end."""
        local = now.astimezone(self.zone)
        end = datetime.combine(local, self.end, self.zone).replace(fold=local.fold)
        return (end if end > local else end + timedelta(days=1)).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Cases that match go to ``targets``; with ``stop`` later routes are not asked."""

    name: str
    targets: tuple[str, ...]
    matching: Matching = Matching()
    quiet: QuietHours | None = None
    stop: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Somebody asked for no alerts about something until a moment. Complaints wait and are told when it ends."""

    id: int
    matching: Matching
    until: datetime
    by: str
    why: str

    def mutes(self, subject: Subject, now: datetime) -> bool:
        return now < self.until and self.matching.matches(subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A target that is to hear about a cause, by which route, and until when it is not to be disturbed."""

    target: str
    route: str
    quiet_until: datetime | None = None


def destinations(routes: tuple[Route, ...], subject: Subject, now: datetime) -> list[Destination]:
    """The targets for a cause, each once, in the order of the routes."""
    found: dict[str, Destination] = {}
    for route in routes:
        if not route.matching.matches(subject):
            continue
        is_quiet = route.quiet is not None and route.quiet.holds(subject, now)
        until = route.quiet.ends(now) if route.quiet and is_quiet else None
        for target in route.targets:
            found.setdefault(target, Destination(target=target, route=route.name, quiet_until=until))
        if route.stop:
            break
    return list(found.values())
