"""Modals for what needs words, and the App Home with one's open cases. Limits: docs.slack.dev/reference/views."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.core.abuse import mask
from monitor.core.case import Case, FirstWords, named
from monitor.core.case_message import offers_of
from monitor.core.cause import TOPICS
from monitor.core.engagement import Person
from monitor.core.incident_message import Standing
from monitor.core.incident_message import line as incident_line
from monitor.core.level import Level
from monitor.core.level import named as level_name
from monitor.core.message import duration
from monitor.core.wording import topic_name
from monitor.slack.buttons import OF_INCIDENT, PREFIX, actions
from monitor.slack.safety import literal, one_line, shorten, web_link

View = dict[str, Any]
Block = dict[str, Any]

LISTED = 15
REASONS = ("praise", "question", "irony misread", "another company", "spam", "own staff")
WHOM = (
    ("In this case only", "case"),
    ("To this person, for 30 days", "30d"),
    ("To this person, for 90 days", "90d"),
    ("To this person, for a year", "1y"),
)
"""The values are those of :data:`monitor.core.engagement.SPANS`."""

MOST_INCIDENTS = 10
EXCERPT, ADDRESS = 140, 1_000


def done(case: int) -> View:
    """What was done for the customer."""
    return _modal("done", case, "Done by us", [_words("remedy", "What was done for the customer?", is_long=True)])


def close(case: int) -> View:
    """What was done, and what shows that the customer is satisfied."""
    return _modal(
        "close",
        case,
        "Close the case",
        [
            _words("remedy", "What was done for the customer?", is_optional=True, is_long=True),
            _words("evidence", "A link to the customer's own later words", is_optional=True),
            _words("note", "… or your note of what they said", is_optional=True, is_long=True),
            _says("Without a link or a note it ends as unknown: silence is not success."),
        ],
    )


def note(case: int) -> View:
    """A note for the thread."""
    return _modal("note", case, "Add a note", [_words("note", "Note for the team", is_long=True)])


def do_not_engage(case: int, person: Person | None = None) -> View:
    """Why nobody is to answer, and whether that is so for what this person writes later, too."""
    blocks = [_words("note", "Why is nobody to answer?", is_long=True)]
    means = "The case ends, nobody is reminded of it, and it never counts as a success."
    if person is not None:
        options = [{"text": _plain(words), "value": value} for words, value in WHOM]
        choice = {"type": "static_select", "action_id": "whom", "options": options, "initial_option": options[0]}
        asked = _plain("Where is nobody to answer?")
        blocks.append({"type": "input", "block_id": "whom", "label": asked, "element": choice})
        who = literal(shorten(one_line(f"{person.author} on {person.platform}, about {person.brand}"), 200))
        means += f" The person is {who}. What they write is counted and not told until then, unless it must be acted on"
        means += " now; when the time is over, you are told."
    return _modal("do_not_engage", case, "Do not engage", [*blocks, _says(means)])


def snooze(case: int) -> View:
    """Until when; Slack shows and reads the time in the zone of whoever looks at it."""
    return _modal("snooze", case, "Snooze", [_until()])


def snooze_again(case: int, until: datetime | None = None) -> View:
    """Until when, and why it takes longer: the customer has been put off before."""
    why = _words("note", "It was put off before. Why does it take longer?", is_long=True)
    return _modal("snooze", case, "Snooze", [_until(until), why])


def _until(chosen: datetime | None = None) -> Block:
    picker: Block = {"type": "datetimepicker", "action_id": "until"}
    picker |= {"initial_date_time": int(chosen.timestamp())} if chosen else {}
    return {"type": "input", "block_id": "until", "label": _plain("Until when?"), "element": picker}


def reason(case: int) -> View:
    """Why it was no complaint; already noted, the reason helps the model."""
    options = [{"text": _plain(text), "value": text} for text in REASONS]
    choice = {"type": "static_select", "action_id": "reason", "placeholder": _plain("Choose"), "options": options}
    asked = {
        "type": "input",
        "block_id": "reason",
        "optional": True,
        "label": _plain("What was it?"),
        "element": choice,
    }
    return _modal("reason", case, "Not a complaint", [_says("Noted. If you like, say what it was."), asked])


def topic(case: int) -> View:
    """What it is about, by a person."""
    options = [{"text": _plain(topic_name(name)), "value": name} for name in TOPICS]
    choice = {"type": "static_select", "action_id": "topic", "placeholder": _plain("Choose"), "options": options}
    asked = {"type": "input", "block_id": "topic", "label": _plain("What is it about?"), "element": choice}
    return _modal("topic", case, "Other topic", [asked])


def give(case: Case) -> View:
    """Who is to have all that nobody has of what a case is about."""
    picker = {"type": "users_select", "action_id": "to", "placeholder": _plain("Choose")}
    asked = {"type": "input", "block_id": "to", "label": _plain("Who is to have it?"), "element": picker}
    what = literal(one_line(f"{topic_name(case.topic)}, {case.brand}"))
    means = f"They get every open case about {what} that nobody has, and one private message."
    return _modal("give", case.id, "Give it to…", [asked, _says(means)])


def shown(title: str, blocks: Sequence[Block]) -> View:
    """Something to read."""
    return {"type": "modal", "title": _plain(title), "close": _plain("Close"), "blocks": list(blocks)}


def home(
    mine: Sequence[Case],
    nobodys: Sequence[Case],
    incidents: Sequence[Standing],
    words: Mapping[int, FirstWords],
    now: datetime,
) -> View:
    """Incidents, my open cases, then those that nobody has; the customer who waits longest comes first.

    ``words`` are those with which customers began.
    """
    blocks: list[Block] = [{"type": "header", "text": _plain(f"Incidents: {len(incidents)}")}] if incidents else []
    for standing in incidents[:MOST_INCIDENTS]:
        offers = ("more",) if standing.incident.owner else ("take", "more")
        row = actions(standing.incident.cause, offers, OF_INCIDENT)
        blocks += [_says(literal(shorten(incident_line(standing, now), 300))), *([row] if row else [])]
    for title, found in (("My open cases", mine), ("Nobody has taken these", nobodys)):
        blocks.append({"type": "header", "text": _plain(f"{title}: {len(found)}")})
        for case in found[:LISTED]:
            blocks += _row(case, words.get(case.id), now)
        if len(found) > LISTED:
            blocks.append(_says(f"and {len(found) - LISTED} more: /umbrage open"))
    return {"type": "home", "blocks": blocks}


def line(case: Case, now: datetime) -> str:
    """A case on one line, for lists."""
    who = f"with {one_line(case.owner_name)}" if case.owner_name else "nobody has it"
    waits = duration(now - case.opened_at)
    level = level_name(Level(case.level))
    return f"{case.key} · {level} · {topic_name(case.topic)} · {case.brand} · waits {waits} · {who}"


def _row(case: Case, words: FirstWords | None, now: datetime) -> list[Block]:
    elements: list[Block] = [_text(shorten(f"{line(case, now)} · {named(case.state)}", 300), is_bold=True)]
    if words:
        elements.append(_text(f"\n“{shorten(one_line(mask(words.text)), EXCERPT)}” "))
        if link := web_link(words.url, ADDRESS):
            elements.append({"type": "link", "url": link.url, "text": literal(f"Open on {link.host}")})
    shown: Block = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}
    row = actions(case.id, (offers_of(case)[0], "more"))
    return [shown, *([row] if row else [])]


def _text(text: str, *, is_bold: bool = False) -> Block:
    return {"type": "text", "text": literal(text)} | ({"style": {"bold": True}} if is_bold else {})


def _modal(name: str, case: int, title: str, blocks: list[Block]) -> View:
    return {
        "type": "modal",
        "callback_id": PREFIX + name,
        "private_metadata": str(case),
        "title": _plain(title),
        "submit": _plain("Save"),
        "close": _plain("Cancel"),
        "blocks": blocks,
    }


def _words(name: str, label: str, *, is_optional: bool = False, is_long: bool = False) -> Block:
    element = {"type": "plain_text_input", "action_id": name, "multiline": is_long, "max_length": 2_000}
    return {"type": "input", "block_id": name, "optional": is_optional, "label": _plain(label), "element": element}


def _says(text: str) -> Block:
    return {"type": "context", "elements": [_plain(text)]}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
