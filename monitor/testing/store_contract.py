"""What every store must do, as tests: subclass :class:`StoreContract` beside the test of a store."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from monitor.core.alerting import Reason, Told
from monitor.core.cause import Cause
from monitor.core.health import Health
from monitor.core.mention import Mention
from monitor.core.message import Message, Quote, Tone
from monitor.core.routing import Matching
from monitor.core.text import clean
from monitor.core.trend import Lately, Usual
from monitor.core.verdict import Label, Verdict
from monitor.core.watch import Match
from monitor.ports import Alert, Delivery, Draft, Receipt, Store, Transaction

NOW = datetime(2026, 11, 22, 10, 0, 0, 123_456, tzinfo=UTC)
DOUBT = timedelta(seconds=60)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

TEXTS = (
    "Wo bleibt mein Päckchen? 😡",
    "👨‍👩‍👧‍👦 family, 🏴󠁧󠁢󠁥󠁮󠁧󠁿 flag, 👍🏽 tone",
    "أين طلبي؟ \u202eevil\u202c",
    "שלום, איפה החבילה",
    "ทำไมช้าจัง / どうして遅いの / 为什么这么慢",
    "z͓̽a͓̽l͓̽g͓̽o and e\u0301 and \u00e9",
    "'; DROP TABLE mentions; --  %s %(x)s :x ? \\ \" \t\n",
    "\U0010fffd \ue000 \uffff",
    "x" * 20_000,
)


def post(number: int, **changes: Any) -> Mention:
    """The post with a number: one a minute, each by another author."""
    fields: dict[str, Any] = {
        "platform": "mastodon",
        "id": str(number),
        "text": f"Where is parcel {number}?",
        "posted_at": NOW + timedelta(minutes=number),
        "author": f"author{number}",
    }
    return Mention(**fields | changes)


def about(brand: str = "Acme", *, own: bool = False) -> Match:
    return Match(brand=brand, terms=(brand.lower(), "größe"), own=own)


def verdict(label: Label = Label.COMPLAINT, **changes: Any) -> Verdict:
    fields: dict[str, Any] = {
        "model": "test@1",
        "label": label,
        "complaint": 0.9375,
        "topics": ("delivery", "price"),
        "at": NOW,
    }
    return Verdict(**fields | changes)


def message(key: str, thread: str | None = None) -> Message:
    return Message(key=key, title=f"Title of {key}", thread=thread)


def a_case(transaction: Transaction, cause: Cause) -> int:
    """A new case of a cause."""
    (case,) = transaction.open_cases([Draft(cause.id, cause.brand, cause.topic, cause.opened_at, 3)])
    return case.id


class Broken(Exception):
    """Raised in the middle of a transaction."""


class StoreContract:
    """Give ``store`` as a fixture: empty, with all tables. It is used from several threads."""

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError

    def add(self, store: Store, *mentions: Mention, match: Match | None = None) -> int:
        with store.begin() as transaction:
            return transaction.add_mentions("source", [(m, match or about()) for m in mentions], NOW)

    def complaints(self, store: Store, mentions: Iterable[Mention], match: Match | None = None) -> list[int]:
        """Store posts and judge them complaints; their numbers in the store, in the order of the posts."""
        self.add(store, *mentions, match=match)
        waiting = store.unjudged(1_000)
        with store.begin() as transaction:
            transaction.add_verdicts((item.mention, verdict()) for item in waiting)
        return [item.mention for item in waiting]

    def filed(self, store: Store, mentions: Sequence[Mention]) -> tuple[Cause, list[int]]:
        """Complaints in the first cause of their brand."""
        numbers = self.complaints(store, mentions)
        with store.begin() as transaction:
            cause = transaction.open_cause("Acme", "delivery", "by-topic", 1, mentions[0].posted_at)
            transaction.file((number, cause.id, a_case(transaction, cause)) for number in numbers)
        return cause, numbers

    def tell(self, store: Store, cause: Cause, numbers: Sequence[int], **changes: Any) -> None:
        fields: dict[str, Any] = {
            "target": "slack",
            "reason": Reason.FIRST,
            "message": message("first"),
            "cause": cause.id,
            "mentions": tuple(numbers),
            "voices": len(numbers),
        }
        at = changes.pop("at", NOW)
        with store.begin() as transaction:
            transaction.enqueue_alerts([Alert(**fields | changes)], at)

    def enqueue(self, store: Store, *messages: Message, target: str = "slack", at: datetime = NOW) -> list[bool]:
        with store.begin() as transaction:
            return [transaction.enqueue(target, said, at) for said in messages]

    def claim(self, store: Store, at: datetime = NOW, *, target: str = "slack", limit: int = 20) -> list[Delivery]:
        return store.claim_deliveries(target, at, DOUBT, limit)

    def keys(self, deliveries: Iterable[Delivery]) -> list[str]:
        return [delivery.message.key for delivery in deliveries]

    # Mentions and cursors

    def test_a_new_mention_waits_for_a_verdict(self, store: Store) -> None:
        assert self.add(store, post(1), post(2)) == 2
        assert [item.text for item in store.unjudged(10)] == ["Where is parcel 1?", "Where is parcel 2?"]

    def test_unjudged_mentions_come_in_the_order_they_were_stored_up_to_a_limit(self, store: Store) -> None:
        self.add(store, post(3), post(1))
        self.add(store, post(2))
        assert [item.text[-2] for item in store.unjudged(2)] == ["3", "1"]

    def test_a_page_read_again_adds_nothing(self, store: Store) -> None:
        self.add(store, post(1), post(2))
        assert self.add(store, post(1), post(2, text="edited meanwhile"), post(3)) == 1
        assert len(store.unjudged(10)) == 3

    def test_a_page_that_holds_a_post_twice_stores_it_once(self, store: Store) -> None:
        assert self.add(store, post(1), post(1)) == 1
        assert len(store.unjudged(10)) == 1

    def test_equal_ids_on_two_platforms_are_two_posts(self, store: Store) -> None:
        assert self.add(store, post(1), post(1, platform="rss")) == 2

    def test_a_post_about_two_brands_is_one_new_post_and_two_mentions(self, store: Store) -> None:
        for expected in (1, 0):
            with store.begin() as transaction:
                both = [(post(1), about("Acme")), (post(1), about("Bolt"))]
                assert transaction.add_mentions("source", both, NOW) == expected
            assert len(store.unjudged(10)) == 2

    def test_a_page_without_mentions_is_stored(self, store: Store) -> None:
        assert self.add(store) == 0

    def test_a_page_of_many_posts_is_stored_in_one_go(self, store: Store) -> None:
        assert self.add(store, *(post(number) for number in range(3_000))) == 3_000
        assert len(store.unjudged(5_000)) == 3_000

    def test_the_brands_own_words_are_not_judged(self, store: Store) -> None:
        assert self.add(store, post(1), match=about(own=True)) == 1
        assert store.unjudged(10) == []
        with store.begin() as transaction:
            assert transaction.unfiled(10) == []

    def test_what_an_automated_account_wrote_is_kept_and_not_judged(self, store: Store) -> None:
        assert self.add(store, post(1, by_bot=True), post(2, by_bot=True, reply_to="1")) == 2
        assert self.add(store, post(1, by_bot=True)) == 0
        assert store.unjudged(10) == []
        with store.begin() as transaction:
            assert (transaction.unfiled(10), transaction.talk(10)) == ([], [])
            (number,) = transaction.numbers_of("mastodon", "1")
            transaction.add_verdicts([(number, verdict())])
            assert transaction.unfiled(10) == []
            assert not transaction.promote(number)

    def test_our_own_automated_account_answers_like_any_of_ours(self, store: Store) -> None:
        self.add(store, post(1, by_bot=True, reply_to="0"), match=about(own=True))
        with store.begin() as transaction:
            assert [(answer.name, answer.is_own) for answer in transaction.talk(10)] == [("1", True)]

    def test_a_cursor_is_kept_for_each_source_and_moves(self, store: Store) -> None:
        assert store.cursor("one") is None
        with store.begin() as transaction:
            transaction.set_cursor("one", "1", NOW)
            transaction.set_cursor("two", '{"ü": "😡"}', NOW)
        with store.begin() as transaction:
            transaction.set_cursor("one", "2", NOW + SECOND)
        assert (store.cursor("one"), store.cursor("two")) == ("2", '{"ü": "😡"}')

    def test_mentions_and_cursor_are_stored_together_or_not_at_all(self, store: Store) -> None:
        with pytest.raises(Broken), store.begin() as transaction:
            transaction.add_mentions("source", [(post(1), about())], NOW)
            transaction.set_cursor("source", "1", NOW)
            raise Broken
        assert store.unjudged(10) == []
        assert store.cursor("source") is None
        assert self.add(store, post(1)) == 1

    @pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
    def test_text_of_any_kind_comes_back_as_it_was(self, store: Store, text: str) -> None:
        self.complaints(store, [post(1, text=text, author=text[:40], url=f"https://social.example/{text[:40]}")])
        with store.begin() as transaction:
            (complaint,) = transaction.unfiled(10)
            cause = transaction.open_cause("Acme", "delivery", "by-topic", 1, complaint.posted_at)
            transaction.file([(complaint.mention, cause.id, a_case(transaction, cause))])
            (pending,) = transaction.open_causes()[0].pending
            kept = transaction.complaints([pending.mention])[pending.mention]
        assert (kept.text, kept.author, kept.url) == (text, text[:40], f"https://social.example/{text[:40]}")

    def test_cleaned_text_can_be_stored_whatever_it_was(self, store: Store) -> None:
        text = clean("half an emoji \ud83d, a NUL \x00, a BOM \ufeff and 😡")
        self.add(store, post(1, text=text))
        assert store.unjudged(1)[0].text == text

    # Verdicts

    def test_a_complaint_is_passed_on_and_waits_no_longer_for_a_verdict(self, store: Store) -> None:
        (number,) = self.complaints(store, [post(1)])
        assert store.unjudged(10) == []
        with store.begin() as transaction:
            (complaint,) = transaction.unfiled(10)
        assert complaint.mention == number
        assert (complaint.brand, complaint.topics) == ("Acme", ("delivery", "price"))
        assert complaint.posted_at == post(1).posted_at

    @pytest.mark.parametrize("label", [Label.UNSURE, Label.OTHER])
    def test_what_is_no_complaint_is_done(self, store: Store, label: Label) -> None:
        self.add(store, post(1))
        with store.begin() as transaction:
            transaction.add_verdicts([(store.unjudged(1)[0].mention, verdict(label))])
            assert transaction.unfiled(10) == []
        assert store.unjudged(10) == []

    def test_a_verdict_is_never_changed(self, store: Store) -> None:
        (number,) = self.complaints(store, [post(1)])
        with store.begin() as transaction:
            transaction.add_verdicts([(number, verdict(Label.OTHER, complaint=0.1, topics=()))])
            (complaint,) = transaction.unfiled(10)
        assert complaint.topics == ("delivery", "price")

    def test_another_models_verdict_is_kept_beside_and_moves_nothing(self, store: Store) -> None:
        (number,) = self.complaints(store, [post(1)])
        with store.begin() as transaction:
            transaction.add_verdicts([(number, verdict(model="test@2", topics=("billing",)))])
            (complaint,) = transaction.unfiled(10)
        assert complaint.topics == ("delivery", "price")

    def test_no_verdicts_are_no_trouble(self, store: Store) -> None:
        with store.begin() as transaction:
            transaction.add_verdicts([])

    def test_complaints_to_file_come_oldest_post_first_up_to_a_limit(self, store: Store) -> None:
        self.complaints(store, [post(3), post(1), post(2)])
        with store.begin() as transaction:
            found = transaction.unfiled(2)
        assert [complaint.posted_at for complaint in found] == [post(1).posted_at, post(2).posted_at]

    # Cases

    def test_the_latest_episode_is_found_by_brand_topic_and_rule(self, store: Store) -> None:
        things = [("Acme", "delivery"), ("Acme", "price"), ("Bolt", "price")]
        with store.begin() as transaction:
            assert transaction.latest_causes(things, "by-topic") == {}
            for episode in (1, 2):
                opened = transaction.open_cause("Acme", "delivery", "by-topic", episode, NOW + episode * HOUR)
            other = transaction.open_cause("Acme", "price", "by-topic", 3, NOW)
            transaction.open_cause("Bolt", "delivery", "by-topic", 4, NOW)
            transaction.open_cause("Acme", "delivery", "another-rule", 5, NOW)
            found = transaction.latest_causes(things, "by-topic")
        assert found == {("Acme", "delivery"): opened, ("Acme", "price"): other}
        assert (opened.episode, opened.opened_at, opened.last_at) == (2, NOW + 2 * HOUR, NOW + 2 * HOUR)

    def test_an_episode_cannot_be_opened_twice(self, store: Store) -> None:
        with store.begin() as transaction:
            transaction.open_cause("Acme", "delivery", "by-topic", 1, NOW)
        with pytest.raises(Exception, match=r"(?i)unique"), store.begin() as transaction:
            transaction.open_cause("Acme", "delivery", "by-topic", 1, NOW)

    def test_a_case_lasts_until_its_last_post(self, store: Store) -> None:
        self.filed(store, [post(1), post(9), post(4)])
        with store.begin() as transaction:
            cause = transaction.latest_causes([("Acme", "delivery")], "by-topic")["Acme", "delivery"]
        assert (cause.opened_at, cause.last_at) == (post(1).posted_at, post(9).posted_at)

    def test_a_complaint_in_a_case_stays_there(self, store: Store) -> None:
        cause, numbers = self.filed(store, [post(1)])
        with store.begin() as transaction:
            assert transaction.unfiled(10) == []
            other = transaction.open_cause("Acme", "delivery", "by-topic", 2, NOW)
            transaction.file([(numbers[0], other.id, a_case(transaction, other))])
            assert [c.cause.id for c in transaction.open_causes()] == [cause.id]

    def test_only_complaints_are_filed(self, store: Store) -> None:
        self.add(store, post(1))
        number = store.unjudged(1)[0].mention
        with store.begin() as transaction:
            cause = transaction.open_cause("Acme", "delivery", "by-topic", 1, NOW)
            transaction.file([(number, cause.id, a_case(transaction, cause))])
            assert transaction.open_causes() == []
        assert len(store.unjudged(1)) == 1

    def test_an_open_case_knows_its_pending_complaints(self, store: Store) -> None:
        posts = [post(2), post(1, platform="rss", author=None, url="https://rss.example/1", followers=7)]
        _, numbers = self.filed(store, posts)
        with store.begin() as transaction:
            (found,) = transaction.open_causes()
            complaints = transaction.complaints(numbers)
        assert {(item.mention, item.platform) for item in found.pending} == {
            (numbers[0], "mastodon"),
            (numbers[1], "rss"),
        }
        first, second = complaints[numbers[1]], complaints[numbers[0]]
        assert (first.id, first.platform, first.author, first.followers) == ("1", "rss", None, 7)
        assert (first.url, second.url) == ("https://rss.example/1", None)
        assert (first.score, first.matched) == (0.9375, ("acme", "größe"))

    def test_an_open_case_counts_its_posts_authors_and_wordings(self, store: Store) -> None:
        posts = [
            post(1, author="sam", text="Where is it?"),
            post(2, author="sam", text="Still nothing!"),
            post(3, author="kim", text="WHERE is it??"),
            post(4, author="sam", text="Where is it?", platform="rss"),
            post(5, author=None, text="Where is it?"),
            post(6, author=None, text="Where is it?"),
        ]
        self.filed(store, posts)
        with store.begin() as transaction:
            (found,) = transaction.open_causes()
        assert (found.posts, found.authors, found.wordings) == (6, 5, 2)

    def test_settled_complaints_are_counted_but_not_pending(self, store: Store) -> None:
        _, (first, second) = self.filed(store, [post(1), post(2)])
        with store.begin() as transaction:
            transaction.settle([first])
        with store.begin() as transaction:
            (found,) = transaction.open_causes()
            assert [complaint.mention for complaint in found.pending] == [second]
            assert (found.posts, found.authors) == (2, 2)
            transaction.settle(iter([second]))
            assert transaction.open_causes() == []

    def test_nothing_is_settled_before_it_is_filed(self, store: Store) -> None:
        (number,) = self.complaints(store, [post(1)])
        with store.begin() as transaction:
            transaction.settle([number])
            assert [complaint.mention for complaint in transaction.unfiled(1)] == [number]

    def test_more_complaints_than_a_statement_can_name_are_looked_up_and_settled(self, store: Store) -> None:
        cause, (number,) = self.filed(store, [post(1)])
        self.tell(store, cause, [number])
        many = range(number, number + 70_000)
        with store.begin() as transaction:
            assert transaction.told_mentions(many) == {(number, "slack")}
            transaction.settle(many)
            assert transaction.open_causes() == []

    def test_open_cases_come_in_the_order_they_were_opened(self, store: Store) -> None:
        numbers = self.complaints(store, [post(1), post(2)])
        with store.begin() as transaction:
            causes = [transaction.open_cause(brand, "delivery", "by-topic", 1, NOW) for brand in ("Bolt", "Acme")]
            pairs = zip(reversed(causes), numbers, strict=True)
            transaction.file((number, cause.id, a_case(transaction, cause)) for cause, number in pairs)
            assert [found.cause.brand for found in transaction.open_causes()] == ["Bolt", "Acme"]

    # What was told

    def test_nothing_was_told_at_first(self, store: Store) -> None:
        cause, numbers = self.filed(store, [post(1)])
        with store.begin() as transaction:
            assert transaction.told([cause.id]) == {}
            assert transaction.told_mentions(numbers) == set()

    def test_what_was_told_is_known_for_each_target(self, store: Store) -> None:
        cause, (first, second) = self.filed(store, [post(1), post(2)])
        self.tell(store, cause, [first])
        later = NOW + HOUR
        self.tell(store, cause, [second], message=message("second", "first"), reason=Reason.MORE, voices=2, at=later)
        self.tell(store, cause, [second], message=message("third"), target="mail", reason=Reason.UNUSUAL)
        with store.begin() as transaction:
            told = transaction.told([cause.id])
            assert told == {
                (cause.id, "slack"): Told(messages=2, last_at=later, voices=1, said_unusual=False, thread="first"),
                (cause.id, "mail"): Told(messages=1, last_at=NOW, voices=1, said_unusual=True, thread="third"),
            }
            found = transaction.told_mentions([first, second])
        assert found == {(first, "slack"), (second, "slack"), (second, "mail")}

    def test_follow_ups_go_under_the_latest_message_that_stands_by_itself(self, store: Store) -> None:
        cause, (first, second, third) = self.filed(store, [post(1), post(2), post(3)])
        self.tell(store, cause, [first])
        self.tell(store, cause, [second], message=message("second"), reason=Reason.GROWING)
        self.tell(store, cause, [third], message=message("third", "second"), reason=Reason.MORE)
        with store.begin() as transaction:
            assert transaction.told([cause.id])[cause.id, "slack"].thread == "second"

    def test_alerts_decided_together_tell_their_own_complaints(self, store: Store) -> None:
        cause, numbers = self.filed(store, [post(n) for n in range(20)])
        alerts = [
            Alert(
                target="slack",
                reason=Reason.MORE,
                message=message(str(n)),
                cause=cause.id,
                mentions=(number,),
                voices=n,
            )
            for n, number in enumerate(numbers)
        ]
        with store.begin() as transaction:
            transaction.enqueue_alerts(alerts, NOW)
            transaction.enqueue_alerts([], NOW)
            assert transaction.told_mentions(numbers[:3]) == {(number, "slack") for number in numbers[:3]}
        assert self.keys(self.claim(store)) == [str(n) for n in range(20)]

    def test_a_complaint_is_told_to_a_target_once(self, store: Store) -> None:
        cause, (first, second) = self.filed(store, [post(1), post(2)])
        self.tell(store, cause, [first])
        with pytest.raises(Exception, match=r"(?i)unique"):
            self.tell(store, cause, [second, first], message=message("again"))
        assert self.keys(self.claim(store)) == ["first"]
        self.tell(store, cause, [first], target="mail")
        with store.begin() as transaction:
            assert transaction.told_mentions([first, second]) == {(first, "slack"), (first, "mail")}

    def test_without_a_day_of_history_nothing_is_usual(self, store: Store) -> None:
        acme = ("Acme", "delivery")
        with store.begin() as transaction:
            assert transaction.usual([acme], 1, NOW) == {}
        now = NOW + DAY
        self.filed(store, [post(1), post(2, posted_at=now - SECOND)])
        with store.begin() as transaction:
            assert transaction.usual([acme], 1, now) == {acme: Usual(now=1, per_hour=0.0)}

    def test_usual_compares_the_people_of_the_last_hour_with_the_posts_per_hour_before(self, store: Store) -> None:
        now = NOW + 2 * DAY
        before = [post(n, posted_at=now - HOUR - timedelta(hours=4 * n)) for n in range(1, 11)]
        recent = [post(100 + n, posted_at=now - timedelta(minutes=n), author=f"author{n // 2}") for n in range(1, 5)]
        unknown = [post(200 + n, posted_at=now - timedelta(minutes=n), author=None) for n in range(1, 3)]
        old = [post(300, posted_at=now - timedelta(days=8))]
        self.filed(store, [*old, *before, *recent, *unknown])
        acme = ("Acme", "delivery")
        with store.begin() as transaction:
            found = transaction.usual([acme, ("Bolt", "delivery"), ("Acme", "price")], 5, now)
            assert transaction.usual([acme], 6, now) == {}
        assert found.keys() == {acme}
        assert found[acme].now == 5
        assert found[acme].per_hour == pytest.approx(10 / 40)

    def test_lately_counts_a_day_and_compares_it_with_the_week_before(self, store: Store) -> None:
        now = NOW + 9 * DAY
        before = [post(n, posted_at=now - DAY * 3 - timedelta(hours=n)) for n in range(1, 5)]
        recent = [post(100 + n, posted_at=now - timedelta(hours=n), author=f"author{n // 2}") for n in range(1, 5)]
        old = [post(300, posted_at=now - timedelta(days=8, minutes=1))]
        self.filed(store, [*old, *before, *recent, post(400, posted_at=now - HOUR, author=None)])
        acme = ("Acme", "delivery")
        with store.begin() as transaction:
            found = transaction.lately([acme, ("Bolt", "delivery")], now)
            assert transaction.lately([], now) == {}
        assert found.keys() == {acme}
        assert (found[acme].day, found[acme].authors) == (5, 4)
        assert found[acme].per_day == pytest.approx(4 / (2 + 4 / 24))

    def test_lately_without_a_day_before_the_last_one_knows_no_usual(self, store: Store) -> None:
        self.filed(store, [post(1), post(2, posted_at=NOW - HOUR)])
        acme = ("Acme", "delivery")
        with store.begin() as transaction:
            found = transaction.lately([acme], NOW + HOUR)
        assert found == {acme: Lately(day=2, authors=2, per_day=None)}

    # The outbox

    def test_a_message_is_put_into_the_outbox_once_for_each_target(self, store: Store) -> None:
        assert self.enqueue(store, message("a"), message("a"), message("b")) == [True, False, True]
        assert self.enqueue(store, message("a")) == [False]
        assert self.enqueue(store, message("a"), target="mail") == [True]
        assert self.keys(self.claim(store)) == ["a", "b"]
        assert self.keys(self.claim(store, target="mail")) == ["a"]

    def test_a_message_comes_out_as_it_was_put_in(self, store: Store) -> None:
        said = Message(
            key="grüße/😡",
            title="Größer: 3 people · naïve",
            quotes=(Quote(text="“so what?” 😡 שלום", where="rss", url="https://x.example/ä"), Quote(text="", where="")),
            facts=(("Altogether", "3 posts"),),
            why=("first", "matched"),
            more=7,
            tone=Tone.GROWING,
        )
        self.enqueue(store, said)
        (delivery,) = self.claim(store)
        assert delivery.message == said
        assert (delivery.target, delivery.attempts, delivery.is_doubtful) == ("slack", 1, False)
        assert (delivery.started_at, delivery.thread) == (NOW, None)

    def test_messages_are_claimed_in_order_up_to_a_limit_and_once(self, store: Store) -> None:
        self.enqueue(store, *(message(key) for key in "cab"))
        assert self.keys(self.claim(store, limit=2)) == ["c", "a"]
        assert self.keys(self.claim(store)) == ["b"]
        assert self.claim(store) == []

    def test_a_message_is_not_claimed_before_it_is_due(self, store: Store) -> None:
        self.enqueue(store, message("a"), at=NOW + SECOND)
        assert self.claim(store) == []
        assert self.keys(self.claim(store, NOW + SECOND)) == ["a"]

    def test_two_claimers_at_once_never_get_the_same_message(self, store: Store) -> None:
        self.enqueue(store, *(message(f"{number:03}") for number in range(60)))
        claimed: list[str] = []

        def work() -> None:
            while found := self.claim(store, limit=3):
                claimed.extend(self.keys(found))

        _at_once([work] * 4)
        assert sorted(claimed) == [f"{number:03}" for number in range(60)]

    def test_a_sent_message_is_done(self, store: Store) -> None:
        self.enqueue(store, message("a"))
        (delivery,) = self.claim(store)
        store.sent(delivery, Receipt(reference="C1:17.5"), NOW)
        assert self.claim(store, NOW + DAY) == []

    def test_a_message_under_way_for_too_long_is_due_as_doubtful(self, store: Store) -> None:
        self.enqueue(store, message("a"))
        self.claim(store)
        assert self.claim(store, NOW + DOUBT - SECOND) == []
        (again,) = self.claim(store, NOW + DOUBT)
        assert (again.is_doubtful, again.attempts, again.started_at) == (True, 2, NOW)
        assert self.claim(store, NOW + DOUBT) == []

    def test_an_overtaken_worker_changes_nothing(self, store: Store) -> None:
        self.enqueue(store, message("a"))
        (old,) = self.claim(store)
        (new,) = self.claim(store, NOW + DOUBT)
        store.sent(old, Receipt(reference="old"), NOW + DOUBT)
        store.postpone(old, "old", NOW, doubtful=False)
        store.bury(old, "old", NOW)
        assert store.last_sent("slack") is None
        (newest,) = self.claim(store, NOW + 2 * DOUBT)
        assert (newest.id, newest.is_doubtful, newest.attempts) == (new.id, True, 3)
        store.sent(new, Receipt(), NOW)
        assert store.last_sent("slack") is None
        store.sent(newest, Receipt(), NOW + 2 * DOUBT)
        assert store.last_sent("slack") == NOW + 2 * DOUBT

    def test_what_was_sent_cannot_be_postponed_or_buried(self, store: Store) -> None:
        self.enqueue(store, message("a"))
        (delivery,) = self.claim(store)
        store.sent(delivery, Receipt(), NOW)
        store.postpone(delivery, "late", NOW, doubtful=True)
        store.bury(delivery, "late", NOW)
        assert self.claim(store, NOW + DAY) == []
        assert store.last_sent("slack") == NOW

    @pytest.mark.parametrize("doubtful", [True, False])
    def test_a_postponed_message_is_due_again_later(self, store: Store, doubtful: bool) -> None:
        self.enqueue(store, message("a"), message("b"))
        (first,) = self.claim(store, limit=1)
        store.postpone(first, "busy", NOW + HOUR, doubtful=doubtful)
        assert self.keys(self.claim(store)) == ["b"]
        again = next(d for d in self.claim(store, NOW + HOUR) if d.message.key == "a")
        assert (again.is_doubtful, again.attempts, again.started_at) == (doubtful, 2, NOW)

    def test_doubt_stays_until_it_is_resolved(self, store: Store) -> None:
        self.enqueue(store, message("a"))
        self.claim(store)
        (doubtful,) = self.claim(store, NOW + DOUBT)
        store.postpone(doubtful, "cannot look now", NOW + HOUR, doubtful=False)
        (again,) = self.claim(store, NOW + HOUR)
        assert again.is_doubtful

    def test_only_doubtful_attempts_count_as_doubts(self, store: Store) -> None:
        self.enqueue(store, message("a"))
        found = []
        for doubtful in (False, True, False, True):
            (delivery,) = self.claim(store)
            found.append((delivery.doubts, delivery.is_doubtful))
            store.postpone(delivery, "later", NOW, doubtful=doubtful)
        assert found == [(0, False), (0, False), (1, True), (1, True)]
        assert self.claim(store)[0].doubts == 2

    def test_a_buried_message_is_left_alone(self, store: Store) -> None:
        self.enqueue(store, message("a"), message("b"))
        (delivery,) = self.claim(store, limit=1)
        store.bury(delivery, "never", NOW)
        assert self.keys(self.claim(store, NOW + DAY)) == ["b"]
        assert self.enqueue(store, message("a")) == [False]

    def test_a_follow_up_waits_for_the_message_above_and_gets_its_receipt(self, store: Store) -> None:
        self.enqueue(store, message("above"), message("below", "above"))
        (above,) = self.claim(store)
        assert above.message.key == "above"
        assert self.claim(store) == []
        store.postpone(above, "busy", NOW + SECOND, doubtful=False)
        assert self.keys(self.claim(store)) == []
        (above,) = self.claim(store, NOW + SECOND)
        store.sent(above, Receipt(reference="C1:17.5"), NOW)
        (below,) = self.claim(store)
        assert (below.message.key, below.thread) == ("below", Receipt(reference="C1:17.5"))

    def test_a_follow_up_waits_only_for_its_own_target(self, store: Store) -> None:
        self.enqueue(store, message("above"), target="mail")
        self.enqueue(store, message("below", "above"))
        (below,) = self.claim(store)
        assert below.thread is None

    def test_a_follow_up_goes_out_alone_when_the_message_above_is_buried(self, store: Store) -> None:
        self.enqueue(store, message("above"), message("below", "above"))
        (above,) = self.claim(store)
        store.bury(above, "never", NOW)
        (below,) = self.claim(store)
        assert (below.message.key, below.thread) == ("below", None)

    def test_the_time_of_the_last_message_is_known_for_each_target(self, store: Store) -> None:
        assert store.last_sent("slack") is None
        self.enqueue(store, message("a"), message("b"))
        for delivery, at in zip(self.claim(store), (NOW, NOW + SECOND), strict=True):
            store.sent(delivery, Receipt(), at)
        assert store.last_sent("slack") == NOW + SECOND
        assert store.last_sent("mail") is None

    def test_the_last_message_is_the_last_one_sent_and_not_the_last_one_written(self, store: Store) -> None:
        self.enqueue(store, message("a"), message("b"))
        first, second = self.claim(store)
        store.sent(second, Receipt(), NOW)
        store.sent(first, Receipt(), NOW + HOUR)
        assert store.last_sent("slack") == NOW + HOUR

    # Leases, silences, health, corrections

    def test_a_lease_has_one_holder_who_can_renew_it(self, store: Store) -> None:
        assert store.lease("worker", "one", NOW, HOUR)
        assert not store.lease("worker", "two", NOW + HOUR - SECOND, HOUR)
        assert store.lease("worker", "one", NOW + HOUR - SECOND, HOUR)
        assert not store.lease("worker", "two", NOW + HOUR, HOUR)
        assert store.lease("another", "two", NOW, HOUR)

    def test_an_expired_lease_is_free(self, store: Store) -> None:
        store.lease("worker", "one", NOW, HOUR)
        assert store.lease("worker", "two", NOW + HOUR, HOUR)
        assert not store.lease("worker", "one", NOW + HOUR, HOUR)

    def test_a_lease_is_released_by_its_holder_only(self, store: Store) -> None:
        store.lease("worker", "one", NOW, HOUR)
        store.release("worker", "two")
        assert not store.lease("worker", "two", NOW, HOUR)
        store.release("worker", "one")
        assert store.lease("worker", "two", NOW, HOUR)

    def test_of_many_at_once_one_gets_the_lease(self, store: Store) -> None:
        got: list[str] = []

        def take(name: str) -> None:
            if store.lease("worker", name, NOW, HOUR):
                got.append(name)

        _at_once([lambda name=name: take(name) for name in "abcd"])  # type: ignore[misc]
        assert len(got) == 1

    def test_a_silence_is_known_until_it_expires(self, store: Store) -> None:
        matching = Matching(brands=("Acme", "Bølt"), topics=("delivery",))
        number = store.add_silence(matching, NOW + HOUR, "ann", "known outage", NOW)
        second = store.add_silence(Matching(), NOW + DAY, "bob", "holiday 🎄", NOW)
        first, other = store.silences(NOW)
        assert (first.id, first.matching, first.until) == (number, matching, NOW + HOUR)
        assert (first.by, first.why, other.why) == ("ann", "known outage", "holiday 🎄")
        assert [silence.id for silence in store.silences(NOW + HOUR)] == [second]

    def test_health_comes_back_as_it_was_and_changes(self, store: Store) -> None:
        assert store.health("source/a") == Health(name="source/a")
        full = Health(
            name="source/a",
            last_ok=NOW,
            last_item=NOW - SECOND,
            troubled_since=NOW + SECOND,
            streak=3,
            problem="the platform ‘sleeps’",
            is_permanent=True,
            resting_until=NOW + HOUR,
        )
        for health in (full, Health(name="target/b"), Health(name="source/a", last_ok=NOW), full):
            with store.begin() as transaction:
                transaction.set_health(health)
            assert store.health(health.name) == health
        assert store.all_health() == [full, Health(name="target/b")]

    def test_what_was_told_about_health_is_changed_only_by_who_tells(self, store: Store) -> None:
        before = Health(name="source/a", troubled_since=NOW, streak=1)
        with store.begin() as transaction:
            assert not transaction.set_told("source/a", NOW), "there is nothing to tell about"
            transaction.set_health(replace(before, told_at=NOW))
        assert store.health("source/a") == before
        with store.begin() as transaction:
            assert transaction.set_told("source/a", NOW)
            assert not transaction.set_told("source/a", NOW + HOUR)
            transaction.set_health(replace(before, streak=2))
        assert store.health("source/a") == replace(before, streak=2, told_at=NOW)
        with store.begin() as transaction:
            assert transaction.set_told("source/a", None)
            assert not transaction.set_told("source/a", None)
        assert store.health("source/a").told_at is None

    def test_waking_ends_the_rests_that_only_a_person_can_end(self, store: Store) -> None:
        lasting = Health(name="target/a", troubled_since=NOW, streak=3, is_permanent=True, resting_until=NOW + HOUR)
        others = [replace(lasting, name="target/b"), replace(lasting, name="target/c", is_permanent=False)]
        with store.begin() as transaction:
            for health in (lasting, *others):
                transaction.set_health(health)
        store.wake(["target/a", "target/c", "target/unknown"])
        assert store.all_health() == [replace(lasting, resting_until=None), *others]
        store.wake([])

    def test_a_correction_is_kept_and_changes_no_verdict(self, store: Store) -> None:
        (number,) = self.complaints(store, [post(1)])
        store.correct(number, Label.OTHER, "ann", "irony", NOW)
        store.correct(number, Label.COMPLAINT, "bob", "no irony", NOW)
        with store.begin() as transaction:
            assert [complaint.mention for complaint in transaction.unfiled(1)] == [number]

    def test_a_correction_needs_a_mention(self, store: Store) -> None:
        with pytest.raises(Exception, match=r"(?i)foreign key"):
            store.correct(4_711, Label.OTHER, "ann", "irony", NOW)

    # Times

    @pytest.mark.parametrize("hours", [0, 5.75, -11])
    def test_a_moment_of_any_zone_comes_back_in_utc_to_the_microsecond(self, store: Store, hours: float) -> None:
        at = datetime(2026, 3, 29, 2, 30, 0, 1, tzinfo=timezone(timedelta(hours=hours)))
        self.complaints(store, [post(1, posted_at=at)])
        with store.begin() as transaction:
            (complaint,) = transaction.unfiled(1)
        assert complaint.posted_at == at
        assert complaint.posted_at.utcoffset() == timedelta(0)

    def test_a_time_without_a_zone_is_refused(self, store: Store) -> None:
        naive = NOW.replace(tzinfo=None)
        with pytest.raises(Exception, match="naive"), store.begin() as transaction:
            transaction.set_cursor("source", "1", naive)
        with pytest.raises(Exception, match="naive"):
            self.claim(store, naive)
        assert store.cursor("source") is None

    # Several at once

    def test_what_is_not_committed_is_seen_by_nobody_else(self, store: Store) -> None:
        with store.begin() as transaction:
            transaction.add_mentions("source", [(post(1), about())], NOW)
            assert store.unjudged(10) == []
        assert len(store.unjudged(10)) == 1

    def test_two_that_read_one_source_store_each_post_once(self, store: Store) -> None:
        counts: list[int] = []

        def read() -> None:
            for start in range(0, 100, 10):
                counts.append(self.add(store, *(post(n) for n in range(start, start + 10))))  # noqa: PERF401

        _at_once([read] * 3)
        assert sum(counts) == 100
        assert len(store.unjudged(1_000)) == 100


def _at_once(steps: Sequence[Callable[[], None]]) -> None:
    """Run all in threads that start together; the first error of any is raised."""
    barrier = threading.Barrier(len(steps))
    errors: list[BaseException] = []

    def run(step: Callable[[], None]) -> None:
        barrier.wait()
        try:
            step()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
