"""Cases at the command line: the list, the history, steps, labels and where a post would go."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import CONFIG, Umbrage

POST = {"id": "p1", "text": "Acme is terrible, worst and useless", "author": "ann", "url": "https://social.example/1"}


@pytest.fixture
def told(umbrage: Umbrage, config: Path, tmp_path: Path) -> Umbrage:
    """One complaint was told."""
    from datetime import UTC, datetime, timedelta

    posted = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()  # noqa: TID251 - a command has the real clock
    (tmp_path / "posts.jsonl").write_text(json.dumps(POST | {"created_at": posted}), "utf-8")
    assert umbrage("once").code == 0
    return umbrage


def test_open_cases_are_listed_with_both_clocks(told: Umbrage) -> None:
    out = told("cases").out
    assert out.startswith("case/1 · Answer today · other · Acme · waits 5 min · nobody has it · new · team wait")
    assert "customer waits 5 min" in out
    assert [row["state"] for row in told("cases", "--json").rows] == ["new"]


def test_a_case_is_taken_done_and_closed_with_evidence(told: Umbrage) -> None:
    assert told("case", 1, "take", "--by", "ann").code == 0
    assert "say what was done" in told("case", 1, "done", "--by", "ann").err
    told("case", 1, "done", "--by", "ann", "--remedy", "a new parcel")
    out = told("case", 1, "close", "--by", "ann", "--evidence", "https://social.example/thanks").out
    assert "  satisfied · team wait" in out
    assert [line.split("  ")[2].split(" (")[0] for line in out.splitlines()[3:]] == [
        "take by ann",
        "done by ann",
        "close by ann",
    ]
    assert told("cases").err == "no open cases\n"
    finished = told("case", 1, "answer")
    assert (finished.code, finished.err) == (1, "Error: this case has ended as satisfied; reopen it first\n")


def test_nobody_answers_a_person_until_it_is_over_or_ended(told: Umbrage) -> None:
    assert told("do-not-engage").out == "nobody is on the list\n"
    assert "--days belongs to do_not_engage" in told("case", 1, "take", "--days", 3).err
    assert told("case", 1, "do_not_engage", "--by", "ann", "--note", "insults us", "--days", 90).code == 0
    out = told("do-not-engage").out
    assert out.startswith("case/1 · ann on ")
    assert out.endswith(" UTC · ann: insults us\n")
    assert told("do-not-engage", "--end", 1, "--by", "bob").out == "nobody is on the list\n"
    assert "nothing is decided on case 1" in told("do-not-engage", "--end", 1).err
    assert "this person is answered again" in told("case", 1).out


def test_a_post_that_is_about_something_else_gets_a_case_of_its_own(
    umbrage: Umbrage, config: Path, tmp_path: Path
) -> None:
    from datetime import UTC, datetime, timedelta

    now = datetime.now(UTC)  # noqa: TID251 - a command has the real clock
    other = POST | {"id": "p2", "author": "bob", "text": "Acme lamp is the worst, useless", "reply_to": "p1"}
    at = [{"created_at": (now - timedelta(minutes=minutes)).isoformat()} for minutes in (5, 4)]
    posts = [POST | at[0], other | at[1]]
    (tmp_path / "posts.jsonl").write_text("\n".join(map(json.dumps, posts)), "utf-8")
    assert umbrage("once").code == 0
    out = umbrage("case", 1).out
    assert "file:p1 https" in out
    assert "file:p2 https" in out
    assert "--post belongs to split, and split needs it" in umbrage("case", 1, "split").err
    assert "--post belongs to split, and split needs it" in umbrage("case", 1, "take", "--post", "p2").err
    assert "the case stands for this post" in umbrage("case", 1, "split", "--post", "file:p1").err
    out = umbrage("case", 1, "split", "--by", "ann", "--post", "p2").out
    assert out.splitlines()[-1].endswith("split by ann (cli): it is case/2 now")
    assert umbrage("once").code == 0
    out = umbrage("case", 2).out
    assert "taken out of case/1 by ann" in out
    assert "file:p2" in out
    assert out.splitlines()[-1].endswith("split by ann (cli): it was in case/1")
    assert "ann took this post out already" in umbrage("case", 1, "split", "--by", "bob", "--post", "file:p2").err


def test_a_case_that_is_not_there(told: Umbrage) -> None:
    assert "there is no case 9" in told("case", 9).err
    assert "there is no case 9" in told("case", 9, "take").err


def test_an_incident_is_listed_taken_and_told_with_its_history(umbrage: Umbrage, config: Path, tmp_path: Path) -> None:
    from datetime import UTC, datetime, timedelta

    posted = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()  # noqa: TID251 - a command has the real clock
    words = ("kettle lid", "toaster wire", "blender jug", "oven door")
    posts = [POST | {"id": word, "author": word, "text": f"Acme {word} is the worst, useless"} for word in words]
    (tmp_path / "posts.jsonl").write_text(
        "\n".join(json.dumps(post | {"created_at": posted}) for post in posts), "utf-8"
    )
    assert umbrage("once").code == 0
    assert umbrage("cases").out.startswith("incident/1 · other · Acme · 4 open cases · waits 5 min · nobody has it\n")
    out = umbrage("incident", 1, "take", "--by", "ann").out
    assert out.startswith("incident/1 · other · Acme · 4 open cases · waits 5 min · with ann\n  with ann · team wait")
    assert out.splitlines()[-1].endswith("take by ann (cli)")
    assert umbrage("case", 3).out.splitlines()[-1].endswith("take by ann (cli, incident/1)")
    assert "bob" not in umbrage("incident", 1, "take", "--by", "bob").out
    assert "there is no incident 9" in umbrage("incident", 9).err


def test_labels_are_handed_over_for_eval(told: Umbrage, tmp_path: Path) -> None:
    assert told("labels", "export").out == ""
    told("case", 1, "not_a_complaint", "--by", "ann", "--note", "irony")
    (row,) = told("labels", "export").rows
    assert (row["text"], row["complaint"], row["by"], row["why"]) == (POST["text"], 0, "ann", "irony")
    told("case", 1, "reopen", "--by", "bob")
    out = told("labels", "export").out
    assert json.loads(out)["complaint"] == 1, "the last word counts"
    (tmp_path / "labels.jsonl").write_text(out, "utf-8")
    assert told("eval", "labels.jsonl", "-c", "monitor.toml").code == 0


ROUTES = """
[targets.night]
use = "console"
[[routes]]
name = "danger"
topics = ["safety"]
levels = [1, 2]
targets = ["night"]
[[routes]]
name = "rest"
targets = ["team"]
quiet = { start = "22:00", end = "07:00", zone = "UTC" }
"""


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (["--topic", "safety", "--level", "1"], ["route danger: fits", "→ night (by route danger)"]),
        (
            ["--topic", "safety"],
            [
                "route danger: does not fit",
                "route rest: fits",
                "→ team (by route rest), but quiet hours hold it until 2026-11-28 07:00 UTC",
            ],
        ),
        (
            ["--level", "1"],
            ["route danger: does not fit", "route rest: fits", "→ team (by route rest)"],
        ),
    ],
    ids=["danger", "held", "act now is not held"],
)
def test_where_a_post_would_go(
    umbrage: Umbrage, config: Path, tmp_path: Path, options: list[str], lines: list[str]
) -> None:
    config.write_text(CONFIG + ROUTES, "utf-8")
    finished = umbrage("routes", "test", "--brand", "Acme", "--at", "2026-11-28T02:00:00", *options)
    assert finished.out.splitlines() == lines
    assert not (tmp_path / "umbrage.db").exists()


def test_where_a_post_would_go_is_said_by_a_file_of_routes_as_well(umbrage: Umbrage, config: Path) -> None:
    routes = '[[routes]]\nname = "urgent"\nlevels = [1]\ntargets = ["team"]\n'
    (config.parent / "routes.toml").write_text(routes, "utf-8")
    out = umbrage("routes", "test", "--brand", "Acme", "--level", 1).out
    assert out == "route urgent: fits\n→ team (by route urgent)\n"
    assert umbrage("routes", "test", "--brand", "Acme").out.endswith("→ nobody: no route fits\n")
    config.write_text(config.read_text("utf-8") + routes, "utf-8")
    both = umbrage("routes", "test", "--brand", "Acme")
    assert (both.code, "only one file may have any" in both.err) == (3, True)
