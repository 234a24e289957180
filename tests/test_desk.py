"""The desk: clicks become steps, whoever may not act changes nothing, and nothing a client sends breaks it."""

import re
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.app import App, build
from monitor.config import settings_from
from monitor.core.case import State, Step
from monitor.core.digest_message import write_digest
from monitor.core.engagement import SPANS, Person
from monitor.core.mark import Mark
from monitor.core.mention import Mention
from monitor.core.message import Message
from monitor.core.surge import Kind, Scope, Surge
from monitor.core.surge_message import write_said
from monitor.desk import Allowed, Desk
from monitor.jobs.collect import Source
from monitor.jobs.digest import make_digest
from monitor.jobs.surges import SurgeWatch
from monitor.slack import views
from monitor.slack.blocks import render
from monitor.slack.clicks import Answer, Click, Doing
from monitor.slack.validate import problems
from monitor.store.report import Report
from monitor.testing.fakes import NOON, Clock, FakeClassifier, FakeCollector, FakeNotifier, a_mention, crowd

NAMES = ("case.take", "case.more", "case.close", "incident.take", "incident.more", "/umbrage")
TEAM = Allowed(workspaces=frozenset({"T1"}), channels=frozenset({"C1"}), users=frozenset({"U1", "U2"}))


class Office:
    """An application with one complaint told to a channel, and a desk."""

    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        config: dict[str, Any] = {
            "store": {"url": f"sqlite:///{path / 'desk.db'}"},
            "brands": [{"name": "Acme", "terms": ["Acme"]}],
            "targets": {"team": {"use": "console"}},
        }
        self.app: App = build(settings_from(config), clock=self.clock, durable=False)
        self.wire = FakeNotifier(has_threads=True)
        target = self.app.targets["team"]
        self.app.targets["team"] = type(target)(name="team", notifier=self.wire)
        rules = self.app.rules
        self.app.rules = type(rules)(routes=rules.routes, cases=type(rules.cases)(threaded=frozenset({"team"})))
        self.collector = FakeCollector()
        self.app.sources["s"] = Source(name="s", collector=self.collector, look_back=NOON - NOON.replace(day=1))
        classifier = FakeClassifier(topics=("delivery",))
        self.app.classifier._loaded = (classifier, _cutoffs(classifier))
        self.desk = Desk(self.app, TEAM)
        self.hear(a_mention("Acme lost the delivery!!"))

    def hear(self, *mentions: Mention) -> None:
        self.collector.add(*mentions)
        self.work()

    def work(self) -> None:
        self.app.collect("s")
        self.app.classify()
        self.app.triage()
        self.app.deliver("team")

    def click(self, name: str, value: str = "1", *, user: str = "U1", key: str = "", **more: Any) -> Answer:
        self.clock.move(seconds=1)
        fields: dict[str, Any] = {"doing": Doing.ACTION, "team": "T1", "channel": "C1", "message_ts": "1.1"}
        who = {"user": user, "user_name": {"U1": "ann", "U2": "bob"}.get(user, ""), "key": key or str(self.clock())}
        answer = self.desk.handle(Click(**(fields | who | more | {"name": name, "value": value})))
        self.app.deliver("team")
        return answer

    def submit(self, name: str, *, user: str = "U1", number: str = "1", **fields: str) -> Answer:
        return self.click(name, "", user=user, doing=Doing.VIEW, kept=number, fields=fields, channel="")

    def say(self, text: str, user: str = "U1") -> str:
        return self.click("/umbrage", text, user=user, doing=Doing.COMMAND).text or ""

    @property
    def state(self) -> State:
        case = self.app.store.case(1)
        assert case is not None
        return case.state

    @property
    def steps(self) -> list[Step]:
        return [fact.step for fact in self.app.store.facts(1)]


