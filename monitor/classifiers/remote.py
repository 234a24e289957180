"""Asks an HTTP endpoint, such as a model server of your own, whether texts are complaints and about what.

``POST {"texts": [...]}`` is answered by ``{"model": "name@revision", "scores": [{"complaint": 0.93, "topics":
[["delivery", 0.8]]}, ...]}``; docs/remote.md has the details and a server to begin with. Texts go out as
:func:`~monitor.core.text.for_model` makes them, so no handle and no link leaves the house. No redirect is followed:
posts and token go to the configured address and nowhere else.
"""

import json
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Never

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from monitor import http
from monitor.core.calibration import Cutoffs
from monitor.core.errors import ConfigError, ModelError
from monitor.core.text import MAX_CHARS, for_model
from monitor.core.verdict import Score, Thresholds
from monitor.ports import Classifier
from monitor.secret import Secret

log = logging.getLogger(__name__)

AGAIN = "it is asked again, and mentions wait until it answers"
_OTHERWISE = "does not take the question: it must read and answer what docs/remote.md says"
_PROBLEMS = {
    **dict.fromkeys(range(300, 400), "has moved: set url to the new address"),
    **dict.fromkeys((401, 403, 407), "refuses access: set token, or renew the secret that it names"),
    **dict.fromkeys((404, 405, 410), "takes no questions at this address: check url"),
    **dict.fromkeys((408, 425, *range(500, 600)), f"is in trouble: {AGAIN}"),
    413: "finds the question too large: lower batch or max_chars",
    429: f"asks us to wait: {AGAIN}",
}
"""What a status means and what to do about it."""

_TOO_LARGE = f"answers more than {http.LARGEST_BODY / 1e6:g} MB: check url, or lower batch"
_DROPPED = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)

Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Topic = Annotated[str, Field(pattern=r"^\w[\w -]{0,39}$")]
"""A topic becomes a part of a case's public key: a plain word or two."""


