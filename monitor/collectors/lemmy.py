"""Reads posts and comments with a brand's words on Lemmy servers; needs no key."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from monitor.core.errors import ConfigError, PartlyRead, SourceError, Unreadable
from monitor.core.mention import Kind, Mention, Page
from monitor.core.query import search_words
from monitor.core.watch import Watch
from monitor.http import ask, client, host
from monitor.moments import from_iso
from monitor.pace import pace
from monitor.ports import Looked, Round
from monitor.reading import Listed, Readings

OVERLAP = timedelta(hours=1)
"""How late a post of another server may arrive and still be found."""

PAGE = 50
MOST_PAGES = 60


class Options(BaseModel):
    """``servers``: where to ask. Copies of a post on several of them count once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    servers: tuple[str, ...] = Field(default=("https://lemmy.world",), min_length=1)
    contact: str | None = Field(default=None, pattern=r"^[\x21-\x7e]{3,200}$")
    timeout: float = Field(default=15, gt=0, le=60)
    requests_per_minute: int = Field(default=10, ge=1, le=60)


def create(options: Options) -> "Lemmy":
    """The collector. Raises ``ConfigError`` for what is no address."""
    if problems := [url for url in options.servers if host(url) == "?"]:
        raise ConfigError([f"lemmy: {url!r} is no address like https://lemmy.world" for url in problems])
    return Lemmy(options)


class Lemmy:
    """Each word is searched for on each server, posts and comments apart, from the newest down."""

    platform = "lemmy"
    batch = 20

    def __init__(self, options: Options) -> None:
        self._options = options
        self._servers = {host(url): url.rstrip("/") for url in options.servers}

    def queries(self, watches: Sequence[Watch]) -> list[str]:
        """Words, one at a time; names with ``@`` mean nothing here."""
        return search_words(watches, handles=False)

    def pages(self, asked: Round) -> Iterator[Page]:
        """Every word on every server; one in trouble is reported after the others have been read."""
        wanted = [
            (f"{server} {kind} {word}", server, kind, word)
            for server in self._servers
            for kind in ("Posts", "Comments")
            for word in self.queries(asked.watches)
        ]
        readings = Readings(asked.cursor, (name for name, *_ in wanted))
        problems: dict[str, SourceError] = {}
        for name, server, kind, word in wanted:
            if server in problems:
                continue
            try:
                page = partial(self._listed, server, kind, word, asked.now)
                yield from readings.down(name, page, asked, overlap=OVERLAP, most_pages=MOST_PAGES)
            except SourceError as error:
                problems[server] = error
        if problems:
            first = next(iter(problems.values()))
            raise first if len(problems) == len(self._servers) else PartlyRead(str(first))

    def look_up(self, ids: Sequence[str], now: datetime) -> Looked:
        """What became of posts and comments: as the server says where they were made, else that which showed them."""
        found, gone = [], []
        for name in ids:
            server, kind, number = _place(name)
            if server not in self._servers or not number:
                continue
            try:
                answer = self._ask(server, kind, {"id": number}, now)
            except Unreadable as error:
                if "HTTP 404" not in str(error) and "HTTP 400" not in str(error):
                    raise
                gone.append(name)
                continue
            mention = self._mention(answer.get(f"{kind}_view"), kind, server)
            if isinstance(mention, Mention):
                found.append(mention)
            elif mention == "deleted or removed":
                gone.append(name)
        return Looked(found=tuple(found), gone=tuple(gone))

    def _listed(self, server: str, kind: str, word: str, now: datetime, below: str | None) -> Listed:
        page = int(below or 1)
        params: dict[str, str | int] = {"q": word, "type_": kind, "sort": "New", "limit": PAGE, "page": page}
        answer = self._ask(server, "search", params, now)
        items = answer.get(kind.lower())
        if not isinstance(items, list):
            raise Unreadable(f"{server} answered without {kind.lower()}")
        skipped: Counter[str] = Counter()
        found: list[Mention] = []
        for item in items:
            mention = self._mention(item, kind.lower().removesuffix("s"), server)
            if isinstance(mention, str):
                skipped[mention] += 1
            else:
                found.append(mention)
        times = [mention.posted_at for mention in found]
        following = str(page + 1) if len(items) >= PAGE else None
        return Listed(mentions=found, times=times, below=following, skipped=tuple(skipped.items()))

    def _mention(self, view: Any, kind: str, server: str) -> Mention | str:
        """A post with the number that this server has for it, unless the one that it comes from is asked too."""
        mention = _mention(view, kind)
        if isinstance(mention, str) or _place(mention.id)[0] in self._servers:
            return mention
        number = view[kind].get("id")
        return replace(mention, seen_as=f"{server} {kind} {number}") if isinstance(number, int) else mention

    def _ask(self, server: str, path: str, params: Mapping[str, str | int], now: datetime) -> dict[str, Any]:
        options, address = self._options, self._servers[server]
        turn = pace(address, options.requests_per_minute)
        with client(options.contact, timeout=options.timeout) as http:
            answer = ask(http, f"{address}/api/v3/{path}", params, turn=turn, now=now)
        if not isinstance(answer, dict):
            raise Unreadable(f"{server} answered something that is no object")
        return answer


def _place(name: str) -> tuple[str, str, str]:
    """Server, kind and number: of ``lemmy.world comment 7``, or of a global address, ``https://lemmy.world/comment/7``."""
    server, *rest = name.split(" ") if " " in name else (host(name), *name.split("/")[-2:])
    kind, number = rest if len(rest) == 2 else ("", "")
    return (server, kind, number) if kind in ("post", "comment") and number.isdigit() else ("", "", "")


def _mention(view: Any, kind: str) -> Mention | str:
    item = view.get(kind) if isinstance(view, dict) else None
    if not isinstance(view, dict) or not isinstance(item, dict):
        return "not a post"
    person, post = _object(view.get("creator")), _object(view.get("post"))
    name, created = item.get("ap_id"), from_iso(item.get("published"))
    if not isinstance(name, str) or not name or created is None:
        return "no id, or no time"
    if item.get("deleted") or item.get("removed"):
        return "deleted or removed"
    is_comment = kind == "comment"
    parts = (item.get("content"),) if is_comment else (item.get("name"), item.get("body"))
    text = "\n".join(part for part in parts if isinstance(part, str) and part)
    if not text.strip():
        return "no text"
    return Mention(
        platform=Lemmy.platform,
        id=name,
        text=text,
        posted_at=created,
        url=name,
        author=_author(person),
        author_since=from_iso(person.get("published")),
        edited_at=from_iso(item.get("updated")),
        reply_to=_text(post.get("ap_id")) if is_comment else None,
        context=_text(post.get("name")) if is_comment else None,
        by_bot=person.get("bot_account") is True,
        kind=Kind.REPLY if is_comment else Kind.POST,
    )


def _author(person: Mapping[str, Any]) -> str | None:
    name, actor = _text(person.get("name")), _text(person.get("actor_id"))
    return f"{name}@{host(actor)}" if name and actor else name


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