def _cutoffs(classifier: FakeClassifier) -> Any:

    return classifier.cutoffs


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.mark.parametrize(
    ("clicks", "steps", "state"),
    [
        ([("case.take", "1")], [Step.TAKE], State.TAKEN),
        ([("case.more", "1:answer")], [Step.ANSWER], State.ANSWERED),
        ([("case.not_a_complaint", "1")], [Step.NOT_A_COMPLAINT], State.NOT_A_COMPLAINT),
        ([("case.more", "1:not_about_us")], [Step.NOT_ABOUT_US], State.NOT_ABOUT_US),
        ([("case.more", "1:duplicate")], [Step.DUPLICATE], State.DUPLICATE),
        ([("case.more", "1:duplicate"), ("case.reopen", "1")], [Step.DUPLICATE, Step.REOPEN], State.NEW),
        ([("case.snooze", "1:6h")], [Step.SNOOZE], State.NEW),
        ([("case.more", "1:escalate")], [Step.ESCALATE], State.NEW),
        ([("case.more", "1:lower")], [Step.LOWER], State.NEW),
        ([("case.satisfied", "1:https://social.example/thanks")], [Step.CLOSE], State.SATISFIED),
        ([("case.assign.1", "U2")], [Step.ASSIGN], State.TAKEN),
    ],
    ids=lambda value: "" if isinstance(value, State) else None,
)
def test_one_click_is_one_step(office: Office, clicks: list[tuple[str, str]], steps: list[Step], state: State) -> None:
    for name, value in clicks:
        assert office.click(name, value).text is None
    assert (office.steps, office.state) == (steps, state)


@pytest.mark.parametrize("name", ["done", "close", "note", "do_not_engage"])
def test_what_needs_words_opens_a_form(office: Office, name: str) -> None:
    modal = office.click("case.more", f"1:{name}").modal
    assert modal is not None
    assert (modal["callback_id"], modal["private_metadata"]) == (f"case.{name}", "1")
    assert len(modal["title"]["text"]) <= 24
    assert office.steps == []


def test_nobody_answers_a_person_for_as_long_as_the_form_says(office: Office) -> None:
    modal = office.click("case.more", "1:do_not_engage").modal
    assert modal is not None
    choice = next(block["element"] for block in modal["blocks"] if block["block_id"] == "whom")
    assert [option["value"] for option in choice["options"]] == ["case", *SPANS]
    assert choice["initial_option"]["value"] == "case", "a person is not listed by a slip"
    assert "about Acme" in str(modal["blocks"][-1])
    assert office.submit("case.do_not_engage", note="insults", whom="90d") == Answer()
    (entry,) = office.app.store.restrained(office.app.clock())
    assert (entry.by, entry.name, entry.why, entry.until - entry.at) == ("U1", "ann", "insults", SPANS["90d"])
    office.click("case.reopen")
    assert office.app.store.restrained(office.app.clock()) == []
    assert office.submit("case.do_not_engage", note="insults", whom="for ever") == Answer()
    assert office.app.store.restrained(office.app.clock()) == [], "this case only"


def test_an_incident_has_no_person_whom_nobody_answers(office: Office) -> None:
    modal = office.click("incident.more", "1:do_not_engage").modal
    assert modal is not None
    assert modal["callback_id"] == "incident.do_not_engage"
    assert "whom" not in str(modal)
    assert office.submit("incident.do_not_engage", note="insults", whom="90d").text
    assert office.app.store.restrained(office.app.clock()) == []


def test_a_name_that_would_do_harm_stands_in_the_form_as_it_is() -> None:
    name = "<!channel> <https://evil.example|click>\n" + "x" * 400
    modal = views.do_not_engage(1, Person("Acme", "social", name))
    said = modal["blocks"][-1]["elements"][0]
    assert said["type"] == "plain_text"
    assert len(said["text"]) < 600
    assert "\n" not in said["text"]


def test_a_form_that_lacks_something_stays_open_and_says_what(office: Office) -> None:
    assert office.submit("case.do_not_engage", note=" ").errors == {"note": "Say why nobody is to answer."}
    assert office.submit("case.done", remedy=" ").errors == {"remedy": "Say what was done for the customer."}
    assert "evidence" in office.submit("case.close", evidence="she wrote me").errors
    assert office.steps == []


def test_a_time_to_snooze_until_is_picked_in_a_form(office: Office) -> None:
    modal = office.click("case.snooze", "1:pick").modal
    assert modal is not None
    assert modal["callback_id"] == "case.snooze"
    now = office.app.clock()
    for until in ("", "soon", "9" * 30, str(int(now.timestamp()))):
        assert "until" in office.submit("case.snooze", until=until).errors
    assert office.steps == []
    later = now.replace(microsecond=0) + timedelta(days=3)
    assert office.submit("case.snooze", until=str(int(later.timestamp()))).errors == {}
    case = office.app.store.case(1)
    assert case is not None
    assert case.snoozed_until == later


