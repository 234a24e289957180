"""What X answers about posts, turned into mentions: the original's whole words, whoever repeated or edited them."""

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.core.mention import Kind, Mention

PLATFORM = "x"
FIELDS = {
    "tweet_fields": [
        *("created_at", "author_id", "lang", "public_metrics", "referenced_tweets", "in_reply_to_user_id"),
        *("edit_history_tweet_ids", "note_tweet"),
    ],
    "expansions": ["author_id", "referenced_tweets.id"],
    "user_fields": ["created_at", "protected", "public_metrics", "username"],
}
"""What is asked for; by default X gives only ids and texts, and cuts long ones."""

_EPOCH_MS = 1_288_834_974_657
_NO_LANGUAGE = {"und", "zxx", "art", "qam", "qct", "qht", "qme", "qst"}
_LINK = re.compile(r"https?://\S+")


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
    data = answer.get("data")
    for post in data if isinstance(data, list) else [data] if isinstance(data, dict) else []:
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
        if isinstance(error, dict) and error.get("resource_type") == "tweet" and error.get("resource_id")
    ]


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
        return _mention({**original, "referenced_tweets": None}, users, others)
    if (quoted := others.get(references.get("quoted", ""))) is not None and not _LINK.sub("", words).strip():
        return _mention({**quoted, "referenced_tweets": None}, users, others)
    name, identity = post.get("id"), _identity(post)
    if not isinstance(name, str) or identity is None:
        return "no id"
    author = users.get(str(post.get("author_id")), {})
    if author.get("protected") is True:
        return "by a protected account"
    if not words.strip():
        return "no text"
    written_at = _moment(post.get("created_at")) or moment_of(name)
    parent = others.get(references.get("replied_to", ""))
    return Mention(
        platform=PLATFORM,
        id=identity,
        text=words,
        posted_at=written_at if identity == name else moment_of(identity),
        url=f"https://x.com/{author.get('username') or 'i'}/status/{name}",
        author=_text(author.get("username")),
        language=None if post.get("lang") in _NO_LANGUAGE else _text(post.get("lang")),
        followers=_count(author.get("public_metrics"), "followers_count"),
        reposts=_reposts(post.get("public_metrics")),
        author_since=_moment(author.get("created_at")),
        edited_at=written_at if identity != name else None,
        reply_to=references.get("replied_to"),
        context=_words(parent) if parent else None,
        kind=_kind(references),
    )


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
    return first if isinstance(first, str) and first.isdigit() and len(first) < 20 else None


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
    except (TypeError, ValueError):
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def version(mention: Mention) -> str:
    """The id of the words as they are: that of the latest edit."""
    return (mention.url or mention.id).rpartition("/")[2]


def ids_read(answer: Mapping[str, Any]) -> Iterable[str]:
    """Every post in an answer, also the included ones: each is billed."""
    data = answer.get("data")
    posts = data if isinstance(data, list) else []
    return {str(post["id"]) for post in posts if isinstance(post, dict) and post.get("id")} | set(
        _by_id(answer, "tweets")
    )


def users_read(answer: Mapping[str, Any]) -> Iterable[str]:
    """Every account in an answer."""
    return set(_by_id(answer, "users"))


SEVEN_DAYS = timedelta(days=7) - timedelta(minutes=5)
"""How far back recent search reaches, less a little, so that a slow request is not refused."""
