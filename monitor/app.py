"""The composition root: settings in, a working application out. The only place that reads the clock."""

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError

from monitor.config import options
from monitor.core.calibration import DEFAULT, Aim, Cutoffs
from monitor.core.case import Case, Move
from monitor.core.errors import ConfigError, ModelError, UmbrageError
from monitor.core.health import Health
from monitor.core.incident import Incident
from monitor.core.mark import Marked
from monitor.core.verdict import Thresholds, Word
from monitor.core.watch import Matcher, Watch
from monitor.jobs.act import act
from monitor.jobs.classify import classify
from monitor.jobs.collect import Collected, Source, collect
from monitor.jobs.deliver import Target, deliver
from monitor.jobs.digest import Subscription, send_digests
from monitor.jobs.giving import give
from monitor.jobs.incidents import act_on_incident
from monitor.jobs.mark import mark
from monitor.jobs.orders import Orders, orders_health, read_orders
from monitor.jobs.reach import measure_reach
from monitor.jobs.refresh import Refreshed, refresh, refresh_health
from monitor.jobs.remind import remind
from monitor.jobs.slow import SlowWatch
from monitor.jobs.surges import SurgeRules, SurgeWatch
from monitor.jobs.themes import gather
from monitor.jobs.triage import Triaged, TriageRules, triage
from monitor.jobs.watch_health import note_quiet, watch_health
from monitor.ports import Classifier, Refreshing
from monitor.ports.themes import MeaningOf, Understanding
from monitor.rules import build_digests, build_orders, build_rules, build_surges
from monitor.settings import ClassifierSettings, Settings, StoreSettings
from monitor.store.connection import open_engine
from monitor.store.migrate import require_current, upgrade
from monitor.store.sql import SqlStore

log = logging.getLogger(__name__)

JUDGED_PER_ROUND = GATHERED_PER_ROUND = 1_024
OWN_REST = timedelta(minutes=1)
TRIAGE_HEALTH = "step/triage"
CLICKS_HEALTH = "clicks/slack"
DIGEST_HEALTH, SURGES_HEALTH, CAUSES_HEALTH = "report/digest", "report/surges", "report/causes"
OWN_HEALTH = (TRIAGE_HEALTH, CLICKS_HEALTH, DIGEST_HEALTH, SURGES_HEALTH, CAUSES_HEALTH)