def test_forms_become_steps_with_their_words(office: Office) -> None:
    office.submit("case.done", remedy="a new parcel")
    office.submit("case.close", evidence="https://social.example/thanks", remedy="a new parcel")
    assert office.state is State.SATISFIED
    assert [(fact.remedy, fact.evidence) for fact in office.app.store.facts(1)] == [
        ("a new parcel", None),
        ("a new parcel", "https://social.example/thanks"),
    ]


def test_the_customers_thanks_close_a_case_with_one_click(office: Office) -> None:
    office.click("case.take")
    thanks = {"reply_to": "1", "posted_at": office.clock(), "url": "https://social.example/thanks"}
    office.hear(a_mention("Thanks Acme, it came today", "9", **thanks))
    *_, row = render(office.wire.wire[-1])
    (button,) = row["elements"]
    assert (button["action_id"], button["value"]) == ("case.satisfied", "1:https://social.example/thanks")
    assert office.click("case.satisfied", "1:javascript:alert(1)").text
    assert office.click(button["action_id"], button["value"]) == Answer()
    assert office.state is State.SATISFIED
    assert office.app.store.facts(1)[-1].evidence == "https://social.example/thanks"
    assert "reopen it first" in (office.click(button["action_id"], button["value"]).text or "")


def test_closing_without_evidence_is_said_to_be_unknown(office: Office) -> None:
    office.submit("case.close", remedy="refund")
    assert office.state is State.UNKNOWN_SILENT


def test_the_reason_for_not_a_complaint_may_follow(office: Office) -> None:
    modal = office.click("case.not_a_complaint").modal
    assert modal is not None
    assert modal["callback_id"] == "case.reason"
    office.submit("case.reason", reason="praise")
    assert [fact.note for fact in office.app.store.facts(1)] == [None, "It was: praise"]


def test_the_second_one_is_told_who_has_it_and_may_take_it_over(office: Office) -> None:
    office.click("case.take")
    assert office.click("case.take", user="U2").text == ("Ann has it already; to take it over, choose that under More.")
    office.click("case.more", "1:take_over", user="U2")
    assert office.app.store.case(1).owner == "U2"  # type: ignore[union-attr]


def test_whoever_is_assigned_is_told_in_private_and_known_by_name_later(office: Office) -> None:
    office.click("case.assign.1", "U2")
    line, private = office.wire.wire[-2:]
    assert (line.title.split(" · ")[0], line.pings, line.to) == ("ann gave it to a colleague", (), None)
    assert (private.title, private.to) == ("ann gave you case/1 · Answer today · delivery · Acme", "U2")
    office.click("case.take", user="U2")
    office.submit("case.note", user="U2", note="on it")
    office.click("case.assign.1", "U2", user="U1")
    assert office.wire.wire[-2].title.startswith("ann gave it to bob")


def test_who_cannot_have_a_case_is_said_to_the_one_who_clicked_only(office: Office) -> None:
    shown = len(office.wire.wire)
    assert office.click("case.assign.1", "nobody").text == "This is nobody who could have it."
    assert (office.steps, len(office.wire.wire)) == ([], shown)


def test_p14_the_same_click_again_changes_nothing(office: Office) -> None:
    office.click("case.take", key="1700000000.5")
    shown = len(office.wire.wire)
    assert office.click("case.take", key="1700000000.5") == Answer()
    assert (office.steps, len(office.wire.wire)) == ([Step.TAKE], shown)


