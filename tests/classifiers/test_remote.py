"""The remote classifier keeps the contract, sends little, believes nothing and shows no secret."""

import json
import logging
import re
import threading
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from monitor import http
from monitor.classifiers import remote
from monitor.core.errors import ModelError
from monitor.core.verdict import Score
from monitor.ports import Classifier
from monitor.testing.classifier_contract import POSTS, ClassifierContract
from monitor.testing.loopback_http import Fault, Kind, LoopbackServer, Reply, Request

PATH = "/score"
TOKEN = "canary-token-4711"
WORDS = "canary-words-4711"
PAGE = Path(__file__).parents[2] / "docs" / "remote.md"


class Endpoint(LoopbackServer):
    """A model server: the longer a text, the likelier a complaint. ``names`` are used up, all but the last."""

    def __init__(self) -> None:
        super().__init__({PATH: self.answer})
        self.names = ["ours@1"]

    def answer(self, request: Request) -> Reply:
        name = self.names.pop(0) if len(self.names) > 1 else self.names[0]
        return Reply(body={"model": name, "scores": [grade(text) for text in request.json()["texts"]]})

    @property
    def questions(self) -> list[list[str]]:
        """The texts of each request but those that only ask for the name."""
        return [texts for request in self.requests if (texts := request.json()["texts"])]


def grade(text: str) -> dict[str, Any]:
    complaint = len(text) / (len(text) + 100)
    return {"complaint": complaint, "topics": [["late", 0.1], ["delivery", complaint]] if "parcel" in text else []}


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as running:
        yield running


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_TOKEN", TOKEN)


def ask(server: LoopbackServer, **options: Any) -> Classifier:
    given = {"url": f"{server.url}{PATH}?key=canary-key-4711", "token": {"env": "MODEL_TOKEN"}}
    return remote.create(remote.Options.model_validate(given | options))


def refusal(act: Callable[[], object]) -> str:
    """What the error says that an act ends with; it never holds a secret or a post."""
    with pytest.raises(ModelError) as caught:
        act()
    assert "canary" not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


class TestRemote(ClassifierContract):
    @pytest.fixture
    def classifier(self, endpoint: Endpoint) -> Classifier:
        return ask(endpoint, batch=2)


def test_no_word_is_asked_about_once_more(endpoint: Endpoint) -> None:
    assert list(ask(endpoint).explain(POSTS[0])) == []
    assert endpoint.questions == []


def test_the_question_is_what_is_documented(endpoint: Endpoint) -> None:
    ask(endpoint).score(["Hey @acme,\n my parcel &amp; https://t.example/x", "größer \ud83d"])
    hello, question = endpoint.requests
    assert hello.json() == {"texts": []}
    assert question.json() == {"texts": ["Hey @user, my parcel & http", "größer ?"]}
    assert (question.method, question.query) == ("POST", {"key": "canary-key-4711"})
    assert question.headers["content-type"] == "application/json"
    assert question.headers["authorization"] == f"Bearer {TOKEN}"
    assert question.headers["user-agent"].startswith("umbrage/")


def test_without_a_token_none_is_sent(endpoint: Endpoint) -> None:
    ask(endpoint, token=None)
    assert "authorization" not in endpoint.requests[0].headers


def test_texts_go_out_in_batches_cut_to_length_and_never_empty(endpoint: Endpoint) -> None:
    scores = ask(endpoint, batch=2, max_chars=4).score(["abcdefgh", " ", "b", "", "cc"])
    assert endpoint.questions == [["abcd", "b"], ["cc"]]
    assert [score.complaint for score in scores] == [4 / 104, 0.0, 1 / 101, 0.0, 2 / 102]


def test_nothing_is_sent_when_no_text_has_words(endpoint: Endpoint) -> None:
    assert ask(endpoint).score(["", " \n"]) == [Score(complaint=0.0)] * 2
    assert endpoint.questions == []


def test_the_likeliest_topic_comes_first(endpoint: Endpoint) -> None:
    (score,) = ask(endpoint).score(["my parcel " * 20])
    assert [name for name, _ in score.topics] == ["delivery", "late"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (301, "has moved: set url to the new address"),
        (307, "has moved"),
        (401, "refuses access: set token, or renew the secret that it names"),
        (403, "refuses access"),
        (404, "takes no questions at this address: check url"),
        (405, "check url"),
        (413, "lower batch or max_chars"),
        (422, "must read and answer what docs/remote.md says"),
        (429, "asks us to wait: it is asked again, and mentions wait"),
        (500, "is in trouble: it is asked again, and mentions wait"),
        (503, "is in trouble"),
    ],
)
def test_a_status_is_told_with_its_cure(endpoint: Endpoint, status: int, words: str) -> None:
    location = f"{endpoint.url}{PATH}"
    endpoint.fail(PATH, Fault.answer(status, b"no", location=location))
    said = refusal(lambda: ask(endpoint))
    assert said.startswith("127.0.0.1 ")
    assert words in said
    assert said.endswith(f"(HTTP {status})")
    assert len(endpoint.requests) == 1, "it was tried again, or a redirect was followed"


