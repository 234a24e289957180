"""What only the weekly edition says, counted."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo
from statistics import mean

from monitor.core.days import Window, window
from monitor.core.digest import NO_TALK, WEEKS, foremost
from monitor.core.week import ALL_ELSE, KINDS, Relapse, TopicWeek, Week, Weekday, silent
from monitor.ports import Store

DONE_WITHIN = timedelta(days=28)
"""In a week too few cases are done to see who comes back."""


def make_week(store: Store, brand: str, first: date, zone: tzinfo, *, is_silent_asked: bool) -> Week:
    """The weekly parts of the seven days from ``first`` on."""
    span, since = window(first, 7, zone), store.since(brand)
    days = [first + timedelta(days=step) for step in range(7)]
    by_day = [store.topics(brand, window(day, 1, zone)) for day in days]
    topics = foremost(store.topics(brand, span))
    people = [tuple(found.get(topic, NO_TALK).people for found in by_day) for topic in topics]
    return Week(
        days=tuple(_weekday(store, brand, day, zone, since) for day in days),
        courses=tuple(TopicWeek(topic=topic, people=counts) for topic, counts in zip(topics, people, strict=True)),
        relapses=tuple(_relapses(store, brand, Window(start=span.end - DONE_WITHIN, end=span.end))),
        silent=tuple(silent(store.people_by(brand, span, KINDS, ALL_ELSE))) if is_silent_asked else (),
    )


def _weekday(store: Store, brand: str, day: date, zone: tzinfo, since: datetime | None) -> Weekday:
    spans = [window(day - timedelta(days=7 * week), 1, zone) for week in range(WEEKS + 1)]
    now = store.talk(brand, spans[0])
    before = [store.talk(brand, span).people for span in spans[1:] if since is not None and since <= span.start]
    usual = mean(before) if before else None
    return Weekday(day=day, complaints=now.complaints, people=now.people, usual=usual)


def _relapses(store: Store, brand: str, span: Window) -> Iterator[Relapse]:
    """The topics with somebody who complained again, those with most of them first."""
    found = store.relapses(brand, span)
    for topic in sorted(found, key=lambda topic: (-found[topic][1], found[topic][0], topic)):
        done, again = found[topic]
        if again:
            yield Relapse(topic=topic, done=done, again=again)