@pytest.mark.parametrize("who", [{"team": "T2"}, {"channel": "C2"}, {"user": "U3"}], ids=["team", "channel", "user"])
def test_p18_whoever_may_not_act_changes_nothing(
    office: Office, who: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    answer = office.click("case.take", **who)
    assert answer.text is not None
    assert "may not do this here" in answer.text
    assert (office.steps, office.state) == ([], State.NEW)
    assert "refused doing=action" in caplog.text


@pytest.mark.parametrize(
    ("name", "value"),
    [("case.take", "4711"), ("case.take", ""), ("case.take", "1; DROP"), ("case.fly", "1"), ("other", "1")],
)
def test_p17_a_click_on_what_is_not_there_is_answered_kindly(office: Office, name: str, value: str) -> None:
    assert office.click(name, value).text
    assert office.steps == []


def test_an_incident_is_taken_muted_and_worked_on_with_its_buttons(office: Office) -> None:
    office.hear(*crowd(5, first=11))
    told = next(message for message in office.wire.wire if message.incident)
    number = str(told.incident)
    assert office.click("incident.take", number).text is None
    assert office.click("incident.take", number, user="U2").text == (
        "Ann has it already; to take it over, choose that under More."
    )
    assert office.click("incident.snooze", f"{number}:6h").text is None
    assert office.click("incident.assign." + number, "U2").text is None
    for name, choice in (("more", "done"), ("more", "note"), ("snooze", "pick")):
        modal = office.click(f"incident.{name}", f"{number}:{choice}").modal
        assert modal is not None
        assert (modal["callback_id"].split(".")[0], modal["private_metadata"]) == ("incident", number)
    office.submit("incident.done", number=number, remedy="a new batch")
    assert "single case" in (office.click("incident.not_a_complaint", number).text or "")
    assert [fact.step for fact in office.app.store.incident_facts(int(number))] == [
        Step.TAKE,
        Step.SNOOZE,
        Step.ASSIGN,
        Step.DONE,
    ]
    assert f"incident/{number} · other · Acme · 5 open cases" in office.say("open")
    home = office.click("", doing=Doing.HOME, channel="").home
    assert home is not None
    assert home["blocks"][0]["text"]["text"] == "Incidents: 1"
    assert home["blocks"][2]["elements"][0]["action_id"] == "incident.more", "somebody has it"


def test_the_home_shows_my_cases_with_the_longest_wait_first(office: Office) -> None:
    office.hear(a_mention("Acme broke the delivery!!", "2", author="bob", posted_at=NOON.replace(hour=9)))
    for number in ("1", "2"):
        office.click("case.take", number)
    home = office.click("", doing=Doing.HOME, channel="").home
    assert home is not None
    assert problems([block for block in home["blocks"] if block["type"] != "actions"]) == []
    shown = [block for block in home["blocks"] if block["type"] == "rich_text"]
    lines = [block["elements"][0]["elements"][0]["text"] for block in shown]
    assert [line.split(" · ")[0] for line in lines] == ["case/2", "case/1"]


def test_the_home_names_the_next_step_and_the_words_of_each_case(office: Office) -> None:
    def offered() -> str:
        home = office.click("", doing=Doing.HOME, channel="").home
        assert home is not None
        assert problems([block for block in home["blocks"] if block["type"] != "actions"]) == []
        assert "Acme lost the delivery!!" in str(home)
        (row,) = [block for block in home["blocks"] if block["type"] == "actions"]
        name: str = row["elements"][0]["action_id"]
        return name

    assert offered() == "case.take"
    office.click("case.take")
    assert offered() == "case.answer"
    office.click("case.answer")
    assert offered() == "case.done"
    assert office.click("case.done").modal is not None
    office.submit("case.done", remedy="a new parcel")
    assert offered() == "case.close"
    assert office.click("case.close").modal is not None


def test_my_cases_are_in_the_home_however_many_others_have(office: Office) -> None:
    office.hear(*crowd(230, "Acme lost the delivery of lamp {}!!", first=100, posted_at=NOON.replace(hour=9)))
    office.click("case.take")
    home = office.click("", doing=Doing.HOME, channel="").home
    assert home is not None
    headers = [block["text"]["text"] for block in home["blocks"] if block["type"] == "header"]
    assert headers[-2:] == ["My open cases: 1", "Nobody has taken these: 230"]
    assert len(home["blocks"]) <= 100
    assert "and 215 more: /umbrage open" in str(home)


def test_who_puts_off_a_customer_twice_says_why(office: Office) -> None:
    office.click("case.snooze", "1:1h")
    office.click("case.take")
    modal = office.click("case.snooze", "1:6h").modal
    assert modal is not None, "before it was taken nothing was owed, but it was put off"
    until, why = modal["blocks"]
    assert until["element"]["initial_date_time"] == int((office.clock() + timedelta(hours=6)).timestamp())
    assert (why["block_id"], why["optional"]) == ("note", False)
    later = str(until["element"]["initial_date_time"])
    assert "say why" in office.submit("case.snooze", until=later).errors["until"]
    assert office.submit("case.snooze", until=later, note="the depot is closed") == Answer()
    assert [fact.note for fact in office.app.store.facts(1)] == [None, None, "the depot is closed"]
    assert dict(office.wire.wire[-1].facts) == {"Note": "the depot is closed"}


def test_commands(office: Office) -> None:
    assert office.say("help").startswith("/umbrage open")
    assert office.say("what?") == office.say("help")
    assert "case/1 · Answer today · delivery · Acme" in office.say("open")
    assert office.say("mine") == "No open cases."
    office.click("case.take")
    assert "with ann" in office.say("mine")
    assert office.say("stats") == "Cases opened in the last 30 days\ntaken: 1"


def test_whom_nobody_answers_is_listed_and_taken_off_the_list_from_slack(office: Office) -> None:
    assert office.say("do-not-engage") == "Nobody is on the list."
    office.submit("case.do_not_engage", note="insults <!channel>", whom="90d")
    listed = office.say("do-not-engage")
    assert shown(listed).startswith("case/1 · ann on social, about Acme · until 2027-")
    assert listed.endswith("ann: insults &lt;!channel&gt;")
    assert "such as: do-not-engage end 17" in office.say("do-not-engage 1")
    assert office.say("do-not-engage end 9").startswith("Nothing is decided on case 9")
    assert office.say("do-not-engage end case/1", "U2").startswith("What was decided on case 1 is over")
    assert office.say("do-not-engage") == "Nobody is on the list."
    fact = office.app.store.facts(1)[-1]
    assert (fact.step, fact.by, fact.name, fact.via) == (Step.NOTE, "U2", "bob", "slack")
    assert office.say("do-not-engage end 1").startswith("Nothing is decided on case 1")


def test_stats_name_what_came_back_and_the_doors_that_had_failed(office: Office) -> None:
    posted = {"posted_at": office.clock()}
    office.hear(a_mention("Acme, I emailed three times about my lamp!!", "2", author="bob", **posted))
    office.hear(a_mention("Acme, no reply to my email, and on hold for an hour!!", "3", author="cid", **posted))
    office.submit("case.close", number="2", note="he is happy")
    office.submit("case.close", number="3", note="so is he")
    office.clock.move(hours=1)
    again = {"author": "bob", "reply_to": "2", "posted_at": office.clock()}
    office.hear(a_mention("Acme lamp is still dark!!", "4", **again))
    assert office.say("stats").splitlines()[1:] == [
        "new: 1",
        "taken: 1",
        "satisfied: 1",
        "done or closed: 2, of which 1 came back",
        "failed before they wrote in public, in 7 days: e-mail 2, phone 1",
    ]


def test_stats_set_the_waits_of_the_rude_and_the_polite_side_by_side(office: Office) -> None:
    office.hear(*crowd(5, "ACME WHERE IS MY DELIVERY {0}{0}{0}!!", first=100, posted_at=NOON))
    office.hear(*crowd(5, "Acme, where might delivery {} be!!", first=200, posted_at=NOON))
    office.clock.now = NOON + timedelta(hours=3)
    assert "rudely said 3 h (5 cases), otherwise 3 h (6 cases)" in office.say("stats")


def test_mute_is_a_silence_with_a_name_and_an_end(office: Office) -> None:
    assert shown(office.say("mute delivery 2h")).startswith("No alerts about delivery until 2026-11-02 14:")
    (silence,) = office.app.store.silences(office.clock())
    assert (silence.matching.topics, silence.by) == (("delivery",), "ann")
    assert "no such topic" in office.say("mute weather 2h")
    assert "Say what and for how long" in office.say("mute delivery for ever")
    assert "no such topic" in office.say("mute <!channel> 2h")


def test_a_reported_post_becomes_a_case_once(office: Office) -> None:
    assert office.say("add https://forum.example/9") == "Thank you: it is told in a moment."
    assert office.say("add https://forum.example/9", "U2") == "It is on its way already."
    office.work()
    case = office.app.store.case(2)
    assert case is not None
    assert case.brand == "Acme"
    assert "case/2 has it: new." in office.say("add https://forum.example/9")


def test_a_post_that_somebody_reported_before_a_source_brings_it_is_one_case(office: Office) -> None:
    office.say("add https://forum.example/9")
    office.work()
    office.clock.move(hours=1)
    written = office.clock.now - timedelta(hours=3)
    vase = a_mention("Acme sent me a broken vase!!", "9", author="kim", url="https://forum.example/9")
    office.hear(replace(vase, posted_at=written))
    assert office.app.store.case(3) is None
    assert office.wire.wire[-1].title.startswith("1 more")
    case = office.app.store.case(2)
    assert case is not None
    assert case.opened_at == written
    (line,) = (one for one in office.wire.wire if one.title.startswith("The post itself was read now"))
    assert "customer waits 3 h" in line.title
    assert "broken vase" in office.wire.wire[-1].quotes[0].text
    office.hear(a_mention("Acme sent me a broken lid!!", "10", author="lee", url="https://forum.example/10"))
    assert office.app.store.case(3) is not None


def test_a_post_that_was_read_and_passed_over_is_told_when_somebody_reports_it(office: Office) -> None:
    office.hear(a_mention("Acme. Well done. Not.", "7", author="kim", url="https://social.example/7"))
    assert office.app.store.case(2) is None
    report = {"doing": Doing.SHORTCUT, "message_text": "look: <https://social.example/7>"}
    assert office.click("report_complaint", "", **report).text == "Thank you: it is told in a moment."
    office.work()
    assert office.app.store.case(2) is not None
    assert office.wire.wire[-2].quotes[0].text == "Acme. Well done. Not."


def test_what_an_automated_account_wrote_is_told_when_somebody_reports_it(office: Office) -> None:
    office.hear(
        a_mention(
            "Acme sent somebody a cracked teapot!!", "7", author="kim", url="https://social.example/7", by_bot=True
        )
    )
    assert office.app.store.case(2) is None
    assert office.say("add https://social.example/7") == "Thank you: it is told in a moment."
    office.work()
    assert office.app.store.case(2) is not None
    assert "case/2 has it: new." in office.say("add https://social.example/7")


OUR_DATE = re.compile(r"<!date\^[0-9]+\^\{date_short_pretty\} \{time\}\|([0-9]{4}-[0-9-]{5} [0-9:]{5} UTC)>")


def shown(text: str) -> str:
    """What stands there where Slack cannot show a date in the reader's own time."""
    assert OUR_DATE.search(text)
    return OUR_DATE.sub(r"\1", text)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.builds(
        Click,
        doing=st.sampled_from(Doing),
        name=st.one_of(st.text(), st.sampled_from(NAMES)),
        value=st.one_of(st.text(), st.sampled_from(["1", "1:done", "add https://x.y/", "mute delivery 1h", "stats"])),
        kept=st.one_of(st.text(), st.just("1")),
        team=st.just("T1"),
        user=st.just("U1"),
        user_name=st.text(),
        message_text=st.text(),
        fields=st.dictionaries(st.sampled_from(["note", "remedy", "evidence", "reason"]), st.text()),
    )
)
def test_p19_whatever_comes_is_answered(office: Office, click: Click) -> None:
    answer = OUR_DATE.sub("", office.desk.handle(click).text or "")
    assert not any(sign in answer for sign in ("<!", "<@", "<#", "<http"))


