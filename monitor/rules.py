"""Settings made into the rules that jobs go by: routes, pauses, the team, digests and surges."""

import csv
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import get_args

from monitor.core.alerting import AlertPolicy
from monitor.core.cause import EpisodeRule
from monitor.core.clocks import Staffed
from monitor.core.errors import ConfigError
from monitor.core.playbook import Playbook
from monitor.core.recurring import Faq
from monitor.core.routing import Matching, QuietHours, Route
from monitor.industry import pack
from monitor.jobs.digest import About, Subscription
from monitor.jobs.rivals import Rivals
from monitor.jobs.steps import CaseRules
from monitor.jobs.surges import SurgeRules
from monitor.jobs.triage import TriageRules
from monitor.orders import Ledger
from monitor.settings import (
    Brand,
    Day,
    OrderSettings,
    PlaybookSettings,
    RouteSettings,
    Settings,
    TeamSettings,
)


def build_rules(settings: Settings) -> TriageRules:
    """Routes, pauses and episodes; without routes everything goes to every target."""
    alerts = settings.alerts
    routes = tuple(_route(route) for route in settings.routes)
    if not routes:
        routes = (Route(name="everything", targets=tuple(settings.targets)),)
    return TriageRules(
        routes=routes,
        policy=AlertPolicy(
            first_gap=alerts.first_gap,
            longest_gap=alerts.longest_gap,
            singles=alerts.singles,
            singles_within=alerts.singles_within,
            per_hour=alerts.per_hour,
            per_day=alerts.per_day,
            gentle_share=alerts.gentle_share,
            list_gap=alerts.list_gap,
        ),
        cases=build_case_rules(settings.team, settings.playbooks),
        episodes=EpisodeRule(quiet_after=alerts.episode_quiet, longest=alerts.episode_longest),
    )


def build_case_rules(team: TeamSettings, playbooks: Sequence[PlaybookSettings] = ()) -> CaseRules:
    """When the team is there, whom to call when nobody has taken a case, and what was agreed on."""
    names = get_args(Day)
    staffed = Staffed(
        zone=team.zone,
        days=frozenset(names.index(day) for day in team.days),
        start=team.start,
        end=team.end,
        holidays=frozenset(team.holidays),
    )
    agreed = tuple(
        Playbook(
            matching=Matching(topics=one.topics, brands=one.brands, levels=one.levels),
            link=one.link,
            remedies=one.remedies,
        )
        for one in playbooks
    )
    return CaseRules(staffed=staffed, second=team.second, lead=team.lead, playbooks=agreed)


def build_digests(settings: Settings) -> tuple[Subscription, ...]:
    """Who gets which digest; without brands it is about every brand."""
    days = get_args(Day)
    about = build_about(settings) if settings.digests else {}
    return tuple(
        Subscription(
            name=digest.name,
            brands=digest.brands or tuple(brand.name for brand in settings.brands),
            targets=digest.targets,
            at=digest.at,
            zone=digest.zone,
            weekday=None if digest.day is None else days.index(digest.day),
            about=about,
            silent_majority=digest.silent_majority,
        )
        for digest in settings.digests
    )


def build_about(settings: Settings) -> dict[str, About]:
    """What the digest knows of brands, by name. Raises ``ConfigError`` for an FAQ that cannot be read."""
    names = {brand.name: _names(brand) for brand in settings.brands}
    return {
        brand.name: About(
            pack=pack(brand.industry),
            faq=_faq(brand.name, Path(brand.faq)) if brand.faq is not None else None,
            rivals=Rivals(ours=names[brand.name], theirs={rival: names[rival] for rival in brand.rivals})
            if brand.rivals
            else None,
        )
        for brand in settings.brands
    }


def _names(brand: Brand) -> tuple[str, ...]:
    return (brand.name, *brand.terms, *brand.misspellings, *brand.handles)


def _faq(brand: str, path: Path) -> tuple[Faq, ...]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError([f"brands: the FAQ of {brand}, {path}, cannot be read ({error})"]) from None
    if rows and not {"question", "answer"} <= rows[0].keys():
        raise ConfigError([f"brands: the FAQ of {brand}, {path}, needs the columns question and answer"])
    return tuple(Faq((row["question"] or "").strip(), (row["answer"] or "").strip()) for row in rows)


def build_surges(settings: Settings) -> SurgeRules:
    """Who hears of surges; without a word about it, whoever hears of complaints."""
    routed = tuple(dict.fromkeys(target for route in settings.routes for target in route.targets))
    return SurgeRules(
        brands={brand.name: _names(brand) for brand in settings.brands},
        targets=settings.surges.targets or routed or tuple(settings.targets),
        often=settings.surges.false_ones,
    )


def build_orders(settings: Settings) -> tuple[Ledger, ...]:
    """Where the orders of brands are told."""
    return tuple(Ledger(brand=one.brand, url=one.url, headers=partial(_headers, one)) for one in settings.orders)


def _headers(orders: OrderSettings) -> dict[str, str]:
    return {orders.header: orders.secret.reveal()} if orders.secret else {}


def _route(route: RouteSettings) -> Route:
    quiet = route.quiet
    return Route(
        name=route.name,
        targets=route.targets,
        matching=Matching(
            brands=route.brands,
            topics=route.topics,
            platforms=route.platforms,
            sources=route.sources,
            languages=route.languages,
            levels=route.levels,
        ),
        quiet=QuietHours(start=quiet.start, end=quiet.end, zone=quiet.zone, breaks_through=quiet.breaks_through)
        if quiet
        else None,
        stop=route.stop,
    )
