"""YouTube's Data API: questions with a key that is in no address, what its refusals mean, and comments as mentions."""

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from monitor.core.budget import Budget, Period
from monitor.core.errors import AuthFailed, OutOfBudget, RateLimited, SourceError, Unreadable
from monitor.core.mention import Kind, Mention, utc
from monitor.http import Answer, check, client, fetch, host, parsed, retry_after
from monitor.markup import plain
from monitor.pace import Pace
from monitor.ports import Looked

PLATFORM = "youtube"
PACIFIC = ZoneInfo("America/Los_Angeles")
UNITS, SEARCHES = "units", "searches"
"""Two purses: a search is paid from its own, everything else from the other."""

DAY = Budget(unit=UNITS, limit=10_000, period=Period.DAY, page=1, zone=PACIFIC)
"""YouTube's day, at whose end everything may be used again."""

Ask = Callable[..., Mapping[str, Any]]
"""A question, with its parameters by name."""

_HEADER = "X-Goog-Api-Key"
_KEY = "the API key (option key)"
_CONSOLE = "at console.cloud.google.com, where YouTube Data API v3 must be enabled and the key allowed to use it"
_USED_UP = {"quotaExceeded", "dailyLimitExceeded"}
_TOO_FAST = {"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"}
_BAD_KEY = {"keyInvalid", "keyExpired", "API_KEY_INVALID", "API_KEY_EXPIRED"}
_BAD_TOKEN = {"invalidPageToken"}
_NOT_THERE = {
    "commentsDisabled": "comments are switched off",
    "videoNotFound": "the video is gone",
    "channelNotFound": "the channel is gone",
    "commentThreadNotFound": "the comment is gone",
    "commentNotFound": "the comment is gone",
    "parentCommentNotFound": "the comment is gone",
}
_VIDEO = re.compile(r"[\w-]{11}", re.ASCII)
_COMMENT = re.compile(r"[\w.-]{12,100}", re.ASCII)


class NotThereError(Unreadable):
    """What was asked for has no comments, or is gone; the message says which."""


class BadTokenError(Unreadable):
    """YouTube does not know the page that was asked for, such as one named long ago."""


class ForbiddenError(AuthFailed):
    """Either this one thing is private, or the key is good for nothing."""


class Api:
    """Asks questions, one at a time, when it is our turn, and while there is something to pay with."""

    def __init__(
        self, http: httpx.Client, base: str, turn: Pace, now: datetime, affords: Callable[[str], bool] | None = None
    ) -> None:
        self._http = http
        self._base = base
        self._turn = turn
        self._now = now
        self._affords = affords

    def ask(self, what: str, **params: str | int | None) -> Mapping[str, Any]:
        """The answer to a question, which has items; parameters that are ``None`` are left out."""
        unit = SEARCHES if what == "search" else UNITS
        if self._affords is not None and not self._affords(unit):
            raise OutOfBudget(f"the day's {unit} are used up", unit=unit)
        self._turn()
        given = {name: value for name, value in params.items() if value is not None}
        answer = fetch(self._http, f"{self._base}/youtube/v3/{what}", params=given)
        if answer.status >= 400:
            raise _refusal(answer, self._now, unit)
        found = parsed(answer)
        if not isinstance(found, dict) or not isinstance(found.get("items", []), list):
            raise Unreadable("YouTube answered something that holds no items")
        if "items" not in found and "kind" not in found:
            raise Unreadable("YouTube answered something that it does not document")
        return found


def connect(key: str, base: str, contact: str | None, timeout: float) -> httpx.Client:
    """A client that sends the key to YouTube's host only."""
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise AuthFailed(f"{_KEY} has characters that no key has; copy it again")
    http = client(contact, timeout=timeout)
    http.auth = _KeyHeader(key, host(base))
    return http


class _KeyHeader(httpx.Auth):
    """An address may end up in logs and a redirect may lead anywhere, so the key is in a header and stays here."""

    def __init__(self, key: str, where: str) -> None:
        self._key = key
        self._where = where

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers.pop(_HEADER, None)
        if request.url.host == self._where:
            request.headers[_HEADER] = self._key
        yield request


