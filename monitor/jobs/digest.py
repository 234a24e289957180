"""Digest: one object with everything that a span has to say, and one edition for each local date, whatever happens."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cache, partial

from monitor.core.calibration import Share
from monitor.core.days import Window, instant, latest_due, window
from monitor.core.digest import (
    EVIDENCE,
    MOST_GENTLE,
    MOST_PRAISE,
    NO_TALK,
    WEEKS,
    Bar,
    Basics,
    Cell,
    Count,
    Digest,
    Honesty,
    Outcomes,
    Problem,
    Question,
    Talk,
    Theme,
    Words,
    compared,
    foremost,
    journey,
    outcomes,
    trend,
)
from monitor.core.digest_message import write_digest
from monitor.core.journey import Pack
from monitor.core.level import Level
from monitor.core.mark import Mark
from monitor.core.recurring import ASKED, Faq
from monitor.core.story import story
from monitor.core.terms import apart
from monitor.core.theme import courses, plainest
from monitor.jobs.asked import asked_again
from monitor.jobs.rivals import Rivals, make_rivals
from monitor.jobs.week import make_week
from monitor.ports import Store
from monitor.ports.digests import InHand, Posts, Standings
from monitor.ports.themes import MeaningOf

LATE = timedelta(hours=1)
"""An edition that goes out later than this after its time says so."""

NOBODY = InHand(open=0, owner=None)
LATE_POSTS = timedelta(days=3)
MONTH = timedelta(days=30)
WEEK = timedelta(days=7)
READ, ASKED_LATELY, TERMS, QUOTABLE = 1_000, 500, 3, 20
CHARTED = {1: 14, 7: 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is known of a brand: its industry's words, questions that it has answered for everybody, and its rivals."""

    pack: Pack | None = None
    faq: Sequence[Faq] | None = None
    rivals: Rivals | None = None


NOTHING = About()

Understood = Callable[[], MeaningOf | None]
"""Gives what texts mean, when it is needed; ``None`` where no model can say, and then no questions are put together."""


