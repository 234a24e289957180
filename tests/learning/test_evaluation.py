"""Groups, thresholds and aims of an evaluation, and its charts."""

import json
import sys
from pathlib import Path

import pytest

from monitor.cli.figures import evaluation_lines
from monitor.core.calibration import Aim, Cutoffs
from monitor.core.errors import UmbrageError
from monitor.core.verdict import Score, Thresholds
from monitor.learning import charts
from monitor.learning.evaluation import Evaluation, evaluate
from monitor.learning.labels import Labelled

LIMITS = Thresholds(digest=0.2, alert=0.65)


def posts(count: int, **given: str) -> list[Labelled]:
    """Every second one a complaint."""
    return [Labelled(text=f"post {n}", complaint=n % 2 == 0, **given) for n in range(count)]


def scored(labelled: list[Labelled], wrong: int = 0, language: str | None = None) -> list[Score]:
    """Scores that tell the two kinds apart, but for the first ``wrong``."""
    return [
        Score(complaint=0.9 if post.complaint == (place >= wrong) else 0.1, language=language)
        for place, post in enumerate(labelled)
    ]


def evaluated(labelled: list[Labelled], scores: list[Score], aim: Aim | None = None) -> Evaluation:
    return evaluate(labelled, scores, Cutoffs.everywhere(LIMITS), aim, "test@1")


def test_groups_of_at_least_twenty_rows_of_both_kinds_are_measured() -> None:
    labelled = [
        *posts(40, language="en", source="x", brand="Acme"),
        *posts(20, language="de", source="x", brand="Brimble"),
        *posts(19, language="fr", source="app"),
        *[Labelled(text="fine", complaint=False, language="it")] * 30,
    ]
    found = evaluated(labelled, scored(labelled))
    assert [(group.by, group.name, group.measured.rows) for group in found.groups] == [
        ("all", "all rows", 109),
        ("language", "en", 40),
        ("language", "de", 20),
        ("source", "x", 60),
        ("brand", "Acme", 40),
        ("brand", "Brimble", 20),
    ]
    assert found.too_small == 3
    assert "3 groups too small" in "\n".join(evaluation_lines(found))


def test_each_language_is_judged_by_its_own_threshold() -> None:
    labelled = posts(40)
    scores = [Score(complaint=0.5, language="de" if post.complaint else "en") for post in labelled]
    cutoffs = Cutoffs({"": LIMITS, "de": Thresholds(digest=0.2, alert=0.4)})
    found = evaluate(labelled, scores, cutoffs, None, "test@1")
    assert (found.all.precision.value, found.all.recall.value) == (1.0, 1.0)
    assert "de: alert from 0.40, digest from 0.20" in list(evaluation_lines(found))


def test_one_threshold_is_told_once() -> None:
    labelled = posts(40)
    found = evaluated(labelled, [*scored(labelled[:20], language="en"), *scored(labelled[20:], language="de")])
    assert found.thresholds == {"": LIMITS}


@pytest.mark.parametrize(
    ("wrong", "aim", "verdict"),
    [
        (4, 0.90, "the interval contains the aim"),
        (0, 0.50, "better than the aim"),
        (30, 0.90, "the aim is missed"),
    ],
)
def test_the_aim_is_held_against_the_interval(wrong: int, aim: float, verdict: str) -> None:
    labelled = posts(60)
    found = evaluated(labelled, scored(labelled, wrong), Aim(precision=aim))
    assert [one.what for one in found.reached] == ["precision", "digest recall"]
    assert found.reached[0].verdict == verdict
    assert any(f"aim: precision {aim:.2f}; reached" in line and verdict in line for line in evaluation_lines(found))


def test_rows_of_one_kind_say_why_most_cannot_be_told() -> None:
    labelled = [Labelled(text="bad", complaint=True)] * 25
    lines = list(evaluation_lines(evaluated(labelled, scored(labelled), Aim(precision=0.9))))
    assert any("all rows are complaints; what compares the two kinds needs both" in line for line in lines)
    assert any("these rows cannot tell" in line for line in lines)
    cells = next(line for line in lines if line.startswith("all rows")).split()[2:]
    assert cells == ["25", "25", "–", "1.00", "–", "–", "–", "0.10", "1.00"]


def test_everything_is_plain_values_for_a_machine() -> None:
    labelled = posts(40, language="en")
    found = json.loads(json.dumps(evaluated(labelled, scored(labelled, 4), Aim(recall=0.9)).as_json()))
    assert found["groups"][0]["precision"] == {"value": 0.9, "low": pytest.approx(0.75, abs=0.1), "high": 1.0}
    assert [(one["from"], one["rows"], one["complaints"]) for one in found["reliability"]] == [
        (0.1, 20, 2),
        (0.9, 20, 18),
    ]
    assert found["curve"] == [
        {"threshold": 0.9, "precision": 0.9, "recall": 0.9},
        {"threshold": 0.1, "precision": 0.5, "recall": 1.0},
    ]
    assert found["aims"][0]["verdict"] == "the interval contains the aim"
    assert found["thresholds"] == {"": {"digest": 0.2, "alert": 0.65}}


def test_two_charts_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    labelled = posts(40)
    drawn = charts.draw(evaluated(labelled, scored(labelled, 4)), tmp_path / "new" / "charts")
    assert [path.name for path in drawn] == ["reliability.png", "precision-recall.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)


def test_without_complaints_there_is_no_precision_to_draw(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    labelled = [Labelled(text="fine", complaint=False)] * 25
    assert [path.name for path in charts.draw(evaluated(labelled, scored(labelled)), tmp_path)] == ["reliability.png"]


def test_a_missing_matplotlib_is_answered_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UmbrageError, match=r"pip install 'umbrage\[plots\]'"):
        charts.require()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "file").write_text("in the way")
    labelled = posts(40)
    with pytest.raises(UmbrageError, match="the charts cannot be written"):
        charts.draw(evaluated(labelled, scored(labelled)), tmp_path / "file")
