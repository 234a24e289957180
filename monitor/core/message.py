"""A message for people, written once and independent of the channel that carries it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any

DELETED = "(deleted by its author)"
DETAILS = "/details"
REPORTS = ("digest/", "drift/", "band/")


class Tone(StrEnum):
    """What a channel may show as colour or icon; never the only carrier of meaning."""

    ALERT = "alert"
    GENTLE = "gentle"
    GROWING = "growing"
    QUIET = "quiet"
    HEALTH = "health"
    GOOD = "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A customer's own words with their source; ``where`` says platform, author and time.

    ``post`` is the key of the post, by which the words are found again when the customer changes or deletes them. In a
    message about several cases ``case`` is the number of the one that these words are about, ``about`` says how it
    stands, and ``offers`` are the steps that a channel with buttons offers for it.
    """

    text: str
    where: str
    url: str | None = None
    post: str | None = None
    case: int | None = None
    about: str = ""
    offers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Counts side by side, as (label, value) pairs. The message says everything without it, too."""

    title: str
    series: str
    bars: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """Something to ask about one of several things, as (words, value) pairs; only channels with buttons show it."""

    name: str
    label: str
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is said. ``key`` makes a repeat recognisable; ``thread`` is the key of the message this one belongs under.

    ``facts`` are (name, value) pairs, ``links`` (name, address) pairs, ``why`` are the reasons for speaking, ``more``
    counts what is not quoted. Texts are plain: a notifier escapes them for its channel. ``edits`` says that this one
    takes the place of the message named by ``thread`` instead of going under it. ``case`` is the number of the case
    that the message is about, ``incident`` that of its cause, ``surge`` that of a surge, and ``offers`` are the steps
    that a channel with buttons offers for it; ``menus`` are what it offers to ask. ``pings`` are ids of people who are
    to be called, or ``here``; only our own configuration and people's own clicks put something there. ``to`` is the id
    of the one person whom the message is for: in private where the channel can do that, else called under ``thread``.
    ``surfaces``: it stands under ``thread`` and is shown in the channel as well, because it cannot wait to be found.
    ``digest`` is the whole digest (docs/digest.md) that the message sums up, for targets that show more of it.
    """

    key: str
    title: str
    quotes: tuple[Quote, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    why: tuple[str, ...] = ()
    more: int = 0
    tone: Tone = Tone.ALERT
    thread: str | None = None
    edits: bool = False
    case: int | None = None
    incident: int | None = None
    links: tuple[tuple[str, str], ...] = ()
    offers: tuple[str, ...] = ()
    pings: tuple[str, ...] = ()
    to: str | None = None
    chart: Chart | None = None
    digest: dict[str, Any] | None = None
    surge: int | None = None
    menus: tuple[Menu, ...] = ()
    surfaces: bool = False

    def to_json(self) -> dict[str, Any]:
        """A plain mapping that :meth:`from_json` turns back into the same message."""
        return {
            "key": self.key,
            "title": self.title,
            "quotes": [_as_json(quote) for quote in self.quotes],
            "facts": self.facts,
            "why": self.why,
            "more": self.more,
            "tone": self.tone,
            "thread": self.thread,
            "edits": self.edits,
            "case": self.case,
            "offers": self.offers,
            "pings": self.pings,
            **({"incident": self.incident} if self.incident is not None else {}),
            **({"to": self.to} if self.to is not None else {}),
            **({"links": self.links} if self.links else {}),
            **({"chart": asdict(self.chart)} if self.chart else {}),
            **({"digest": self.digest} if self.digest else {}),
            **({"surge": self.surge} if self.surge is not None else {}),
            **({"menus": [asdict(menu) for menu in self.menus]} if self.menus else {}),
            **({"surfaces": True} if self.surfaces else {}),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Message":
        return cls(
            key=data["key"],
            title=data["title"],
            quotes=tuple(Quote(**quote | {"offers": tuple(quote.get("offers", ()))}) for quote in data["quotes"]),
            facts=tuple((name, value) for name, value in data["facts"]),
            why=tuple(data["why"]),
            more=data["more"],
            tone=Tone(data["tone"]),
            thread=data["thread"],
            edits=data.get("edits", False),
            case=data.get("case"),
            incident=data.get("incident"),
            to=data.get("to"),
            links=tuple((name, url) for name, url in data.get("links", ())),
            offers=tuple(data.get("offers", ())),
            pings=tuple(data.get("pings", ())),
            chart=_chart(data.get("chart")),
            digest=data.get("digest"),
            surge=data.get("surge"),
            menus=tuple(_menu(menu) for menu in data.get("menus", ())),
            surfaces=data.get("surfaces", False),
        )


class Urgency(IntEnum):
    """What goes first when a target has more to take than it can: by level, and reports last."""

    ACT_NOW = 1
    SOON = 2
    USUAL = 3
    GENTLE = 4
    REPORT = 5


def urgency_of(message: Message) -> Urgency:
    """That of a message that is no alert: a digest waits for everything else, and nothing else waits for it."""
    if message.key.startswith(REPORTS):
        return Urgency.REPORT
    return Urgency.GENTLE if message.key.endswith(DETAILS) else Urgency.SOON


def quoted_in(message: Message) -> set[str]:
    """The keys of the posts whose words stand in a message, its digest included."""
    found = {quote.post for quote in message.quotes if quote.post}
    return found | {part["post"] for part in _words_in(message.digest)}


def digest_rewritten(digest: Any, texts: Mapping[str, str | None]) -> Any:
    """A digest with other words for posts, by key; those without any lose their author and address, too."""
    if isinstance(digest, list):
        return [digest_rewritten(part, texts) for part in digest]
    if not isinstance(digest, dict):
        return digest
    if digest.get("post") in texts:
        text = texts[digest["post"]]
        return digest | ({"text": DELETED, "author": None, "url": None} if text is None else {"text": text})
    return {name: digest_rewritten(part, texts) for name, part in digest.items()}


def _words_in(part: Any) -> Iterator[dict[str, Any]]:
    """Every quotation in a digest."""
    if isinstance(part, dict) and isinstance(part.get("post"), str):
        yield part
    elif isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _words_in(inner)


def _as_json(quote: Quote) -> dict[str, Any]:
    own = {"text": quote.text, "where": quote.where, "url": quote.url, "post": quote.post}
    return own if quote.case is None else asdict(quote)


def _chart(data: dict[str, Any] | None) -> Chart | None:
    if data is None:
        return None
    bars = tuple((label, value) for label, value in data["bars"])
    return Chart(title=data["title"], series=data["series"], bars=bars)


def _menu(data: dict[str, Any]) -> Menu:
    choices = tuple((words, value) for words, value in data["choices"])
    return Menu(name=data["name"], label=data["label"], choices=choices)


def plain_text(message: Message) -> str:
    """The message as plain lines: for terminals, notifications and screen readers."""
    lines = [message.title]
    for quote in message.quotes:
        lines += [quote.about] if quote.about else []
        lines.append(f"“{quote.text}”")
        lines.append(f"  {quote.where}" + (f"  {quote.url}" if quote.url else ""))
    if message.more:
        lines.append(f"  and {message.more} more")
    lines += [f"{name}: {value}" for name, value in message.facts]
    lines += [f"{name}: {url}" for name, url in message.links]
    if message.why:
        lines.append("Why: " + "; ".join(message.why))
    return "\n".join(lines)


def duration(span: timedelta) -> str:
    """A span in at most two units, as people say it: ``3 min``, ``1 h 12 min``, ``2 d 4 h``."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 1:
        return "under a minute"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def moment(at: datetime) -> str:
    """A moment for people, in UTC and saying so."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def with_moments(text: str) -> Iterator[tuple[str, datetime | None]]:
    """A text in pieces: with each one that :func:`moment` wrote the moment, with the others nothing."""
    end = 0
    for found in _MOMENT.finditer(text):
        try:
            at = datetime.strptime(found[0], "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC)
        except ValueError:
            continue
        if found.start() > end:
            yield text[end : found.start()], None
        yield found[0], at
        end = found.end()
    if end < len(text):
        yield text[end:], None


_MOMENT = re.compile(r"(?<![\w-])[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} UTC(?!\w)")
