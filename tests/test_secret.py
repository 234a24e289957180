"""Secrets are named in the configuration, read when used, and never shown."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from monitor.core.errors import ConfigError
from monitor.secret import Secret

CANARY = "xoxb-canary-4711"


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Secret


def test_reads_the_environment_when_used(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Secret(env="UMBRAGE_TEST_TOKEN")
    monkeypatch.setenv("UMBRAGE_TEST_TOKEN", CANARY + "\n")
    assert secret.reveal() == CANARY
    monkeypatch.setenv("UMBRAGE_TEST_TOKEN", "renewed")
    assert secret.reveal() == "renewed"


def test_reads_a_file_and_strips_the_line_end(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(CANARY + "\r\n")
    assert Secret(file=path).reveal() == CANARY
    assert Secret(file=path).is_available() is None


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (CANARY, "secrets do not belong in the configuration file"),
        ({}, "give one of env and file"),
        ({"env": ""}, "give one of env and file"),
        ({"env": "A", "file": "/b"}, "give only one of env and file"),
        ({"environment": "A"}, "no setting 'environment'"),
        (7, 'write { env = "NAME" }'),
    ],
)
def test_says_how_a_secret_is_written(written: Any, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Options.model_validate({"token": written})
    messages = [error["msg"] for error in caught.value.errors()]
    assert len(messages) == 1
    assert said in messages[0]
    assert '{ env = "NAME" } or { file = "/path" }' in messages[0]


@pytest.mark.parametrize("value", [None, "", "\n", "  "])
def test_a_missing_variable_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("UMBRAGE_TEST_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("UMBRAGE_TEST_TOKEN", value)
    secret = Secret(env="UMBRAGE_TEST_TOKEN")
    with pytest.raises(ConfigError, match="UMBRAGE_TEST_TOKEN is not set; set it"):
        secret.reveal()
    assert secret.is_available() == "the environment variable UMBRAGE_TEST_TOKEN is not set; set it to the secret"


def test_an_unusable_file_is_named_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, said in {"none": "does not exist", "empty": "is empty", "binary": "not UTF-8", ".": "directory"}.items():
        secret = Secret(file=tmp_path / name)
        with pytest.raises(ConfigError, match=said) as caught:
            secret.reveal()
        assert str(tmp_path / name) in caught.value.problems[0]
        assert secret.is_available() == caught.value.problems[0]


def test_never_shows_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBRAGE_TEST_TOKEN", CANARY)
    options = Options.model_validate({"token": {"env": "UMBRAGE_TEST_TOKEN"}})
    assert options.token.reveal() == CANARY
    shown = (
        f"{options} {options!r} {options.token} {options.token!r} {options.model_dump()} {options.model_dump_json()}"
    )
    assert CANARY not in shown
    assert "UMBRAGE_TEST_TOKEN" in shown


def test_reads_nothing_when_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UMBRAGE_TEST_TOKEN", raising=False)
    assert str(Secret(env="UMBRAGE_TEST_TOKEN"))
    assert str(Secret(file=Path("/no/such/file")))
