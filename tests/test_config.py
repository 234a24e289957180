"""The configuration: every problem at once, in the words of the file, with the nearest name and never a secret."""

from datetime import time, timedelta
from pathlib import Path

import pytest

from monitor import registry
from monitor.config import read
from monitor.core.errors import ConfigError
from monitor.registry import names
from monitor.settings import Settings

COLLECTORS = ", ".join(names("collectors"))

CANARY = "xoxb-canary-4711"
SLACK = 'use = "slack"\nchannel = "C024BE91L"\n'
SPAN = 'a span of time is written like "30s", "5m", "24h" or "7d"'
CLOCK = 'a time of day is written like "22:00"'
FORMS = 'write { env = "NAME" } or { file = "/path" }'


def settings(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "monitor.toml"
    path.write_text(text, encoding="utf-8")
    return read(path)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, text)
    assert "canary" not in str(caught.value)
    return list(caught.value.problems)


BAD: dict[str, tuple[str, list[str]]] = {
    "unknown table": ('[stroe]\nurl = "x"', ["stroe: unknown setting; did you mean store?"]),
    "unknown setting": ('[store]\nulr = "x"', ["store.ulr: unknown setting; did you mean url?"]),
    "unknown in a list": (
        '[[brands]]\nname = "Acme"\ntems = ["a"]',
        ["brands.0.tems: unknown setting; did you mean terms?"],
    ),
    "unknown and nothing near": ('[store]\nxyzzy = "x"', ["store.xyzzy: unknown setting"]),
    "unknown plugin option": (
        '[sources.a]\nuse = "rss"\nurls = ["https://a.example"]\nplatfrom = "x"',
        ["sources.a.platfrom: unknown setting; did you mean platform?"],
    ),
    "unknown common option": (
        '[sources.a]\nuse = "rss"\nurls = ["https://a.example"]\nevry = "5m"',
        ["sources.a.evry: unknown setting; did you mean every?"],
    ),
    "option of a plugin without any": ('[targets.c]\nuse = "console"\nfont = 1', ["targets.c.font: unknown setting"]),
    "missing plugin option": ('[sources.a]\nuse = "rss"', ["sources.a.urls: is missing"]),
    "wrong type of a table": ('sources = 5\ntargets = ["c"]', ["sources: must be a table", "targets: must be a table"]),
    "wrong type of a list": ('brands = "Acme"', ["brands: must be a list in square brackets"]),
    "wrong types": (
        '[[brands]]\nname = 3\nterms = "Acme"',
        ["brands.0.name: must be a text in quotes", "brands.0.terms: must be a list in square brackets"],
    ),
    "deletions followed too rarely": (
        '[sources.a]\nuse = "rss"\nurls = ["https://a.example"]\nrefresh = "7d"',
        ["sources.a.refresh: 24h at most: what people delete has to be gone here within a day"],
    ),
    "number too high": ("[classifier]\nalert = 80", ["classifier.alert: must be at most 1.0"]),
    "number too low": ('[targets.c]\nuse = "console"\npatience = 0', ["targets.c.patience: must be at least 1"]),
    "no number": (
        '[targets.w]\nuse = "webhook"\nurl = "https://a.example"\ntimeout_seconds = "soon"',
        ["targets.w.timeout_seconds: must be a number"],
    ),
    "no plugin": ('[sources.a]\nevery = "5m"', ["sources.a.use: is missing"]),
    "unknown collector": (
        '[sources.a]\nuse = "rsss"',
        [f"sources.a.use: no collector is called 'rsss'; known: {COLLECTORS}; did you mean rss?"],
    ),
    "unknown notifier": (
        '[targets.a]\nuse = "slak"',
        ["targets.a.use: no notifier is called 'slak'; known: console, email, slack, webhook; did you mean slack?"],
    ),
    "unknown classifier": (
        '[classifier]\nuse = "onx"',
        [
            "classifier.use: no classifier is called 'onx'; "
            "known: keywords, onnx, remote, transformers; did you mean onnx?"
        ],
    ),
    "plugin by path": (
        '[targets.a]\nuse = "../core/errors"',
        ["targets.a.use: no notifier is called '../core/errors'; known: console, email, slack, webhook"],
    ),
    "unknown target in a route": (
        '[targets.support]\nuse = "console"\n[[routes]]\nname = "a"\ntargets = ["suport"]',
        ["routes.0.targets: 'suport' no such target; did you mean support?"],
    ),
    "unknown brand in a route": (
        '[[brands]]\nname = "Acme"\nterms = ["a"]\n[targets.c]\nuse = "console"\n'
        '[[routes]]\nname = "a"\ntargets = ["c"]\nbrands = ["Akme"]',
        ["routes.0.brands: 'Akme' no such brand; did you mean Acme?"],
    ),
    "rival that is not watched": (
        '[[brands]]\nname = "Acme"\nterms = ["a"]\nrivals = ["Bolt", "Acme"]',
        [
            "brands.0.rivals: 'Bolt' is no other brand with a [[brands]] table",
            "brands.0.rivals: 'Acme' is no other brand with a [[brands]] table",
        ],
    ),
    "unknown target for health": ('[health]\ntargets = ["ops"]', ["health.targets: 'ops' no such target"]),
    "route to nobody": ('[[routes]]\nname = "a"\ntargets = []', ["routes.0.targets: must not be empty"]),
    "bad spans": (
        '[alerts]\nfirst_gap = "soon"\nlongest_gap = 60\nepisode_quiet = "1h 5m"\nepisode_longest = "-1h"',
        [f"alerts.{name}: {SPAN}" for name in ("first_gap", "longest_gap", "episode_quiet", "episode_longest")],
    ),
    "endless span": (f'[health]\npatience = "{"9" * 5000}d"', [f"health.patience: {SPAN}"]),
    "bad clocks and zone": (
        '[targets.c]\nuse = "console"\n[[routes]]\nname = "a"\ntargets = ["c"]\n'
        'quiet = { start = "25:00", end = "7", zone = "Mars/Olympus" }',
        [
            f"routes.0.quiet.start: {CLOCK}",
            f"routes.0.quiet.end: {CLOCK}",
            'routes.0.quiet.zone: a time zone is written like "Europe/Berlin" or "UTC"',
        ],
    ),
    "brand watched twice": (
        '[[brands]]\nname = "Acme"\nterms = ["a"]\n[[brands]]\nname = "Acme"\nterms = ["b"]',
        ["brands: 'Acme' is watched twice"],
    ),
    "brands that look alike": (
        '[[brands]]\nname = "C+"\nterms = ["a"]\n[[brands]]\nname = "C++"\nterms = ["b"]',
        ["brands: 'C++' and 'C+' differ only in case, accents or signs; rename one of them"],
    ),
    "brand without terms": (
        '[[brands]]\nname = "Acme"',
        ["brands.0: needs at least one of terms or handles, or nothing can match"],
    ),
    "brand without a name": ('[[brands]]\nname = ""\nterms = ["a"]', ["brands.0.name: must not be empty"]),
    "empty term": (
        '[[brands]]\nname = "Acme"\nterms = [" "]',
        ["brands.0: an empty term would match everything; remove it"],
    ),
    "empty handle": (
        '[[brands]]\nname = "Acme"\nhandles = ["@"]',
        ["brands.0: an empty term would match everything; remove it"],
    ),
    "thresholds upside down": (
        "[classifier]\ndigest = 0.9\nalert = 0.5",
        ["classifier.digest: must not be above classifier.alert"],
    ),
    "misspelt topics": (
        '[targets.c]\nuse = "console"\n[[routes]]\nname = "a"\ntargets = ["c"]\ntopics = ["delivery", "saftey"]\n'
        'quiet = { start = "22:00", end = "07:00", zone = "UTC", breaks_through = ["saftey"] }',
        [
            "routes.0.topics: 'saftey' no such topic; did you mean safety?",
            "routes.0.quiet.breaks_through: 'saftey' no such topic; did you mean safety?",
        ],
    ),
    "playbooks": (
        '[[playbooks]]\ntopics = ["saftey"]\nlink = "wiki/safety"\n[[playbooks]]\nlevels = [6]\nlink = "https://w.example"',
        [
            "playbooks.0: link is written like https://wiki.acme.example/delivery",
            "playbooks.1.levels.0: must be at most 5",
        ],
    ),
    "playbooks of nothing": (
        '[[playbooks]]\ntopics = ["saftey"]\nbrands = ["Acmee"]\nremedies = ["a voucher"]\n[[brands]]\nname = "Acme"\n'
        'terms = ["Acme"]',
        [
            "playbooks.0.brands: 'Acmee' no such brand; did you mean Acme?",
            "playbooks.0.topics: 'saftey' no such topic; did you mean safety?",
        ],
    ),
    "two secrets": (
        f'[targets.s]\n{SLACK}token = {{ env = "A", file = "/canary" }}',
        [f"targets.s.token: give only one of env and file: {FORMS}"],
    ),
    "plain secret": (
        f'[targets.s]\n{SLACK}token = "{CANARY}"',
        [f"targets.s.token: secrets do not belong in the configuration file: {FORMS}"],
    ),
    "plain secret under a misspelt name": (
        f'[targets.s]\n{SLACK}tokn = "{CANARY}"',
        ["targets.s.token: is missing", "targets.s.tokn: unknown setting; did you mean token?"],
    ),
    "no secret": (f"[targets.s]\n{SLACK}", ["targets.s.token: is missing"]),
    "password in plain": (
        f'[store]\npassword = "{CANARY}"',
        [f"store.password: secrets do not belong in the configuration file: {FORMS}"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), BAD.values(), ids=BAD)
def test_a_bad_file_is_explained_in_its_own_words(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert problems(tmp_path, text) == expected


@pytest.mark.parametrize("classifier", ['use = "onnx"\nfolder = "mine"', 'use = "theirs"'], ids=["a folder", "foreign"])
def test_other_classifiers_have_topics_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, classifier: str
) -> None:
    monkeypatch.setattr(
        "monitor.config.load", lambda kind, name: registry.load(kind, "keywords" if name == "theirs" else name)
    )
    text = (
        f'[classifier]\n{classifier}\n[targets.c]\nuse = "console"\n[[routes]]\nname = "a"\ntargets = ["c"]\n'
        'topics = ["saftey"]\nquiet = { start = "22:00", end = "07:00", zone = "UTC", breaks_through = ["saftey"] }'
    )
    assert settings(tmp_path, text).routes[0].topics == ("saftey",)


def test_all_problems_are_said_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        f"""
        [store]
        ulr = "x"
        [[brands]]
        name = "Acme"
        [[brands]]
        name = "Apex"
        terms = ["Apex"]
        [sources.news]
        use = "rsss"
        [sources.feed]
        use = "rss"
        every = "often"
        [classifier]
        use = "onx"
        [targets.team]
        {SLACK}
        token = "{CANARY}"
        [[routes]]
        name = "a"
        targets = ["taem"]
        brands = ["Akme"]
        [health]
        targets = ["teem"]
        """,
    )
    assert {problem.partition(":")[0] for problem in found} == {
        "store.ulr",
        "brands.0",
        "sources.news.use",
        "sources.feed.every",
        "sources.feed.urls",
        "classifier.use",
        "targets.team.token",
        "routes.0.targets",
        "routes.0.brands",
        "health.targets",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[store", "not valid TOML: Expected ']' at the end of a table declaration"),
        ("a = 1\na = 2", "not valid TOML: Cannot overwrite a value"),
        ("terms = [", "not valid TOML"),
    ],
)
def test_a_slip_of_the_pen_is_located(tmp_path: Path, text: str, words: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert words in problem
    assert problem.startswith(str(tmp_path / "monitor.toml"))


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such file; .*config/monitor\.toml"):
        read(tmp_path / "nothing.toml")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b'[store]\nurl = "\xe4"'])