def _refusal(answer: Answer, now: datetime, unit: str) -> SourceError:
    said = set(_reasons(answer))
    if said & _USED_UP:
        message = "YouTube says that the day's quota is used up; it goes on at midnight Pacific time"
        return OutOfBudget(message, until=DAY.end(now), unit=unit)
    if said & _TOO_FAST:
        return RateLimited("YouTube asks us to wait", wait=retry_after(answer.headers, now))
    for reason in said & _NOT_THERE.keys():
        return NotThereError(_NOT_THERE[reason])
    if said & _BAD_TOKEN:
        return BadTokenError("YouTube no longer knows where its listing was left")
    if said & _BAD_KEY:
        return AuthFailed(f"YouTube refuses {_KEY}: make a new one {_CONSOLE}")
    if said == {"forbidden"}:
        return ForbiddenError(f"YouTube refuses {_KEY}: check it {_CONSOLE}")
    if answer.status in (401, 403):
        why = f" ({', '.join(sorted(said)[:3])})" if said else ""
        return AuthFailed(f"YouTube refuses {_KEY}{why}: check it {_CONSOLE}")
    try:
        check(answer.status, answer.headers, "YouTube", now)
    except SourceError as error:
        return error
    return Unreadable(f"YouTube answered HTTP {answer.status}")


