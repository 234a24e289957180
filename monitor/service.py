"""The background service: APScheduler says when, the store says what; a lease keeps a second worker out."""

import logging
import os
import signal
import socket
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from monitor.app import CAUSES_HEALTH, DIGEST_HEALTH, SURGES_HEALTH, TRIAGE_HEALTH, App
from monitor.core.errors import ConfigError, ModelError, StoreError, UmbrageError
from monitor.slack.connection import Connection
from monitor.slack.endpoint import Endpoint

log = logging.getLogger(__name__)

LEASE = "worker"
LEASE_LENGTH = timedelta(seconds=30)
LEASE_RENEWAL = 10
WORK_EVERY = 0.5
DELIVER_EVERY = 1.1
"""Seconds; a little more than Slack's pace, so that no round comes just too early for it."""

HEALTH_EVERY = 30
REMIND_EVERY = 15
DIGEST_EVERY = 30
CAUSES_EVERY = 10
SURGES_EVERY = 60
ORDERS_EVERY = 60
CLICKS_EVERY = 2
REFRESH_EVERY = 60
REACH_EVERY = 30
LONGEST_REST = timedelta(minutes=1)
"""Triage looks at what is held back at least so often."""

GRACE = 8.0
"""Seconds that running steps get to finish after SIGTERM; whatever they leave is done after the next start."""


