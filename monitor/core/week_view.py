"""The weekly parts in words, as pairs of a name and what is said."""

from collections.abc import Iterator, Sequence

from monitor.core.digest import share
from monitor.core.week import Relapse, Silent, TopicWeek, Weekday
from monitor.core.wording import topic_name

ASSUMED = (
    "old figures of John Goodman and TARP, known at second hand, about customers who complain to a business; how many "
    "do so in public nobody knows. A range of a guess, not a count"
)


def day_lines(days: Sequence[Weekday], courses: Sequence[TopicWeek]) -> Iterator[tuple[str, str]]:
    """Each day beside its usual, then the first topics from day to day."""
    for one in days:
        usual = "" if one.usual is None else f" (usual {one.usual:.1f})".replace(".0)", ")")
        people = "1 person" if one.people == 1 else f"{one.people} people"
        posts = "1 complaint" if one.complaints == 1 else f"{one.complaints} complaints"
        yield f"{one.day:%a} {one.day.day} {one.day:%b}", f"{people}{usual}, {posts}"
    for course in courses:
        yield topic_name(course.topic).capitalize(), f"{', '.join(map(str, course.people))} people from day to day"


def relapse_lines(relapses: Sequence[Relapse]) -> Iterator[tuple[str, str]]:
    """Where customers complain again after us, the most first."""
    for one in relapses:
        yield topic_name(one.topic).capitalize(), f"{share(one.again, one.done)} customers complained again"


def silent_lines(ranges: Sequence[Silent]) -> Iterator[tuple[str, str]]:
    """The ranges with what they assume, and where that is from."""
    for one in ranges:
        assumed = f"if {one.assumed.least:.0%} to {one.assumed.most:.0%} of those affected speak up"
        spoke = "1 person spoke up" if one.people == 1 else f"{one.people} people spoke up"
        yield one.assumed.kind.capitalize(), f"{spoke}; {one.low} to {one.high} affected, {assumed}"
    yield "What this assumes", ASSUMED
