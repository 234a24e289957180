"""What servers that speak like Mastodon answer about posts, turned into mentions."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from monitor.core.errors import Unreadable
from monitor.core.mention import Kind, Mention
from monitor.markup import plain
from monitor.moments import from_iso

PLATFORM = "mastodon"


def statuses(raw: Any) -> list[Any]:
    """The posts of a timeline, a search or notifications; each is followed by where its list stands, by its id."""
    items = raw.get("statuses") if isinstance(raw, dict) else raw
    if not isinstance(items, list):
        raise Unreadable("the server answered something that is no list of posts")
    return items


def time(item: Any) -> datetime | None:
    """When an item was made, whether it is kept or not: it says how deep a page reaches."""
    return from_iso(item.get("created_at")) if isinstance(item, dict) else None


def id_of(item: Any) -> str | None:
    """The id by which this server knows an item: where a list stands, which is no number everywhere."""
    name = item.get("id") if isinstance(item, dict) else None
    return str(name) if isinstance(name, str | int) and name != "" else None


class Found(NamedTuple):
    """A post with its number on the server that was asked, and the number of the post that it answers."""

    mention: Mention
    number: str | None
    parent: str | None


def mentions(items: Sequence[Any], where: str, skipped: Counter[str]) -> list[Found]:
    """The posts of a page, each once; what cannot be read is counted by reason."""
    found: dict[str, Found] = {}
    for item in items:
        status = item.get("status") if isinstance(item, dict) and "status" in item else item
        post = mention(status, where)
        if isinstance(post, str):
            skipped[post] += 1
        else:
            original = _original(status)
            found.setdefault(post.id, Found(post, id_of(original), id_of({"id": original.get("in_reply_to_id")})))
    return list(found.values())


def mention(status: Any, where: str) -> Mention | str:
    """A post, or why it cannot be one; a boost is the post that it repeats."""
    status = _original(status)
    if not isinstance(status, dict):
        return "not a post"
    account = status.get("account")
    account = account if isinstance(account, dict) else {}
    name, created = _text(status.get("uri")) or _text(status.get("url")), from_iso(status.get("created_at"))
    if name is None or created is None:
        return "no id, or no time"
    if status.get("visibility") not in ("public", None):
        return "not public"
    words = [plain(_text(status.get(field)) or "") for field in ("spoiler_text", "content")]
    text = "\n".join(part for part in words if part)
    if not text:
        return "no text"
    acct = _text(account.get("acct"))
    return Mention(
        platform=PLATFORM,
        id=name,
        text=text,
        posted_at=created,
        url=_text(status.get("url")) or name,
        author=acct if acct is None or "@" in acct else f"{acct}@{where}",
        language=_text(status.get("language")),
        followers=_count(account.get("followers_count")),
        reposts=_count(status.get("reblogs_count")),
        author_since=from_iso(account.get("created_at")),
        edited_at=from_iso(status.get("edited_at")),
        by_bot=account.get("bot") is True,
        kind=Kind.REPLY if status.get("in_reply_to_id") else Kind.POST,
    )


def _original(status: Any) -> Any:
    return status["reblog"] if isinstance(status, dict) and isinstance(status.get("reblog"), dict) else status


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
