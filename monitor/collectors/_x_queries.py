"""The words of the watches as X wants them: for recent search, and as rules of the filtered stream."""

from collections.abc import Sequence
from functools import partial

from monitor.core.query import packed, quoted, search_words
from monitor.core.watch import Watch

_LANGUAGES = (
    "am ar bg bn bs ca cs cy da de el en es et eu fa fi fr gu hi hr ht hu hy is it ja ka kn ko lt lv ml mr my ne nl "
    "no pa pl ps pt ro ru sd si sk sl sr sv ta te th tl tr uk ur vi"
)
"""Those that X can be asked for by the name that everybody uses."""


def queries(watches: Sequence[Watch], longest: int, *, reposts: bool) -> list[str]:
    """Queries of at most ``longest`` characters; a language is asked for only if all watches agree on it."""
    return list(packed(_words(watches), longest, wrap=partial(_query, watches, reposts=reposts)))


def too_long(watches: Sequence[Watch], longest: int, *, reposts: bool) -> int:
    """How many words fit into no query."""
    return sum(len(_query(watches, word, reposts=reposts)) > longest for word in _words(watches))


def _query(watches: Sequence[Watch], words: str, *, reposts: bool) -> str:
    languages = {tag.split("-")[0].lower() for watch in watches for tag in watch.languages}
    is_agreed = (
        len(languages) == 1 and all(watch.languages for watch in watches) and languages <= set(_LANGUAGES.split())
    )
    language = f" lang:{languages.pop()}" if is_agreed else ""
    return f"({words}){'' if reposts else ' -is:retweet'}{language}"


def _words(watches: Sequence[Watch]) -> list[str]:
    return [quoted(word) for word in search_words(watches)]