def test_a_file_that_is_not_text_is_said_to_be_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "monitor.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="cannot be read"):
        read(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path)


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    found = settings(tmp_path, "")
    assert found == Settings()
    assert (found.classifier.use, found.store.url) == ("onnx", "sqlite:///umbrage.db")


def test_a_file_saved_by_an_old_windows_editor_is_read(tmp_path: Path) -> None:
    assert settings(tmp_path, "\ufeff[alerts]\r\nfirst_gap = '5m'\r\n").alerts.first_gap == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        (" 5 m ", timedelta(minutes=5)),
        ("0s", timedelta(0)),
    ],
)
def test_spans_of_time(tmp_path: Path, written: str, span: timedelta) -> None:
    assert settings(tmp_path, f'[alerts]\nfirst_gap = "{written}"').alerts.first_gap == span


@pytest.mark.parametrize(("written", "clock"), [('"22:00"', time(22)), ("07:30:00", time(7, 30)), ('"00:00"', time(0))])
def test_times_of_day(tmp_path: Path, written: str, clock: time) -> None:
    text = '[targets.c]\nuse = "console"\n[[routes]]\nname = "a"\ntargets = ["c"]\n'
    found = settings(tmp_path, text + f'quiet = {{ start = {written}, end = "07:00", zone = "Europe/Berlin" }}')
    assert found.routes[0].quiet is not None
    assert found.routes[0].quiet.start == clock