def clock() -> datetime:
    """The moment it is, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place


@dataclass(slots=True, kw_only=True)
class App:
    """Everything wired together; each method is one step at the moment ``clock`` says."""

    store: SqlStore
    watches: tuple[Watch, ...]
    matcher: Matcher
    sources: dict[str, Source]
    classifier: "LazyClassifier"
    targets: dict[str, Target]
    rules: TriageRules
    digests: tuple[Subscription, ...] = ()
    surges: SurgeWatch = field(default_factory=lambda: SurgeWatch(SurgeRules(brands={}, targets=())))
    orders: tuple[Orders, ...] = ()
    slow: SlowWatch = field(default_factory=lambda: SlowWatch((), ()))
    health_targets: tuple[str, ...] = ()
    health_patience: timedelta = timedelta(minutes=30)
    clock: Callable[[], datetime] = clock
    jitter: Callable[[], float] = random.random
    stopping: threading.Event = field(default_factory=threading.Event)

    def collect(self, name: str) -> Collected:
        """Read one source to the end of what is new."""
        return collect(self.sources[name], self.watches, self.matcher, self.store, self.clock(), self.jitter())

    def classify(self) -> int:
        """Judge what waits, up to a round's worth. Raises ``ModelError``."""
        count = 0
        while count < JUDGED_PER_ROUND and not self.stopping.is_set():
            classifier, cutoffs = self.classifier.get()
            judged = classify(classifier, cutoffs, self.store, self.clock())
            if not judged:
                break
            count += judged
        return count

    def triage(self) -> Triaged:
        """File complaints and decide whether to speak."""
        return triage(self.store, self.rules, self.clock(), self.classifier.words)

    def remind(self) -> int:
        """Say what is due in cases to those who are to do it."""
        return remind(self.store, self.rules.cases, self.clock())

    def gather(self) -> int:
        """Put complaints that say the same together, up to a round's worth. Raises ``ModelError``."""
        count = 0
        while count < GATHERED_PER_ROUND and not self.stopping.is_set():
            gathered = gather(self.store, self.classifier.meaning_of)
            if not gathered:
                break
            count += gathered
        return count

    def digest(self) -> int:
        """Send the editions of digests that are due."""
        return send_digests(
            self.store, self.digests, self.clock(), self.rules.cases.threaded, self.classifier.meaning_if_any
        )

    def watch_surges(self) -> int:
        """Tell what is more than usual, how it grows, and when it is over; once a day also what changes slowly."""
        return self.surges.look(self.store, self.clock()) + self.slow.look(self.store, self.clock())

    def read_orders(self) -> int:
        """Read the orders of brands where they are told, once a day."""
        return sum(read_orders(orders, self.store, self.clock(), self.jitter()) for orders in self.orders)

    def act(self, case: int, move: Move) -> Case | None:
        """Take a person's step in a case. Raises ``NotAllowed`` with words for the person."""
        return act(self.store, self.rules.cases, case, move, self.clock())

    def mark(self, surge: int, said: Marked) -> None:
        """Keep what a person says about a surge. Raises ``NotAllowed`` with words for the person."""
        mark(self.store, self.surges.rules, self.rules.cases, surge, said, self.clock())

    def act_on_incident(self, cause: int, move: Move) -> Incident | None:
        """Take a person's step in an incident and in the cases of it. Raises ``NotAllowed`` likewise."""
        return act_on_incident(self.store, self.rules.cases, cause, move, self.clock())

    def give(self, case: int, move: Move) -> int:
        """Assign what a case has in common with others. Raises ``NotAllowed`` likewise."""
        return give(self.store, self.rules.cases, case, move, self.clock())

    def deliver(self, name: str) -> int:
        """Send what is due to one target."""
        return deliver(self.targets[name], self.store, self.clock, self.jitter)

    def refresh(self, name: str) -> Refreshed:
        """Look up posts of a source's platform again: follow edits, forget what was deleted."""
        return refresh(self.sources[name], self.store, self.clock(), self.jitter())

    def measure_reach(self, name: str) -> int:
        """Measure again how posts of open cases spread, where the platform tells."""
        brands = [watch.brand for watch in self.watches]
        return measure_reach(self.sources[name], brands, self.store, self.rules.cases, self.clock(), self.jitter())

    def refreshing(self) -> list[str]:
        """The sources that look posts up, one for each platform."""
        found: dict[str, str] = {}
        for name, source in self.sources.items():
            if isinstance(source.collector, Refreshing):
                found.setdefault(source.collector.platform, name)
        return list(found.values())

    def watch_health(self) -> int:
        """Tell the operators about trouble, silence and recovery, once each."""
        note_quiet(self.store, self.sources, self.clock())
        return watch_health(self.store, self._health_names(), self.health_targets, self.health_patience, self.clock())

    def wake(self) -> None:
        """At a start: end the rests that only a person can end, since a person has just started us."""
        self.store.wake(self._health_names())

    def note_classifier(self, problem: UmbrageError | None) -> None:
        """Keep the classifier's trouble, or its end, where ``watch_health`` finds it."""
        self.note(self.classifier.health, str(problem) if problem else None)

    def note(self, name: str, problem: str | None) -> None:
        """Keep trouble of our own that only a person can end, or its end; it rests for a minute between tries."""
        now = self.clock()
        health = self.store.health(name)
        if problem is None and health.troubled_since is None:
            return
        after = Health(name=name, last_ok=now)
        if problem is not None:
            after = replace(
                health,
                troubled_since=health.troubled_since or now,
                problem=problem,
                is_permanent=True,
                resting_until=now + OWN_REST,
            )
        with self.store.begin() as transaction:
            transaction.set_health(after)

    def _health_names(self) -> set[str]:
        sources = {source.health for source in self.sources.values()} | {f"quiet/{name}" for name in self.sources}
        sources |= {refresh_health(self.sources[name]) for name in self.refreshing()}
        targets = {target.health for target in self.targets.values()}
        orders = {orders_health(one.brand) for one in self.orders}
        return sources | targets | orders | {self.classifier.health, *OWN_HEALTH}


