"""What X answers about posts, turned into mentions: the original's whole words, whoever repeated or edited them."""

import html
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from monitor.core.mention import Kind, Mention

PLATFORM = "x"
POST_FIELDS = [
    *("created_at", "author_id", "lang", "public_metrics", "referenced_tweets", "in_reply_to_user_id"),
    *("edit_history_tweet_ids", "note_tweet"),
]
FIELDS = {
    "tweet_fields": POST_FIELDS,
    "expansions": ["author_id", "referenced_tweets.id"],
    "user_fields": ["created_at", "protected", "public_metrics", "username"],
}
"""What is asked for; by default X gives only ids and texts, and cuts long ones."""

_EPOCH_MS = 1_288_834_974_657
_NO_LANGUAGE = {"und", "zxx", "art", "qam", "qct", "qht", "qme", "qst"}
_RENAMED = {"iw": "he", "in": "id"}
_LINK = re.compile(r"https?://\S+")
_REPOSTED = re.compile(r"RT @(\w{1,15}):", re.ASCII)
_NAME = re.compile(r"\w{1,30}", re.ASCII)


def is_id(value: Any) -> bool:
    """Whether this is the id of a post: up to 19 digits, as text."""
    return isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20


def moment_of(name: str) -> datetime:
    """When a post was made: its id counts milliseconds. Raises ``ValueError`` for what is no id."""
    return datetime.fromtimestamp(((int(name) >> 22) + _EPOCH_MS) / 1_000, UTC)


def id_at(moment: datetime) -> str:
    """An id that every post made after ``moment`` is larger than."""
    return str(max(0, int(moment.timestamp() * 1_000) - _EPOCH_MS) << 22)


def read(answer: Mapping[str, Any], skipped: Counter[str]) -> list[Mention]:
    """The mentions of an answer, each post once; what cannot be read is counted by reason."""
    users = _by_id(answer, "users")
    others = _by_id(answer, "tweets")
    found: dict[str, Mention] = {}
    for post in _data(answer):
        mention = _mention(post, users, others) if isinstance(post, dict) else "not a post"
        if isinstance(mention, str):
            skipped[mention] += 1
        elif _is_newer(mention, found.get(mention.id)):
            found[mention.id] = mention
    return list(found.values())


def missing(answer: Mapping[str, Any]) -> list[str]:
    """The ids that X itself says are not there, or not to be seen by us any more."""
    errors = answer.get("errors")
    return [
        str(error["resource_id"])
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, dict)
        and error.get("resource_type") == "tweet"
        and error.get("resource_id")
        and error.get("title") in ("Not Found Error", "Authorization Error", "Forbidden")
    ]


def ids(answer: Mapping[str, Any]) -> set[str]:
    """The ids of the posts that were asked for."""
    return {post["id"] for post in _data(answer) if isinstance(post, dict) and is_id(post.get("id"))}


def billed(answer: Mapping[str, Any]) -> tuple[set[str], set[str], set[str]]:
    """The posts of an answer, and the posts and accounts that came along: X may bill each."""
    found = ids(answer)
    return found, _by_id(answer, "tweets").keys() - found, {f"u{name}" for name in _by_id(answer, "users")}


def newer(answer: Mapping[str, Any]) -> list[str]:
    """The ids of newer words of posts that were asked for by an older id: X shows each id's own words."""
    histories = [post.get("edit_history_tweet_ids") for post in _data(answer) if isinstance(post, dict)]
    latest = [history[-1] for history in histories if isinstance(history, list) and history]
    return [name for name in latest if is_id(name) and name not in ids(answer)]


def _data(answer: Mapping[str, Any]) -> list[Any]:
    data = answer.get("data")
    return data if isinstance(data, list) else [data] if isinstance(data, dict) else []


def _by_id(answer: Mapping[str, Any], kind: str) -> dict[str, Mapping[str, Any]]:
    includes = answer.get("includes")
    some = includes.get(kind) if isinstance(includes, dict) else None
    return {str(one.get("id")): one for one in (some if isinstance(some, list) else []) if isinstance(one, dict)}


def _is_newer(mention: Mention, known: Mention | None) -> bool:
    edited = mention.edited_at or mention.posted_at
    return known is None or edited > (known.edited_at or known.posted_at)


