"""``umbrage digest``, ``stats`` and ``orders`` as a marketer would type them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.app import open_store
from monitor.core.cause import GROUPING
from monitor.core.mark import Mark, Marked
from monitor.core.surge import Kind, Scope
from monitor.core.verdict import Label
from monitor.ports import Draft
from monitor.settings import StoreSettings
from monitor.store.sql import SqlStore
from monitor.testing.store_contract import about, post, verdict
from tests.cli.conftest import CONFIG, Umbrage

NOW = datetime.now(UTC)  # noqa: TID251 - the commands look at the real clock
YESTERDAY = (NOW - timedelta(days=1)).replace(hour=12)
DIGESTS = """
[[digests]]
name = "marketing"
targets = ["team"]
zone = "UTC"
"""


@pytest.fixture
def store(tmp_path: Path) -> SqlStore:
    """Two complaints of yesterday by two people, and a good word."""
    (tmp_path / "monitor.toml").write_text(CONFIG + DIGESTS)
    found = open_store(StoreSettings(url=f"sqlite:///{tmp_path / 'umbrage.db'}"), migrate=True)
    posts = [post(n, posted_at=YESTERDAY, url=f"https://posts.example/{n}") for n in range(3)]
    with found.begin() as transaction:
        transaction.add_mentions("posts", [(one, about()) for one in posts], NOW)
    numbers = [item.mention for item in found.unjudged(10)]
    with found.begin() as transaction:
        good = verdict(Label.OTHER, sentiment="positive")
        transaction.add_verdicts([(numbers[0], verdict()), (numbers[1], verdict()), (numbers[2], good)])
        cause = transaction.open_cause("Acme", "delivery", GROUPING, 1, YESTERDAY)
        drafts = [Draft(cause.id, "Acme", "delivery", YESTERDAY, 3, ()) for _ in range(2)]
        opened = transaction.open_cases(drafts)
        transaction.file((number, cause.id, case.id) for number, case in zip(numbers, opened, strict=False))
    return found


@pytest.mark.usefixtures("store")
def test_without_any_option_it_is_about_yesterday(umbrage: Umbrage) -> None:
    said = umbrage("digest")
    assert said.code == 0
    assert f"Acme · {YESTERDAY:%A} {YESTERDAY.day} {YESTERDAY:%B} · 2 complaints" in said.out
    assert "2 complaints by 2 people" in said.out
    assert "https://posts.example/0" in said.out


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("shown", ["text", "markdown", "html", "json", "slack"])
def test_every_format_says_how_many(umbrage: Umbrage, shown: str) -> None:
    said = umbrage("digest", "--format", shown, "--date", f"{YESTERDAY:%Y-%m-%d}")
    assert said.code == 0
    assert "Where is parcel 0" in said.out.replace("\\", "")
    if shown in ("json", "slack"):
        assert json.loads(said.out)


def test_it_is_sent_once_through_the_outbox_and_shown_before(umbrage: Umbrage, store: SqlStore) -> None:
    shown = umbrage("digest", "--to", "team", "--dry-run")
    assert "2 complaints" in shown.out
    sent, again = umbrage("digest", "--to", "team"), umbrage("digest", "--to", "team")
    assert "wait for team" in sent.err
    assert "has got it already" in again.err
    with store.begin() as transaction:
        key = f"digest/by hand/Acme/{YESTERDAY:%Y-%m-%d}/1"
        assert transaction.message("team", key)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--brand", "Acne"), "did you mean"),
        (("--to", "teem"), "did you mean"),
        (("--zone", "Berlin"), "is no time zone"),
        (("--date", "2999-01-01"), "in the future"),
    ],
)
def test_what_cannot_be_is_said_with_its_cure(umbrage: Umbrage, arguments: tuple[str, ...], said: str) -> None:
    finished = umbrage("digest", *arguments)
    assert finished.code == 1
    assert said in finished.err


@pytest.mark.usefixtures("store")
def test_a_week_guesses_who_is_silent_only_when_asked(umbrage: Umbrage) -> None:
    said = umbrage("digest", "--week")
    assert "DAY BY DAY" in said.out
    assert "TARP" not in said.out
    said = umbrage("digest", "--week", "--silent-majority")
    assert "2 people spoke up; 7 to 40 affected, if 5% to 30% of those affected speak up" in " ".join(said.out.split())


@pytest.mark.usefixtures("store")
def test_stats_show_days_topics_and_cases(umbrage: Umbrage) -> None:
    said = umbrage("stats", "--days", "3")
    assert "2 complaints by 2 people" in said.out
    assert f"{YESTERDAY:%a} {YESTERDAY.day} {YESTERDAY:%b}  {'█' * 40} 2" in said.out
    assert "delivery  " in said.out


def test_stats_tell_how_many_surges_people_called_false(umbrage: Umbrage, store: SqlStore) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the command reads the clock
    assert "surge" not in umbrage("stats").out
    for number, topic in enumerate(("delivery", "price"), 1):
        with store.begin() as transaction:
            transaction.open_surge("Acme", Scope(topic=topic), Kind.SURGE, now, 20, 4.5, now)
        said = umbrage("stats").out
        assert f"{number} surge{'s' * (number > 1)} told in " in said
        assert "nobody called one a false alarm" in said
    with store.begin() as transaction:
        said_so = Marked(mark=Mark.FALSE, by="U1", name="ann", via="slack", at=now, key="1")
        assert transaction.add_surge_fact(1, said_so)
    assert "1 called a false alarm: 1.0 a month (put up with: one a month)" in umbrage("stats").out


@pytest.mark.usefixtures("store")
def test_orders_make_a_rate(umbrage: Umbrage, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(f"day,orders\n{YESTERDAY:%Y-%m-%d},500\n")
    assert "kept the orders of 1 day for Acme" in umbrage("orders", "orders.csv").err
    assert "4.0 per 1,000 orders" in umbrage("digest").out


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("line", ["yesterday,5", "2026-11-24,many", "2026-11-24,-1", "2026-11-24"])
def test_orders_that_cannot_be_read_name_their_line(umbrage: Umbrage, tmp_path: Path, line: str) -> None:
    (tmp_path / "orders.csv").write_text(f"day,orders\n{line}\n")
    finished = umbrage("orders", "orders.csv")
    assert finished.code == 1
    assert "line 2" in finished.err


def test_a_digest_for_nobody_or_twice_is_refused(umbrage: Umbrage, tmp_path: Path) -> None:
    wrong = DIGESTS.replace('"team"', '"teem"')
    (tmp_path / "monitor.toml").write_text(CONFIG + wrong + DIGESTS)
    said = umbrage("check").err
    assert "digests.0.targets: 'teem' no such target" in said
    assert "'marketing' is used twice" in said


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_export_writes_the_complaints_behind_the_numbers(umbrage: Umbrage, tmp_path: Path, name: str) -> None:
    said = umbrage("export", name)
    assert "wrote 2 complaints" in said.err
    if name.endswith("csv"):
        assert "Where is parcel 0?" in (tmp_path / name).read_text("utf-8")
    assert "exists already" in umbrage("export", name).err
    assert "is before" in umbrage("export", "x.csv", "--since", "2026-11-02", "--until", "2026-11-01").err


def test_an_faq_that_cannot_be_read_is_said_by_check(umbrage: Umbrage, tmp_path: Path) -> None:
    (tmp_path / "monitor.toml").write_text(
        CONFIG.replace('terms = ["Acme"]', 'terms = ["Acme"]\nfaq = "faq.csv"') + DIGESTS
    )
    assert "the FAQ of Acme, faq.csv, cannot be read" in umbrage("check").err
    (tmp_path / "faq.csv").write_text("q,a\nWhy?,Because\n")
    assert "needs the columns question and answer" in umbrage("check").err
    (tmp_path / "faq.csv").write_text("question,answer\nWhy?,Because\n")
    assert "FAQ" not in umbrage("check").err
