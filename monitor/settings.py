"""What the configuration file may say: every setting with its type and default. Reading the file: monitor.config."""

import re
from datetime import date, time, timedelta
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from monitor.core.surge import Often
from monitor.industry import Industry
from monitor.secret import Secret

_SPAN = re.compile(r"(\d+)\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LONGEST = 36_500 * 86_400


def _span(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    match = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    seconds = int(match[1][:20]) * _SECONDS[match[2]] if match else None
    if seconds is None or seconds > _LONGEST:
        raise ValueError('a span of time is written like "30s", "5m", "24h" or "7d"')
    return timedelta(seconds=seconds)


def _clock(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        return time.fromisoformat(value)
    if isinstance(value, time):
        return value
    raise ValueError('a time of day is written like "22:00"')


def _zone(value: Any) -> Any:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise ValueError('a time zone is written like "Europe/Berlin" or "UTC"') from None


Span = Annotated[timedelta, BeforeValidator(_span)]
Clock = Annotated[time, BeforeValidator(_clock)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
Texts = tuple[str, ...]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Table(BaseModel):
    """A table of the file: unknown settings are refused, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class StoreSettings(Table):
    url: str = "sqlite:///umbrage.db"
    password: Secret | None = None


class Brand(Table):
    name: str = Field(min_length=1)
    terms: Texts = ()
    misspellings: Texts = ()
    handles: Texts = ()
    exclude: Texts = ()
    own_accounts: Texts = ()
    languages: Texts = ()
    ambiguous: Texts = ()
    context: Texts = ()
    against: Texts = ()
    least_context: int = Field(default=0, ge=-10, le=10)
    faq: str | None = None
    industry: Industry = "shop"
    rivals: Texts = ()

    @model_validator(mode="after")
    def _has_words(self) -> "Brand":
        if not (self.terms or self.handles):
            raise ValueError("needs at least one of terms or handles, or nothing can match")
        if any(not text.strip().strip("@") for text in (*self.terms, *self.misspellings, *self.handles, *self.exclude)):
            raise ValueError("an empty term would match everything; remove it")
        if unknown := set(self.ambiguous) - {*self.terms, *self.misspellings}:
            names = ", ".join(sorted(unknown))
            raise ValueError(f"ambiguous names {names}, which stands neither in terms nor in misspellings")
        return self


class Plugin(Table):
    """A plugin by name with its own options; which options there are is the plugin's business."""

    use: str
    options: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _gather_options(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        own = {name: value for name, value in data.items() if name in cls.model_fields and name != "options"}
        rest = {name: value for name, value in data.items() if name not in own}
        return {**own, "options": rest}


class SourceSettings(Plugin):
    every: Span = timedelta(minutes=5)
    look_back: Span = timedelta(hours=24)
    refresh: Span = timedelta(hours=12)

    @field_validator("refresh")
    @classmethod
    def _follows_deletions(cls, refresh: timedelta) -> timedelta:
        if refresh > timedelta(hours=24):
            raise ValueError("24h at most: what people delete has to be gone here within a day")
        return refresh


class TargetSettings(Plugin):
    doubt: Span = timedelta(seconds=60)
    patience: int = Field(default=50, ge=1)


class AimSettings(Table):
    precision: float | None = Field(default=None, gt=0, lt=1)
    recall: float | None = Field(default=None, gt=0, lt=1)
    digest_recall: float = Field(default=0.95, gt=0, lt=1)

    @model_validator(mode="after")
    def _one_of_them(self) -> "AimSettings":
        if (self.precision is None) == (self.recall is None):
            raise ValueError(
                "give either precision (so many alerts are right) or recall (so many complaints are found)"
            )
        return self


class ClassifierSettings(Plugin):
    use: str = "onnx"
    digest: float | None = Field(default=None, ge=0, le=1)
    alert: float | None = Field(default=None, ge=0, le=1)
    aim: AimSettings | None = None


class QuietSettings(Table):
    start: Clock
    end: Clock
    zone: Zone
    breaks_through: Texts = ()


Level = Annotated[int, Field(ge=1, le=5)]


class RouteSettings(Table):
    name: str
    targets: Texts = Field(min_length=1)
    brands: Texts = ()
    topics: Texts = ()
    platforms: Texts = ()
    sources: Texts = ()
    languages: Texts = ()
    levels: tuple[Level, ...] = ()
    quiet: QuietSettings | None = None
    stop: bool = True


class AlertSettings(Table):
    first_gap: Span = timedelta(minutes=10)
    longest_gap: Span = timedelta(hours=1)
    episode_quiet: Span = timedelta(hours=6)
    episode_longest: Span = timedelta(hours=24)
    singles: int = Field(default=3, ge=0)
    singles_within: Span = timedelta(minutes=15)
    per_hour: int = Field(default=12, ge=1)
    per_day: int = Field(default=40, ge=1)
    gentle_share: float = Field(default=0.2, ge=0, le=1)
    list_gap: Span = timedelta(minutes=30)


class TeamSettings(Table):
    zone: Zone = ZoneInfo("UTC")
    days: tuple[Day, ...] = get_args(Day)
    start: Clock = time(0)
    end: Clock = time(0)
    holidays: tuple[date, ...] = ()
    second: Texts = ()
    lead: Texts = ()


class PlaybookSettings(Table):
    """What the team has agreed on for cases that match; of several the first that fits."""

    topics: Texts = ()
    brands: Texts = ()
    levels: tuple[Level, ...] = ()
    link: str | None = None
    remedies: Texts = ()

    @model_validator(mode="after")
    def _says_something(self) -> "PlaybookSettings":
        if self.link is None and not self.remedies:
            raise ValueError("needs a link, or remedies")
        if self.link is not None and not re.match(r"https?://[^\s/@]+(/|$)", self.link):
            raise ValueError("link is written like https://wiki.acme.example/delivery")
        return self


class DigestSettings(Table):
    """Edition for a group of people: daily about yesterday, or weekly on ``day`` about the seven days before."""

    name: str = Field(min_length=1)
    targets: Texts = Field(min_length=1)
    brands: Texts = ()
    at: Clock = time(8)
    zone: Zone = ZoneInfo("UTC")
    day: Day | None = None
    silent_majority: bool = False


class SurgeSettings(Table):
    """Who hears of surges (without any: whoever hears of complaints), and how often a false one is put up with."""

    targets: Texts = ()
    false_ones: Often = Often.MONTHLY


class OrderSettings(Table):
    """An address that tells the orders of a brand by day; ``secret`` is sent in ``header``."""

    brand: str
    url: str = Field(pattern=r"^https?://[^\s/]+")
    header: str = Field(default="Authorization", pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    secret: Secret | None = None


class SlackSettings(Table):
    token: Secret
    app_token: Secret | None = None
    signing_secret: Secret | None = None
    listen: str = "127.0.0.1:3000"
    workspaces: Texts = ()
    channels: Texts = ()
    users: Texts = ()
    base_url: str = "https://slack.com/api/"

    @model_validator(mode="after")
    def _hears_one_way(self) -> "SlackSettings":
        if (self.app_token is None) == (self.signing_secret is None):
            raise ValueError("needs app_token (Socket Mode), or signing_secret (a public address leads to listen)")
        host, _, port = self.listen.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65_535:
            raise ValueError('listen is written like "127.0.0.1:3000"')
        return self


class HealthSettings(Table):
    targets: Texts = ()
    patience: Span = timedelta(minutes=30)


class Settings(Table):
    store: StoreSettings = StoreSettings()
    brands: tuple[Brand, ...] = ()
    sources: dict[str, SourceSettings] = {}
    classifier: ClassifierSettings = ClassifierSettings()
    targets: dict[str, TargetSettings] = {}
    routes: tuple[RouteSettings, ...] = ()
    alerts: AlertSettings = AlertSettings()
    team: TeamSettings = TeamSettings()
    playbooks: tuple[PlaybookSettings, ...] = ()
    surges: SurgeSettings = SurgeSettings()
    digests: tuple[DigestSettings, ...] = ()
    orders: tuple[OrderSettings, ...] = ()
    slack: SlackSettings | None = None
    health: HealthSettings = HealthSettings()
