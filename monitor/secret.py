"""A secret in the configuration: named there, kept elsewhere, read when it is needed and never shown."""

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from monitor.core.errors import ConfigError

_FORMS = '{ env = "NAME" } or { file = "/path" }'


class Secret(BaseModel):
    """Where a secret is: an environment variable or a file, exactly one of the two.

    The value is read by :meth:`reveal` each time, so a renewed token is used without a restart, and it is kept nowhere:
    representations of this object can only name the place.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: str | None = None
    file: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_a_place(cls, data: Any) -> Any:
        if isinstance(data, cls):
            return data
        if isinstance(data, str):
            raise ValueError(f"secrets do not belong in the configuration file: write {_FORMS}")
        if not isinstance(data, dict):
            raise ValueError(f"write {_FORMS}")
        if unknown := data.keys() - {"env", "file"}:
            raise ValueError(f"a secret has no setting {', '.join(sorted(map(repr, unknown)))}: write {_FORMS}")
        given = [name for name in ("env", "file") if data.get(name)]
        if len(given) != 1:
            raise ValueError(f"give {'only one' if given else 'one'} of env and file: write {_FORMS}")
        return data

    def reveal(self) -> str:
        """The value, without a line end. Raises :class:`ConfigError` naming the place and the cure."""
        value, problem = self._read()
        if problem is not None:
            raise ConfigError([problem])
        return value

    def is_available(self) -> str | None:
        """``None`` when the secret can be read now, else what is wrong and what to do about it."""
        return self._read()[1]

    def _read(self) -> tuple[str, str | None]:
        if self.env is not None:
            value = os.environ.get(self.env, "").strip("\r\n")
            cure = None if value.strip() else f"the environment variable {self.env} is not set; set it to the secret"
            return value, cure
        try:
            value = Path(str(self.file)).read_text(encoding="utf-8").strip("\r\n")
        except FileNotFoundError:
            return "", f"the secret file {self.file} does not exist; create it, readable for this user only"
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            return "", f"the secret file {self.file} cannot be read: {reason}"
        return value, None if value.strip() else f"the secret file {self.file} is empty; write the secret into it"
