"""Reads customer reviews of apps in Apple's App Store, country by country; needs no key."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from monitor.core.errors import PartlyRead, RateLimited, SourceError, Unreadable
from monitor.core.mention import Kind, Mention, Page, utc
from monitor.http import ask, client
from monitor.pace import pace
from monitor.ports import Round
from monitor.reading import Listed, Readings

OVERLAP = timedelta(days=1)
"""Reviews are held back, and appear with the time at which they were written."""

SETTLES = timedelta(hours=1)
"""How late most appear; only what is missed of so much is a gap, not all of the stretch that is read again."""

PAGES, PAGE = 10, 50
"""What Apple gives out for a country: the newest 500."""

_STARS = ("1", "2", "3", "4", "5")


class Options(BaseModel):
    """``apps``: the numbers in the apps' addresses. ``countries``: two letters each. ``brand``: whose apps they are.

    A brand named here is taken for granted: a review need not mention it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    apps: tuple[int, ...] = Field(min_length=1)
    countries: tuple[str, ...] = Field(default=("us",), min_length=1)
    brand: str | None = None
    contact: str | None = Field(default=None, pattern=r"^[\x21-\x7e]{3,200}$")
    timeout: float = Field(default=10, gt=0, le=60)
    requests_per_minute: int = Field(default=20, ge=1, le=60)
    base_url: str = Field(default="https://itunes.apple.com", pattern=r"^https?://")


def create(options: Options) -> "AppStore":
    """The collector; nothing is asked for yet."""
    return AppStore(options)


class AppStore:
    """Each app in each country is read from its newest review down to where the last round began."""

    platform = "appstore"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._turn = pace(options.base_url, options.requests_per_minute)

    def pages(self, asked: Round) -> Iterator[Page]:
        """Every app in every country; one that cannot be read is reported after the others have been read."""
        apps, countries = self._options.apps, self._options.countries
        wanted = [(f"{app} {country}", app, country) for app in apps for country in countries]
        readings = Readings(asked.cursor, (name for name, *_ in wanted))
        problems: list[SourceError] = []
        for name, app, country in wanted:
            try:
                page = partial(self._listed, app, country.lower(), asked.now)
                yield from readings.down(
                    name, page, asked, overlap=OVERLAP, most_pages=PAGES, holds=PAGES * PAGE, settles=SETTLES
                )
            except RateLimited:
                raise
            except SourceError as error:
                problems.append(error)
        if problems:
            raise problems[0] if len(problems) == len(wanted) else PartlyRead(str(problems[0]))

    def _listed(self, app: int, country: str, now: datetime, below: str | None) -> Listed:
        number = int(below or 1)
        path = f"/{country}/rss/customerreviews/page={number}/id={app}/sortby=mostrecent/json"
        with client(self._options.contact, timeout=self._options.timeout) as http:
            answer = ask(http, f"{self._options.base_url}{path}", turn=self._turn, now=now)
        feed = answer.get("feed") if isinstance(answer, dict) else None
        if not isinstance(feed, dict):
            raise Unreadable("the App Store answered something that is no feed")
        # Several are a list, a single one is itself, and none is nothing.
        entries = feed.get("entry", [])
        entries = entries if isinstance(entries, list) else [entries]
        skipped: Counter[str] = Counter()
        found: list[Mention] = []
        for entry in entries:
            mention = _mention(entry, app, country, self._options.brand)
            if isinstance(mention, str):
                skipped[mention] += 1
            else:
                found.append(mention)
        following = str(number + 1) if entries and number < PAGES else None
        times = [mention.posted_at for mention in found]
        return Listed(mentions=found, times=times, below=following, skipped=tuple(skipped.items()))


def _mention(entry: Any, app: int, country: str, brand: str | None) -> Mention | str:
    name, rating = _label(entry, "id"), _label(entry, "im:rating")
    if name is None or rating is None:
        return "not a review"
    try:
        updated = utc(datetime.fromisoformat(_label(entry, "updated") or ""))
    except (ValueError, OverflowError):
        return "no time, or an impossible one"
    text = "\n".join(part for part in (_label(entry, "title"), _label(entry, "content")) if part)
    if not text:
        return "no text"
    author = entry.get("author") if isinstance(entry, dict) else None
    return Mention(
        platform=AppStore.platform,
        id=name,
        text=text,
        posted_at=updated,
        edited_at=updated,
        url=f"https://apps.apple.com/{country}/app/id{app}?see-all=reviews",
        author=_label(author, "name"),
        rating=int(rating) if rating in _STARS else None,
        kind=Kind.REVIEW,
        brand=brand,
    )


def _label(holder: Any, name: str) -> str | None:
    value = holder.get(name) if isinstance(holder, dict) else None
    label = value.get("label") if isinstance(value, dict) else None
    return label if isinstance(label, str) and label.strip() else None
