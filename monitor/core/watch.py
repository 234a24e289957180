"""A watch: the words by which a brand is recognised, and the matching of posts against all watches at once."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, MatchKind

from monitor.core.mention import Mention
from monitor.core.text import fold

_HASHTAG = re.compile(r"[#＃]([\w]+)")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_")
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What to look for on behalf of one brand.

    ``terms`` are names, products and domains; ``misspellings`` are matched like terms; ``handles`` are the brand's own
    names on platforms (with or without ``@``). A post containing any of ``exclude`` is not about the brand unless it
    names one of the handles. Posts by ``own_accounts`` are kept as the brand's own words. An empty ``languages``
    admits every language.

    ``ambiguous`` are those of the terms that also mean something else, such as *delta*. A post that names the brand by
    nothing else is scored: one for each word of ``context`` in it, minus one for each of ``against``; below
    ``least_context`` it is not about the brand.
    """

    brand: str
    terms: tuple[str, ...] = ()
    misspellings: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    own_accounts: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    least_context: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A post is about a brand: by which terms, and whether the brand itself wrote it."""

    brand: str
    terms: tuple[str, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class _Pattern:
    watch: int
    term: str
    excludes: bool = False
    only_tag: bool = False
    weight: int = 0
    """Of a word that says nothing by itself: 1 for the brand, -1 against it."""


class Matcher:
    """All watches, compiled once; ``matches`` costs a few microseconds however many terms there are."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = tuple(watches)
        self._own = [frozenset(_handle(a) for a in (*w.own_accounts, *w.handles)) for w in self._watches]
        self._ambiguous = [frozenset(w.ambiguous) for w in self._watches]
        self._languages = [frozenset(_language(x) for x in w.languages) for w in self._watches]
        self._brands = {fold(w.brand): index for index, w in enumerate(self._watches)}
        by_text: dict[str, list[_Pattern]] = {}
        for index, watch in enumerate(self._watches):
            for text, pattern in _patterns(index, watch):
                if text.strip("@"):
                    by_text.setdefault(text, []).append(pattern)
        self._texts = list(by_text)
        self._patterns = list(by_text.values())
        self._automaton = AhoCorasick(self._texts, matchkind=MatchKind.Standard)

    def matches(self, mention: Mention) -> list[Match]:
        """The brands this post is about, in the order of the watches; empty when it is about none.

        A source that says which watched brand a post is about is believed.
        """
        stated = self._brands.get(fold(mention.brand)) if mention.brand else None
        if stated is not None:
            said = f"named by the source as {mention.brand}"
            return [Match(brand=self._watches[stated].brand, terms=(said,), own=self._is_own(stated, mention))]
        found: dict[int, dict[str, None]] = {}
        excluded: set[int] = set()
        around: dict[int, dict[str, int]] = {}
        for pattern in self._hits(mention.text):
            if pattern.excludes:
                excluded.add(pattern.watch)
            elif pattern.weight:
                around.setdefault(pattern.watch, {})[pattern.term] = pattern.weight
            else:
                found.setdefault(pattern.watch, {})[pattern.term] = None
        self._add_own_words(mention, found, excluded)
        self._weigh(found, around)
        return [
            Match(brand=self._watches[index].brand, terms=tuple(terms), own=self._is_own(index, mention))
            for index, terms in sorted(found.items())
            if not self._is_ruled_out(index, terms, excluded, mention.language)
        ]

    def _add_own_words(self, mention: Mention, found: dict[int, dict[str, None]], excluded: set[int]) -> None:
        if mention.author is None:
            return
        author = _handle(mention.author)
        for index, accounts in enumerate(self._own):
            if author in accounts:
                found.setdefault(index, {})[f"written by @{author}"] = None
                excluded.discard(index)

    def _weigh(self, found: dict[int, dict[str, None]], around: dict[int, dict[str, int]]) -> None:
        """Drop brands that are named only by words that mean something else here; say what spoke for the others."""
        for index in [index for index, terms in found.items() if terms.keys() <= self._ambiguous[index]]:
            words = around.get(index, {})
            if sum(words.values()) < self._watches[index].least_context:
                del found[index]
            elif speaking := [word for word, weight in words.items() if weight > 0]:
                found[index][f"with {', '.join(speaking[:3])}"] = None

    def _hits(self, text: str) -> Iterator[_Pattern]:
        folded = fold(_split_hashtags(text))
        for number, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            if not _has_borders(folded, start, end):
                continue
            tagged = start > 0 and folded[start - 1] in "#@"
            for pattern in self._patterns[number]:
                if tagged or not pattern.only_tag:
                    yield pattern

    def _is_ruled_out(self, index: int, terms: Iterable[str], excluded: set[int], language: str | None) -> bool:
        names_handle = any(term.startswith("@") for term in terms)
        wanted = self._languages[index]
        return (index in excluded and not names_handle) or bool(
            wanted and language and _language(language) not in wanted
        )

    def _is_own(self, index: int, mention: Mention) -> bool:
        return mention.own or (mention.author is not None and _handle(mention.author) in self._own[index])


def _patterns(index: int, watch: Watch) -> Iterator[tuple[str, _Pattern]]:
    for term in (*watch.terms, *watch.misspellings):
        yield fold(term.strip()), _Pattern(index, term)
        joined = fold(re.sub(r"[\s\-.'’]+", "", term))
        if joined != fold(term.strip()):
            yield joined, _Pattern(index, term, only_tag=True)
    for handle in watch.handles:
        yield "@" + _handle(handle), _Pattern(index, "@" + handle.removeprefix("@"))
    for term in watch.exclude:
        yield fold(term.strip()), _Pattern(index, term, excludes=True)
    for term, weight in [(word, 1) for word in watch.context] + [(word, -1) for word in watch.against]:
        yield fold(term.strip()), _Pattern(index, term, weight=weight)


def _split_hashtags(text: str) -> str:
    """Every hashtag stays and its words follow, so that ``#AcmeFail`` is also ``Acme Fail``."""
    if "#" not in text and "＃" not in text:
        return text
    words = [_CAMEL.sub(" ", tag) for tag in _HASHTAG.findall(text)]
    extra = " ".join(word for word in words if " " in word)
    return f"{text} {extra}" if extra else text


def _has_borders(text: str, start: int, end: int) -> bool:
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (_joined(before, text[start]) or _joined(text[end - 1], after))


def _joined(left: str, right: str) -> bool:
    return _is_word(left) and _is_word(right)


def _is_word(character: str) -> bool:
    if character.isascii():
        return character.isalnum() or character == "_"
    name = unicodedata.name(character, "")
    # The vowel signs of Indian scripts and the points of Arabic are part of a word, an emoji's variation is not.
    is_sign = unicodedata.category(character) in ("Mc", "Mn") and not name.startswith("VARIATION")
    return (character.isalnum() or is_sign) and not name.startswith(_UNSPACED)


def _handle(name: str) -> str:
    return fold(name.strip().removeprefix("@"))


def _language(tag: str) -> str:
    return tag.replace("_", "-").split("-")[0].casefold()
