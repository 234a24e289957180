"""Mark: a person says with a click what a surge is, or mutes its topic for a while."""

from dataclasses import replace
from datetime import datetime

from monitor.core.case import NotAllowed
from monitor.core.mark import Mark, Marked
from monitor.core.routing import Matching
from monitor.jobs.opening import open_incident
from monitor.jobs.steps import CaseRules
from monitor.jobs.surges import SurgeRules, show_again
from monitor.ports import Store

INCIDENT = "incident"


def mark(store: Store, rules: SurgeRules, cases: CaseRules, number: int, said: Marked, now: datetime) -> None:
    """Keep what somebody said and show it in the notice; what was heard before changes nothing.

    After *known issue* the next line is said when people have doubled from now on, or when it is over. Raises
    ``NotAllowed`` with words for the person. An incident is opened once for a surge.
    """
    if said.mark is Mark.INCIDENT:
        said = replace(said, key=INCIDENT)
    with store.begin() as transaction:
        surge = transaction.surge(number)
        if surge is None:
            raise NotAllowed(f"there is no surge {number}")
        if said.mark is Mark.MUTED and (not surge.topic or said.until is None):
            raise NotAllowed("only a topic can be muted, for a time")
        if not transaction.add_surge_fact(number, said):
            return
        if said.mark is Mark.INCIDENT:
            open_incident(transaction, rules.targets, cases, surge, said, now)
        if said.until is not None:
            matching = Matching(brands=(surge.brand,), topics=(surge.topic,))
            transaction.add_silence(matching, said.until, said.name, f"muted at {surge.key}", now)
        if said.mark is Mark.KNOWN:
            surge = replace(surge, peak=max(surge.peak, surge.people))
            transaction.set_surge(surge)
        show_again(transaction, rules, surge, now)
