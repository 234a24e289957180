"""The desk: what people do in Slack becomes steps in cases, and an answer for the one who did it."""

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict
from urllib.parse import urlsplit

from monitor.app import CLICKS_HEALTH, App
from monitor.commands import Commands
from monitor.core.case import Move, NotAllowed, Step, is_put_off
from monitor.core.cause import TOPICS
from monitor.core.engagement import SPANS
from monitor.core.mark import MUTES, WORDS, Mark, Marked
from monitor.core.wording import topic_name
from monitor.settings import Settings
from monitor.slack import questions, views
from monitor.slack.buttons import ASK, OF_INCIDENT, OF_SURGE, PREFIX
from monitor.slack.clicks import Answer, Click, Doing
from monitor.slack.connection import Connection
from monitor.slack.endpoint import Endpoint
from monitor.slack.safety import is_user, one_line
from monitor.slack.times import escaped

log = logging.getLogger(__name__)

ONE_CLICK = {
    "take": Step.TAKE,
    "take_over": Step.TAKE_OVER,
    "answer": Step.ANSWER,
    "not_a_complaint": Step.NOT_A_COMPLAINT,
    "not_about_us": Step.NOT_ABOUT_US,
    "duplicate": Step.DUPLICATE,
    "reopen": Step.REOPEN,
    "escalate": Step.ESCALATE,
    "lower": Step.LOWER,
}
MODALS = {
    "done": views.done,
    "close": views.close,
    "note": views.note,
    "topic": views.topic,
    "do_not_engage": views.do_not_engage,
    "pick": views.snooze,
}
_SNOOZES = {"1h": timedelta(hours=1), "6h": timedelta(hours=6), "1w": timedelta(days=7)}
MOST = 1_000
_NOT_HERE = "You may not do this here. Whoever runs umbrage can allow it: [slack] in monitor.toml."
_NOT_OURS = "Umbrage does not know this button any more. /umbrage help says what it can do."


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """From where people may act; an empty set means from everywhere."""

    workspaces: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()

    def allows(self, click: Click) -> bool:
        # In the App Home and in modals there is no channel; whoever sees a button there was allowed before.
        return (
            (not self.workspaces or click.team in self.workspaces)
            and (not self.users or click.user in self.users)
            and (not self.channels or not click.channel or click.channel in self.channels)
        )


class Hearing(TypedDict):
    """What both ways of hearing clicks need."""

    bot_token: Callable[[], str]
    handle: Callable[[Click], Answer]
    on_health: Callable[[str | None], None]
    base_url: str


