"""What can be asked of umbrage in a line of text, and posts that people report themselves."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from monitor.app import App
from monitor.core.case import named
from monitor.core.cause import TOPICS
from monitor.core.days import Window
from monitor.core.doors import doors
from monitor.core.engagement import line as engagement_line
from monitor.core.fairness import audit
from monitor.core.incident_message import line as incident_line
from monitor.core.mention import Mention, reported_id
from monitor.core.message import moment
from monitor.core.routing import Matching
from monitor.core.verdict import Label, Verdict
from monitor.core.watch import Match
from monitor.jobs.engagement import end_early
from monitor.slack.views import line
from monitor.store.report import Report
from monitor.store.stages import Stage

HELP = """/umbrage open - incidents and cases that have not ended, the longest wait first
/umbrage mine - your open cases
/umbrage stats - how the cases of the last 30 days stand, what came back, and which ways to reach you had failed
/umbrage add URL - this post is a complaint
/umbrage mute WHAT SPAN - no alerts about a topic or brand, such as: mute delivery 2h; they are told when it ends
/umbrage do-not-engage - whom nobody answers, until when and why
/umbrage do-not-engage end 17 - what was decided on case 17 is over: this person is answered again
/umbrage help - this"""

PERSON = "person"
"""Who judged a post that somebody reported."""

LISTED = 15
_SPAN = re.compile(r"(\d{1,3})([mhd])")
_CASE = re.compile(r"(?:case/)?([0-9]{1,9})")
_MONTH, _WEEK = timedelta(days=30), timedelta(days=7)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LONGEST_MUTE = timedelta(days=14)
_ADDRESS = re.compile(r"https?://[^\s<>|\"']+")


class Commands:
    """Answers lines of text; every answer is plain text for the one who asked."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._known: dict[str, Callable[[str, str, str], str]] = {
            "open": self._open,
            "mine": self._mine,
            "stats": self._stats,
            "add": self._add,
            "mute": self._mute,
            "do-not-engage": self._do_not_engage,
            "help": lambda *_: HELP,
        }

    def run(self, text: str, user: str, name: str) -> str:
        """Do what a line asks; what nobody can understand is answered with what can be asked."""
        word, _, rest = text.strip().partition(" ")
        return self._known.get(word.lower(), self._known["help"])(rest.strip(), user, name)

    def report(self, text: str, where: str, name: str) -> str:
        """Somebody says that a message is a complaint, or links to one."""
        found = _ADDRESS.search(text)
        if found:
            return self._reported(found[0], text, name)
        return self._new(f"slack:{where}", None, text, name) if text.strip() else "There are no words to go by."

    def _open(self, _rest: str, _user: str, _name: str) -> str:
        return self._list(None)

    def _mine(self, _rest: str, user: str, _name: str) -> str:
        return self._list(user)

    def _list(self, owner: str | None) -> str:
        now = self._app.clock()
        cases = self._app.store.open_cases_of(owner, limit=LISTED + 1)
        standings = [one for one in self._app.store.open_incidents() if owner in (None, one.incident.owner)]
        lines = [incident_line(one, now) for one in standings[:LISTED]]
        lines += [f"{line(case, now)} · {named(case.state)}" for case in cases[:LISTED]]
        if len(cases) > LISTED:
            lines.append("… and more")
        return "\n".join(lines) or "No open cases."

    def _stats(self, _rest: str, _user: str, _name: str) -> str:
        report, now = Report(self._app.store.engine), self._app.clock()
        counts = report.case_counts(now - _MONTH)
        if not counts:
            return "No cases in the last 30 days."
        lines = [f"{named(state)}: {count}" for state, count in counts.items()]
        month = Window(start=now - _MONTH, end=now)
        found = [pair for brand in self._brands() for pair in self._app.store.relapses(brand, month).values()]
        if closed := sum(count for count, _ in found):
            lines.append(f"done or closed: {closed}, of which {sum(again for _, again in found)} came back")
        tried = Counter(door.channel for words in report.complaint_texts(now - _WEEK) for door in doors(words))
        if tried:
            said = ", ".join(f"{channel} {count}" for channel, count in tried.most_common())
            lines.append(f"failed before they wrote in public, in 7 days: {said}")
        lines += audit(report.waits(now - _MONTH, now))
        return "\n".join(("Cases opened in the last 30 days", *lines))

    def _mute(self, rest: str, _user: str, name: str) -> str:
        what, _, span = rest.rpartition(" ")
        until = _span(span)
        brands = {brand.casefold(): brand for brand in self._brands()}
        topic = what.strip().lower().replace(" ", "_")
        if until is None or not what:
            return "Say what and for how long, such as: mute delivery 2h. The longest is 14d."
        if topic not in TOPICS and what.strip().casefold() not in brands:
            return f"There is no such topic or brand. Topics: {', '.join(TOPICS)}. Brands: {', '.join(self._brands())}."
        matching = Matching(topics=(topic,)) if topic in TOPICS else Matching(brands=(brands[what.strip().casefold()],))
        now = self._app.clock()
        self._app.store.add_silence(matching, now + until, name, "muted in Slack", now)
        return f"No alerts about {what.strip()} until {moment(now + until)}; what comes meanwhile is told then."

    def _do_not_engage(self, rest: str, user: str, name: str) -> str:
        now = self._app.clock()
        if rest:
            word, _, number = rest.partition(" ")
            case = _CASE.fullmatch(number.strip())
            if word.lower() != "end" or case is None:
                return "Say what to end, such as: do-not-engage end 17. Without a word, all that is decided is listed."
            if not end_early(self._app.store, int(case[1]), now, by=user, name=name, via="slack"):
                return f"Nothing is decided on case {case[1]}; do-not-engage lists what is."
            return f"What was decided on case {case[1]} is over: what this person writes is told again."
        found = self._app.store.restrained(now)
        more = [f"… and {len(found) - LISTED} more: umbrage do-not-engage"] if len(found) > LISTED else []
        lines = [engagement_line(entry) for entry in found[:LISTED]]
        return "\n".join((*lines, *more)) or "Nobody is on the list."

    def _add(self, rest: str, _user: str, name: str) -> str:
        found = _ADDRESS.search(rest)
        return self._reported(found[0], "", name) if found else "Say which post: add https://…"

    def _reported(self, url: str, text: str, name: str) -> str:
        # What an automated account wrote is told only because a person says so, as what no source has read.
        known = [post for post in Report(self._app.store.engine).posts(url) if post["stage"] != Stage.BY_BOT]
        if not known:
            return self._new(url, url, text, name)
        now = self._app.clock()
        said = []
        for post in known:
            if post["case_id"] is not None:
                case = self._app.store.case(post["case_id"])
                said.append(f"{case.key} has it: {named(case.state)}." if case else "")
                continue
            with self._app.store.begin() as transaction:
                is_new = transaction.promote(post["id"])
            self._app.store.correct(post["id"], Label.COMPLAINT, name, "reported", now)
            said.append("Thank you: it is told in a moment." if is_new else "It is on its way already.")
        return " ".join(said)

    def _new(self, key: str, url: str | None, text: str, name: str) -> str:
        """A post that no source has read: a complaint because a person says so."""
        now = self._app.clock()
        mention = Mention(
            platform=(urlsplit(url).hostname if url else None) or "slack",
            id=reported_id(key),
            text=text.strip() or f"(reported by {name})",
            url=url,
            posted_at=now,
        )
        found = [match for match in self._app.matcher.matches(mention) if not match.own]
        matches = found or [Match(brand=self._brands()[0], terms=(f"reported by {name}",), own=False)]
        verdict = Verdict(model=PERSON, label=Label.COMPLAINT, complaint=1.0, topics=(), at=now)
        with self._app.store.begin() as transaction:
            new = transaction.add_mentions(PERSON, [(mention, match) for match in matches], now)
            numbers = transaction.numbers_of(mention.platform, mention.id)
            transaction.add_verdicts((number, verdict) for number in numbers)
        return "Thank you: it is told in a moment." if new else "It was reported before."

    def _brands(self) -> list[str]:
        return [watch.brand for watch in self._app.watches]


def _span(text: str) -> timedelta | None:
    match = _SPAN.fullmatch(text.strip().lower())
    span = int(match[1]) * _UNITS[match[2]] if match else timedelta(0)
    return span if timedelta(0) < span <= _LONGEST_MUTE else None
