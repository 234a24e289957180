"""Queries: what to ask a platform's search for, derived from the watches and split under its length limit."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from monitor.core.text import fold
from monitor.core.watch import Watch


def search_words(watches: Iterable[Watch], *, handles: bool = True) -> list[str]:
    """The words that may name a brand: terms, misspellings and, as ``@name``, handles; each once, in order.

    A word that contains another one of them as its own words is left out, for the shorter one finds it too.
    """
    found: dict[str, str] = {}
    for watch in watches:
        names = [f"@{name.strip().removeprefix('@')}" for name in watch.handles] if handles else []
        for word in (*watch.terms, *watch.misspellings, *names):
            found.setdefault(fold(word.strip()), " ".join(word.split()))
    return [word for key, word in found.items() if not any(_holds(key, other) for other in found if other != key)]


def packed(
    parts: Sequence[str], limit: int, *, joiner: str = " OR ", wrap: Callable[[str], str] = str, most: int | None = None
) -> Iterator[str]:
    """As few queries as hold all parts in order, each at most ``limit`` characters after ``wrap``.

    ``most`` limits the parts of one query. A part that alone is too long is left out; the caller's local matching
    cannot bring back what was never asked for, so say so.
    """
    chosen: list[str] = []
    for part in parts:
        if len(wrap(part)) > limit:
            continue
        if chosen and (len(wrap(joiner.join([*chosen, part]))) > limit or (most and len(chosen) >= most)):
            yield wrap(joiner.join(chosen))
            chosen = []
        chosen.append(part)
    if chosen:
        yield wrap(joiner.join(chosen))


def quoted(word: str) -> str:
    """The word as a phrase if it is more than one or has characters that mean something to a search."""
    plain = word.removeprefix("@").replace("_", "a")
    return word if plain.isalnum() else '"' + word.replace('"', " ").strip() + '"'


def _holds(longer: str, shorter: str) -> bool:
    return f" {shorter} " in f" {longer} "