def _nobody() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Who gets a digest about what, and when: at ``at`` by the clocks of ``zone``.

    It is about the day before; with ``weekday`` (0 is Monday) about the seven days before that day. ``about`` is what
    is known of brands; with ``silent_majority`` the weekly edition guesses how many customers say nothing.
    """

    name: str
    brands: tuple[str, ...]
    targets: tuple[str, ...]
    at: time
    zone: tzinfo
    weekday: int | None = None
    about: Mapping[str, About] = field(default_factory=dict)
    silent_majority: bool = False

    @property
    def days(self) -> int:
        """How many days an edition is about."""
        return 1 if self.weekday is None else 7


def send_digests(
    store: Store,
    subscriptions: Sequence[Subscription],
    now: datetime,
    threaded: Collection[str] = (),
    meaning: Understood = _nobody,
) -> int:
    """Put the editions that are due into the outbox, and return how many messages that were.

    After a stop of several days only the newest edition is sent, and says that it is late. A new subscription begins
    with the next date: nobody asked for the one whose time had passed before. ``threaded`` are the targets where the
    details can stand under the summary.
    """
    return sum(_send(store, one, threaded, now, meaning) for one in subscriptions)


def _send(
    store: Store, subscription: Subscription, threaded: Collection[str], now: datetime, meaning: Understood
) -> int:
    day = latest_due(subscription.at, subscription.zone, now, subscription.weekday)
    last = store.last_digest(subscription.name)
    if last is not None and last >= day:
        return 0
    is_late = now - instant(day, subscription.at, subscription.zone) > LATE
    span = window(day - timedelta(days=subscription.days), subscription.days, subscription.zone)
    # Before its first post a brand has nothing to say, not even that it was quiet.
    begun = {brand: store.since(brand) or span.start for brand in subscription.brands}
    brands = [brand for brand, since in begun.items() if last is not None and since < span.end]
    found = [replace(_edition(store, subscription, brand, day, now, meaning), is_late=is_late) for brand in brands]
    count = 0
    with store.begin() as transaction:
        if transaction.decide_digest(subscription.name, day, now, is_sent=bool(found)):
            for digest in found:
                key = f"digest/{subscription.name}/{digest.brand}/{day.isoformat()}"
                messages = write_digest(digest, key)
                for target in subscription.targets:
                    # Where nothing can stand under a message, the summary brings the whole digest with it.
                    told = messages if target in threaded else messages[:1]
                    count += sum(transaction.enqueue(target, message, now) for message in told)
    return count


def _edition(
    store: Store, subscription: Subscription, brand: str, day: date, now: datetime, meaning: Understood
) -> Digest:
    first = day - timedelta(days=subscription.days)
    about = subscription.about.get(brand, NOTHING)
    return make_digest(
        store,
        brand,
        first,
        subscription.days,
        subscription.zone,
        now,
        about,
        meaning,
        is_silent_asked=subscription.silent_majority,
    )


def make_digest(
    store: Store,
    brand: str,
    first: date,
    days: int,
    zone: tzinfo,
    now: datetime,
    about: About = NOTHING,
    meaning: Understood = _nobody,
    *,
    is_silent_asked: bool = False,
) -> Digest:
    """The digest of so many local days, as far as it is known at ``now``."""
    look = _Look(store, brand, first, days, zone)
    posts = store.posts_of(brand, look.span)
    standings = store.standings(brand)
    basics = _basics(look, standings, now)
    problems, of_first = look.problems()
    cells = look.journey(about.pack) if about.pack else ()
    return Digest(
        brand=brand,
        first_day=first,
        days=days,
        zone=str(zone),
        window=look.span,
        made_at=now,
        is_late=False,
        posts=posts.posts,
        overruled=store.overruled_of(brand, look.span),
        basics=basics,
        story=story(basics, problems, of_first, f"{first:%A} {first.day} {first:%B}", is_week=days > 1),
        surges=tuple(
            one
            for one in store.surges(look.span.start)
            if one.brand == brand and one.touches(look.span) and one.mark is not Mark.FALSE
        ),
        problems=tuple(problems),
        causes=tuple(look.causes()),
        questions=look.questions(about.faq, meaning),
        gentle=tuple(store.complaints_of(brand, look.span, None, Level.GENTLE, MOST_GENTLE)),
        praised=sum(cell.praise for cell in cells) if about.pack else store.praised(brand, look.span),
        journey=cells,
        praise=tuple(store.praise_of(brand, look.span, MOST_PRAISE)),
        outcomes=_outcomes(store, brand, look.span, standings),
        honesty=_honesty(look, posts, now),
        chart=look.chart(),
        last_post=posts.last,
        spoke=store.spoke(brand, look.span) if about.rivals else 0,
        rivals=tuple(make_rivals(store, brand, look.span, about.rivals)) if about.rivals else (),
        week=make_week(store, brand, first, zone, is_silent_asked=is_silent_asked) if days == 7 else None,
    )


class _Look:
    """A span and those it is compared with, as counts; what is asked for again is counted once."""

    def __init__(self, store: Store, brand: str, first: date, days: int, zone: tzinfo) -> None:
        self.store, self.brand, self.first, self.days, self.zone = store, brand, first, days, zone
        self.talk, self.topics, self.opened = (
            cache(partial(store.talk, brand)),
            cache(partial(store.topics, brand)),
            cache(partial(store.opened, brand)),
        )
        self.span = self.shifted(0)
        self.since, self.in_hand = store.since(brand), store.in_hand(brand)
        shifts = [days, *(7 * week for week in range(1, WEEKS + 1))]
        self._others = [self._known(shift) for shift in shifts]

    def shifted(self, days: int) -> Window:
        """The same span so many days earlier."""
        return window(self.first - timedelta(days=days), self.days, self.zone)

    def people(self) -> Count:
        return compared([talk.people if talk else None for talk in self._talks()])

    def complaints(self) -> Count:
        return compared([talk.complaints if talk else None for talk in self._talks()])

    def new_cases(self) -> Count:
        spans = [self.span, *self._others]
        return compared([self.opened(span).cases if span else None for span in spans])

    def problems(self) -> tuple[list[Problem], Sequence[Words]]:
        """The topics that move most people, each with a quote, and evidence for the first; without words none is."""
        now, *others = [self.topics(span) if span else None for span in (self.span, *self._others)]
        week = window(self.first - timedelta(days=7), 7, self.zone)
        lately = self.topics(week) if self._is_known(week) else None
        orders = self.orders()
        topics = foremost(now or {})
        quotes, terms = self.store.quotes_of(self.brand, self.span, topics, EVIDENCE), self._terms(topics)
        found = []
        for topic, said in quotes.items():
            if said:
                talks = [of.get(topic, NO_TALK) if of is not None else None for of in (now, *others)]
                found.append(self._problem(topic, said[0], terms[topic], talks, lately, orders))
        return found, quotes[found[0].topic] if found else ()

    def _problem(
        self,
        topic: str,
        quote: Words,
        terms: Sequence[str],
        talks: Sequence[Talk | None],
        lately: dict[str, Talk] | None,
        orders: int | None,
    ) -> Problem:
        people = compared([talk.people if talk else None for talk in talks])
        complaints = compared([talk.complaints if talk else None for talk in talks])
        hand = self.in_hand.get(topic, NOBODY)
        return Problem(
            topic=topic,
            complaints=complaints,
            people=people,
            trend=trend(people, None if lately is None else lately.get(topic, NO_TALK).people),
            quote=quote,
            owner=hand.owner,
            open=hand.open,
            rate=1_000 * complaints.now / orders if orders else None,
            terms=tuple(terms),
        )

    def causes(self) -> Iterator[Theme]:
        """What many people say in their own words, under an identity that stays from day to day."""
        week = Window(start=self.span.start - WEEK, end=self.span.start)
        lately = self.store.said(self.brand, week) if self._is_known(week) else None
        for course in courses(self.store.said(self.brand, self.span), lately, self.span):
            said = course.said
            spoken = self.span if said.talk.complaints else week
            best = self.store.said_best(self.brand, said.theme, spoken, QUOTABLE)
            if best:
                yield Theme(
                    number=said.theme,
                    name=said.name,
                    complaints=said.talk.complaints,
                    people=said.talk.people,
                    lately=course.lately,
                    trend=course.trend,
                    since=said.since,
                    topic=self.store.topic_of_theme(self.brand, said.theme, spoken),
                    quote=plainest(best, said.name),
                )

    def journey(self, pack: Pack) -> tuple[Cell, ...]:
        """Complaints and praise by stage and touchpoint."""
        complaints = self.store.texts_of(self.brand, self.span)
        return journey(pack, complaints, self.store.praises_of(self.brand, self.span))

    def questions(self, faq: Sequence[Faq] | None, meaning: Understood) -> tuple[Question, ...]:
        """What was asked again and again in the week that ends with the span."""
        week = Window(start=self.span.end - WEEK, end=self.span.end)
        asked = self.store.questions_of(self.brand, week, ASKED_LATELY)
        understood = meaning() if len(asked) >= ASKED else None
        return asked_again(asked, faq, self.brand.split(), understood) if understood else ()

    def _terms(self, topics: Sequence[str]) -> dict[str, list[str]]:
        """What is said of topics now and was not said in the week before."""
        before = Window(start=self.span.start - WEEK, end=self.span.start)
        if not self._is_known(before):
            return {topic: [] for topic in topics}
        here, there = (self.store.openers_of(self.brand, span, topics, READ) for span in (self.span, before))
        return {topic: apart(here[topic], there[topic], self.brand.split(), TERMS) for topic in topics}

    def orders(self) -> int | None:
        return self.store.orders_of(self.brand, self.first, self.first + timedelta(days=self.days - 1))

    def chart(self) -> tuple[Bar, ...]:
        """The complaints of this span and those before it, oldest first, as far back as anything was kept."""
        bars = []
        for step in reversed(range(CHARTED[self.days])):
            span = self.shifted(step * self.days)
            if step == 0 or self._is_known(span):
                day = self.first - timedelta(days=step * self.days)
                bars.append(Bar(label=f"{day:%a} {day.day} {day:%b}", value=self.talk(span).complaints))
        return tuple(bars)

    def _talks(self) -> list[Talk | None]:
        return [self.talk(span) if span else None for span in (self.span, *self._others)]

    def _known(self, shift: int) -> Window | None:
        span = self.shifted(shift)
        return span if self._is_known(span) else None

    def _is_known(self, span: Window) -> bool:
        return self.since is not None and self.since <= span.start


def _basics(look: _Look, standings: Standings, now: datetime) -> Basics:
    opened = look.opened(look.span)
    due, done = look.store.reminders(look.brand, look.span)
    return Basics(
        complaints=look.complaints(),
        people=look.people(),
        new_cases=look.new_cases(),
        answered=opened.answered,
        unanswered=opened.cases - opened.answered,
        open_unanswered=standings.unanswered,
        oldest_wait=now - standings.opened_at if standings.opened_at else None,
        oldest=standings.oldest,
        reminders=due,
        reminders_done=done,
    )


def _outcomes(store: Store, brand: str, span: Window, standings: Standings) -> Outcomes:
    month = Window(start=span.end - MONTH, end=span.end)
    return outcomes(store.ended(brand, span), standings.open, store.opened(brand, month))


def _honesty(look: _Look, posts: Posts, now: datetime) -> Honesty:
    store, brand, span = look.store, look.brand, look.span
    alerted, overruled = store.alerted(brand, Window(start=span.end - MONTH, end=span.end))
    low, high = Share(overruled, alerted).interval
    return Honesty(
        blind=tuple(store.blind(span, now)),
        late=store.late_posts(brand, span, span.start - LATE_POSTS),
        unjudged=posts.unjudged,
        not_judgeable=posts.not_judgeable,
        deleted=posts.deleted,
        not_told=store.not_told(brand, span),
        unmeasured=tuple(store.unmeasured(brand, span)),
        alerted=alerted,
        overruled=overruled,
        overruled_low=low,
        overruled_high=high,
        orders=look.orders(),
    )
