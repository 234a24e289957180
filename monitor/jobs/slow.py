"""Slow changes: looked at once a day, said quietly, and not again about the same for a month."""

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta

from monitor.core.calibration import Share
from monitor.core.cause import slug
from monitor.core.days import window
from monitor.core.digest import NO_TALK
from monitor.core.message import Message
from monitor.core.slow import WEEKS, band, drift, write_band, write_drift
from monitor.ports import Store

WEEK = timedelta(days=7)
DAY = timedelta(days=1)
QUIET_FOR = 28
"""Days in which the same is not said again."""


class SlowWatch:
    """Looks at brands once for each UTC date."""

    def __init__(self, brands: Collection[str], targets: tuple[str, ...]) -> None:
        self._brands, self._targets = brands, targets
        self._looked: date | None = None

    def look(self, store: Store, now: datetime) -> int:
        """Look at every brand once a date, and return how many messages were put into the outbox."""
        today = now.astimezone(UTC).date()
        if today == self._looked or not self._targets:
            return 0
        count = 0
        for brand in self._brands:
            for name, message in (*_drifts(store, brand, today), *_bands(store, brand, today)):
                count += self._tell(store, name, message, today, now)
        self._looked = today
        return count

    def _tell(self, store: Store, name: str, message: Message, today: date, now: datetime) -> int:
        with store.begin() as transaction:
            count = 0
            for target in self._targets:
                earlier = (f"{name}/{(today - back * DAY).isoformat()}" for back in range(1, QUIET_FOR))
                if not any(transaction.message(target, key) for key in earlier):
                    count += transaction.enqueue(target, message, now)
            return count


def _drifts(store: Store, brand: str, today: date) -> Iterator[tuple[str, Message]]:
    """The brand as a whole, or else those of its topics that rise."""
    weeks = [window(today - back * WEEK, 7, UTC) for back in range(WEEKS, 0, -1)]
    since = store.since(brand)
    if since is None or since > weeks[0].start:
        return
    posts = [store.posts_of(brand, week).posts for week in weeks]
    whole = drift(list(zip((store.talk(brand, week).complaints for week in weeks), posts, strict=True)))
    if whole is not None:
        name = f"drift/{slug(brand)}/all"
        yield name, write_drift(brand, "", whole, f"{name}/{today.isoformat()}")
        return
    topics = [store.topics(brand, week) for week in weeks]
    for topic in sorted(topics[-1]):
        found = drift([(of.get(topic, NO_TALK).complaints, count) for of, count in zip(topics, posts, strict=True)])
        if found is not None:
            name = f"drift/{slug(brand)}/{topic}"
            yield name, write_drift(brand, topic, found, f"{name}/{today.isoformat()}")


def _bands(store: Store, brand: str, today: date) -> Iterator[tuple[str, Message]]:
    """The brand and its topics whose complaints per order are in another band than the day before."""
    now, before = ((today - WEEK, today - DAY), (today - WEEK - DAY, today - 2 * DAY))
    orders, ordered = store.orders_of(brand, *now), store.orders_of(brand, *before)
    if not orders or not ordered:
        return
    spans = [window(first, 7, UTC) for first, _ in (now, before)]
    topics, then = (store.topics(brand, span) for span in spans)
    whole = {"": (store.talk(brand, spans[0]).complaints, store.talk(brand, spans[1]).complaints)}
    whole |= {topic: (talk.complaints, then.get(topic, NO_TALK).complaints) for topic, talk in topics.items()}
    for topic, (complaints, complained) in sorted(whole.items()):
        rate = Share(min(complaints, orders), orders)
        old = Share(min(complained, ordered), ordered)
        if band(rate.value) != band(old.value):
            name = f"band/{slug(brand)}/{topic or 'all'}/{band(rate.value)}"
            yield name, write_band(brand, topic, rate, old, f"{name}/{today.isoformat()}")
