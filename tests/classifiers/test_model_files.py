"""A model folder is used only when it is whole, unchanged and made for this umbrage."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from monitor import model_files
from monitor.core.errors import ModelError
from monitor.core.text import NORMALISATION

NEEDED = ("model.onnx", "tokenizer.json")
COUNTS = {"complaints": [0] * 70 + [40] * 30, "others": [10] * 70 + [0] * 30}
"""Everything from 0.70 on is a complaint, nothing below."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NEEDED:
        (tmp_path / name).write_bytes(f"the bytes of {name}".encode())
    write(tmp_path, files={name: fact(tmp_path / name) for name in NEEDED})
    return tmp_path


def fact(path: Path) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}


def write(folder: Path, **changes: Any) -> None:
    path = folder / "manifest.json"
    old = json.loads(path.read_text()) if path.exists() else {}
    usual = {
        "name": "complaints",
        "revision": "r1",
        "normalisation": NORMALISATION,
        "topics": ["delivery", "other"],
        "sentiments": ["negative", "positive"],
        "intents": ["complaint", "other"],
        "aims": {"precision": 0.9, "digest_recall": 0.95},
        "calibration": {"en": COUNTS},
        "topic_threshold": 0.5,
        "max_tokens": 128,
    }
    path.write_text(json.dumps(usual | old | changes))


def add(folder: Path, name: str) -> None:
    files = json.loads((folder / "manifest.json").read_text())["files"]
    write(folder, files=files | {name: {"sha256": "0" * 64, "bytes": 1}})


def refusal(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        model_files.verified(folder, NEEDED)
    return str(caught.value)


def test_a_whole_folder_is_accepted(folder: Path) -> None:
    manifest = model_files.verified(folder, NEEDED)
    assert manifest.model == "complaints@r1"
    assert manifest.recommended.alert <= 0.7
    assert manifest.calibrations["en"].rows == 1900


def test_a_missing_file_is_named_with_the_cure(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    assert "model.onnx: is missing: install umbrage again" in refusal(folder)


def test_a_cut_off_file_is_told_from_a_changed_one(folder: Path) -> None:
    path = folder / "model.onnx"
    path.write_bytes(path.read_bytes()[:-3])
    assert "cut off" in refusal(folder)


def test_a_changed_file_is_refused(folder: Path) -> None:
    path = folder / "model.onnx"
    path.write_bytes(path.read_bytes().swapcase())
    assert "model.onnx: was changed" in refusal(folder)


@pytest.mark.parametrize("name", ["model.pkl", "weights.pt", "pytorch_model.bin", "a.pth", "b.joblib", "C.PKL"])
def test_a_pickle_is_refused_unread(folder: Path, name: str) -> None:
    add(folder, name)
    assert f"{name}: pickled models can run code" in refusal(folder)


@pytest.mark.parametrize("name", ["../model.onnx", "/etc/passwd", "sub/model.onnx", "..", "a\\b.onnx", ""])
def test_a_file_outside_the_folder_is_refused(folder: Path, name: str) -> None:
    add(folder, name)
    assert "is not the name of a file" in refusal(folder)


def test_a_link_is_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "model.onnx"
    (folder / "model.onnx").rename(elsewhere)
    (folder / "model.onnx").symlink_to(elsewhere)
    assert "is a link" in refusal(folder)


def test_another_normalisation_is_refused(folder: Path) -> None:
    write(folder, normalisation="1999-01")
    assert "normalisation '1999-01'" in refusal(folder)
    assert NORMALISATION in refusal(folder)


def test_a_file_that_is_not_listed_is_not_trusted(folder: Path) -> None:
    write(folder, files={"tokenizer.json": fact(folder / "tokenizer.json")})
    assert "does not list model.onnx" in refusal(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}'])
def test_nonsense_for_a_manifest_is_named(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    assert "manifest.json: is not a model manifest" in refusal(folder)


def test_counts_of_a_wrong_length_are_named(folder: Path) -> None:
    write(folder, calibration={"en": {"complaints": [1, 2], "others": [3, 4]}})
    assert "a calibration has 100 counts" in refusal(folder)


def test_no_manifest_at_all(tmp_path: Path) -> None:
    assert "manifest.json: cannot be read" in refusal(tmp_path)


def test_the_shipped_model_is_found_and_whole() -> None:
    manifest = model_files.verified(model_files.shipped(), NEEDED)
    assert manifest.name == "complaints"
    assert len(manifest.topics) <= 14


def test_a_model_that_is_not_shipped_is_named() -> None:
    with pytest.raises(ModelError, match="'nonesuch' is not in this installation"):
        model_files.shipped("nonesuch")
