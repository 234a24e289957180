"""``umbrage eval``, ``umbrage sample`` and ``umbrage recall``."""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.app import open_store
from monitor.core.verdict import Score, Thresholds, judge
from monitor.settings import StoreSettings
from monitor.testing.store_contract import NOW, about, post
from tests.cli.conftest import Finished, Umbrage

BAD, GOOD = "terrible, worst service ever, useless", "what a lovely day"
PERIOD = ("--since", "2026-11-22", "--until", "2026-11-23")
LIMITS = Thresholds(digest=0.2, alert=0.65)


def jsonl(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def labelled(count: int, wrong: int = 0, **given: str) -> list[dict[str, Any]]:
    """Every second one a complaint; the first ``wrong`` are labelled the other way round."""
    return [
        {"text": BAD if n % 2 else GOOD, "complaint": n % 2 if n >= wrong else 1 - n % 2, **given} for n in range(count)
    ]


@pytest.fixture
def evaluate(umbrage: Umbrage, config: Path) -> Umbrage:
    def run(*arguments: object, stdin: bytes = b"") -> Finished:
        return umbrage("eval", "-c", config, *arguments, stdin=stdin)

    return run


def test_eval_prints_figures_with_intervals(evaluate: Umbrage, tmp_path: Path) -> None:
    file = jsonl(tmp_path / "posts.jsonl", *labelled(60, wrong=6, lang="en"), *labelled(10, lang="de"))
    finished = evaluate(file)
    assert finished.code == 0
    lines = finished.out.splitlines()
    assert lines[0] == "keywords@1 on 70 labelled posts, 35 of them complaints"
    assert lines[1] == "alert from 0.80, digest from 0.40"
    assert [line.split()[:2] for line in lines if line.startswith(("all", "lang"))] == [
        ["all", "rows"],
        ["language", "en"],
    ]
    assert "0.91" in next(line for line in lines if line.startswith("all rows"))
    assert lines[-1] == "1 group too small: under 20 rows, or of one kind only"


def test_eval_prints_everything_for_a_machine(evaluate: Umbrage, tmp_path: Path) -> None:
    (found,) = evaluate(jsonl(tmp_path / "posts.jsonl", *labelled(40)), "--json").rows
    assert (found["model"], found["groups"][0]["rows"], found["left_out"]) == ("keywords@1", 40, {})
    assert found["groups"][0]["recall"]["value"] == 1.0
    assert found["curve"]
    assert sum(one["rows"] for one in found["reliability"]) == 40


def test_eval_reads_csv_and_standard_input(evaluate: Umbrage) -> None:
    lines = "".join(f'{n},"{BAD if n % 2 else GOOD}",{"TRUE" if n % 2 else "FALSE"}\n' for n in range(30))
    finished = evaluate("-", stdin=f"id,text,complaint\n{lines}".encode())
    assert finished.code == 0
    assert "30 labelled posts, 15 of them complaints" in finished.out


def test_eval_counts_what_it_leaves_out(evaluate: Umbrage, tmp_path: Path) -> None:
    rows = [
        *labelled(20),
        {"text": BAD},
        {"text": " ", "complaint": 1},
        {"complaint": 1},
        {"text": BAD, "complaint": 0.9},
    ]
    finished = evaluate(jsonl(tmp_path / "posts.jsonl", *rows))
    assert finished.code == 1
    assert "20 labelled posts" in finished.out
    assert finished.err.splitlines() == [
        "umbrage: 4 rows left out",
        '  1: no label: "complaint" is to be 1 or 0',
        "  1: no text",
        '  1: has no "text"',
        '  1: "complaint" is neither 1 nor 0; a probability, as umbrage classify writes it, is no label',
    ]


@pytest.mark.parametrize(
    "content",
    ["", "just a line\n", '{"text": "no label"}\n', "id,text\n1,hello\n", '{"text": "x", "complaint": 0.7}\n'],
)
def test_eval_of_a_file_without_labels_says_how_to_give_them(evaluate: Umbrage, tmp_path: Path, content: str) -> None:
    (tmp_path / "posts").write_text(content, "utf-8")
    finished = evaluate("posts")
    assert (finished.code, finished.out) == (1, "")
    assert 'no row of posts has a text and a label: give each row "complaint": 1 or 0' in finished.err


def test_eval_never_takes_what_classify_wrote_for_labels(evaluate: Umbrage, umbrage: Umbrage, config: Path) -> None:
    judged = umbrage("classify", "-c", config, stdin=f"{BAD}\n{GOOD} but useless\n".encode()).out
    assert evaluate("-", stdin=judged.encode()).code == 1


def test_eval_of_one_kind_says_why_most_is_missing(evaluate: Umbrage, tmp_path: Path) -> None:
    finished = evaluate(jsonl(tmp_path / "posts.jsonl", *({"text": GOOD, "complaint": 0} for _ in range(25))))
    assert finished.code == 0
    assert "all rows are no complaints; what compares the two kinds needs both" in finished.out


def test_eval_draws(evaluate: Umbrage, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    finished = evaluate(jsonl(tmp_path / "posts.jsonl", *labelled(40, wrong=4)), "--plots", "charts")
    assert finished.code == 0
    assert sorted(path.name for path in (tmp_path / "charts").iterdir()) == ["precision-recall.png", "reliability.png"]
    assert "wrote charts/reliability.png" in finished.err


def test_eval_without_matplotlib_says_what_to_install(
    evaluate: Umbrage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    finished = evaluate(jsonl(tmp_path / "posts.jsonl", *labelled(40)), "--plots", "charts")
    assert (finished.code, finished.out) == (1, "")
    assert "pip install 'umbrage[plots]'" in finished.err


@pytest.fixture
def stored(tmp_path: Path, config: Path) -> dict[str, bool]:
    """300 judged posts about Acme and 20 about Brimble, one a minute; the truth by id."""
    scores = [(n * 37 % 100) / 100 for n in range(320)]
    store = open_store(StoreSettings(url=f"sqlite:///{tmp_path / 'umbrage.db'}"), migrate=True)
    found = [(post(n), about("Acme" if n < 300 else "Brimble")) for n in range(320)]
    with store.begin() as transaction:
        transaction.add_mentions("source", found, NOW)
    with store.begin() as transaction:
        transaction.add_verdicts(
            (each.mention, judge(Score(complaint=scores[n]), "test@1", LIMITS, NOW))
            for n, each in enumerate(store.unjudged(320))
        )
    store.engine.dispose()
    return {str(n): score * 100 % 10 < 4 if score < 0.65 else score * 100 % 10 > 1 for n, score in enumerate(scores)}


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def label(path: Path, truth: dict[str, bool]) -> None:
    jsonl(path, *({**row, "complaint": int(truth[row["id"]])} for row in read(path)))


def test_a_sample_is_blind_and_its_design_is_beside_it(umbrage: Umbrage, tmp_path: Path, stored: object) -> None:
    finished = umbrage("sample", "-n", 60, *PERIOD, "-o", "sample.jsonl")
    assert finished.code == 0
    rows = read(tmp_path / "sample.jsonl")
    assert len({(row["id"], row["brand"]) for row in rows}) == 60
    assert all(list(row) == ["id", "platform", "brand", "text", "complaint"] for row in rows)
    assert all(row["complaint"] is None for row in rows)
    design = json.loads((tmp_path / "sample.jsonl.design.json").read_text("utf-8"))
    assert (design["posts"], design["models"]) == (320, {"test@1": 320})
    assert sum(part["posts"] for part in design["strata"]) == 320
    drawn = {tuple(key) for part in design["strata"] for key in part["sample"]}
    assert drawn == {(row["platform"], row["id"], row["brand"]) for row in rows}
    assert design["alerted"] == next(part["posts"] for part in design["strata"] if part["tier"] == "alert")
    assert "60 of 320 posts in sample.jsonl, how they were drawn in sample.jsonl.design.json" in finished.err


def test_a_sample_is_the_same_for_the_same_seed(umbrage: Umbrage, tmp_path: Path, stored: object) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        assert umbrage("sample", *PERIOD, "--seed", seed, "-o", name).code == 0
    first, again, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == again != other


def test_a_sample_of_one_brand(umbrage: Umbrage, tmp_path: Path, stored: object) -> None:
    assert umbrage("sample", *PERIOD, "--brand", "Brimble", "-o", "sample.jsonl").code == 0
    assert [row["brand"] for row in read(tmp_path / "sample.jsonl")] == ["Brimble"] * 20


def test_a_sample_can_be_printed(umbrage: Umbrage, tmp_path: Path, stored: object) -> None:
    finished = umbrage("sample", "-n", 20, *PERIOD, "--design", "design.json")
    assert len(finished.rows) == 20
    assert (tmp_path / "design.json").exists()
    assert "umbrage recall FILE --design design.json" in finished.err


def test_without_a_place_for_the_design_nothing_is_drawn(umbrage: Umbrage, stored: object) -> None:
    finished = umbrage("sample", *PERIOD)
    assert finished.code == 2
    assert "recall needs the design" in finished.err


@pytest.mark.parametrize("name", ["sample.jsonl", "sample.jsonl.design.json"])
def test_labels_are_not_written_over(umbrage: Umbrage, tmp_path: Path, stored: object, name: str) -> None:
    (tmp_path / name).write_text("work", "utf-8")
    finished = umbrage("sample", *PERIOD, "-o", "sample.jsonl")
    assert finished.code == 1
    assert "exists already; nothing was changed" in finished.err
    assert (tmp_path / name).read_text("utf-8") == "work"
    assert len(list(tmp_path.glob("sample*"))) == 1


def test_a_period_without_posts_is_named(umbrage: Umbrage, tmp_path: Path, stored: object) -> None:
    finished = umbrage("sample", "--until", "2026-11-22", "--days", 7, "--brand", "Acme", "-o", "sample.jsonl")
    assert finished.code == 1
    assert "no judged posts about Acme from 2026-11-15 00:00 to 2026-11-22 00:00 UTC; name another time" in finished.err
    assert not list(tmp_path.glob("sample*"))


def test_a_folder_that_is_not_there_is_named(umbrage: Umbrage, stored: object) -> None:
    finished = umbrage("sample", *PERIOD, "-o", "nowhere/sample.jsonl")
    assert finished.code == 1
    assert "nowhere/sample.jsonl.design.json cannot be written" in finished.err


def test_recall_is_estimated_from_the_labels(umbrage: Umbrage, tmp_path: Path, stored: dict[str, bool]) -> None:
    umbrage("sample", "-n", 320, *PERIOD, "-o", "sample.jsonl")
    label(tmp_path / "sample.jsonl", stored)
    finished = umbrage("recall", "sample.jsonl")
    assert finished.code == 0
    lines = finished.out.splitlines()
    begun = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    assert (
        lines[0]
        == f"320 posts, {begun:%Y-%m-%d} 00:00 to {begun + timedelta(days=1):%Y-%m-%d} 00:00 UTC, judged by test@1"
    )
    (found,) = umbrage("recall", "sample.jsonl", "--json").rows
    alerted = sum(truth for name, truth in stored.items() if int(name) * 37 % 100 >= 65)
    value = alerted / sum(stored.values())
    assert found["recall"] == {"value": pytest.approx(value), "low": pytest.approx(value), "high": pytest.approx(value)}
    assert f"recall     {value:.2f} ({value:.2f} to {value:.2f}) of the complaints were alerted" in lines
    assert [line.split()[0] for line in lines[-3:]] == ["ignored,"] * 3


def test_recall_reads_a_spreadsheet_and_counts_what_has_no_label(
    umbrage: Umbrage, tmp_path: Path, stored: dict[str, bool]
) -> None:
    umbrage("sample", "-n", 60, *PERIOD, "-o", "sample.jsonl")
    rows = read(tmp_path / "sample.jsonl")
    cells = [f"{row['id']},{row['platform']},{row['brand']},text,{int(stored[row['id']])}" for row in rows[1:]]
    cells += [f"{rows[0]['id']},{rows[0]['platform']},{rows[0]['brand']},text,", "999,mastodon,Acme,stranger,1"]
    (tmp_path / "labels.csv").write_text("\n".join(["id,platform,brand,text,complaint", *cells]), "utf-8")
    finished = umbrage("recall", "labels.csv", "--design", "sample.jsonl.design.json")
    assert finished.code == 1
    assert "recall     0." in finished.out
    assert finished.err.splitlines() == [
        "umbrage: 2 rows left out",
        '  1: no label: "complaint" is to be 1 or 0',
        "  1: not a post of this sample",
    ]


def test_recall_of_an_unlabelled_sample_says_so(umbrage: Umbrage, stored: object) -> None:
    umbrage("sample", "-n", 60, *PERIOD, "-o", "sample.jsonl")
    finished = umbrage("recall", "sample.jsonl")
    assert finished.code == 1
    assert "has a label, so nothing is known" in finished.err


@pytest.mark.parametrize(
    ("content", "cure"),
    [
        (None, "name the design that umbrage sample wrote with --design"),
        ("{", "not a design that this umbrage wrote"),
        ('{"kind": "something else"}', "not a design that this umbrage wrote"),
    ],
)
def test_recall_needs_the_design(umbrage: Umbrage, tmp_path: Path, content: str | None, cure: str) -> None:
    jsonl(tmp_path / "sample.jsonl", {"id": "1", "text": "x", "complaint": 1})
    if content is not None:
        (tmp_path / "sample.jsonl.design.json").write_text(content, "utf-8")
    finished = umbrage("recall", "sample.jsonl")
    assert finished.code == 1
    assert f"sample.jsonl.design.json: {'' if content else 'No such file'}" in finished.err
    assert cure in finished.err
