"""Reads customer reviews of apps in Google Play, as its own pages do; needs no key, and may break without notice."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from monitor.core.errors import PartlyRead, RateLimited, SourceError, Unreadable
from monitor.core.mention import Kind, Mention, Page
from monitor.http import check, client, fetch
from monitor.pace import pace
from monitor.ports import Round
from monitor.reading import Listed, Readings

OVERLAP = timedelta(days=1)
"""Reviews are held back, and appear with the time at which they were written."""

SETTLES = timedelta(hours=1)
"""How late most appear; only what is missed of so much is a gap, not all of the stretch that is read again."""

PAGE, MOST_PAGES = 100, 20
_NEWEST, _METHOD = 2, "oCPfdb"
_GUARD = b")]}'"


class Options(BaseModel):
    """``apps``: ids such as ``com.example.shop``. ``countries`` and ``languages``: two letters each, in all pairs.

    ``brand``: whose apps they are; it is taken for granted, a review need not mention it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    apps: tuple[str, ...] = Field(min_length=1)
    countries: tuple[str, ...] = Field(default=("us",), min_length=1)
    languages: tuple[str, ...] = Field(default=("en",), min_length=1)
    brand: str | None = None
    contact: str | None = Field(default=None, pattern=r"^[\x21-\x7e]{3,200}$")
    timeout: float = Field(default=10, gt=0, le=60)
    requests_per_minute: int = Field(default=10, ge=1, le=60)
    base_url: str = Field(default="https://play.google.com", pattern=r"^https?://")


def create(options: Options) -> "Play":
    """The collector; nothing is asked for yet."""
    return Play(options)


class Play:
    """Each app is read in each country and language from its newest review down to where the last round began."""

    platform = "play"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._turn = pace(options.base_url, options.requests_per_minute)

    def pages(self, asked: Round) -> Iterator[Page]:
        """Every app; what cannot be read is reported after the others have been read."""
        options = self._options
        wanted = [
            (f"{app} {country} {language}", app, country, language)
            for app in options.apps
            for country in options.countries
            for language in options.languages
        ]
        readings = Readings(asked.cursor, (name for name, *_ in wanted))
        problems: list[SourceError] = []
        for name, app, country, language in wanted:
            try:
                page = partial(self._listed, app, country, language, asked.now)
                yield from readings.down(name, page, asked, overlap=OVERLAP, most_pages=MOST_PAGES, settles=SETTLES)
            except RateLimited:
                raise
            except SourceError as error:
                problems.append(error)
        if problems:
            raise problems[0] if len(problems) == len(wanted) else PartlyRead(str(problems[0]))

    def _listed(self, app: str, country: str, language: str, now: datetime, below: str | None) -> Listed:
        self._turn()
        with client(self._options.contact, timeout=self._options.timeout) as http:
            answer = fetch(
                http,
                f"{self._options.base_url}/_/PlayStoreUi/data/batchexecute",
                params={"hl": language, "gl": country},
                form={"f.req": _question(app, below)},
            )
        check(answer.status, answer.headers, "Google Play", now)
        items, following = _answer(answer.body)
        skipped: Counter[str] = Counter()
        found: list[Mention] = []
        for item in items:
            mention = _mention(item, app, language, self._options.brand)
            if isinstance(mention, str):
                skipped[mention] += 1
            else:
                found.append(mention)
        times = [mention.posted_at for mention in found]
        return Listed(mentions=found, times=times, below=following, skipped=tuple(skipped.items()))


def _question(app: str, below: str | None) -> str:
    """The question that the page of an app asks for its newest reviews."""
    page = [PAGE] if below is None else [PAGE, None, below]
    inner = [None, [2, _NEWEST, page, None, [None] * 9], [app, 7]]
    return json.dumps([[[_METHOD, json.dumps(inner), None, "generic"]]])


def _answer(body: bytes) -> tuple[list[Any], str | None]:
    """The reviews in an answer, which is guarded against being run as a script, and the token of the page below."""
    if b"PlayGatewayError" in body:
        raise RateLimited("Google Play asks us to wait (PlayGatewayError)")
    try:
        if not body.startswith(_GUARD):
            raise ValueError("no guard")
        # The lists are preceded by their lengths on lines of their own in some answers.
        text = body[len(_GUARD) :].decode().lstrip()
        start = text.index("[")
        envelope = json.JSONDecoder().raw_decode(text[start:])[0]
        inner, code = envelope[0][2], _at(envelope, 0, 5, 0)
        found = json.loads(inner) if inner is not None else []
    except (ValueError, IndexError, TypeError, KeyError, RecursionError):
        raise Unreadable("Google Play answered something that is no list of reviews; it may have changed") from None
    if isinstance(code, int):
        # Peace looks the same, but for this number.
        raise Unreadable(f"Google Play refuses to answer (code {code}); is there an app of this id?")
    if not isinstance(found, list):
        raise Unreadable("Google Play answered something that is no list of reviews; it may have changed")
    if not found or not isinstance(found[0], list):
        return [], None
    token = _at(found, -2, -1)
    return found[0], token if isinstance(token, str) and token else None


def _mention(item: Any, app: str, language: str, brand: str | None) -> Mention | str:
    name, at, text, rating = _at(item, 0), _at(item, 5, 0), _at(item, 4), _at(item, 2)
    if not isinstance(name, str) or not name or not isinstance(at, int) or not 0 < at < 2**33:
        return "no id, or no time"
    if not isinstance(text, str) or not text.strip():
        return "no text"
    author = _at(item, 1, 0)
    written = datetime.fromtimestamp(at, UTC)
    return Mention(
        platform=Play.platform,
        id=name,
        text=text,
        posted_at=written,
        edited_at=written,
        url=f"https://play.google.com/store/apps/details?id={app}&reviewId={name}",
        author=author if isinstance(author, str) and author else None,
        language=language,
        rating=rating if isinstance(rating, int) and rating in range(1, 6) else None,
        kind=Kind.REVIEW,
        brand=brand,
    )


def _at(value: Any, *path: int) -> Any:
    """What stands at a place of nested lists, or ``None``."""
    for index in path:
        if not isinstance(value, list) or not -len(value) <= index < len(value):
            return None
        value = value[index]
    return value
