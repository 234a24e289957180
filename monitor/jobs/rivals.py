"""Rivals in the digest: how many speak of them, what they complain about, and who goes which way."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from monitor.core.days import Window
from monitor.core.digest import EVIDENCE, Rival, Words, foremost
from monitor.core.leaving import Way, Ways
from monitor.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivals:
    """The names of a brand, and the names of each of its rivals; rivals are brands that are watched themselves."""

    ours: Collection[str] = ()
    theirs: Mapping[str, Collection[str]]


def make_rivals(store: Store, brand: str, span: Window, rivals: Rivals) -> Iterator[Rival]:
    """Each rival of a brand, as far as its posts are known."""
    for name, theirs in rivals.theirs.items():
        topics = store.topics(name, span)
        topic = next(iter(foremost(topics)), None)
        going = _going(store.of_both(brand, name, span), Ways(rivals.ours, theirs))
        since = store.since(name)
        yield Rival(
            name=name,
            people=store.spoke(name, span),
            since=since if since is not None and since > span.start else None,
            topic=topic,
            complained=topics[topic].people if topic else 0,
            quote=next(iter(store.complaints_of(name, span, topic, None, 1)), None) if topic else None,
            leaving=len(going[Way.LEAVING]),
            coming=len(going[Way.COMING]),
            examples=tuple([*going[Way.LEAVING].values()][:EVIDENCE] + [*going[Way.COMING].values()][:EVIDENCE]),
        )


def _going(posts: Iterator[Words], ways: Ways) -> dict[Way, dict[tuple[str, str], Words]]:
    """The first words of each person who says that they go, by the way they go."""
    found: dict[Way, dict[tuple[str, str], Words]] = {way: {} for way in Way}
    for post in posts:
        if (way := ways.of(post.text)) is not None:
            found[way].setdefault((post.platform, post.author or post.post), post)
    return found