class LazyClassifier:
    """The configured classifier, loaded at its first use; a broken one is tried again at the next use."""

    _created: Classifier | None = None
    _meaning_of: MeaningOf | None = None
    _loaded: tuple[Classifier, Cutoffs] | None = None

    def __init__(self, settings: ClassifierSettings) -> None:
        self._settings = settings

    @property
    def health(self) -> str:
        """The name of its health record."""
        return f"classifier/{self._settings.use}"

    def get(self) -> tuple[Classifier, Cutoffs]:
        """The classifier with the thresholds to use. Raises ``ModelError``, and ``ConfigError`` for an unmet aim."""
        if self._loaded is None:
            classifier = self._created or self._create()
            self._created = classifier
            self._loaded = classifier, build_cutoffs(classifier, self._settings)
        return self._loaded

    @property
    def meaning_of(self) -> MeaningOf:
        """What texts mean to the classifier, or else to the shipped model. Raises ``ModelError``."""
        if self._meaning_of is None:
            own = self._created or self._create()
            self._created = own
            shipped = LazyClassifier(ClassifierSettings())
            self._meaning_of = own.meaning_of if isinstance(own, Understanding) else shipped.meaning_of
        return self._meaning_of

    def meaning_if_any(self) -> MeaningOf | None:
        """The same; ``None`` while no model can be loaded, which the gathering of causes tells the operators."""
        try:
            return self.meaning_of
        except ModelError as problem:
            log.warning("questions cannot be put together: %s", problem)
            return None

    def words(self, text: str) -> tuple[str, ...]:
        """The words that carried the score of a text, for an alert; none when the classifier is not there or fails.

        It is not loaded for this, and nothing it raises may hold back an alert.
        """
        if self._loaded is None:
            return ()
        try:
            return tuple(word.text for word in self._loaded[0].explain(text))
        except Exception as problem:
            log.warning("no words can be named for an alert: %s", type(problem).__name__)
            return ()

    def explained(self, text: str, model: str | None = None) -> tuple[Word, ...]:
        """The same with their weights; none when the verdict to explain is another model's."""
        try:
            classifier, _ = self.get()
            return tuple(classifier.explain(text)) if model in (None, classifier.model) else ()
        except ModelError as problem:
            log.warning("no words can be named: %s", problem)
            return ()

    def _create(self) -> Classifier:
        module, chosen = options("classifiers", self._settings)
        try:
            created: Classifier = module.create(chosen)
        except UmbrageError:
            raise
        except Exception as error:
            raise ModelError(f"the classifier {self._settings.use} cannot be loaded: {error!r}") from error
        return created


def build(settings: Settings, *, clock: Callable[[], datetime] = clock, durable: bool = True) -> App:
    """Wire an application. Raises ``ConfigError`` or ``StoreError``; the classifier is loaded when first needed."""
    watches = build_watches(settings)
    targets = build_targets(settings)
    rules, surges = build_rules(settings), build_surges(settings)
    threaded = frozenset(name for name, target in targets.items() if target.notifier.has_threads)
    return App(
        store=open_store(settings.store, migrate=True, durable=durable),
        watches=watches,
        matcher=Matcher(watches),
        sources=build_sources(settings),
        classifier=LazyClassifier(settings.classifier),
        targets=targets,
        rules=replace(rules, cases=replace(rules.cases, threaded=threaded)),
        digests=build_digests(settings),
        surges=SurgeWatch(replace(surges, threaded=threaded)),
        orders=build_orders(settings),
        slow=SlowWatch(tuple(surges.brands), surges.targets),
        health_targets=settings.health.targets or tuple(settings.targets)[:1],
        health_patience=settings.health.patience,
        clock=clock,
    )