def _reasons(answer: Answer) -> Iterator[str]:
    """The reasons in a refusal, in either of Google's two styles; a rate by day is a used-up quota."""
    try:
        error = part(parsed(answer), "error")
    except Unreadable:
        return
    for style in ("errors", "details"):
        listed = part(error, style)
        for one in listed if isinstance(listed, list) else ():
            reason = part(one, "reason")
            if isinstance(reason, str) and re.fullmatch(r"[A-Za-z_]{1,60}", reason):
                is_daily = "PerDay" in words(one, "metadata", "quota_limit")
                yield "quotaExceeded" if is_daily else reason


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment with the replies that came along; ``total`` is how many there are."""

    id: str
    top: Any
    replies: tuple[Any, ...]
    total: int


def threads(answer: Mapping[str, Any]) -> Iterator[Thread | None]:
    """The threads of an answer; ``None`` for what is none."""
    for item in answer.get("items", []):
        top = part(item, "snippet", "topLevelComment")
        name = words(top, "id") or words(item, "id")
        total, replies = part(item, "snippet", "totalReplyCount"), part(item, "replies", "comments")
        if not name or not isinstance(top, dict):
            yield None
            continue
        known = tuple(replies) if isinstance(replies, list) else ()
        yield Thread(name, {**top, "id": name}, known, total if isinstance(total, int) else len(known))


def comment(item: Any, *, video: str = "", answers: Any = None, channel: str | None = None) -> Mention | str:
    """A comment as a mention, or why it cannot be one. ``answers`` is the comment above it, if there is one."""
    name, posted_at = words(item, "id"), moment(item, "publishedAt")
    if not name or posted_at is None:
        return "no id, or no time"
    text = words(item, "snippet", "textDisplay") or words(item, "snippet", "textOriginal")
    if not text.strip():
        return "no text"
    updated_at = moment(item, "updatedAt")
    parent = words(item, "snippet", "parentId") or words(answers, "id")
    return Mention(
        platform=PLATFORM,
        id=name,
        text=text,
        posted_at=posted_at,
        url=_address(words(item, "snippet", "videoId") or video, name),
        author=words(item, "snippet", "authorDisplayName").strip().removeprefix("@") or None,
        edited_at=updated_at if updated_at and updated_at > posted_at else None,
        reply_to=parent or None,
        context=words(answers, "snippet", "textDisplay") or None,
        kind=Kind.REPLY if parent else Kind.POST,
        own=channel is not None and words(item, "snippet", "authorChannelId", "value") == channel,
    )


def video(item: Any, channel: str | None = None) -> Mention | str:
    """A video as a mention: its title and what its maker says about it; a search gives only a part of that."""
    name, posted_at = _video_id(item), moment(item, "publishedAt")
    if not _VIDEO.fullmatch(name) or posted_at is None:
        return "no id, or no time"
    # Titles in answers to searches hold HTML's entities.
    title, about = plain(words(item, "snippet", "title")), plain(words(item, "snippet", "description"))
    if not title and not about:
        return "no text"
    return Mention(
        platform=PLATFORM,
        id=name,
        text=f"{title}\n{about}".strip(),
        posted_at=posted_at,
        url=f"https://www.youtube.com/watch?v={name}",
        author=words(item, "snippet", "channelTitle") or None,
        own=channel is not None and words(item, "snippet", "channelId") == channel,
    )


def name_of(item: Any) -> str:
    """By what an item is recognised: its id and, if it was edited, when."""
    updated = words(item, "snippet", "updatedAt")
    is_edited = updated and updated != words(item, "snippet", "publishedAt")
    name = _video_id(item)
    return f"{name} {updated}" if name and is_edited else name


def _video_id(item: Any) -> str:
    """The id of a video, in the shape of a search or of a list."""
    return words(item, "id", "videoId") or words(item, "id")


def look_up(ask: Ask, ids: Sequence[str], channel: str | None) -> Looked:
    """What became of comments and videos, at most fifty."""
    videos = [name for name in ids if _VIDEO.fullmatch(name)]
    comments = [name for name in ids if name not in videos]
    looks = [_looked(ask, comments, channel)] if comments else []
    if videos:
        answer = ask("videos", part="snippet", id=",".join(videos), maxResults=50)
        looks.append(_sorted(answer, videos, partial(video, channel=channel)))
    return _joined(looks)


def prove_key(ask: Ask) -> None:
    """Something private and a bad key are refused in the same words; this is refused, and raises, only for the key."""
    ask("i18nLanguages", part="id")


def _looked(ask: Ask, ids: Sequence[str], channel: str | None) -> Looked:
    """What became of comments. If the answer is that some cannot be seen, not which, each half is asked for."""
    try:
        answer = ask("comments", part="snippet", textFormat="plainText", id=",".join(ids))
        return _sorted(answer, ids, partial(comment, channel=channel))
    except ForbiddenError:
        prove_key(ask)
    except NotThereError:
        pass
    if len(ids) == 1:
        return Looked(gone=tuple(ids), spent=(("units", 1),))
    half = len(ids) // 2
    return _joined([_looked(ask, ids[:half], channel), _looked(ask, ids[half:], channel)], cost=1)


def _sorted(answer: Mapping[str, Any], ids: Sequence[str], read: Callable[..., Mention | str]) -> Looked:
    items = answer.get("items", [])
    there = {words(item, "id") for item in items}
    found = [mention for item in items if isinstance(mention := read(item), Mention)]
    gone = [name for name in ids if name not in there]
    return Looked(found=tuple(found), gone=tuple(gone), spent=(("units", 1),))


def _joined(looks: Sequence[Looked], cost: float = 0) -> Looked:
    spent = cost + sum(amount for looked in looks for _, amount in looked.spent)
    return Looked(
        found=tuple(found for looked in looks for found in looked.found),
        gone=tuple(name for looked in looks for name in looked.gone),
        spent=(("units", spent),),
    )


def moment(item: Any, name: str) -> datetime | None:
    """A moment of an item, or ``None``."""
    try:
        return utc(datetime.fromisoformat(words(item, "snippet", name)))
    except (ValueError, OverflowError):
        return None


def part(holder: Any, *names: str) -> Any:
    """What lies at a path of names; ``None`` where there is nothing."""
    for name in names:
        holder = holder.get(name) if isinstance(holder, dict) else None
    return holder


def words(holder: Any, *names: str) -> str:
    """The text that lies at a path of names; empty where there is none."""
    found = part(holder, *names)
    return found if isinstance(found, str) else ""


def _address(video: str, name: str) -> str | None:
    is_usual = _VIDEO.fullmatch(video) and _COMMENT.fullmatch(name)
    return f"https://www.youtube.com/watch?v={video}&lc={name}" if is_usual else None
