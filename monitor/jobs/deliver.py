"""Deliver: hand the outbox to the targets; say first, record after, look before saying twice."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.core.errors import Busy, ConfigError, Doubtful, Refused
from monitor.core.health import Health, rest
from monitor.ports import Delivery, Notifier, Receipt, Store

log = logging.getLogger(__name__)

SHORTEST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=15)
UNUSABLE_REST = timedelta(minutes=5)
BATCH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One configured target: a notifier under a name.

    ``doubt`` is how long after an attempt with a lost answer we wait before looking for the message: longer than the
    target may take to show a message that it accepted. After ``patience`` attempts a message whose fate
    is in doubt is set aside; one that the target was merely too busy for waits as long as it takes.
    """

    name: str
    notifier: Notifier
    doubt: timedelta = timedelta(seconds=60)
    patience: int = 50

    @property
    def health(self) -> str:
        """The name of this target's health record."""
        return f"target/{self.name}"


def deliver(target: Target, store: Store, now: datetime, jitter: Callable[[], float]) -> int:
    """Send what is due to one target and return how many messages went out.

    The target is left alone while it rests, and gets one message at a time when it has a pace to keep.
    """
    health = store.health(target.health)
    if health.is_resting(now):
        return 0
    pace = target.notifier.pace
    if pace:
        last = store.last_sent(target.name)
        if last is not None and now - last < pace:
            return 0
    count = 0
    for _ in range(1 if pace else BATCH):
        # One at a time: what is claimed and then not attempted would have to be looked for as doubtful.
        claimed = store.claim_deliveries(target.name, now, target.doubt, limit=1)
        if not claimed or not _attempt(target, claimed[0], store, now, jitter):
            break
        count += 1
    return count


def _attempt(target: Target, delivery: Delivery, store: Store, now: datetime, jitter: Callable[[], float]) -> bool:
    """One attempt; ``False`` when the target should be left alone for now."""
    try:
        receipt = _look_or_send(target, delivery)
    except Refused as error:
        log.error("target=%s message=%s refused=%r", target.name, delivery.id, str(error))
        store.bury(delivery, str(error), now)
        return True
    except Doubtful as error:
        _later(target, delivery, store, str(error), now, None, jitter, doubtful=True)
        return False
    except Busy as error:
        _later(target, delivery, store, str(error), now, error.wait, jitter, doubtful=delivery.is_doubtful)
        return False
    except ConfigError as error:
        _later(target, delivery, store, str(error), now, UNUSABLE_REST, jitter, doubtful=delivery.is_doubtful)
        return False
    except Exception as error:
        # A bug in a notifier says nothing about whether the message went out.
        log.exception("target=%s message=%s failed unexpectedly", target.name, delivery.id)
        problem = f"unexpected {type(error).__name__}; please report it"
        _later(target, delivery, store, problem, now, None, jitter, doubtful=True)
        return False
    store.sent(delivery, receipt, now)
    _note_success(target, store, now)
    return True


def _look_or_send(target: Target, delivery: Delivery) -> Receipt:
    if delivery.is_doubtful:
        found = _look(target, delivery)
        if found is not None:
            return found
    return target.notifier.send(delivery.message, delivery.thread)


def _look(target: Target, delivery: Delivery) -> Receipt | None:
    try:
        return target.notifier.find(delivery.message, delivery.thread, delivery.started_at)
    except Refused as error:
        log.warning("target=%s message=%s cannot be looked for: %s", target.name, delivery.id, error)
        return None


def _later(
    target: Target,
    delivery: Delivery,
    store: Store,
    problem: str,
    now: datetime,
    asked: timedelta | None,
    jitter: Callable[[], float],
    *,
    doubtful: bool,
) -> None:
    """Put the message back and let the target rest: as long as it asked for, else with growing pauses."""
    log.warning("target=%s message=%s attempt=%s problem=%r", target.name, delivery.id, delivery.attempts, problem)
    health = store.health(target.health)
    pause = asked or rest(health.streak + 1, SHORTEST_REST, LONGEST_REST, jitter())
    if doubtful and delivery.attempts >= target.patience:
        store.bury(delivery, f"given up after {delivery.attempts} attempts: {problem}", now)
    else:
        wait = max(pause, target.doubt) if doubtful else pause
        store.postpone(delivery, problem, now + wait, doubtful=doubtful)
    with store.begin() as transaction:
        transaction.set_health(
            replace(
                health,
                last_ok=health.last_ok if health.troubled_since else store.last_sent(target.name),
                troubled_since=health.troubled_since or now,
                streak=health.streak + 1,
                problem=problem,
                resting_until=now + pause,
            )
        )


def _note_success(target: Target, store: Store, now: datetime) -> None:
    health = store.health(target.health)
    if health.troubled_since is not None:
        with store.begin() as transaction:
            transaction.set_health(Health(name=target.health, last_ok=now, told_at=health.told_at))