class Desk:
    """Handles clicks; called from several threads at once."""

    def __init__(self, app: App, allowed: Allowed) -> None:
        self._app = app
        self._allowed = allowed
        self._commands = Commands(app)
        self._handlers = {
            Doing.ACTION: self._action,
            Doing.VIEW: self._view,
            Doing.COMMAND: self._command,
            Doing.SHORTCUT: self._shortcut,
            Doing.HOME: self._home,
        }

    def handle(self, click: Click) -> Answer:
        """Do what was asked, or say kindly why not."""
        if not self._allowed.allows(click):
            log.warning(
                "refused doing=%s team=%s channel=%s user=%s", click.doing, click.team, click.channel, click.user
            )
            return Answer(text=_NOT_HERE)
        try:
            return self._handlers[click.doing](click)
        except NotAllowed as no:
            return Answer(text=escaped(one_line(str(no)[:1].upper() + str(no)[1:] + ".")))

    def _action(self, click: Click) -> Answer:
        if click.name.startswith(OF_SURGE):
            return self._surge(click)
        if click.name.startswith(ASK):
            asked = questions.answer(self._app.store, click.name.removeprefix(ASK), click.value)
            return asked or Answer(text=_NOT_OURS)
        name, number, choice = _parts(click)
        if number is None:
            return Answer(text=_NOT_OURS)
        if name == "more":
            name = choice
        form = choice if name == "snooze" else name
        if name == "snooze" and _prefix(click) == PREFIX and self._is_put_off(number):
            return Answer(modal=views.snooze_again(number, self._until(choice)))
        if form in MODALS:
            return Answer(modal=self._form(click, form, number))
        if name == "assign":
            return self._assign(click, number)
        if name == "snooze":
            return self._step(click, number, Step.SNOOZE, until=self._until(choice))
        if name == "split" and choice:
            return self._step(click, number, Step.SPLIT, to=choice)
        if name == "satisfied" and _is_web(choice):
            return self._step(click, number, Step.CLOSE, evidence=choice)
        if name not in ONE_CLICK:
            return Answer(text=_NOT_OURS)
        self._step(click, number, ONE_CLICK[name])
        return Answer(modal=views.reason(number)) if name == "not_a_complaint" else Answer()

    def _form(self, click: Click, name: str, number: int) -> dict[str, Any]:
        """A form for a case, or the same for an incident."""
        if name == "do_not_engage" and _prefix(click) == PREFIX:
            return views.do_not_engage(number, self._app.store.opener(number))
        form = MODALS[name](number)
        return form | {"callback_id": form["callback_id"].replace(PREFIX, _prefix(click), 1)}

    def _surge(self, click: Click) -> Answer:
        number, _, span = click.value.partition(":")
        mark = WORDS.get(click.name.removeprefix(OF_SURGE))
        if mark is None or _number(number) is None or (mark is Mark.MUTED) is not (span in MUTES):
            return Answer(text=_NOT_OURS)
        now = self._app.clock()
        until = now + MUTES[span] if span in MUTES else None
        key = f"{mark}/{click.key or now.isoformat()}/{click.user}"
        said = Marked(mark=mark, by=click.user, name=_who(click), via="slack", at=now, key=key, until=until)
        self._app.mark(int(number), said)
        return Answer()

    def _assign(self, click: Click, number: int) -> Answer:
        return self._step(click, number, Step.ASSIGN, **self._colleague(click.value))

    def _colleague(self, user: str) -> dict[str, str]:
        if not is_user(user):
            raise NotAllowed("this is nobody who could have it")
        return {"to": user, "to_name": self._app.store.name_of(user) or "a colleague"}

    def _give(self, click: Click, number: int, to: str) -> Answer:
        """All of a cause, from a digest; what cannot be done is said in the form."""
        try:
            self._app.give(number, self._move(click, Step.ASSIGN, **self._colleague(to)))
        except NotAllowed as no:
            return Answer(errors={"to": str(no)[:1].upper() + str(no)[1:] + "."})
        return Answer()

    def _is_put_off(self, number: int) -> bool:
        case = self._app.store.case(number)
        return case is not None and is_put_off(case, self._app.store.facts(number))

    def _until(self, choice: str) -> datetime | None:
        now = self._app.clock()
        if choice == "tomorrow":
            local = now.astimezone(self._app.rules.cases.staffed.zone) + timedelta(days=1)
            return local.replace(hour=9, minute=0, second=0, microsecond=0)
        return now + _SNOOZES[choice] if choice in _SNOOZES else None

    def _view(self, click: Click) -> Answer:
        name, number = click.name.removeprefix(_prefix(click)), _number(click.kept)
        given = {block: text.strip() for block, text in click.fields.items() if text and text.strip()}
        if number is None:
            return Answer(text=_NOT_OURS)
        evidence = given.get("evidence")
        if evidence is not None and not _is_web(evidence):
            return Answer(errors={"evidence": "A link begins with https://"})
        if name == "done" and "remedy" not in given:
            return Answer(errors={"remedy": "Say what was done for the customer."})
        if name == "snooze":
            return self._snooze(click, number, given.get("until", ""), given.get("note"))
        if name == "topic":
            return self._topic(click, number, given.get("topic", ""))
        if name == "give":
            return self._give(click, number, given.get("to", ""))
        if name == "reason":
            return self._reason(click, number, given.get("reason"))
        if name == "do_not_engage" and "note" not in given:
            return Answer(errors={"note": "Say why nobody is to answer."})
        steps = {"done": Step.DONE, "close": Step.CLOSE, "note": Step.NOTE, "do_not_engage": Step.DO_NOT_ENGAGE}
        if name not in steps:
            return Answer(text=_NOT_OURS)
        words = {field: given.get(field) for field in ("remedy", "note", "evidence")}
        span = SPANS.get(given.get("whom", "")) if name == "do_not_engage" else None
        until = self._app.clock() + span if span else None
        return self._step(click, number, steps[name], until=until, **words)

    def _snooze(self, click: Click, number: int, until: str, why: str | None) -> Answer:
        try:
            moment = datetime.fromtimestamp(int(until), UTC)
        except (ValueError, OverflowError, OSError):
            return Answer(errors={"until": "Choose a day and a time."})
        if moment <= self._app.clock():
            return Answer(errors={"until": "Choose a time that is still to come."})
        if why is None and _prefix(click) == PREFIX and self._is_put_off(number):
            return Answer(errors={"until": "It was put off meanwhile; choose Snooze again, and say why."})
        return self._step(click, number, Step.SNOOZE, until=moment, note=why)

    def _topic(self, click: Click, number: int, topic: str) -> Answer:
        if topic not in TOPICS:
            return Answer(errors={"topic": "Choose one of these."})
        return self._step(click, number, Step.TOPIC, topic=topic, note=f"It is about: {topic_name(topic)}")

    def _reason(self, click: Click, number: int, reason: str | None) -> Answer:
        return self._step(click, number, Step.NOTE, note=f"It was: {reason}") if reason else Answer()

    def _move(self, click: Click, step: Step, **given: Any) -> Move:
        now = self._app.clock()
        key = f"{step}/{click.key or now.isoformat()}/{click.user}"
        return Move(step=step, by=click.user, name=_who(click), via="slack", at=now, key=key, **given)

    def _step(self, click: Click, number: int, step: Step, **given: Any) -> Answer:
        move = self._move(click, step, **given)
        if _prefix(click) == OF_INCIDENT:
            self._app.act_on_incident(number, move)
        else:
            self._app.act(number, move)
        return Answer()

    def _command(self, click: Click) -> Answer:
        return Answer(text=escaped(self._commands.run(click.value, click.user, _who(click))))

    def _shortcut(self, click: Click) -> Answer:
        where = f"{click.channel}:{click.message_ts}"
        return Answer(text=escaped(self._commands.report(click.message_text, where, _who(click))))

    def _home(self, click: Click) -> Answer:
        store = self._app.store
        mine = store.open_cases_of(click.user, limit=MOST)
        nobodys = [case for case in store.open_cases_of(limit=MOST) if case.owner is None]
        shown = [case.id for found in (mine, nobodys) for case in found[: views.LISTED]]
        words = store.first_words(shown)
        return Answer(home=views.home(mine, nobodys, store.open_incidents(), words, self._app.clock()))


