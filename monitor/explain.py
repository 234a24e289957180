"""The whole story of one post from stored facts: why it matched, how it was judged, who was told, or why not."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import RowMapping

from monitor.core.case import named
from monitor.core.message import duration, moment
from monitor.core.routing import Subject, destinations
from monitor.core.text import excerpt
from monitor.core.verdict import Label, Word
from monitor.jobs.triage import TriageRules
from monitor.store.report import Report
from monitor.store.stages import Stage

_NUMBER = re.compile(r"[0-9]{1,18}")
"""What databases take for a number: the end of a post's address may be longer."""

Words = Callable[[str, str], Sequence[Word]]
"""The words that carried the verdict of a model on a text."""


def no_words(model: str, text: str) -> Sequence[Word]:  # noqa: ARG001 (the signature of Words)
    """Nobody can say."""
    return ()


def explain_cause(report: Report, key: str) -> list[str]:
    """Every post of a cause with its address, for people; empty when no cause has this key."""
    number = key.rpartition("/")[2]
    posts = report.members(int(number)) if _NUMBER.fullmatch(number) else []
    if not posts or report.cause(int(number)).key != key:
        return []
    lines = [f"{key}: {len(posts)} posts"]
    for post in posts:
        author = f"@{post['author']}" if post["author"] else "unknown author"
        lines.append(f"{moment(post['posted_at'])}  {post['platform']}  {author}  {post['url'] or post['native_id']}")
        lines.append(f"  “{excerpt(post['text'], 120)}”")
    return lines


def explain(report: Report, named: str, rules: TriageRules, now: datetime, words: Words = no_words) -> list[str]:
    """Lines for people; empty when no such post is stored. ``words`` names those that carried a model's verdict."""
    lines: list[str] = []
    for post in report.posts(named):
        lines += [*([""] if lines else []), *_story(report, post, rules, now, words)]
    return lines


def _story(report: Report, post: RowMapping, rules: TriageRules, now: datetime, words: Words) -> Iterator[str]:
    author = f"@{post['author']}" if post["author"] else "unknown author"
    yield f"{post['platform']} {post['native_id']} by {author}, {moment(post['posted_at'])}"
    if post["forgotten_at"]:
        yield f"deleted    by its author; its words were removed here {moment(post['forgotten_at'])}"
        return
    stars = f"{post['rating']} of 5 stars: " if post["rating"] else ""
    yield f"  {stars}“{excerpt(post['text'], 200)}”"
    if post["context"]:
        yield f"answers    “{excerpt(post['context'], 160)}”"
    if post["edited_at"] and post["edited_at"] > post["posted_at"]:
        yield f"edited     {moment(post['edited_at'])}; these are its latest words"
    wait = duration(post["collected_at"] - post["posted_at"])
    yield f"collected  {moment(post['collected_at'])} by source {post['source']}, {wait} after it was posted"
    yield f"matched    {post['brand']}, by: {', '.join(post['matched'])}"
    if post["is_own"]:
        yield "judged     not at all: these are the brand's own words"
        return
    if post["stage"] == Stage.BY_BOT:
        yield "judged     not at all: written by an automated account"
        return
    verdicts = report.verdicts_on(post["id"])
    for verdict in verdicts:
        yield from _judged(post, verdict, words)
    for correction in report.corrections_of(post["id"]):
        yield f"corrected  to {correction['label']} by {correction['by']}: {correction['why']}"
    if not verdicts:
        is_aside = post["stage"] == Stage.ASIDE
        yield f"judged     {'not: the classifier cannot do it' if is_aside else 'not yet: it waits for the classifier'}"
        return
    yield from _told(report, post, verdicts[-1]["label"], rules, now)


def _judged(post: RowMapping, verdict: RowMapping, words: Words) -> Iterator[str]:
    topics = f", topics: {', '.join(verdict['topics'])}" if verdict["topics"] else ""
    yield (
        f"judged     {verdict['label']} ({verdict['complaint']:.3f}{topics}) "
        f"by {verdict['model']}, {moment(verdict['at'])}"
    )
    if more := ", ".join(_facets(verdict)):
        yield f"  {more}"
    carried = [f"“{excerpt(word.text, 40)}” ({word.weight:.2f})" for word in words(verdict["model"], post["text"])]
    if carried:
        yield f"  carried by {', '.join(carried)}: so much of it falls as they are left out in turn"


def _facets(verdict: RowMapping) -> Iterator[str]:
    """What else was judged, and how far it can be trusted."""
    if verdict["intent"]:
        yield f"intent {verdict['intent']}"
    if verdict["sentiment"]:
        yield f"sentiment {verdict['sentiment']}"
    if verdict["severity"] and verdict["label"] != Label.OTHER:
        band = verdict["severity"]
        levels = f"{band['low']}" if band["low"] == band["high"] else f"{band['low']}-{band['high']}"
        yield f"severity {levels} of 4 ({band['probability']:.2f})"
    if verdict["arousal"] is not None:
        yield f"arousal {verdict['arousal']:.2f}"
    if not verdict["is_measured"]:
        yield f"quality in this language ({verdict['language'] or 'unknown'}) was never measured"


def _told(report: Report, post: RowMapping, label: str, rules: TriageRules, now: datetime) -> Iterator[str]:
    if label != Label.COMPLAINT:
        tier = "not sure enough for an alert" if label == Label.UNSURE else "not taken for a complaint"
        yield f"told       nobody: it is {tier}"
        return
    if post["cause_id"] is None:
        is_over = post["stage"] == Stage.DONE
        said = "nowhere: a person has said of these words of this author that they are no complaint"
        yield f"filed      {said if is_over else 'not yet: it waits for triage'}"
        return
    cause = report.cause(post["cause_id"])
    yield f"filed      {cause.key}, opened by a post of {moment(cause.opened_at)}"
    if post["case_id"] is not None and (case := report.customer_case(post["case_id"])) is not None:
        reasons = f" ({'; '.join(case.reasons)})" if case.reasons else ""
        yield f"case       {case.key}, level {case.level}{reasons}, {named(case.state)}"
    for message in report.messages_about(post["id"]):
        yield f"told       {message['target']}: {message['message']['title']} ({message['reason']}), {_state(message)}"
    if post["stage"] != Stage.DONE:
        subject = Subject(brand=cause.brand, topic=cause.topic, platform=post["platform"])
        for destination in destinations(rules.routes, subject, now):
            told = any(row["target"] == destination.target for row in report.messages_about(post["id"]))
            if not told:
                why = "quiet hours" if destination.quiet_until else "a pause after the last message, or a silence"
                yield f"told       not yet {destination.target}: {why} (route {destination.route})"
    elif not report.messages_about(post["id"]):
        yield "told       nobody: no route led anywhere when it was filed"


def _state(message: RowMapping) -> str:
    if message["sent_at"]:
        return f"sent {moment(message['sent_at'])}"
    return f"{message['state']} since {moment(message['created_at'])}" + (
        f": {message['error']}" if message["error"] else ""
    )
