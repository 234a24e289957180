"""Playbooks: what the team has agreed to do about a topic, and what it may offer."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.core.case import Case
from monitor.core.routing import Matching, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """For cases that match: the page that says what to do, and the remedies that need nobody's leave."""

    matching: Matching = Matching()
    link: str | None = None
    remedies: tuple[str, ...] = ()


NONE = Playbook()


def playbook_of(playbooks: Sequence[Playbook], case: Case) -> Playbook:
    """The first that fits; ``NONE`` where none does."""
    subject = Subject(brand=case.brand, topic=case.topic, level=case.level)
    return next((one for one in playbooks if one.matching.matches(subject)), NONE)
