"""Themes: which complaints say the same, and how much of a span's complaints each of them is."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select, text, update

from monitor.core.days import Window
from monitor.core.digest import Talk, Words
from monitor.core.theme import ThemeTalk
from monitor.ports.themes import Grown, Kept, Ungathered
from monitor.store.connection import reading
from monitor.store.digests import INDEPENDENT, STANDS, VOICE, as_words, complaints, posted, words
from monitor.store.posts import portions
from monitor.store.schema import cases, mentions, themes
from monitor.store.stages import IN_CASE, LIVE, UNGATHERED


class ThemeWrites:
    """The part of a transaction that is about themes."""

    _connection: Connection

    def themes(self, brand: str, space: str) -> list[Kept]:
        query = select(themes.c.id, themes.c.size, themes.c.total, themes.c.name).where(
            themes.c.brand == brand, text(LIVE)
        )
        rows = self._connection.execute(query.where(themes.c.space == space).order_by(themes.c.last_mention))
        return [Kept(id=row.id, size=row.size, total=row.total, name=tuple(row.name or ())) for row in rows]

    def begin_theme(self, brand: str, space: str, first_at: datetime) -> int:
        row = {"brand": brand, "space": space, "size": 0, "first_at": first_at, "last_mention": 0}
        return int(self._connection.execute(insert(themes).values(**row).returning(themes.c.id)).scalar_one())

    def put_in_themes(self, placed: Iterable[tuple[int, int, float]]) -> None:
        rows = [{"mention": mention, "theme": theme, "near": near} for mention, theme, near in placed]
        if rows:
            change = update(mentions).where(mentions.c.id == bindparam("mention"), mentions.c.theme_id.is_(None))
            values: dict[str, Any] = {"theme_id": bindparam("theme"), "theme_near": bindparam("near")}
            self._connection.execute(change.values(values), rows)

    def grow_themes(self, grown: Iterable[Grown]) -> None:
        rows = [
            {"theme": one.id, "new_size": one.size, "new_total": one.total, "mention": one.last_mention}
            for one in grown
        ]
        if rows:
            names = {"size": "new_size", "total": "new_total", "last_mention": "mention"}
            values: dict[str, Any] = {column: bindparam(name) for column, name in names.items()}
            self._connection.execute(update(themes).where(themes.c.id == bindparam("theme")).values(values), rows)

    def retire_themes(self, gone: Iterable[int]) -> None:
        for some in portions(list(gone)):
            self._connection.execute(update(themes).where(themes.c.id.in_(some)).values(total=None))

    def texts_of_theme(self, theme: int, limit: int) -> list[str]:
        query = select(mentions.c.text).where(mentions.c.theme_id == theme, mentions.c.forgotten_at.is_(None))
        return list(self._connection.execute(query.order_by(mentions.c.posted_at.desc()).limit(limit)).scalars())

    def texts_in_themes(self, brand: str, space: str, limit: int) -> list[str]:
        query = select(mentions.c.text).join(themes, themes.c.id == mentions.c.theme_id).where(themes.c.space == space)
        query = query.where(mentions.c.brand == brand, text(f"mentions.{IN_CASE}"), mentions.c.forgotten_at.is_(None))
        query = query.order_by(mentions.c.posted_at.desc())
        return list(self._connection.execute(query.limit(limit)).scalars())

    def name_theme(self, theme: int, name: Sequence[str]) -> None:
        self._connection.execute(update(themes).where(themes.c.id == theme).values(name=list(name)))

    def merge_themes(self, theme: int, into: int) -> None:
        first = select(func.min(themes.c.first_at)).where(themes.c.id.in_([theme, into])).scalar_subquery()
        self._connection.execute(update(themes).where(themes.c.id == into).values(first_at=first))
        self._connection.execute(update(mentions).where(mentions.c.theme_id == theme).values(theme_id=into))
        self._connection.execute(delete(themes).where(themes.c.id == theme))


class ThemeReads:
    """The part of a store that is about themes."""

    engine: Engine

    def ungathered(self, limit: int) -> list[Ungathered]:
        columns = (mentions.c.id, mentions.c.brand, mentions.c.text, mentions.c.posted_at)
        query = select(*columns).where(text(UNGATHERED)).order_by(mentions.c.id).limit(limit)
        with reading(self.engine) as connection:
            rows = connection.execute(query).all()
        return [Ungathered(mention=row.id, brand=row.brand, text=row.text, posted_at=row.posted_at) for row in rows]

    def said(self, brand: str, span: Window) -> list[ThemeTalk]:
        theme = mentions.c.theme_id.label("theme")
        people = [func.count(who.distinct()).label(name) for name, who in (("voices", VOICE), ("alone", INDEPENDENT))]
        count = complaints(select(theme, func.count().label("posts"), *people), brand, span)
        counted = count.where(mentions.c.theme_id.is_not(None)).group_by(mentions.c.theme_id).subquery()
        columns = (themes.c.id, themes.c.name, themes.c.first_at, *counted.c)
        query = select(*columns).join(counted, counted.c.theme == themes.c.id).where(themes.c.name.is_not(None))
        with reading(self.engine) as connection:
            rows = connection.execute(query.order_by(themes.c.id)).all()
        return [
            ThemeTalk(
                theme=row.id,
                name=tuple(row.name),
                since=row.first_at,
                talk=Talk(complaints=row.posts, people=min(row.voices, row.alone)),
            )
            for row in rows
        ]

    def said_best(self, brand: str, theme: int, span: Window, limit: int) -> list[Words]:
        query = words().where(posted(brand, span), mentions.c.theme_id == theme, mentions.c.forgotten_at.is_(None))
        query = query.where(STANDS).order_by(mentions.c.theme_near.desc(), mentions.c.id).limit(limit)
        with reading(self.engine) as connection:
            return [as_words(row) for row in connection.execute(query)]

    def topic_of_theme(self, brand: str, theme: int, span: Window) -> str:
        query = complaints(select(cases.c.topic), brand, span).where(mentions.c.theme_id == theme)
        query = query.group_by(cases.c.topic).order_by(func.count().desc(), cases.c.topic).limit(1)
        with reading(self.engine) as connection:
            return str(connection.execute(query).scalar_one())
