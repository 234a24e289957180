"""Small databases as earlier releases left them, and how one is made.

``python -m tests.store.releases`` prints the dump of this release's database, for ``releases/NNNN.sql``.
"""

import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import update

from monitor.core.alerting import Reason
from monitor.core.case import Move, Step, moved
from monitor.core.cause import GROUPING
from monitor.core.engagement import Restraint
from monitor.core.health import Health
from monitor.core.incident import moved as moved_incident
from monitor.core.mark import Mark, Marked
from monitor.core.mention import Gap, Mention
from monitor.core.message import Message
from monitor.core.routing import Matching
from monitor.core.surge import Kind, Scope
from monitor.core.verdict import Label, Verdict
from monitor.core.watch import Match
from monitor.ports import Alert, Draft, Receipt
from monitor.ports.themes import Grown
from monitor.store.connection import open_engine, writing
from monitor.store.migrate import upgrade
from monitor.store.schema import outbox
from monitor.store.sql import SqlStore
from monitor.store.stages import State

FOLDER = Path(__file__).parent / "releases"
DUMPS = sorted(FOLDER.glob("*.sql"))

NOW = datetime(2026, 11, 22, 10, 0, 0, 123_456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TARGET = "slack"

NEW, DULL, COMPLAINT, WAITING, TOLD = "new", "dull", "complaint", "waiting", "told"
"""Posts, by how far they have come. WAITING was told to one target and not to the other."""

STATES = ("sent", "sending", "doubtful", "dead", "dropped", "pending")
"""Messages, by how they stand."""


def load(dump: Path, database: Path) -> None:
    """An SQLite file as it was when the dump was made."""
    connection = sqlite3.connect(database)
    connection.executescript(dump.read_text(encoding="utf-8"))
    connection.close()


def fill(store: SqlStore) -> None:
    """A mention in each stage, a cause, a message in each state, and one of everything else."""
    with store.begin() as transaction:
        posts = [_post(name) for name in (NEW, DULL, COMPLAINT, WAITING, TOLD)]
        transaction.add_mentions("news", [(post, _match()) for post in posts], NOW)
        transaction.add_mentions("news", [(_post("own"), _match(own=True))], NOW)
        transaction.set_cursor("news", "cursor-17", NOW)
        transaction.set_health(Health(name="source/news", last_ok=NOW, last_item=NOW))
        transaction.set_health(Health(name="target/slack", troubled_since=NOW, streak=2, problem="Slack asks to wait"))
    numbers = {item.text.split()[-1]: item.mention for item in store.unjudged(10)}
    with store.begin() as transaction:
        transaction.add_verdicts((numbers[name], _verdict(name)) for name in (DULL, COMPLAINT, WAITING, TOLD))
        cause = transaction.open_cause("Acme", "delivery", GROUPING, 1, NOW)
        (case,) = transaction.open_cases([Draft(cause.id, cause.brand, cause.topic, NOW, 2, ("waits",))])
        transaction.file((numbers[name], cause.id, case.id) for name in (WAITING, TOLD))
        transaction.settle([numbers[TOLD]])
        alert = Alert(
            target=TARGET,
            reason=Reason.FIRST,
            message=Message(key="sent", title="Complaint · delivery · Acme"),
            cause=cause.id,
            case=case.id,
            mentions=(numbers[WAITING], numbers[TOLD]),
            voices=2,
        )
        transaction.enqueue_alerts([alert], NOW)
    with store.begin() as transaction:
        transaction.set_told_at(NOW, {case.id: NOW + MINUTE})
        move = Move(step=Step.TAKE, by="U1", name="Ann", via="slack", at=NOW, key="take/U1", note="mine")
        transaction.move(transaction.cases([case.id])[case.id], moved(case, move), move, NOW + MINUTE)
        incident = transaction.incidents([cause.id])[cause.id]
        transaction.move_incident(incident, moved_incident(incident, move), move)
    (sent,) = store.claim_deliveries(TARGET, NOW, MINUTE, 1)
    store.sent(sent, Receipt(reference="C1:17.5"), NOW)
    _fill_outbox(store)
    store.add_silence(Matching(topics=("billing_refund",)), NOW + timedelta(days=365), "ann", "known", NOW)
    store.correct(numbers[DULL], Label.COMPLAINT, "bob", "irony 😡", NOW)
    store.lease("worker", "host:1:abc", NOW, MINUTE)
    with store.begin() as transaction:
        transaction.add_mentions("news", [(_post("deleted"), _match())], NOW)
        transaction.forget("social", ["deleted"], NOW)
        transaction.add_gaps("news", [Gap(NOW - MINUTE, NOW, "the feed holds only ten entries")], NOW)
        transaction.spend("x/1", [("USD", 0.25)], NOW)
        transaction.add_pulse("news", 6, 1, NOW)
        surge = transaction.open_surge("Acme", Scope(topic="delivery"), Kind.SURGE, NOW - MINUTE, 20, 4.5, NOW)
        assert surge is not None
        known = Marked(mark=Mark.KNOWN, by="U1", name="Ann", via="slack", at=NOW, key="known/1")
        transaction.add_surge_fact(surge.id, known)
        transaction.add_reach([(numbers[TOLD], 4)], NOW)
        transaction.decide_digest("marketing", NOW.date(), NOW, is_sent=True)
        theme = transaction.begin_theme("Acme", "space", NOW)
        transaction.put_in_themes([(numbers[TOLD], theme, 0.75)])
        transaction.grow_themes([Grown(id=theme, size=1, total=b"\0\0\x80?", last_mention=numbers[TOLD])])
        transaction.name_theme(theme, ["parcel locker"])
        transaction.restrain(_restraint(case.id))
    store.add_orders([("Acme", NOW.date(), 500)])


def _fill_outbox(store: SqlStore) -> None:
    hour = timedelta(hours=1)
    for key in STATES[1:]:
        thread = "sent" if key == "pending" else None
        with store.begin() as transaction:
            transaction.enqueue(TARGET, Message(key=key, title=f"A message · {key}", thread=thread), NOW)
        if key in ("sending", "doubtful", "dead"):
            (delivery,) = store.claim_deliveries(TARGET, NOW, hour, 1)
        if key == "doubtful":
            store.postpone(delivery, "Slack's answer was lost", NOW + hour, doubtful=True)
        if key == "dead":
            store.bury(delivery, "Slack refuses this message", NOW)
        if key == "dropped":
            with writing(store.engine) as connection:
                connection.execute(update(outbox).where(outbox.c.key == key).values(state=State.DROPPED))


def _post(name: str) -> Mention:
    return Mention(
        platform="social", id=name, text=f"Acme 📦 is {name}", posted_at=NOW, author=name, url="https://x.y/"
    )


def _match(*, own: bool = False) -> Match:
    return Match(brand="Acme", terms=("Acme",), own=own)


def _restraint(case: int) -> Restraint:
    until = NOW + timedelta(days=90)
    return Restraint(
        brand="Acme",
        platform="social",
        author=TOLD,
        case=case,
        until=until,
        by="U1",
        name="Ann",
        why="insults the staff",
        at=NOW,
    )


def _verdict(name: str) -> Verdict:
    label = Label.OTHER if name == DULL else Label.COMPLAINT
    return Verdict(model="old@1", label=label, complaint=0.9, topics=("delivery",), at=NOW)


def main() -> None:
    engine = open_engine("sqlite://")
    upgrade(engine)
    fill(SqlStore(engine))
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        sys.stdout.writelines(f"{line}\n" for line in driver.iterdump())


if __name__ == "__main__":
    main()