def test_another_topic_is_shown_kept_and_exported(office: Office) -> None:
    modal = office.click("case.more", "1:topic").modal
    assert modal is not None
    assert "billing refund" in str(modal)
    assert office.submit("case.topic", topic="not a topic").errors
    office.submit("case.topic", topic="billing_refund")
    case = office.app.store.case(1)
    assert case is not None
    assert case.topic == "billing_refund"
    with office.app.store.begin() as transaction:
        (told,) = transaction.parents_of(1)
    assert "billing refund" in told.message.title
    assert office.wire.wire[-1].facts == (("Note", "It is about: billing refund"),)
    (row,) = Report(office.app.store.engine).corrections()
    assert (row["topic"], row["label"], row["by"]) == ("billing_refund", "complaint", "ann")
    answer = office.submit("case.topic", topic="billing_refund")
    assert "already" in (answer.text or "")


# Surges


@pytest.fixture
def surge(office: Office) -> Surge:
    """A surge that was told to the channel."""
    office.app.surges = SurgeWatch(replace(office.app.surges.rules, threaded=frozenset({"team"})))
    with office.app.store.begin() as transaction:
        now = office.clock()
        found = transaction.open_surge("Acme", Scope(topic="delivery"), Kind.SURGE, now, 20, 4.5, now)
        assert found is not None
        transaction.enqueue("team", write_said(Message(key=found.key, title="Surge"), found, ()), now)
    office.app.deliver("team")
    return found