def test_a_secret_is_neither_read_nor_shown_when_the_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UMBRAGE_TEST", CANARY)
    found = settings(tmp_path, f'[targets.s]\n{SLACK}token = {{ env = "UMBRAGE_TEST" }}')
    assert CANARY not in repr(found) + found.model_dump_json()


def test_a_password_in_the_address_of_the_database_is_refused_without_being_shown(tmp_path: Path) -> None:
    from monitor.app import open_engine_of

    found = settings(tmp_path, '[store]\nurl = "postgresql://me:canary@db.example/umbrage"')
    with pytest.raises(ConfigError, match="holds a password") as caught:
        open_engine_of(found.store)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://db.example/x", "sqlite:/x", "postgresql+asyncpg://db/x"])
def test_an_address_that_is_no_database_is_refused(tmp_path: Path, url: str) -> None:
    from monitor.app import open_engine_of

    try:
        engine = open_engine_of(settings(tmp_path, f'[store]\nurl = "{url}"').store)
    except ConfigError as error:
        assert str(error).startswith("store.url: ")
    else:
        assert engine.url.drivername in ("sqlite", "postgresql+psycopg")


# Routes in a file of their own

TARGET = '[targets.c]\nuse = "console"\n'
ROUTE = '[[routes]]\nname = "a"\ntargets = ["c"]\n'


