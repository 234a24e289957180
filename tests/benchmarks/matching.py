"""How many posts a second can be held against 1,000 brands of 20 terms? ``python -m tests.benchmarks.matching``.

One core, invented posts, the same posts for every way. Every way must find the same brands, or says how many posts it
judges otherwise. ``pip install pyahocorasick flashtext2 google-re2`` for the ways that are not the product's.
"""

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence

from monitor.core.mention import Mention
from monitor.core.text import fold
from monitor.core.watch import Matcher, Watch
from monitor.testing.fakes import a_mention

BRANDS, TERMS, POSTS = 1_000, 20, 20_000
HITS = 0.03
_SYLLABLES = [a + b for a in "bcdfghklmnprstvz" for b in "aeiou"]

Way = Callable[[Mention], set[str]]


def main() -> None:
    dice = random.Random(7)
    names = invented_names(dice)
    watches = [Watch(brand=f"brand{n}", terms=tuple(next(names) for _ in range(TERMS))) for n in range(BRANDS)]
    posts = [_post(dice, watches) for _ in range(POSTS)]
    expected: list[set[str]] = []
    base = 0.0
    print(f"{BRANDS:,} brands of {TERMS} terms, {POSTS:,} posts of about 20 words, {HITS:.0%} of them about a brand\n")
    print("| way | posts per CPU second | times the plain loop | posts judged otherwise |\n|---|---|---|---|")
    for name, share, make in _ways(watches):
        some = posts[: max(50, int(POSTS * share))]
        try:
            way = make()
        except ImportError:
            print(f"| {name} | not installed | | |")
            continue
        begun = time.process_time()
        found = [way(post) for post in some]
        speed = len(some) / (time.process_time() - begun)
        expected = found if len(found) > len(expected) else expected
        base = base or speed
        others = sum(one != other for one, other in zip(found, expected, strict=False))
        print(f"| {name} | {speed:,.0f} | {speed / base:,.1f} | {others} of {len(some):,} |", flush=True)


def invented_names(dice: random.Random) -> Iterator[str]:
    """Names that are no words of the posts, one or two words long, each once."""
    seen: set[str] = set()
    while True:
        word = "".join(dice.choice(_SYLLABLES) for _ in range(dice.choice((3, 3, 4)))).title()
        name = f"{word} {dice.choice(('Phone', 'Bank', 'Air'))}" if dice.random() < 0.2 else word
        if name not in seen:
            seen.add(name)
            yield name


def _post(dice: random.Random, watches: Sequence[Watch]) -> Mention:
    common = "the a my is not again order parcel still waiting for no answer from you and why does it take so long"
    words = dice.choices(common.split(), k=14) + ["".join(dice.choices(_SYLLABLES, k=2)) for _ in range(6)]
    dice.shuffle(words)
    if dice.random() < HITS:
        words.insert(dice.randrange(len(words)), dice.choice(dice.choice(watches).terms))
    return a_mention(" ".join(words), author=None)


def _ways(watches: Sequence[Watch]) -> Iterator[tuple[str, float, Callable[[], Way]]]:
    """Name, share of the posts it is given (the slow ones get few), and how it is made. The first is the measure."""
    terms = {fold(term): watch.brand for watch in watches for term in watch.terms}

    def loop() -> Way:
        def way(post: Mention) -> set[str]:
            text = fold(post.text)
            return {brand for term, brand in terms.items() if term in text and _stands_alone(text, term)}

        return way

    def matcher() -> Way:
        made = Matcher(watches)
        return lambda post: {match.brand for match in made.matches(post)}

    def alternation() -> Way:
        pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(terms, key=len, reverse=True)))})\b")
        return lambda post: {terms[hit] for hit in pattern.findall(fold(post.text))}

    def pyahocorasick() -> Way:
        import ahocorasick

        made = ahocorasick.Automaton()
        for term in terms:
            made.add_word(term, term)
        made.make_automaton()

        def way(post: Mention) -> set[str]:
            text = fold(post.text)
            return {terms[term] for _, term in made.iter(text) if _stands_alone(text, term)}

        return way

    def flashtext2() -> Way:
        from flashtext2 import KeywordProcessor

        made = KeywordProcessor(case_sensitive=False)
        for term, brand in terms.items():
            made.add_keyword(term, brand)
        return lambda post: set(made.extract_keywords(post.text))

    def re2() -> Way:
        import re2 as google

        options = google.Options()
        options.max_mem = 2**31 - 1
        made = google.Set.SearchSet(options)
        order = list(terms)
        for term in order:
            made.Add(rf"\b{google.escape(term)}\b")
        made.Compile()
        return lambda post: {terms[order[number]] for number in made.Match(fold(post.text)) or ()}

    yield "a plain loop over the terms", 0.02, loop
    yield "**the product's matcher** (ahocorasick_rs and its rules)", 1.0, matcher
    yield "pyahocorasick, with word borders", 1.0, pyahocorasick
    yield "flashtext2", 1.0, flashtext2
    yield "google-re2, as a set", 0.02, re2
    yield "one alternation of `re`", 0.005, alternation


def _stands_alone(text: str, term: str) -> bool:
    start = text.find(term)
    while start >= 0:
        before, after = text[start - 1 : start], text[start + len(term) : start + len(term) + 1]
        if not (before.isalnum() or after.isalnum()):
            return True
        start = text.find(term, start + 1)
    return False


if __name__ == "__main__":
    main()