@pytest.mark.parametrize(
    ("clicks", "mark", "said"),
    [
        ([("surge.known", "1")], Mark.KNOWN, "known issue, by ann"),
        ([("surge.false", "1")], Mark.FALSE, "false alarm, by ann"),
        ([("surge.false", "1"), ("surge.real", "1")], None, "real after all, by ann"),
        ([("surge.mute", "1:24h")], None, "muted until 2026-"),
    ],
)
def test_one_click_says_what_a_surge_is(
    office: Office, surge: Surge, clicks: list[tuple[str, str]], mark: Mark | None, said: str
) -> None:
    for name, value in clicks:
        assert office.click(name, value).text is None
    with office.app.store.begin() as transaction:
        after = transaction.surge(surge.id)
        (*_, fact) = transaction.surge_facts(surge.id)
    assert after is not None
    assert after.mark is mark
    assert (fact.by, fact.name, fact.via) == ("U1", "ann", "slack")
    assert office.wire.wire[-1].facts[-1][1].startswith(said)
    muted = office.app.store.silences(office.clock())
    assert [one.matching.topics for one in muted] == ([("delivery",)] if "mute" in clicks[0][0] else [])


def test_a_surge_becomes_an_incident_with_its_cases_once(office: Office, surge: Surge) -> None:
    office.hear(a_mention("Acme, the delivery of my toaster is nowhere!!", "2", author="cid"))
    assert office.click("surge.incident", "1").text is None
    office.app.deliver("team")
    told = office.wire.wire[-1] if office.wire.wire[-1].incident else office.wire.wire[-2]
    assert told.title == "Incident: 2 people at once · delivery · Acme"
    assert (told.incident, told.offers[:2]) == (1, ("take", "assign"))
    assert told.why[0] == "ann opened it from a surge"
    notice = next(one for one in reversed(office.wire.wire) if one.surge == 1)
    assert notice.facts[-1][1].startswith("incident opened, by ann")
    assert "incident" not in notice.offers
    again = office.click("surge.incident", "1", user="U2")
    assert again.text is None, "kept once"
    assert len([one for one in office.wire.wire if one.title.startswith("Incident: ")]) == 1
    assert office.click("incident.take", "1") == Answer()
    assert [case.owner_name for case in office.app.store.open_cases_of()] == ["ann", "ann"]
    office.clock.move(hours=1)
    office.hear(a_mention("Acme lost the delivery of a blender, thanks!!", "3", author="dora"))
    assert office.wire.wire[-1].thread == told.key, "what is added stands under it"


