"""Both kinds of tokenizer, as they ship."""

from pathlib import Path

import pytest

from monitor.model_files import COMPLAINTS, LANGUAGES, shipped
from monitor.tokens import tokens_of

MODELS = {COMPLAINTS: (101, 102), LANGUAGES: (1, 2)}


@pytest.fixture(scope="module", params=sorted(MODELS))
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("text", ["", " ", "😡", "Die Bahn kam zu spät", "送餐太慢了", "\u200b", "word " * 500])
def test_a_text_stands_between_its_markers_and_is_cut(model: str, text: str) -> None:
    ids = tokens_of(shipped(model), 32).coded(text).ids
    assert (ids[0], ids[-1]) == MODELS[model]
    assert len(ids) <= 32
    assert (len(ids) == 32) == (len(text) > 100)


def test_what_is_cut_off_changes_nothing_before_it(model: str) -> None:
    short, long = tokens_of(shipped(model), 8), tokens_of(shipped(model), 64)
    text = "they promised a refund and now the parcel is lost again"
    assert short.coded(text).ids[:-1] == long.coded(text).ids[:7]


@pytest.mark.parametrize(("name", "word", "unknown"), [(COMPLAINTS, "the", "▁"), (LANGUAGES, "▁", "no such piece")])
def test_tokens_have_numbers(name: str, word: str, unknown: str) -> None:
    tokens = tokens_of(shipped(name), 32)
    number = tokens.number_of(word)
    assert number is not None
    assert 0 < number < tokens.vocabulary
    assert tokens.number_of(unknown) is None


def test_a_folder_without_pieces_has_the_other_kind(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes((shipped() / "tokenizer.json").read_bytes())
    assert tokens_of(tmp_path, 16).coded("late again").offsets