GOOD = {"complaint": 0.5, "topics": [["delivery", 0.5]]}


def replied(score: Any = GOOD, **changes: Any) -> bytes:
    return json.dumps({"model": "ours@1", "scores": [score]} | changes).encode()


SENSELESS = {
    "html": b"<!doctype html><p>canary: log in to go on</p>",
    "nothing": b"",
    "half": replied()[:-5],
    "null": b"null",
    "a list": b"[0.5]",
    "no text": b"\xff\xfe",
    "deep": b"[" * 100_000,
    "no model": json.dumps({"scores": [GOOD]}).encode(),
    "no revision": replied(model="ours"),
    "model with a line break": replied(model="ours@1\ncanary"),
    "no scores": replied(scores=None),
    "scores by name": replied(scores={"0": GOOD}),
    "too few": replied(scores=[]),
    "too many": replied(scores=[GOOD, GOOD]),
    "no probability": replied({"topics": []}),
    "null probability": replied({"complaint": None}),
    "a text": replied({"complaint": "0.5"}),
    "true": replied({"complaint": True}),
    "not a number": replied({"complaint": float("nan")}),
    "endless": replied({"complaint": float("inf")}),
    "too large a number": replied().replace(b"0.5", b"1e999"),
    "above one": replied({"complaint": 1.01}),
    "below zero": replied({"complaint": -0.01}),
    "topic without number": replied({"complaint": 0.5, "topics": ["delivery"]}),
    "topic not a number": replied({"complaint": 0.5, "topics": [["delivery", float("nan")]]}),
    "topic above one": replied({"complaint": 0.5, "topics": [["delivery", 2]]}),
    "topic twice": replied({"complaint": 0.5, "topics": [["delivery", 0.5], ["delivery", 0.4]]}),
    "topic without a name": replied({"complaint": 0.5, "topics": [["", 0.5]]}),
    "topic with a slash": replied({"complaint": 0.5, "topics": [["canary/1", 0.5]]}),
    "topic with a line break": replied({"complaint": 0.5, "topics": [["canary\n", 0.5]]}),
}


@pytest.mark.parametrize("body", SENSELESS.values(), ids=SENSELESS)
def test_an_answer_that_makes_no_sense_is_no_answer(endpoint: Endpoint, body: bytes) -> None:
    classifier = ask(endpoint)
    endpoint.fail(PATH, Fault.answer(200, body))
    assert "127.0.0.1 does not answer as docs/remote.md says: " in refusal(lambda: classifier.score([WORDS]))
    assert classifier.score([WORDS])[0].complaint > 0, "the next question is a new one"


def test_what_is_wrong_is_located(endpoint: Endpoint) -> None:
    classifier = ask(endpoint)
    bad = {"complaint": 1.5}
    endpoint.fail(PATH, Fault.answer(200, replied(scores=[GOOD, bad])), Fault.answer(200, replied(scores=[GOOD])))
    assert "answer.scores.1.complaint: Input should be less than" in refusal(lambda: classifier.score(["a", "b"]))
    assert "1 scores for 2 texts" in refusal(lambda: classifier.score(["a", "b"]))


def test_more_fields_than_needed_are_fine(endpoint: Endpoint) -> None:
    classifier = ask(endpoint)
    endpoint.fail(PATH, Fault.answer(200, replied({"complaint": 1, "mood": "bad"}, took=0.2)))
    assert classifier.score(["a"]) == [Score(complaint=1.0)]


def test_an_answer_too_large_is_not_read_to_its_end(endpoint: Endpoint) -> None:
    endpoint.fail(PATH, Fault.answer(200, b" " * (http.LARGEST_BODY + 1)))
    assert "answers more than 5 MB: check url, or lower batch" in refusal(lambda: ask(endpoint))


class Drip(httpx.SyncByteStream):
    """An answer that never ends, a byte at a time."""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b" "


def test_a_drip_meets_the_deadline(monkeypatch: pytest.MonkeyPatch, endpoint: Endpoint) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Drip()))
    monkeypatch.setattr(http, "client", partial(http.client, transport=transport))
    assert "does not answer within timeout_seconds" in refusal(lambda: ask(endpoint, timeout_seconds=0.05))


def test_a_dropped_connection_is_tried_once_more(endpoint: Endpoint) -> None:
    classifier = ask(endpoint)
    drops = [Fault(kind=Kind.DROP_BEFORE_COMMIT), Fault(kind=Kind.DROP_AFTER_COMMIT)]
    endpoint.fail(PATH, drops[0])
    assert len(classifier.score(POSTS)) == len(POSTS)
    assert len(endpoint.questions) == 2
    endpoint.fail(PATH, *drops)
    assert "cannot be reached (RemoteProtocolError)" in refusal(lambda: classifier.score([WORDS]))
    assert len(classifier.score(POSTS)) == len(POSTS)


