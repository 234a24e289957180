"""``umbrage train``: labels in, a better model out, or none."""

import json
from pathlib import Path

import pytest

from monitor.cli import training
from monitor.learning.labels import Labelled
from monitor.learning.retrain import Shelf
from monitor.model_files import COMPLAINTS, LANGUAGES, shipped
from tests.cli.conftest import Umbrage
from tests.learning.test_retrain import CALM, TALES, posts


def some(name: str, every: int, model: str = COMPLAINTS) -> list[Labelled]:
    rows = map(json.loads, (shipped(model) / name).read_text("utf-8").splitlines()[::every])
    return [Labelled(text=row["text"], complaint=bool(row["complaint"])) for row in rows]


@pytest.fixture(autouse=True)
def small_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the posts that ship: enough, and quick."""
    shelf = Shelf(some("own/shops.jsonl", 2) + some("hard.jsonl", 2), some("eval.jsonl", 2))
    monkeypatch.setattr(training, "_shelf", lambda _: shelf)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    rows = posts(TALES, complaint=True) + posts(CALM, complaint=False)
    lines = [json.dumps({"text": row.text, "complaint": int(row.complaint)}) for row in rows]
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join([*lines, '{"text": "no label"}']), "utf-8")
    return path


def test_a_better_model_is_installed_used_and_undone(umbrage: Umbrage, labels: Path, tmp_path: Path) -> None:
    finished = umbrage("train", labels)
    assert finished.code == 0, finished.err
    assert "trained on 74 labels, judged on 26 others" in finished.out
    assert "1 rows left out" in finished.out
    assert 'installed in model: set folder = "model" under [classifier]' in finished.out
    config = tmp_path / "own.toml"
    config.write_text('[classifier]\nfolder = "model"\n', "utf-8")
    (judged,) = umbrage("classify", "-c", config, stdin=b"purple blink again on the toaster").rows
    (before,) = umbrage("classify", stdin=b"purple blink again on the toaster").rows
    assert judged["model"].partition("+")[0] == before["model"].partition("+")[0]
    assert judged["complaint"] > before["complaint"]
    assert umbrage("train", labels).code == 1, "the same labels make nothing better"
    assert umbrage("train", "--undo").code == 5
    assert (tmp_path / "model").is_dir()


def test_labels_that_contradict_everything_change_nothing(umbrage: Umbrage, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (shipped() / "eval.jsonl").read_text("utf-8").splitlines()[::4]]
    lines = [json.dumps({"text": row["text"], "complaint": 1 - row["complaint"]}) for row in rows]
    (tmp_path / "wrong.jsonl").write_text("\n".join(lines), "utf-8")
    finished = umbrage("train", "wrong.jsonl")
    assert finished.code == 1
    assert "not installed: it is worse on the posts that ship with umbrage; the model in use stays" in finished.out
    assert not (tmp_path / "model").exists()


def test_no_labels_no_training(umbrage: Umbrage, tmp_path: Path) -> None:
    assert "give a FILE of labelled posts" in umbrage("train").err
    (tmp_path / "few.jsonl").write_text('{"text": "late again", "complaint": 1}\n', "utf-8")
    finished = umbrage("train", "few.jsonl")
    assert finished.code == 5
    assert "too few to learn from: label at least 60" in finished.err


GERMAN_TALES = (
    "{thing} blinkt schon wieder lila",
    "seit dem Frühstück blinkt unser {thing} lila",
    "lila Blinken am {thing}, Tag {number}",
    "ratet mal: lila Blinken, {thing} Nummer {number}",
    "und dann blinkt {thing} mitten beim Abendessen lila",
)
GERMAN_CALM = (
    "{thing} gibt es jetzt auch in Lila",
    "lila {thing} in Laden {number} gesehen",
    "Treffen der Freunde von {thing}, Nummer {number}, war lustig",
    "habe meiner Nichte {thing} in Lila gemalt",
    "welchen {thing} nehmt ihr im Winter {number}?",
)


def test_labels_in_another_language_fit_the_second_network(
    umbrage: Umbrage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(some("own.jsonl", 4, LANGUAGES), some("eval.jsonl", 4, LANGUAGES))
    monkeypatch.setattr(training, "_shelf", lambda _: shelf)
    rows = posts(GERMAN_TALES, complaint=True) + posts(GERMAN_CALM, complaint=False)
    lines = [json.dumps({"text": row.text, "complaint": int(row.complaint)}) for row in rows]
    (tmp_path / "german.jsonl").write_text("\n".join(lines), "utf-8")
    unread = umbrage("train", "german.jsonl")
    assert unread.code == 5
    assert "are too few to learn from" in unread.err
    finished = umbrage("train", "german.jsonl", "--other-languages", "--to", "ours")
    assert 'installed in ours: set languages_folder = "ours" under [classifier]' in finished.out, finished.out
    config = tmp_path / "own.toml"
    config.write_text('[classifier]\nlanguages_folder = "ours"\n', "utf-8")
    post = "unser Toaster blinkt schon wieder lila"
    (judged,) = umbrage("classify", "-c", config, stdin=post.encode()).rows
    (before,) = umbrage("classify", stdin=post.encode()).rows
    assert judged["complaint"] > before["complaint"]
