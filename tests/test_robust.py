"""Ten thousand random strings and the strangest posts we can think of: a probability each, in bounded time."""

import random
import sys
import time

import pytest

from monitor.classifiers import onnx
from monitor.ports import Classifier
from monitor.testing.classifier_contract import is_probable

BLOCKS = (
    (0x0000, 0x007F),  # ASCII with its control characters
    (0x0080, 0x024F),  # Latin
    (0x0300, 0x036F),  # combining accents
    (0x0370, 0x05FF),  # Greek, Cyrillic, Hebrew
    (0x0600, 0x06FF),  # Arabic
    (0x0900, 0x0DFF),  # scripts of India
    (0x1100, 0x11FF),  # Jamo
    (0x2000, 0x206F),  # punctuation, joiners, direction marks
    (0x3040, 0x9FFF),  # Japanese and Chinese
    (0xD800, 0xDFFF),  # lone surrogates
    (0xE000, 0xF8FF),  # private use
    (0xFE00, 0xFE0F),  # variation selectors
    (0x1F300, 0x1FAFF),  # emoji
    (0xE0000, 0xE007F),  # tags
    (0x0000, sys.maxunicode),
)


@pytest.fixture(scope="module")
def shipped() -> Classifier:
    return onnx.create(onnx.Options())


def strange(chance: random.Random) -> str:
    """Up to 300 characters of one to three blocks, with links, handles and entities in between."""
    blocks = chance.choices(BLOCKS, k=chance.randint(1, 3))
    length = int(chance.random() ** 3 * 300)
    signs = [chr(chance.randint(*chance.choice(blocks))) for _ in range(length)]
    for _ in range(chance.randint(0, 3)):
        sign = chance.choice(["http://", "@", "&#x1F600;", "&amp", " ", "\n", "#"])
        signs.insert(chance.randint(0, len(signs)), sign)
    return "".join(signs)


@pytest.mark.slow
def test_ten_thousand_random_strings(shipped: Classifier) -> None:
    chance = random.Random(20261125)
    started = time.process_time()
    for _ in range(10_000):
        text = strange(chance)
        (score,) = shipped.score([text])
        assert is_probable(score), repr(text)
    assert time.process_time() - started < 400


@pytest.mark.parametrize(
    "text",
    [
        "😡" * 50_000,
        "https://a.example/" * 5_500,
        "http://x " * 11_000,
        "\u202e" + "שירות גרוע " * 9_000,
        "a\u0301" * 50_000,
        "ZWJ\u200d" * 25_000,
        "\ud83d" * 100_000,
        "&" * 100_000,
        "@" * 100_000,
        ("word " * 20_000)[:100_000],
    ],
    ids=["emoji", "link", "links", "right to left", "accents", "joiners", "surrogates", "ampersands", "ats", "words"],
)
def test_a_hundred_thousand_characters_cost_no_more_than_a_long_post(shipped: Classifier, text: str) -> None:
    started = time.process_time()
    (score,) = shipped.score([text])
    words = shipped.explain(text)
    assert is_probable(score)
    assert len(words) <= 3
    assert time.process_time() - started < 10