def open_desk(app: App, settings: Settings) -> Connection | Endpoint | None:
    """The way to the configured Slack app; ``None`` where there is none to hear clicks from."""
    slack = settings.slack
    if slack is None:
        return None
    channels = frozenset(slack.channels) or frozenset(_channels(settings))
    allowed = Allowed(workspaces=frozenset(slack.workspaces), channels=channels, users=frozenset(slack.users))
    hearing: Hearing = {
        "bot_token": slack.token.reveal,
        "handle": Desk(app, allowed).handle,
        "on_health": lambda problem: app.note(CLICKS_HEALTH, problem),
        "base_url": slack.base_url,
    }
    if slack.signing_secret is not None:
        host, _, port = slack.listen.rpartition(":")
        return Endpoint(
            address=(host, int(port)),
            signing_secret=slack.signing_secret.reveal,
            now=lambda: app.clock().timestamp(),
            **hearing,
        )
    return Connection(app_token=slack.app_token.reveal, **hearing) if slack.app_token is not None else None


def _channels(settings: Settings) -> Iterator[str]:
    for target in settings.targets.values():
        channel = target.options.get("channel")
        if target.use == "slack" and isinstance(channel, str):
            yield channel


def _who(click: Click) -> str:
    return one_line(click.user_name)[:80] or click.user


def _prefix(click: Click) -> str:
    return OF_INCIDENT if click.name.startswith(OF_INCIDENT) else PREFIX


def _parts(click: Click) -> tuple[str, int | None, str]:
    """The name of a button, the case or incident it is about and what was chosen; no case for what is not ours."""
    prefix = _prefix(click)
    if not click.name.startswith(prefix):
        return "", None, ""
    name, _, of = click.name.removeprefix(prefix).partition(".")
    if of:
        return name, _number(of), click.value
    number, _, choice = click.value.partition(":")
    return name, _number(number), choice


def _is_web(address: str) -> bool:
    try:
        return urlsplit(address).scheme in ("http", "https")
    except ValueError:
        return False


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None