def test_silence_ends_and_is_not_tried_again(endpoint: Endpoint) -> None:
    endpoint.fail(PATH, Fault(kind=Kind.SLOW))
    assert "does not answer within timeout_seconds: it is asked again" in refusal(
        lambda: ask(endpoint, timeout_seconds=0.2)
    )
    endpoint.release()
    assert len(endpoint.requests) == 1


def test_nobody_there() -> None:
    act = partial(remote.create, remote.Options(url="http://127.0.0.1:1/canary"))
    assert "127.0.0.1 cannot be reached (ConnectError): check url and the network" in refusal(act)


@pytest.mark.parametrize("status", [200, 301, 401, 404, 422, 429, 500])
def test_secrets_and_posts_are_never_shown(endpoint: Endpoint, caplog: pytest.LogCaptureFixture, status: int) -> None:
    caplog.set_level(logging.DEBUG)
    classifier = ask(endpoint)
    echo = f"{WORDS} {TOKEN}"
    endpoint.fail(PATH, Fault.answer(status, echo.encode(), location=f"{endpoint.url}/{TOKEN}", x_echo=TOKEN))
    refusal(lambda: classifier.score([WORDS]))
    classifier.score([WORDS])
    assert "canary" not in caplog.text + repr(classifier)


def test_a_missing_token_is_named_and_a_renewed_one_is_used(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = ask(endpoint)
    monkeypatch.delenv("MODEL_TOKEN")
    assert "classifier.token: the environment variable MODEL_TOKEN is not set" in refusal(lambda: classifier.score("a"))
    monkeypatch.setenv("MODEL_TOKEN", " renewed\n")
    classifier.score(["a"])
    assert endpoint.requests[-1].headers["authorization"] == "Bearer renewed"


@pytest.mark.parametrize("token", ["canary-é", "canary\r\nX-Own: 1", "canary\x01"])
def test_a_token_that_fits_no_header_is_refused(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("MODEL_TOKEN", token)
    assert "no header can carry" in refusal(lambda: ask(endpoint))
    assert endpoint.requests == []


def test_a_new_model_is_named_from_its_first_answer_on(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    classifier = ask(endpoint)
    assert classifier.model == "ours@1"
    endpoint.names = ["ours@2"]
    classifier.score(["a"])
    assert classifier.model == "ours@2"
    assert "model=ours@2 answers in place of model=ours@1" in caplog.text


def test_all_scores_of_a_call_come_from_one_model(endpoint: Endpoint) -> None:
    classifier = ask(endpoint, batch=1)
    endpoint.names = ["ours@1", "ours@2"]
    assert len(classifier.score(["a", "b"])) == 2
    assert classifier.model == "ours@2"
    assert endpoint.questions == [["a"], ["b"]] * 2


def test_two_models_in_turn_are_refused(endpoint: Endpoint) -> None:
    classifier = ask(endpoint, batch=1)
    endpoint.names = ["ours@1", "ours@2"] * 2
    assert "answers as ours@1 and as ours@2: let it run one model" in refusal(lambda: classifier.score(["a", "b"]))
    assert classifier.model == "ours@1"


@pytest.mark.parametrize("url", ["ftp://model.example/", "model.example", "https:///x", "http://a:b/", ""])
def test_an_address_that_cannot_work_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match=r"must be like https://model\.example/score"):
        remote.Options(url=url)


def test_an_address_with_a_password_is_refused_and_not_shown() -> None:
    with pytest.raises(ValidationError, match="a password belongs into the option token") as caught:
        remote.Options(url="https://me:canary@model.example/")
    assert "canary" not in str(caught.value)


def test_a_token_in_plain_is_refused() -> None:
    with pytest.raises(ValidationError, match="secrets do not belong in the configuration file"):
        remote.Options.model_validate({"url": "https://model.example/", "token": TOKEN})


def test_the_server_of_the_documentation_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBRAGE_MODEL_TOKEN", TOKEN)
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    example: dict[str, Any] = {"__name__": "example"}
    exec(code, example)
    example["Handler"].log_message = lambda *_: None
    with ThreadingHTTPServer(("127.0.0.1", 0), example["Handler"]) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        classifier = remote.create(remote.Options.model_validate({"url": url, "token": {"env": "MODEL_TOKEN"}}))
        loud, calm = classifier.score(["WHERE IS MY PARCEL", "thank you"])
        monkeypatch.setenv("MODEL_TOKEN", "another")
        assert "refuses access" in refusal(lambda: classifier.score(["a"]))
        server.shutdown()
    assert (classifier.model, calm) == ("capitals@1", Score(complaint=0.0))
    assert loud == Score(complaint=round(15 / 18, 4), topics=(("service_conduct", 0.5),))