class Lease:
    """This process's right to work. It is checked by its own clock, so a frozen process loses it by itself."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._until: datetime | None = None
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"

    def renew(self) -> bool:
        """Take or keep the lease; ``False`` while another worker has it."""
        now = self._app.clock()
        had = self.is_held()
        if self._app.store.lease(LEASE, self.holder, now, LEASE_LENGTH):
            self._until = now + LEASE_LENGTH
        else:
            self._until = None
        if had != self.is_held():
            log.info("lease=%s holder=%s", "taken" if self.is_held() else "lost, standing by", self.holder)
        return self.is_held()

    def is_held(self) -> bool:
        return self._until is not None and self._app.clock() < self._until

    def release(self) -> None:
        """Give it back; if the database does not answer, it runs out by itself."""
        self._until = None
        with suppress(StoreError):
            self._app.store.release(LEASE, self.holder)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the lease for a block of any length, renewing it in the background, and give it back."""
        done = threading.Event()

        def renew() -> None:
            while not done.wait(LEASE_RENEWAL):
                with suppress(StoreError):
                    self.renew()

        keeper = threading.Thread(target=renew, daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join()
            self.release()


class Work:
    """The step between collecting and delivering: classify what waits, then triage.

    Triage is left out while nothing was judged and nobody's turn has come, but for a minute at most: what is held back
    need not be read twice a second.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._next: datetime | None = None

    def __call__(self) -> None:
        judged = self._classify()
        now = self._app.clock()
        if judged or self._next is None or now >= self._next:
            self._next = self._triage(now)

    def _classify(self) -> int:
        """A broken classifier is noted, stops only the classifying and rests a while."""
        app = self._app
        if app.store.health(app.classifier.health).is_resting(app.clock()):
            return 0
        try:
            judged = app.classify()
        except (ModelError, ConfigError) as error:
            log.error("classifier problem=%r: mentions wait unclassified", str(error))
            app.note_classifier(error)
            return 0
        app.note_classifier(None)
        return judged

    def _triage(self, now: datetime) -> datetime:
        """When to look again. What should never happen is told to the operators, and tried again."""
        soon = now + LONGEST_REST
        try:
            triaged = self._app.triage()
        except StoreError:
            raise
        except Exception as error:
            log.exception("triage failed unexpectedly")
            self._app.note(TRIAGE_HEALTH, f"unexpected {type(error).__name__}; please report it")
            return soon
        self._app.note(TRIAGE_HEALTH, None)
        return min(triaged.next_at or soon, soon)


class Service:
    """Runs an application until it is told to stop."""

    def __init__(self, app: App, every: Mapping[str, timedelta], clicks: Connection | Endpoint | None = None) -> None:
        self._app = app
        self._clicks = clicks
        self._every = every
        self._lease = Lease(app)
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(2 * len(app.sources) + len(app.targets) + 4)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, finish what is under way, and end the process with code 0."""
        # Not an event: a handler that sets the one its own thread is about to wait for blocks for ever. And not without
        # looking up: a signal in the moment before the wait is handled after it.
        told: SimpleQueue[int] = SimpleQueue()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda signum, _: told.put(signum))
        self.start()
        received = None
        while received is None:
            with suppress(Empty):
                received = told.get(timeout=1)
        self.stop()
        # All progress is in the store, so no thread, stuck in a platform's answer or left by a library, keeps us here.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)

    def start(self) -> None:
        """Start all jobs in the background."""
        self._app.wake()
        if not self._lease.renew():
            log.warning("another worker holds the lease; standing by to take over when it stops")
        self._add("lease", LEASE_RENEWAL, self._lease.renew)
        self._add("work", WORK_EVERY, self._leading(Work(self._app)))
        self._add("remind", REMIND_EVERY, self._leading(self._app.remind))
        self._add("digest", DIGEST_EVERY, self._leading(self._noted, DIGEST_HEALTH, self._app.digest))
        self._add("causes", CAUSES_EVERY, self._leading(self._noted, CAUSES_HEALTH, self._app.gather))
        self._add("surges", SURGES_EVERY, self._leading(self._noted, SURGES_HEALTH, self._app.watch_surges))
        if self._app.orders:
            self._add("orders", ORDERS_EVERY, self._leading(self._app.read_orders))
        self._add("health", HEALTH_EVERY, self._leading(self._app.watch_health))
        if self._clicks is not None:
            self._add("clicks", CLICKS_EVERY, self._hear_clicks)
        for name in self._app.sources:
            self._add(f"collect {name}", self._every[name].total_seconds(), self._leading(self._collect, name))
        for name in self._app.refreshing():
            self._add(f"refresh {name}", REFRESH_EVERY, self._leading(self._app.refresh, name))
            self._add(f"reach {name}", REACH_EVERY, self._leading(self._app.measure_reach, name))
        for name in self._app.targets:
            self._add(f"deliver {name}", DELIVER_EVERY, self._leading(self._app.deliver, name))
        self._scheduler.start()
        log.info("started sources=%s targets=%s", len(self._app.sources), len(self._app.targets))

    def stop(self) -> None:
        """Let running steps finish for a few seconds and give the lease back."""
        log.info("stopping")
        self._app.stopping.set()
        self._scheduler.remove_all_jobs()
        waiter = threading.Thread(target=self._end, daemon=True)
        waiter.start()
        waiter.join(GRACE)
        log.info("stopped %s", "with steps unfinished" if waiter.is_alive() else "cleanly")

    def _end(self) -> None:
        if self._clicks is not None:
            self._clicks.stop()
        self._scheduler.shutdown()
        self._lease.release()

    def _hear_clicks(self) -> None:
        """Slack hands a click to any one of an app's connections: only the worker with the lease has one."""
        if self._clicks is not None:
            (self._clicks.start if self._lease.is_held() else self._clicks.stop)()

    def _collect(self, name: str) -> None:
        collected = self._app.collect(name)
        if collected.seen:
            log.info("source=%s seen=%s stored=%s", name, collected.seen, collected.stored)

    def _noted(self, name: str, step: Callable[[], object]) -> None:
        """What should never happen in a report is told to the operators, and tried again."""
        try:
            step()
        except UmbrageError:
            raise
        except Exception as error:
            log.exception("%s failed unexpectedly", name)
            self._app.note(name, f"unexpected {type(error).__name__}; please report it")
        else:
            self._app.note(name, None)

    def _leading(self, step: Callable[..., Any], *arguments: Any) -> Callable[[], None]:
        def run() -> None:
            if self._app.stopping.is_set() or not self._lease.is_held():
                return
            try:
                step(*arguments)
            except UmbrageError as error:
                log.error("%s", error)

        return run

    def _add(self, name: str, seconds: float, step: Callable[[], Any]) -> None:
        self._scheduler.add_job(step, "interval", seconds=seconds, id=name, name=name, next_run_time=self._app.clock())
