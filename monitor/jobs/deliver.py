"""Deliver: hand the outbox to the targets; say first, record after, look before saying twice."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.core.errors import Busy, ConfigError, Doubtful, Refused
from monitor.core.health import Health, rest
from monitor.core.message import Message, duration
from monitor.ports import Delivery, Notifier, Receipt, Store

log = logging.getLogger(__name__)

SHORTEST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=15)
UNUSABLE_REST = timedelta(minutes=5)
LONGEST_DOUBT = timedelta(days=3)
BATCH = 20
LATE = timedelta(minutes=10)
"""A message that waited longer for its target says so: what it says of waiting was true when it was written."""

PERHAPS_TWICE = ("Perhaps here already", "the answer to an earlier try was lost, and this channel cannot be searched")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One configured target: a notifier under a name.

    ``doubt`` is how long after an attempt with a lost answer we wait before looking for the message: longer than the
    target may take to show a message that it accepted. A message is given up once at least ``patience`` attempts have
    left its fate in doubt *and* the first attempt is three days ago: an outage of a night or a weekend buries nothing,
    even where the target cannot be asked. One that the target was merely too busy for waits as long as it takes.
    """

    name: str
    notifier: Notifier
    doubt: timedelta = timedelta(seconds=60)
    patience: int = 50

    @property
    def health(self) -> str:
        """The name of this target's health record."""
        return f"target/{self.name}"


def deliver(target: Target, store: Store, clock: Callable[[], datetime], jitter: Callable[[], float]) -> int:
    """Send what is due to one target and return how many messages went out.

    The target is left alone while it rests, and gets one message at a time when it has a pace to keep. The clock is
    read around every attempt: an attempt takes as long as the target lets it, and pauses count from its end.
    """
    now = clock()
    if store.health(target.health).is_resting(now):
        return 0
    pace = target.notifier.pace
    if pace:
        last = store.last_sent(target.name)
        if last is not None and now - last < pace:
            return 0
    count = 0
    for _ in range(1 if pace else BATCH):
        # One at a time: what is claimed and then not attempted would have to be looked for as doubtful.
        claimed = store.claim_deliveries(target.name, clock(), target.doubt, limit=1)
        if not claimed or not _attempt(target, claimed[0], store, clock, jitter):
            break
        count += 1
    return count


def _attempt(
    target: Target, delivery: Delivery, store: Store, clock: Callable[[], datetime], jitter: Callable[[], float]
) -> bool:
    """One attempt; ``False`` when the target should be left alone for now."""
    try:
        receipt = _look_or_send(target, delivery, clock())
    except Exception as error:
        return _failed(target, delivery, store, error, clock(), jitter())
    now = clock()
    store.sent(delivery, receipt, now)
    _note_success(target, store, now)
    return True


def _failed(target: Target, delivery: Delivery, store: Store, error: Exception, now: datetime, jitter: float) -> bool:
    if isinstance(error, Refused):
        log.error("target=%s message=%s refused=%r", target.name, delivery.id, str(error))
        store.bury(delivery, str(error), now)
        return True
    if isinstance(error, Busy):
        _later(target, delivery, store, error, now, jitter)
    elif isinstance(error, ConfigError):
        unusable = Busy(str(error), wait=UNUSABLE_REST, needs_person=True)
        _later(target, delivery, store, unusable, now, jitter)
    elif isinstance(error, Doubtful):
        _in_doubt(target, delivery, store, str(error), now, jitter)
    else:
        # A bug in a notifier says nothing about whether the message went out.
        log.error("target=%s message=%s failed unexpectedly", target.name, delivery.id, exc_info=error)
        _in_doubt(target, delivery, store, f"unexpected {type(error).__name__}; please report it", now, jitter)
    return False


def _look_or_send(target: Target, delivery: Delivery, now: datetime) -> Receipt:
    if delivery.message.edits:
        # Nothing was said that could be changed, or it is changed once more, which does no harm.
        if delivery.thread is not None:
            target.notifier.edit(delivery.message, delivery.thread)
        return Receipt()
    message = delivery.message
    if delivery.is_doubtful:
        try:
            found = target.notifier.find(message, delivery.thread, delivery.started_at)
        except Refused as error:
            # One alert too many is better than none, and whoever reads it can tell.
            log.warning("target=%s message=%s cannot be looked for: %s", target.name, delivery.id, error)
            message, found = replace(message, facts=(*message.facts, PERHAPS_TWICE)), None
        if found is not None:
            return found
    return target.notifier.send(_dated(message, delivery, now), delivery.thread)


def _dated(message: Message, delivery: Delivery, now: datetime) -> Message:
    waited = now - delivery.queued_at
    if message.thread is not None or waited < LATE:
        return message
    return replace(message, facts=(*message.facts, ("Sent late", f"{duration(waited)} after it was written")))


def _later(target: Target, delivery: Delivery, store: Store, busy: Busy, now: datetime, jitter: float) -> None:
    """Put the message back for as long as it takes."""
    pause = busy.wait or _pause(target, store, jitter)
    # What waits for a person waits only as long as the target rests, which a restart ends.
    due_at = now if busy.needs_person else now + pause
    store.postpone(delivery, str(busy), due_at, doubtful=False)
    _note_trouble(target, delivery, store, str(busy), now, pause, needs_person=busy.needs_person)


def _in_doubt(target: Target, delivery: Delivery, store: Store, problem: str, now: datetime, jitter: float) -> None:
    """Put the message back until it can be looked for, or give it up after too many such attempts and days."""
    pause = _pause(target, store, jitter)
    doubts = delivery.doubts + 1
    if doubts >= target.patience and now - delivery.started_at >= LONGEST_DOUBT:
        store.bury(delivery, f"given up after {doubts} attempts without a clear answer: {problem}", now)
    else:
        # Each time it waits longer, and longer than the target rests, so that the others get their turn.
        behind = pause + (doubts - 1) * SHORTEST_REST
        own = rest(doubts, SHORTEST_REST, LONGEST_REST, jitter)
        store.postpone(delivery, problem, now + max(target.doubt, behind, own), doubtful=True)
    _note_trouble(target, delivery, store, problem, now, pause, needs_person=False)


def _pause(target: Target, store: Store, jitter: float) -> timedelta:
    return rest(store.health(target.health).streak + 1, SHORTEST_REST, LONGEST_REST, jitter)


def _note_trouble(
    target: Target,
    delivery: Delivery,
    store: Store,
    problem: str,
    now: datetime,
    pause: timedelta,
    *,
    needs_person: bool,
) -> None:
    log.warning("target=%s message=%s attempt=%s problem=%r", target.name, delivery.id, delivery.attempts, problem)
    health = store.health(target.health)
    after = replace(
        health,
        last_ok=health.last_ok if health.troubled_since else store.last_sent(target.name),
        troubled_since=health.troubled_since or now,
        streak=health.streak + 1,
        problem=problem,
        is_permanent=needs_person,
        resting_until=now + pause,
    )
    with store.begin() as transaction:
        transaction.set_health(after)


def _note_success(target: Target, store: Store, now: datetime) -> None:
    health = store.health(target.health)
    if health.troubled_since is not None:
        with store.begin() as transaction:
            transaction.set_health(Health(name=target.health, last_ok=now))
