"""What people ask under a digest, about a topic that they name by one of its cases."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from monitor.core.case import Case
from monitor.core.days import Window
from monitor.core.message import Message, Tone
from monitor.core.quoting import quoted
from monitor.core.wording import topic_name
from monitor.ports import Store
from monitor.slack import views
from monitor.slack.blocks import render
from monitor.slack.clicks import Answer
from monitor.slack.safety import escape, one_line

MORE = 5
_VALUE = re.compile(r"([0-9]{1,9}):([0-9]{1,11}):([0-9]{1,11})")


def answer(store: Store, name: str, value: str) -> Answer | None:
    """The answer to a question; ``None`` for what nobody could have asked."""
    asked = _VALUE.fullmatch(value)
    case = store.case(int(asked[1])) if asked else None
    if asked is None or case is None or name not in _QUESTIONS:
        return None
    start, end = (datetime.fromtimestamp(int(seconds), UTC) for seconds in asked.group(2, 3))
    return _QUESTIONS[name](store, case, Window(start=start, end=end))


def _more(store: Store, case: Case, span: Window) -> Answer:
    """Other people's words about the same topic in the same span."""
    found = store.complaints_of(case.brand, span, case.topic, None, MORE + 1)
    others = [words for words in found if words.case != case.key][:MORE]
    if not others:
        return Answer(text=escape(f"Nobody else said anything about {topic_name(case.topic)} in that time."))
    title = f"{topic_name(case.topic)} · {case.brand}"
    message = Message(key="", title=title, quotes=tuple(quoted(words) for words in others), tone=Tone.QUIET)
    return Answer(modal=views.shown("More like this", render(message)))


def _owner(store: Store, case: Case, _span: Window) -> Answer:
    """How many cases about it are open, and who has most of them."""
    hand = store.in_hand(case.brand).get(case.topic)
    about = f"{topic_name(case.topic)}, {case.brand}"
    if hand is None:
        return Answer(text=escape(f"No case about {about} is open."))
    cases = "1 case is" if hand.open == 1 else f"{hand.open} cases are"
    who = f"{one_line(hand.owner)} has most of them" if hand.owner else "nobody has taken one"
    return Answer(text=escape(f"{cases} open about {about}; {who}."))


_QUESTIONS: dict[str, Callable[[Store, Case, Window], Answer]] = {
    "more": _more,
    "owner": _owner,
    "give": lambda _store, case, _span: Answer(modal=views.give(case)),
    "topic": lambda _store, case, _span: Answer(modal=views.topic(case.id)),
}
