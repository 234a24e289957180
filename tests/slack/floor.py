"""A support team's floor: the whole application against a loopback Slack, over real clients."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from monitor.app import App, build
from monitor.config import settings_from
from monitor.desk import open_desk
from monitor.jobs.collect import Source
from monitor.settings import Settings
from monitor.testing.fakes import NOON, Clock, FakeClassifier, FakeCollector, a_mention
from monitor.testing.loopback_slack import TOKEN, Posted
from monitor.testing.loopback_socket import APP_TOKEN, LoopbackWorkspace


class Listens(Protocol):
    """A way on which clicks come."""

    @property
    def is_connected(self) -> bool: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


Ear = Callable[[App, Settings], Listens | None]


class Floor:
    """An application that runs against a loopback Slack, with one complaint told; ``hear`` opens the way of clicks."""

    def __init__(self, slack: LoopbackWorkspace, path: Path, hear: Ear = open_desk) -> None:
        self.slack = slack
        self.clock = Clock()
        for name, token in (("bot", TOKEN), ("app", APP_TOKEN)):
            (path / name).write_text(token, "utf-8")
            (path / name).chmod(0o600)
        bot, app = {"file": str(path / "bot")}, {"file": str(path / "app")}
        settings = settings_from(
            {
                "store": {"url": f"sqlite:///{path / 'floor.db'}"},
                "brands": [{"name": "Acme", "terms": ["Acme"]}],
                "targets": {"support": {"use": "slack", "channel": "C1X", "token": bot, "base_url": slack.api}},
                "slack": {"token": bot, "app_token": app, "base_url": slack.api, "workspaces": ["T1"]},
                "team": {"second": ["U2SECOND"], "lead": ["U9LEAD"]},
            }
        )
        self.app: App = build(settings, clock=self.clock, durable=False)
        classifier = FakeClassifier(topics=("delivery",))
        self.app.classifier._loaded = (classifier, classifier.cutoffs)
        self.collector = FakeCollector()
        self.app.sources["s"] = Source(name="s", collector=self.collector, look_back=NOON - NOON.replace(day=1))
        desk = hear(self.app, settings)
        assert desk is not None
        self.desk = desk
        self.hear(a_mention("Acme lost the delivery!! <!channel> <https://evil.example|click>"))
        self.desk.start()
        assert self.comes_true(lambda: self.desk.is_connected)

    def hear(self, *mentions: Any) -> None:
        self.collector.add(*mentions)
        self.app.collect("s")
        self.app.classify()
        self.app.triage()
        self.deliver()

    def deliver(self) -> None:
        """Everything that is due, at Slack's pace."""
        while self.app.deliver("support"):
            self.clock.move(seconds=2)
        self.clock.move(seconds=2)

    def press(self, action: str, value: str = "1", **changed: Any) -> None:
        """A click in the channel, until its step is kept and told."""
        given = len(self.slack.given)
        before = len(self.app.store.facts(1))
        name = self.slack.press(action, value, channel={"id": "C1X"}, **changed)
        assert self.slack.wait(lambda: name in self.slack.acks)
        assert self.comes_true(lambda: len(self.slack.given) > given or len(self.app.store.facts(1)) > before)
        self.deliver()

    def comes_true(self, what: Callable[[], bool]) -> bool:
        """Does it come true within ten seconds?"""
        return any(self.slack.wait(what, 0.05) for _ in range(200))

    @property
    def parent(self) -> Posted:
        return next(message for message in self.slack.messages() if message.thread_ts is None)

    @property
    def thread(self) -> list[str]:
        return [message.text.split("\n")[0] for message in self.slack.messages() if message.thread_ts is not None]

    @property
    def buttons(self) -> list[str]:
        row = [block for block in self.parent.blocks if block["type"] == "actions"]
        return [element["action_id"] for element in row[0]["elements"]] if row else []