def _mention(
    post: Mapping[str, Any], users: Mapping[str, Mapping[str, Any]], others: Mapping[str, Mapping[str, Any]]
) -> Mention | str:
    references = _references(post)
    words = _words(post)
    if (original := others.get(references.get("retweeted", ""))) is not None:
        return _signed(_mention(_alone(original), users, others), words)
    if (quoted := others.get(references.get("quoted", ""))) is not None and not _LINK.sub("", words).strip():
        return _mention(_alone(quoted), users, others)
    name, identity = post.get("id"), _identity(post)
    if not isinstance(name, str) or not is_id(name) or identity is None:
        return "no id"
    author = users.get(str(post.get("author_id")), {})
    if author.get("protected") is True:
        return "by a protected account"
    if not words.strip():
        return "no text"
    written_at = _moment(post.get("created_at")) or moment_of(name)
    handle = _text(author.get("username"))
    parent = others.get(references.get("replied_to", ""))
    return Mention(
        platform=PLATFORM,
        id=identity,
        text=words,
        posted_at=written_at if identity == name else moment_of(identity),
        url=f"https://x.com/{handle if handle and _NAME.fullmatch(handle) else 'i'}/status/{name}",
        author=handle,
        language=_language(post.get("lang")),
        followers=_count(author.get("public_metrics"), "followers_count"),
        reposts=_reposts(post.get("public_metrics")),
        author_since=_moment(author.get("created_at")),
        edited_at=written_at if identity != name else None,
        reply_to=references.get("replied_to"),
        context=_words(parent) if parent else None,
        kind=_kind(references),
    )


def _alone(post: Mapping[str, Any]) -> Mapping[str, Any]:
    """A post that others repeat, without what it repeats itself."""
    found = post.get("referenced_tweets")
    replies = (
        [one for one in found if isinstance(one, dict) and one.get("type") == "replied_to"]
        if isinstance(found, list)
        else []
    )
    return {**post, "referenced_tweets": replies}


def _signed(original: Mention | str, repost: str) -> Mention | str:
    """The original with its author: X does not send the account along, but a repost names it."""
    named = _REPOSTED.match(repost)
    if isinstance(original, str) or original.author is not None or named is None:
        return original
    return replace(original, author=named[1])


def _language(tag: Any) -> str | None:
    """X says ``iw`` and ``in`` for what everybody else calls ``he`` and ``id``."""
    found = _text(tag)
    return None if found in _NO_LANGUAGE else _RENAMED.get(found or "", found)


def _kind(references: Mapping[str, str]) -> Kind:
    if "retweeted" in references:
        return Kind.REPOST
    return Kind.REPLY if "replied_to" in references else Kind.POST


def _references(post: Mapping[str, Any]) -> dict[str, str]:
    found = post.get("referenced_tweets")
    return {
        str(one.get("type")): str(one.get("id"))
        for one in (found if isinstance(found, list) else [])
        if isinstance(one, dict) and one.get("id")
    }


def _identity(post: Mapping[str, Any]) -> str | None:
    """The id of the first version: an edit has an id of its own."""
    history = post.get("edit_history_tweet_ids")
    first = history[0] if isinstance(history, list) and history else post.get("id")
    return first if isinstance(first, str) and is_id(first) else None


def _words(post: Mapping[str, Any]) -> str:
    """The whole text: that of a long post stands apart. X escapes the three characters of HTML."""
    note = post.get("note_tweet")
    whole = note.get("text") if isinstance(note, dict) else None
    text = whole if isinstance(whole, str) and whole else post.get("text")
    return html.unescape(text) if isinstance(text, str) else ""


def _reposts(metrics: Any) -> int | None:
    counts = [_count(metrics, name) for name in ("retweet_count", "quote_count")]
    return sum(count or 0 for count in counts) if any(count is not None for count in counts) else None


def _count(metrics: Any, name: str) -> int | None:
    value = metrics.get(name) if isinstance(metrics, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _moment(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def version(mention: Mention) -> str:
    """The id of the words as they are: that of the latest edit."""
    return (mention.url or mention.id).rpartition("/")[2]
