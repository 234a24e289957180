"""``umbrage train``: labels in, a better model out, or none."""

import json
from pathlib import Path

import pytest

from monitor.cli import training
from monitor.learning.labels import Labelled
from monitor.learning.retrain import Shelf
from monitor.model_files import shipped
from tests.cli.conftest import Umbrage
from tests.learning.test_retrain import CALM, TALES, posts


@pytest.fixture(autouse=True)
def small_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the posts that ship: enough, and quick."""

    def some(name: str, every: int) -> list[Labelled]:
        rows = map(json.loads, (shipped() / name).read_text("utf-8").splitlines()[::every])
        return [Labelled(text=row["text"], complaint=bool(row["complaint"])) for row in rows]

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
    assert judged["model"].startswith(before["model"])
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
