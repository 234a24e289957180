"""What every store must do with posts that change and sources that fail, as tests: subclass :class:`PostsContract`."""

from datetime import timedelta

import pytest

from monitor.core.alerting import Reason
from monitor.core.mention import Gap, Post
from monitor.core.message import Message, Quote
from monitor.core.silence import Pulse
from monitor.core.verdict import Label
from monitor.ports import Alert, Draft, Store
from monitor.testing.store_contract import DAY, HOUR, NOW, about, post, verdict

LATER = NOW + DAY


class PostsContract:
    """Give ``store`` as a fixture: empty, with all tables."""

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError

    def add(self, store: Store, *names: int, **changes: object) -> int:
        with store.begin() as transaction:
            return transaction.add_mentions("source", [(post(name, **changes), about()) for name in names], NOW)

    def told(self, store: Store, name: int, *, is_sent: bool = True) -> Message:
        """A post that was judged, filed and quoted in a message."""
        self.add(store, name)
        (waiting,) = store.unjudged(10)
        said = Message(key=f"cause/{name}", title="Complaint", quotes=(Quote(text="Where?", where="mastodon · @a"),))
        with store.begin() as transaction:
            transaction.add_verdicts([(waiting.mention, verdict())])
            cause = transaction.open_cause("Acme", "delivery", "by-topic", 1, NOW)
            (case,) = transaction.open_cases([Draft(cause.id, "Acme", "delivery", NOW, 3)])
            transaction.file([(waiting.mention, cause.id, case.id)])
            alert = Alert(
                target="slack",
                reason=Reason.FIRST,
                message=said,
                cause=cause.id,
                mentions=(waiting.mention,),
                voices=1,
            )
            transaction.enqueue_alerts([alert], NOW)
        if is_sent:
            store.claim_deliveries("slack", NOW, HOUR, 1)
        return said

    def test_a_forgotten_post_is_gone_and_does_not_come_back(self, store: Store) -> None:
        self.add(store, 1, 2)
        with store.begin() as transaction:
            assert transaction.forget("mastodon", ["1", "unknown"], NOW) == []
        assert [waiting.text for waiting in store.unjudged(10)] == [post(2).text]
        assert self.add(store, 1, 2) == 0
        with store.begin() as transaction:
            assert transaction.add_mentions("source", [(post(1), about("Other"))], NOW) == 0

    def test_another_platforms_post_of_that_id_stays(self, store: Store) -> None:
        self.add(store, 1)
        with store.begin() as transaction:
            transaction.forget("bluesky", ["1"], NOW)
        assert len(store.unjudged(10)) == 1

    def test_a_whole_account_is_forgotten(self, store: Store) -> None:
        for name in ("at://ann/1", "at://ann/2", "at://anna/3", "at://an%/4"):
            self.add(store, 1, id=name)
        with store.begin() as transaction:
            transaction.forget("mastodon", ["at://ann/", "at://an%/"], NOW)
        assert len(store.unjudged(10)) == 1

    @pytest.mark.parametrize("is_sent", [True, False])
    def test_who_is_forgotten_is_named_with_the_messages_that_quote_them(self, store: Store, is_sent: bool) -> None:
        said = self.told(store, 1, is_sent=is_sent)
        with store.begin() as transaction:
            (found,) = transaction.forget("mastodon", ["1"], NOW)
            transaction.revise(found.id, Message(key=said.key, title="Other words"))
        assert (found.target, found.message, found.is_out) == ("slack", said, is_sent)
        assert found.posts == (Post("mastodon", "1", None, None),)
        (delivery,) = store.claim_deliveries("slack", LATER, HOUR, 1)
        assert delivery.message.title == "Other words"

    def test_edited_words_are_kept_and_judged_again(self, store: Store) -> None:
        self.add(store, 1)
        (waiting,) = store.unjudged(10)
        with store.begin() as transaction:
            transaction.add_verdicts([(waiting.mention, verdict(Label.OTHER))])
            edited = post(1, text="Acme, where is it now?", edited_at=LATER)
            for _ in range(2):
                assert transaction.amend([edited], LATER) == []
            older = post(1, text="older words", edited_at=NOW)
            transaction.amend([older, post(1, text="no edit")], LATER)
        assert [again.text for again in store.unjudged(10)] == ["Acme, where is it now?"]
        with store.begin() as transaction:
            transaction.add_verdicts([(waiting.mention, verdict())])
            assert [complaint.mention for complaint in transaction.unfiled(10)] == [waiting.mention]

    def test_what_an_automated_account_wrote_is_followed_and_never_judged(self, store: Store) -> None:
        self.add(store, 1, by_bot=True)
        assert list(store.due_looks("mastodon", NOW, NOW, 10)) == ["1"]
        with store.begin() as transaction:
            assert transaction.amend([post(1, text="Acme, other words", edited_at=LATER)], LATER) == []
        assert store.unjudged(10) == []
        with store.begin() as transaction:
            assert transaction.forget("mastodon", ["1"], LATER) == []
        assert self.add(store, 1, by_bot=True) == 0
        assert store.unjudged(10) == []

    def test_a_told_complaint_that_is_edited_is_not_judged_again(self, store: Store) -> None:
        said = self.told(store, 1)
        with store.begin() as transaction:
            (found,) = transaction.amend([post(1, text="Still nothing", edited_at=LATER)], LATER)
        assert (found.message, found.posts[0].text) == (said, "Still nothing")
        assert store.unjudged(10) == []

    def test_counts_are_brought_up_to_date(self, store: Store) -> None:
        self.add(store, 1, reposts=5, followers=7)
        self.add(store, 1, reposts=3, followers=None)
        self.add(store, 1, reposts=9, followers=6)
        (waiting,) = store.unjudged(10)
        with store.begin() as transaction:
            transaction.add_verdicts([(waiting.mention, verdict())])
            assert transaction.complaints([waiting.mention])[waiting.mention].followers == 6

    def test_posts_are_due_to_be_looked_at_by_age(self, store: Store) -> None:
        self.add(store, 1, 2, 3)
        assert store.due_looks("mastodon", NOW - HOUR, NOW - HOUR, 10) == {}
        assert store.due_looks("bluesky", LATER, LATER, 10) == {}
        assert sorted(store.due_looks("mastodon", NOW, NOW, 10)) == ["1", "2", "3"]
        assert len(store.due_looks("mastodon", NOW, NOW, 2)) == 2
        with store.begin() as transaction:
            transaction.looked("mastodon", ["1", "2"], ["2"], LATER)
        assert list(store.due_looks("mastodon", NOW, NOW, 10)) == ["3"]
        assert list(store.due_looks("mastodon", NOW, LATER, 10)) == ["2", "3"]
        assert store.first_missed("mastodon", ["1", "2", "3"]) == {"2": LATER}

    def test_posts_are_looked_up_by_the_name_that_their_source_has_for_them(self, store: Store) -> None:
        self.add(store, 1, seen_as="https://m.example 17")
        self.add(store, 2)
        assert store.due_looks("mastodon", NOW, NOW, 10) == {"1": "https://m.example 17", "2": "2"}
        with store.begin() as transaction:
            transaction.forget("mastodon", ["1"], LATER)
        assert store.due_looks("mastodon", NOW, NOW, 10) == {"2": "2"}

    def test_what_is_there_again_was_never_missing(self, store: Store) -> None:
        self.add(store, 1)
        with store.begin() as transaction:
            transaction.looked("mastodon", ["1"], ["1"], NOW)
            transaction.looked("mastodon", ["1"], ["1"], LATER)
        assert store.first_missed("mastodon", ["1"]) == {"1": NOW}
        with store.begin() as transaction:
            transaction.looked("mastodon", ["1"], [], LATER)
        assert store.first_missed("mastodon", ["1"]) == {}

    def test_gaps_are_noted_once_and_closed_by_whoever_fills_them(self, store: Store) -> None:
        gap = Gap(NOW, NOW + HOUR, "too many posts")
        with store.begin() as transaction:
            for _ in range(2):
                transaction.add_gaps("news", [gap], NOW)
            transaction.add_gaps("other", [gap], NOW)
        assert [(found.source, found.gap) for found in store.open_gaps()] == [("news", gap), ("other", gap)]
        number = store.open_gaps()[0].id
        with store.begin() as transaction:
            assert transaction.close_gap(number, LATER)
        with store.begin() as transaction:
            assert not transaction.close_gap(number, LATER)
            transaction.set_gaps_told([found.id for found in store.open_gaps()], LATER)
        assert [(found.source, found.told_at) for found in store.open_gaps()] == [("other", LATER)]

    def test_gaps_that_touch_are_one(self, store: Store) -> None:
        with store.begin() as transaction:
            transaction.add_gaps("news", [Gap(NOW, NOW + HOUR, "a"), Gap(NOW + 2 * HOUR, NOW + 3 * HOUR, "a")], NOW)
            transaction.add_gaps("news", [Gap(NOW, NOW + 5 * HOUR, "b")], NOW)
        assert len(store.open_gaps()) == 3
        with store.begin() as transaction:
            transaction.add_gaps("news", [Gap(NOW + HOUR / 2, NOW + 2 * HOUR, "a")], NOW)
        spans = {(found.gap.why, found.gap.start, found.gap.end) for found in store.open_gaps()}
        assert spans == {("a", NOW, NOW + 3 * HOUR), ("b", NOW, NOW + 5 * HOUR)}

    def test_spending_is_summed_by_account_and_unit(self, store: Store) -> None:
        with store.begin() as transaction:
            transaction.spend("x/1", [("USD", 0.5), ("posts", 100)], NOW)
            transaction.spend("x/1", [("USD", 0.25)], NOW)
            transaction.spend("x/1", [("USD", 1.0)], NOW - 2 * HOUR)
            transaction.spend("x/2", [("USD", 8.0)], NOW)
        assert store.spent("x/1", "USD", NOW - timedelta(minutes=1)) == 0.75
        assert store.spent("x/1", "USD", NOW - DAY) == 1.75
        assert store.spent("x/3", "USD", NOW - DAY) == 0

    def test_pulses_are_summed_by_hour(self, store: Store) -> None:
        hour = NOW.replace(minute=0, second=0, microsecond=0)
        with store.begin() as transaction:
            transaction.add_pulse("news", 3, 1, NOW)
            transaction.add_pulse("news", 4, 0, NOW + timedelta(minutes=5))
            transaction.add_pulse("news", 0, 0, NOW + HOUR)
            transaction.add_pulse("other", 9, 9, NOW)
        assert store.pulses("news", NOW - DAY) == [Pulse(hour, 7, 1), Pulse(hour + HOUR, 0, 0)]
        assert store.pulses("news", NOW) == [Pulse(hour + HOUR, 0, 0)]