def test_routes_may_stand_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "routes.toml").write_text(ROUTE + "levels = [1]\n", "utf-8")
    assert [route.levels for route in settings(tmp_path, TARGET).routes] == [(1,)]


def test_an_empty_file_of_routes_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "routes.toml").write_text("# none yet\n", "utf-8")
    assert settings(tmp_path, TARGET).routes == ()
    assert [route.name for route in settings(tmp_path, TARGET + ROUTE).routes] == ["a"]


@pytest.mark.parametrize(
    ("text", "routes", "said"),
    [
        (TARGET + ROUTE, ROUTE, "and only one file may have any; move those of"),
        (TARGET, '[[routes]]\nname = "a"\ntargets = ["d"]\n', "routes.toml: routes.0.targets: 'd' no such target"),
        (TARGET, ROUTE + "level = [1]\n", "routes.toml: routes.0.level: unknown setting; did you mean levels?"),
        (TARGET, "[targets.d]\nuse = 'console'\n", "routes.toml: targets: only [[routes]] belong here; move it to"),
        (TARGET, ROUTE + "targets =\n", "routes.toml: not valid TOML: "),
        (TARGET, "routes = 7\n", "routes.toml: routes: must be a list in square brackets"),
    ],
    ids=["both", "no such target", "unknown", "something else", "not TOML", "no list"],
)
def test_what_is_wrong_with_routes_names_their_file(tmp_path: Path, text: str, routes: str, said: str) -> None:
    (tmp_path / "routes.toml").write_text(routes, "utf-8")
    (found,) = problems(tmp_path, text)
    assert said in found


X = '[sources.x]\nuse = "x"\ntoken = { env = "X" }\nusd_per_month = 100\n'
STREAM = '[sources.fast]\nuse = "x_stream"\nevery = "1s"\ntoken = { env = "X" }\nusd_per_month = 60\n'


def test_a_stream_fits_beside_a_search(tmp_path: Path) -> None:
    assert set(settings(tmp_path, X + STREAM).sources) == {"x", "fast"}
    other = X.replace('"X"', '"Y"').replace("100", "10")
    assert set(settings(tmp_path, other + STREAM).sources) == {"x", "fast"}, "an app of its own has a budget of its own"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (STREAM, "sources.fast: needs a source that searches beside it"),
        (X + STREAM.replace('"1s"', '"5m"'), "sources.fast.every: must be at most 10s"),
        (X.replace("100", "60") + STREAM, "sources.fast: must have less usd_per_month and usd_per_day than the source"),
        (X + "usd_per_day = 5\n" + STREAM + "usd_per_day = 5\n", "sources.fast: must have less usd_per_month"),
    ],
)
def test_a_stream_that_does_not_fit_says_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.startswith(said)
