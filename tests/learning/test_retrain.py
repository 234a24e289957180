"""Learning from a workspace's labels: better on what it had not seen, no worse elsewhere, else not installed."""

import json
from pathlib import Path

import pytest

from monitor.classifiers import onnx
from monitor.core.errors import ModelError
from monitor.encoder import HEADS, Heads
from monitor.learning.labels import Labelled
from monitor.learning.retrain import Outcome, Shelf, _install, retrain, undo
from monitor.model_files import shipped

THINGS = ("kettle", "router", "scooter", "toaster", "blender", "lamp", "drill", "speaker", "printer", "fan")
TALES = (
    "the {thing} does the purple blink again",
    "purple blink on the {thing} since breakfast",
    "{thing} and its purple blink, day {number}",
    "guess what, purple blink, {thing} number {number}",
    "so the {thing} went purple blink during dinner",
)
CALM = (
    "the {thing} comes in a purple edition",
    "purple {thing} spotted in shop {number}",
    "{thing} meetup number {number} was fun",
    "drew a purple {thing} for my niece",
    "which {thing} do you use in winter {number}?",
)


def posts(tales: tuple[str, ...], complaint: bool) -> list[Labelled]:
    """A brand's own way of complaining, which no general model knows."""
    pairs = [(tale, thing, number) for number, thing in enumerate(THINGS) for tale in tales]
    return [
        Labelled(text=tale.format(thing=thing, number=number), complaint=complaint) for tale, thing, number in pairs
    ]


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    def some(path: Path, every: int) -> list[Labelled]:
        rows = map(json.loads, path.read_text("utf-8").splitlines()[::every])
        return [Labelled(text=row["text"], complaint=bool(row["complaint"])) for row in rows]

    rehearsal = some(shipped() / "own" / "shops.jsonl", 2) + some(shipped() / "hard.jsonl", 2)
    return Shelf(rehearsal, some(shipped() / "eval.jsonl", 2))


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> tuple[Outcome, Path]:
    target = tmp_path_factory.mktemp("workspace") / "model"
    labels = posts(TALES, complaint=True) + posts(CALM, complaint=False)
    return retrain(shipped(), labels, shelf, target, "acme-1", lambda _: None), target


def test_it_gets_better_on_labels_it_had_not_seen(learnt: tuple[Outcome, Path]) -> None:
    outcome, _ = learnt
    before, after = outcome.held_back
    assert outcome.refused is None
    assert outcome.trained + before.rows == len(TALES + CALM) * len(THINGS)
    assert after.auc > before.auc
    assert after.log_loss < before.log_loss


def test_it_gets_no_worse_elsewhere(learnt: tuple[Outcome, Path]) -> None:
    before, after = learnt[0].ratchet
    assert after.auc >= before.auc - 0.01


def test_the_new_model_is_whole_and_says_whose_it_is(learnt: tuple[Outcome, Path]) -> None:
    model = onnx.create(onnx.Options(folder=learnt[1]))
    assert "+acme-1." in model.model
    new, calm = model.score(["purple blink again", "a purple one"])
    assert new.complaint > calm.complaint


def test_the_same_labels_again_install_nothing_worse_and_can_be_undone(
    learnt: tuple[Outcome, Path], shelf: Shelf, tmp_path: Path
) -> None:
    target = tmp_path / "model"
    labels = posts(TALES, complaint=True) + posts(CALM, complaint=False)
    retrain(shipped(), labels, shelf, target, "one", lambda _: None)
    wrong = [Labelled(text=row.text, complaint=not row.complaint) for row in labels]
    retrain(shipped(), wrong, shelf, target, "two", lambda _: None)
    if target.with_name("model.previous").exists():
        undo(target)
    assert "+one." in onnx.create(onnx.Options(folder=target)).model
    with pytest.raises(ModelError, match="no earlier model"):
        undo(target)


def test_rare_complaints_do_not_silence_the_alerts(tmp_path: Path) -> None:
    """Too few complaints to set a threshold: the shipped calibration stays, and the name is fit for a name."""
    pairs = [(0.95, True)] * 25 + [(0.1, False)] * 200
    _install(shipped(), Heads.load(shipped() / HEADS), pairs, tmp_path / "model", "my shop!")
    model = onnx.create(onnx.Options(folder=tmp_path / "model"))
    assert model.cutoffs == onnx.create(onnx.Options()).cutoffs
    assert "+my-shop-." in model.model


def test_a_head_that_would_forget_the_rest_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    """Labels that call every complaint of the ratchet set none, and the other way round."""
    wrong = [Labelled(text=row.text, complaint=not row.complaint) for row in shelf.ratchet]
    outcome = retrain(shipped(), wrong, shelf, tmp_path / "model", "bad", lambda _: None)
    assert outcome.refused == "it is worse on the posts that ship with umbrage"
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    "labels",
    [
        posts(TALES, complaint=True),
        posts(TALES, complaint=True)[:20] + posts(CALM, complaint=False)[:20],
        [Labelled(text="the very same post", complaint=True)] * 400,
    ],
    ids=["one kind only", "too few", "copies"],
)
def test_too_few_labels_are_refused_with_the_cure(labels: list[Labelled], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="too few to learn from: label at least 60"):
        retrain(shipped(), labels, Shelf([], []), tmp_path / "model", "few", lambda _: None)


def test_posts_are_counted_as_they_are_read(shelf: Shelf, tmp_path: Path) -> None:
    seen: list[int] = []
    labels = posts(TALES, complaint=True) + posts(CALM, complaint=False)
    retrain(shipped(), labels, shelf, tmp_path / "model", "x", seen.append)
    assert sum(seen) == len(labels) + len(shelf.rehearsal) + len(shelf.ratchet)