def test_what_is_an_incident_already_is_not_opened_again(office: Office, surge: Surge) -> None:
    office.hear(*crowd(5, text="Acme lost the delivery number {}!!"))
    (standing,) = office.app.store.open_incidents()
    said = office.click("surge.incident", "1").text
    assert said == f"It is told as {standing.incident.key} already; nobody has it."
    with office.app.store.begin() as transaction:
        assert transaction.surge_facts(surge.id) == []


def test_clicks_on_surges_that_make_no_sense_are_answered(office: Office, surge: Surge) -> None:
    for name, value in (
        ("surge.known", "99"),
        ("surge.known", "x"),
        ("surge.known", "1:1h"),
        ("surge.mute", "1"),
        ("surge.mute", "1:9y"),
        ("surge.burn", "1"),
    ):
        assert office.click(name, value).text
    assert office.click("surge.known", "1", team="T9").text == office.click("case.take", "1", team="T9").text
    with office.app.store.begin() as transaction:
        assert transaction.surge_facts(surge.id) == []


def ask(office: Office, name: str) -> Answer:
    """Choose the first thing in one of the menus under the problems of yesterday's digest."""
    first = (office.clock() - timedelta(hours=12)).date()
    digest = make_digest(office.app.store, "Acme", first, 1, UTC, office.clock())
    (problems_,) = [message for message in write_digest(digest, "digest/team/Acme/1") if message.menus]
    (menu,) = [menu for menu in problems_.menus if menu.name == name]
    return office.click(f"ask.{name}", menu.choices[0][1])


