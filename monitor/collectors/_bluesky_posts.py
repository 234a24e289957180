"""What Bluesky says about posts and people, turned into mentions; for the stream and the search alike."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from monitor.core.errors import Unreadable
from monitor.core.mention import Kind, Mention, utc
from monitor.http import ask
from monitor.pace import Pace
from monitor.parents import Parents
from monitor.ports import Looked

PLATFORM = "bluesky"
COLLECTION = "app.bsky.feed.post"
MOST_AT_ONCE = 25
"""Posts or profiles in one question."""

PUBLIC = "https://public.api.bsky.app"

NO_TEXT, HIDDEN = "no text", "not to be shown without a login"
_LONGEST_URI = 300
_URI = re.compile(rf"at://(did:[a-z]+:[\w.:%-]+)/{re.escape(COLLECTION)}/([\w.:~-]+)", re.ASCII)


def mention(
    uri: str, record: Any, known_at: datetime, author: Mapping[str, Any] | None = None, **counts: int | None
) -> Mention | str:
    """The mention of a post, or why there is none.

    ``createdAt`` is whatever the author's program says: a moment after ``known_at``, when the network knew the post, is
    replaced by that. ``author`` is a profile as far as it is known.
    """
    text = record.get("text") if isinstance(record, dict) else None
    address = _URI.fullmatch(uri) if len(uri) <= _LONGEST_URI else None
    if not isinstance(text, str) or address is None:
        return "not a post"
    if not text.strip():
        return NO_TEXT
    person = author or {}
    if hides(person):
        return HIDDEN
    did, key = address.groups()
    languages = record.get("langs")
    parent = _reply_to(record)
    return Mention(
        platform=PLATFORM,
        id=uri,
        text=text,
        posted_at=_dated(record, known_at),
        url=f"https://bsky.app/profile/{did}/post/{key}",
        author=_text(person.get("handle")) or did,
        language=_text(languages[0]) if isinstance(languages, list) and languages else None,
        followers=_count(person.get("followersCount")),
        reposts=_total(counts),
        author_since=moment(person.get("createdAt")),
        reply_to=parent,
        by_bot=by_bot(person),
        kind=Kind.REPLY if parent else Kind.POST,
    )


def view(post: Any) -> Mention | str:
    """The mention of a post as the AppView shows it."""
    if not isinstance(post, dict):
        return "not a post"
    author = post.get("author")
    indexed = moment(post.get("indexedAt"))
    if indexed is None:
        return "no time, or an impossible one"
    return mention(
        str(post.get("uri")),
        post.get("record"),
        indexed,
        author if isinstance(author, dict) else None,
        reposts=_count(post.get("repostCount")),
        quotes=_count(post.get("quoteCount")),
    )


def sorted_at(post: Any) -> datetime | None:
    """Where a post stands in a search by time, whether or not it can be read."""
    indexed = moment(post.get("indexedAt")) if isinstance(post, dict) else None
    return _dated(post.get("record"), indexed) if indexed else None


def look_up(http: httpx.Client, base: str, turn: Pace, uris: Sequence[str], now: datetime) -> Looked:
    """What became of posts, by an AppView that asks nobody who they are."""
    params = httpx.QueryParams([("uris", uri) for uri in uris])
    return looked(ask(http, f"{base}/xrpc/app.bsky.feed.getPosts?{params}", turn=turn, now=now), uris, now)


def looked(answer: Any, uris: Sequence[str], now: datetime) -> Looked:
    """What became of posts: the AppView leaves out those that are deleted, or whose author is gone.

    Gone is also a post whose words were taken out, or whose author now asks not to be shown. The AppView does not say
    when a post was edited: words that differ from those known were changed by ``now``.
    """
    posts = answer.get("posts") if isinstance(answer, dict) else None
    if not isinstance(posts, list):
        raise Unreadable("Bluesky answered without posts")
    seen = {str(post.get("uri")): view(post) for post in posts if isinstance(post, dict)}
    return Looked(
        found=tuple(replace(one, edited_at=now) for one in seen.values() if isinstance(one, Mention)),
        gone=tuple(uri for uri in uris if seen.get(uri, HIDDEN) in (HIDDEN, NO_TEXT)),
    )


def with_context(
    found: Sequence[Mention], parents: Parents, look_up: Callable[[Sequence[str], datetime], Looked]
) -> list[Mention]:
    """Posts with the words of those that they answer; only for what is about a brand these are asked for."""
    here = {one.id: one for one in found}
    answered = [one.reply_to for one in found if one.reply_to and parents.matcher.matches(one)]
    unknown = [uri for uri in dict.fromkeys(answered) if uri not in here and uri not in parents.known]

    def ask(uris: Sequence[str]) -> Mapping[str, Mention]:
        return {one.id: one for one in look_up(uris, parents.now).found}

    for start in range(0, len(unknown), MOST_AT_ONCE):
        parents.learn(unknown[start : start + MOST_AT_ONCE], ask)
    above = {uri: here.get(uri) or parents.known.get(uri) for uri in answered}
    return [replace(one, context=up.text) if (up := above.get(one.reply_to or "")) else one for one in found]


def profiles(http: httpx.Client, base: str, turn: Pace, dids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """What is known of people, by their permanent names."""
    found: dict[str, Mapping[str, Any]] = {}
    wanted = list(dict.fromkeys(dids))
    for start in range(0, len(wanted), MOST_AT_ONCE):
        params = httpx.QueryParams([("actors", did) for did in wanted[start : start + MOST_AT_ONCE]])
        answer = ask(http, f"{base}/xrpc/app.bsky.actor.getProfiles?{params}", turn=turn)
        some = answer.get("profiles") if isinstance(answer, dict) else None
        found |= {str(one.get("did")): one for one in some or () if isinstance(one, dict)}
    return found


def moment(value: Any) -> datetime | None:
    """A moment as Bluesky writes it, in UTC, between 1970 and 2200."""
    try:
        found = utc(datetime.fromisoformat(value))
    except (TypeError, ValueError, OverflowError):
        return None
    return found if timedelta(0) < found - datetime(1970, 1, 1, tzinfo=UTC) < timedelta(days=84_000) else None


def hides(person: Mapping[str, Any]) -> bool:
    """The author asked not to be shown to people who are not logged in."""
    return any(label.get("val") == "!no-unauthenticated" for label in _labels(person))


def by_bot(person: Mapping[str, Any]) -> bool:
    """The account says of itself that it is automated."""
    return any(label.get("val") == "bot" and label.get("src") == person.get("did") for label in _labels(person))


def _dated(record: Any, known_at: datetime) -> datetime:
    created = moment(record.get("createdAt")) if isinstance(record, dict) else None
    return known_at if created is None or created > known_at else created


def _labels(person: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    labels = person.get("labels")
    return [label for label in labels if isinstance(label, dict)] if isinstance(labels, list) else []


def _reply_to(record: Mapping[str, Any]) -> str | None:
    reply = record.get("reply")
    parent = reply.get("parent") if isinstance(reply, dict) else None
    return _text(parent.get("uri")) if isinstance(parent, dict) else None


def _total(counts: Mapping[str, int | None]) -> int | None:
    known = [count for count in counts.values() if count is not None]
    return sum(known) if known else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