class Options(BaseModel):
    """Where to ask, and how much at a time."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str = Field(description="the endpoint; https, unless it is on your own network")
    token: Secret | None = Field(default=None, description="sent as Authorization: Bearer …")
    batch: int = Field(default=32, ge=1, le=1_000, description="texts of one request")
    max_chars: int = Field(default=2_000, ge=1, le=MAX_CHARS, description="characters sent of one post")
    timeout_seconds: float = Field(default=30, gt=0, le=600, description="how long one request may take")

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        is_address = value.lower().startswith(("http://", "https://")) and http.host(value) != "?"
        if not is_address or httpx.URL(value).userinfo:
            raise ValueError("must be like https://model.example/score; a password belongs into the option token")
        return value


def create(options: Options) -> Classifier:
    """Ask the endpoint, with no text at all, what its model is called. Raises ``ModelError``."""
    return _Remote(options)


class _Score(BaseModel, strict=True):
    complaint: Probability
    topics: tuple[tuple[Topic, Probability], ...] = ()

    @field_validator("topics")
    @classmethod
    def _likeliest_first(cls, topics: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
        if len(dict(topics)) < len(topics):
            raise ValueError("a topic is named twice")
        return tuple(sorted(topics, key=lambda pair: -pair[1]))


class _Answer(BaseModel, strict=True):
    model: str = Field(pattern=r"^[\w./:+-]+@[\w./:+-]+$", max_length=200)
    scores: tuple[_Score, ...]


class _Remote:
    """Sends what has words, in batches. All scores of one call come from one model, the one that ``model`` names."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._host = http.host(options.url)
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        self._client = http.client(timeout=options.timeout_seconds, headers=headers)
        self._model = self._answer(()).model

    @property
    def model(self) -> str:
        return self._model

    @property
    def cutoffs(self) -> Cutoffs:
        return Cutoffs.everywhere(Thresholds())

    @property
    def calibrations(self) -> Mapping[str, Never]:
        return {}

    def explain(self, text: str, most: int = 3) -> tuple[()]:  # noqa: ARG002
        """No words: an alert would wait for dozens of further questions, and the database with it."""
        return ()

    def score(self, texts: Sequence[str]) -> list[Score]:
        seen = [_seen(text, self._options.max_chars) for text in texts]
        asked = [text for text in seen if text]
        found = iter(self._scores(asked) if asked else ())
        return [next(found) if text else Score(complaint=0.0) for text in seen]

    def _scores(self, texts: Sequence[str]) -> list[Score]:
        """The scores by one model: if it is exchanged between two batches, everything is asked once more."""
        answers = self._answers(texts)
        if len({answer.model for answer in answers}) > 1:
            answers = self._answers(texts)
        name, *others = sorted({answer.model for answer in answers})
        if others:
            raise ModelError(f"{self._host} answers as {name} and as {others[0]}: let it run one model; {AGAIN}")
        if name != self._model:
            log.warning("classifier remote: model=%s answers in place of model=%s", name, self._model)
            self._model = name
        return [Score(complaint=score.complaint, topics=score.topics) for answer in answers for score in answer.scores]

    def _answers(self, texts: Sequence[str]) -> list[_Answer]:
        size = self._options.batch
        return [self._answer(texts[start : start + size]) for start in range(0, len(texts), size)]

    def _answer(self, texts: Sequence[str]) -> _Answer:
        body = self._body(json.dumps({"texts": list(texts)}, ensure_ascii=False).encode())
        try:
            answer = _Answer.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            problem = f"{'.'.join(map(str, ('answer', *first['loc'])))}: {first['msg']}"
            raise ModelError(f"{self._host} does not answer as docs/remote.md says: {problem}") from None
        if len(answer.scores) != len(texts):
            count = f"{len(answer.scores)} scores for {len(texts)} texts"
            raise ModelError(f"{self._host} does not answer as docs/remote.md says: {count}")
        return answer

    def _body(self, question: bytes) -> bytes:
        """The answer's body, asked for once more if the connection drops: to ask twice changes nothing there."""
        try:
            with suppress(*_DROPPED):
                return self._read(question)
            return self._read(question)
        except httpx.TimeoutException:
            raise ModelError(f"{self._host} does not answer within timeout_seconds: {AGAIN}") from None
        except httpx.HTTPError as error:
            name = type(error).__name__
            raise ModelError(f"{self._host} cannot be reached ({name}): check url and the network; {AGAIN}") from None

    def _read(self, question: bytes) -> bytes:
        headers, end = _headers(self._options.token), time.monotonic() + self._options.timeout_seconds
        body = bytearray()
        with self._client.stream("POST", self._options.url, content=question, headers=headers) as response:
            if not response.is_success:
                problem = _PROBLEMS.get(response.status_code, _OTHERWISE)
                raise ModelError(f"{self._host} {problem} (HTTP {response.status_code})")
            for piece in response.iter_raw():
                body += piece
                if len(body) > http.LARGEST_BODY:
                    raise ModelError(
                        f"{self._host} answers more than {http.LARGEST_BODY / 1e6:g} MB: check url, or lower batch"
                    )
                if time.monotonic() > end:
                    raise httpx.ReadTimeout("total")
        return bytes(body)


def _seen(text: str, max_chars: int) -> str:
    """What is sent of a text."""
    return for_model(text[:MAX_CHARS])[:max_chars].encode(errors="replace").decode()


def _headers(token: Secret | None) -> dict[str, str]:
    """The token as it is now: one that was renewed is used without a restart."""
    if token is None:
        return {}
    try:
        value = token.reveal().strip()
    except ConfigError as error:
        raise ModelError(f"classifier.token: {error}") from None
    if not (value.isascii() and value.isprintable()):
        raise ModelError("classifier.token: the secret holds characters that no header can carry; write it anew")
    return {"Authorization": f"Bearer {value}"}
