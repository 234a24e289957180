"""The whole story of one post from stored facts: why it matched, how it was judged, who was told, or why not."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import RowMapping

from monitor.core.message import duration, moment
from monitor.core.routing import Subject, destinations
from monitor.core.text import excerpt
from monitor.core.verdict import Label
from monitor.jobs.triage import TriageRules
from monitor.store.report import Report
from monitor.store.schema import Stage


def explain_case(report: Report, key: str) -> list[str]:
    """Every post of a case with its address, for people; empty when no case has this key."""
    number = key.rpartition("/")[2]
    posts = report.members(int(number)) if number.isdecimal() else []
    if not posts or report.case(int(number)).key != key:
        return []
    lines = [f"{key}: {len(posts)} posts"]
    for post in posts:
        author = f"@{post['author']}" if post["author"] else "unknown author"
        lines.append(f"{moment(post['posted_at'])}  {post['platform']}  {author}  {post['url'] or post['native_id']}")
        lines.append(f"  “{excerpt(post['text'], 120)}”")
    return lines


def explain(report: Report, named: str, rules: TriageRules, now: datetime) -> list[str]:
    """Lines for people; empty when no such post is stored."""
    lines: list[str] = []
    for post in report.posts(named):
        lines += [*([""] if lines else []), *_story(report, post, rules, now)]
    return lines


def _story(report: Report, post: RowMapping, rules: TriageRules, now: datetime) -> Iterator[str]:
    author = f"@{post['author']}" if post["author"] else "unknown author"
    yield f"{post['platform']} {post['native_id']} by {author}, {moment(post['posted_at'])}"
    yield f"  “{excerpt(post['text'], 200)}”"
    wait = duration(post["collected_at"] - post["posted_at"])
    yield f"collected  {moment(post['collected_at'])} by source {post['source']}, {wait} after it was posted"
    yield f"matched    {post['brand']}, by: {', '.join(post['matched'])}"
    if post["is_own"]:
        yield "judged     not at all: these are the brand's own words"
        return
    verdicts = report.verdicts_on(post["id"])
    for verdict in verdicts:
        topics = f", topics: {', '.join(verdict['topics'])}" if verdict["topics"] else ""
        yield (
            f"judged     {verdict['label']} ({verdict['complaint']:.3f}{topics}) "
            f"by {verdict['model']}, {moment(verdict['at'])}"
        )
    for correction in report.corrections_of(post["id"]):
        yield f"corrected  to {correction['label']} by {correction['by']}: {correction['why']}"
    if not verdicts:
        is_aside = post["stage"] == Stage.ASIDE
        yield f"judged     {'not: the classifier cannot do it' if is_aside else 'not yet: it waits for the classifier'}"
        return
    yield from _told(report, post, verdicts[-1]["label"], rules, now)


def _told(report: Report, post: RowMapping, label: str, rules: TriageRules, now: datetime) -> Iterator[str]:
    if label != Label.COMPLAINT:
        tier = "not sure enough for an alert" if label == Label.UNSURE else "not taken for a complaint"
        yield f"told       nobody: it is {tier}"
        return
    if post["case_id"] is None:
        yield "filed      not yet: it waits for triage"
        return
    case = report.case(post["case_id"])
    yield f"filed      {case.key}, opened by a post of {moment(case.opened_at)}"
    for message in report.messages_about(post["id"]):
        yield f"told       {message['target']}: {message['message']['title']} ({message['reason']}), {_state(message)}"
    if post["stage"] != Stage.DONE:
        subject = Subject(brand=case.brand, topic=case.topic, platform=post["platform"])
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
