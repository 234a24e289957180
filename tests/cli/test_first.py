"""``umbrage init`` in a terminal: five questions at most, and what it writes works."""

import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.config import read
from monitor.settings import Settings
from tests.cli.conftest import CONFIG
from tests.cli.test_looking import post

pytestmark = pytest.mark.sleeps


def asked(folder: Path, *answers: str) -> tuple[str, int]:
    """What a new user sees in a real terminal, giving an answer to each question."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "monitor", "init"]
    process = subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
    shown = b""
    while process.poll() is None or select.select([ours], [], [], 0)[0]:
        if select.select([ours], [], [], 0.05)[0]:
            try:
                shown += os.read(ours, 65_536)
            except OSError:
                break
    os.close(ours)
    return shown.decode(), process.wait()


def listening(folder: Path, until: str) -> tuple[str, int]:
    """What ``umbrage run`` shows in a real terminal until some words stand there, and how it ends at Ctrl-C."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "monitor", "run"]
    process = subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    shown = b""
    try:
        while until.encode() not in shown:
            assert select.select([ours], [], [], 30)[0], shown.decode()
            shown += os.read(ours, 65_536)
        process.send_signal(signal.SIGINT)
        code = process.wait(30)
        shown += os.read(ours, 65_536)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return shown.decode(), code


def settings(folder: Path) -> Settings:
    return read(folder / "monitor.toml")


def test_enter_four_times_after_the_name_is_enough(tmp_path: Path) -> None:
    shown, code = asked(tmp_path, "Acme", "", "", "", "")
    assert code == 0, shown
    made = settings(tmp_path)
    assert made.brands[0].name == "Acme"
    assert made.brands[0].terms == ("Acme",)
    assert {"bluesky", "reddit", "mastodon", "hackernews", "lemmy"} == set(made.sources)
    assert [target.use for target in made.targets.values()] == ["console"]
    assert "umbrage run" in shown


def test_answers_are_kept(tmp_path: Path) -> None:
    shown, code = asked(tmp_path, ' Acme "Inc" ', "Acme Phone,  acme.example,", "@acme, acmecare", "4 1", "C024BE91L")
    assert code == 0, shown
    made = settings(tmp_path)
    brand = made.brands[0]
    assert brand.terms == ('Acme "Inc"', "Acme Phone", "acme.example")
    assert (brand.handles, brand.own_accounts) == (("@acme", "acmecare"), ("acme", "acmecare"))
    assert list(made.sources) == ["hackernews", "bluesky"]
    assert made.targets["support"].options["channel"] == "C024BE91L"
    assert "UMBRAGE_SLACK_TOKEN" in shown


def test_an_answer_that_makes_no_sense_is_asked_for_again(tmp_path: Path) -> None:
    shown, code = asked(tmp_path, "", "Acme", "", "", "99", "2", "#support", "")
    assert code == 0, shown
    assert "numbers from 1 to" in shown
    assert "names change" in shown
    assert list(settings(tmp_path).sources) == ["reddit"]


def test_it_asks_at_most_five_questions(tmp_path: Path) -> None:
    shown, _ = asked(tmp_path, "Acme", "", "", "", "")
    questions = ("What is the brand", "Other names", "Your own accounts", "Numbers, or Enter", "Alerts:")
    assert all(shown.count(question) == 1 for question in questions)


def test_run_in_a_terminal_says_what_it_listens_to_and_shows_what_it_finds(tmp_path: Path) -> None:
    (tmp_path / "monitor.toml").write_text(CONFIG, "utf-8")
    (tmp_path / "posts.jsonl").write_text(post(1), "utf-8")
    shown, code = listening(tmp_path, "worst and useless")
    assert code == 0
    assert "listening to posts; what needs an answer is told to team" in shown
    assert "Ctrl-C ends it" in shown
    assert "stopped cleanly" in shown
    assert "Traceback" not in shown
    assert "maximum number of running instances" not in shown