def test_from_a_digest_all_that_nobody_has_is_given_to_somebody_who_hears_once(office: Office) -> None:
    office.hear(a_mention("Acme courier vanished with a delivery of pots!!", "2", author="bob"))
    office.hear(a_mention("Acme left the delivery of a mirror in the rain!!", "3", author="cid"))
    office.click("case.take", "3", user="U2")
    modal = ask(office, "give").modal
    assert modal is not None
    assert modal["callback_id"] == "case.give"
    number = modal["private_metadata"]
    assert office.submit("case.give", number=number, to="nobody").errors == {"to": "This is nobody who could have it."}
    assert office.submit("case.give", number=number, to="U3") == Answer()
    office.app.deliver("team")
    assert [case.owner for case in office.app.store.open_cases_of()] == ["U3", "U3", "U2"]
    (private,) = [message for message in office.wire.wire if message.to]
    assert (private.title, private.to) == ("ann gave you 2 cases · delivery · Acme", "U3")
    assert dict(private.facts) == {"Cases": "case/1, case/2"}
    again = office.submit("case.give", number=number, to="U4").errors
    assert again == {"to": "Somebody has all of it, or it is over."}


def test_from_a_digest_an_incident_is_given_away_whole(office: Office) -> None:
    office.hear(*crowd(5, text="Acme lost the delivery number {}!!"))
    (standing,) = office.app.store.open_incidents()
    number = str(office.app.store.open_cases_of()[-1].id)
    assert office.submit("case.give", number=number, to="U3") == Answer()
    office.app.deliver("team")
    incident = office.app.store.incident(standing.incident.cause)
    assert incident is not None
    assert incident.owner == "U3"
    assert len([message for message in office.wire.wire if message.to]) == 1
    assert {case.owner for case in office.app.store.open_cases_of()} == {"U3"}


def test_under_a_digest_people_see_more_like_what_is_quoted(office: Office) -> None:
    assert ask(office, "more").text == "Nobody else said anything about delivery in that time."
    office.hear(a_mention("Acme courier <!channel> vanished, delivery undone!!", "2", author="bob"))
    modal = ask(office, "more").modal
    assert modal is not None
    assert problems(modal["blocks"]) == []
    assert ("vanished" in str(modal)) != ("lost" in str(modal)), "what is quoted already is not shown again"


def test_under_a_digest_people_see_who_has_it(office: Office) -> None:
    assert ask(office, "owner").text == "1 case is open about delivery, Acme; nobody has taken one."
    office.click("case.take")
    assert ask(office, "owner").text == "1 case is open about delivery, Acme; ann has most of them."
    office.submit("case.close", note="She wrote thanks")
    assert ask(office, "owner").text == "No case about delivery, Acme is open."


def test_under_a_digest_people_say_that_a_topic_is_wrong(office: Office) -> None:
    modal = ask(office, "topic").modal
    assert modal is not None
    assert modal["private_metadata"] == "1"
    office.click(modal["callback_id"], "", doing=Doing.VIEW, kept="1", fields={"topic": "price"}, channel="")
    case = office.app.store.case(1)
    assert case is not None
    assert case.topic == "price"


@pytest.mark.parametrize("value", ["", "1", "1:2", "99:1:2", "1:x:y", "1:1:999999999999", "١:1:2"])
@pytest.mark.parametrize("name", ["ask.more", "ask.owner", "ask.nothing", "ask."])
def test_a_question_that_nobody_could_ask_is_answered_kindly(office: Office, name: str, value: str) -> None:
    assert "does not know this button" in (office.click(name, value).text or "")
