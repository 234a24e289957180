"""The jobs in their order over a real store, with fakes at the edges and a clock that is moved by hand."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from monitor.core.mention import Mention
from monitor.core.routing import Route
from monitor.core.watch import Matcher, Watch
from monitor.jobs.classify import classify
from monitor.jobs.collect import Collected, Source, collect
from monitor.jobs.deliver import Target, deliver
from monitor.jobs.triage import Triaged, TriageRules, triage
from monitor.store.report import Report
from monitor.store.sql import SqlStore
from monitor.testing.fakes import Clock, FakeClassifier, FakeCollector, FakeNotifier, a_watch


@dataclass
class Pipeline:
    store: SqlStore
    clock: Clock
    rules: TriageRules = field(default_factory=lambda: TriageRules(routes=(Route(name="all", targets=("team",)),)))
    targets: dict[str, FakeNotifier] = field(default_factory=lambda: {"team": FakeNotifier()})
    watches: tuple[Watch, ...] = (a_watch(),)
    classifier: FakeClassifier = field(default_factory=lambda: FakeClassifier(topics=("delivery", "price")))
    collector: FakeCollector = field(default_factory=FakeCollector)

    @property
    def wire(self) -> FakeNotifier:
        """The only or first target."""
        return next(iter(self.targets.values()))

    @property
    def report(self) -> Report:
        return Report(self.store.engine)

    def collect(self, name: str = "news") -> Collected:
        source = Source(name=name, collector=self.collector, look_back=timedelta(hours=24))
        return collect(source, self.watches, Matcher(self.watches), self.store, self.clock(), 1.0)

    def judge(self) -> int:
        judged = 0
        while count := classify(self.classifier, self.classifier.cutoffs, self.store, self.clock()):
            judged += count
        return judged

    def triage(self) -> Triaged:
        return triage(self.store, self.rules, self.clock())

    def deliver(self) -> int:
        return sum(
            deliver(Target(name=name, notifier=notifier), self.store, self.clock, lambda: 1.0)
            for name, notifier in self.targets.items()
        )

    def hear(self, mentions: Iterable[Mention]) -> Triaged:
        """Posts appear; every job runs once. The collector gives them in one page."""
        self.collector.add(*mentions)
        return self.work()

    def work(self) -> Triaged:
        """Every job once."""
        self.collect()
        self.judge()
        triaged = self.triage()
        self.deliver()
        return triaged

    def told(self) -> dict[str, list[list[str]]]:
        """The posts in each message, by target."""
        found: dict[str, list[list[str]]] = {name: [] for name in self.targets}
        for row, _, posts in self.report.all_alerts():
            found[row["target"]].append(posts)
        return found

    def reasons(self) -> list[str]:
        return [row["reason"] for row, _, _ in self.report.all_alerts()]