def build_watches(settings: Settings) -> tuple[Watch, ...]:
    """What to look for."""
    return tuple(
        Watch(
            brand=brand.name,
            terms=brand.terms,
            misspellings=brand.misspellings,
            handles=brand.handles,
            exclude=brand.exclude,
            own_accounts=brand.own_accounts,
            languages=brand.languages,
            ambiguous=brand.ambiguous,
            context=brand.context,
            against=brand.against,
            least_context=brand.least_context,
        )
        for brand in settings.brands
    )


def open_store(settings: StoreSettings, *, migrate: bool, durable: bool = True) -> SqlStore:
    """The configured database; with ``migrate`` it is brought to this release's tables, else it must have them."""
    engine = open_engine_of(settings, durable=durable)
    if migrate:
        upgrade(engine)
    else:
        require_current(engine)
    return SqlStore(engine)


def open_engine_of(settings: StoreSettings, *, durable: bool = True) -> Engine:
    """The configured database with its password, unopened."""
    try:
        url = make_url(settings.url)
    except ArgumentError:
        raise ConfigError(["store.url: not a database address, such as sqlite:///umbrage.db"]) from None
    if url.password:
        raise ConfigError(["store.url: holds a password; write it as store.password = { env = … } or { file = … }"])
    if settings.password is not None:
        url = url.set(password=settings.password.reveal())
    return open_engine(url.render_as_string(hide_password=False), durable=durable)


def build_sources(settings: Settings) -> dict[str, Source]:
    """Every configured source, by name."""
    found = {}
    for name, source in settings.sources.items():
        module, chosen = options("collectors", source)
        collector = module.create(chosen)
        found[name] = Source(name=name, collector=collector, look_back=source.look_back, refresh=source.refresh)
    return found


def build_targets(settings: Settings) -> dict[str, Target]:
    """Every configured target, by name."""
    found = {}
    for name, target in settings.targets.items():
        module, chosen = options("notifiers", target)
        found[name] = Target(name=name, notifier=module.create(chosen), doubt=target.doubt, patience=target.patience)
    return found


def build_cutoffs(classifier: Classifier, settings: ClassifierSettings) -> Cutoffs:
    """The thresholds by language: the ones set by hand, else those that keep the aim, else the classifier's own.

    Raises ``ConfigError`` when an aim is set that no threshold keeps, or that nobody has measured.
    """
    if settings.aim is None:
        found = dict(classifier.cutoffs.by_language)
    else:
        found = _aimed(classifier, Aim(**settings.aim.model_dump(exclude_none=True)))
    return Cutoffs({language: _overridden(thresholds, settings) for language, thresholds in found.items()})


def _aimed(classifier: Classifier, aim: Aim) -> dict[str, Thresholds]:
    """The thresholds by language that keep an aim; languages in which none does get those of the first."""
    measured = classifier.calibrations
    if not measured:
        raise ConfigError(
            [f"classifier.aim: nobody has measured how right {classifier.model} is; set alert and digest instead"]
        )
    found = {language: counts.thresholds(aim) for language, counts in measured.items()}
    first = next(iter(measured))
    if found[first].alert >= 1.0:
        best = measured[first].best_precision()
        raise ConfigError(
            [f"classifier.aim: a precision of {aim.precision} is reached at no threshold; the best is {best:.2f}"]
        )
    return {DEFAULT: found[first], **{name: limits for name, limits in found.items() if limits.alert < 1.0}}


def _overridden(recommended: Thresholds, settings: ClassifierSettings) -> Thresholds:
    alert = recommended.alert if settings.alert is None else settings.alert
    digest = min(recommended.digest, alert) if settings.digest is None else settings.digest
    return Thresholds(digest=digest, alert=max(alert, digest))
