"""The program that ``test_kill.py`` kills: rounds of a real collector, each at the moment that the world has come to.

``python -m tests.week.worker`` reads one plan per line and forks a worker for it, as ``tests.crash.worker`` does.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import httpx
import mastodon as _client  # noqa: F401 - imported once here, not in every worker

from monitor import pace
from monitor.collectors import mastodon, x
from monitor.core.watch import Matcher, Watch
from monitor.jobs.collect import Source, collect
from monitor.jobs.refresh import refresh
from monitor.store.connection import open_engine
from monitor.store.sql import SqlStore
from tests.crash.worker import forks

ROUND = "/round"
WATCHES = (Watch(brand="Acme", terms=("Acme",)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What a worker is to do: rounds of the collector ``use`` until the world at ``url`` has no further moment."""

    use: str
    options: dict[str, Any]
    url: str
    database: str

    def as_line(self) -> str:
        return json.dumps(asdict(self)) + "\n"


def live(life: Life) -> None:
    """Rounds, until there are no more."""
    # Waiting takes no time here; that ceilings are kept is shown by the weeks themselves.
    pace.Pace = partial(pace.Pace, wait=lambda _: None)  # type: ignore[assignment, misc]
    module: Any = {"mastodon": mastodon, "x": x}[life.use]
    collector = module.create(module.Options.model_validate(life.options))
    store, matcher = SqlStore(open_engine(life.database, durable=False)), Matcher(WATCHES)
    source = Source(name="week", collector=collector, look_back=timedelta(hours=24), refresh=timedelta(hours=12))
    while moment := httpx.get(f"{life.url}{ROUND}", timeout=60).json():
        now = datetime.fromisoformat(moment)
        collect(source, WATCHES, matcher, store, now, 1.0)
        refresh(source, store, now, 1.0)


if __name__ == "__main__":
    forks(lambda given: live(Life(**given)))
