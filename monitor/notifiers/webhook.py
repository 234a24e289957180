"""Posts each message as JSON to any address, signed if wished; receivers drop repeats by the header ``Umbrage-Key``.

The body is ``{"version": 1, "key", "title", "tone", "thread", "quotes": [{"text", "where", "url"}], "facts": [{"name",
"value"}], "why": [], "more", "case", "incident", "links", "commands", "text"}``; texts are as people wrote them and
must be escaped by whoever shows them. A lost answer cannot be looked up: the message is sent again with the same key.
Slack's incoming webhooks get text and blocks instead.

An answer that concerns every message (a redirect, 401, 403, 404, 405, 407, 410) leaves the target ``Busy`` for ten
minutes and its messages waiting; another 4xx concerns this message, which is set aside.
"""

import base64
import binascii
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, field_validator

from monitor.core.acting import commands
from monitor.core.errors import Busy, ConfigError, DeliveryError, Doubtful, Refused
from monitor.core.message import Message, Quote, plain_text
from monitor.ports import Receipt
from monitor.secret import Secret
from monitor.slack.blocks import fallback, render
from monitor.slack.validate import problems

VERSION = 1
SLACK_PACE = timedelta(seconds=1)
UNTIL_REPAIRED = timedelta(minutes=10)
LONGEST_WAIT = timedelta(hours=1)
_CONCERNS_ALL = {401, 403, 404, 405, 407, 410}
_COME_BACK = {408, 425, 429}


class Options(BaseModel):
    """``url`` may be a secret, as many receivers put theirs into the address; ``secret`` signs what is sent
    (https://www.standardwebhooks.com), and may have their form ``whsec_…``. ``format`` is our own, or that of Slack's
    incoming webhooks (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Secret | str
    format: Literal["umbrage", "slack"] = "umbrage"
    secret: Secret | None = None
    timeout_seconds: float = Field(default=10, gt=0, le=60)

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: Secret | str) -> Secret | str:
        if isinstance(value, str) and (problem := _problem_with(value)):
            raise ValueError(problem)
        return value


def create(options: Options) -> "WebhookNotifier":
    # At INFO httpx logs every address, and with it what is secret in it.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return WebhookNotifier(options, time.time)


class WebhookNotifier:
    """A :class:`monitor.ports.Notifier`. ``clock`` gives the seconds of the signature."""

    has_threads = False

    def __init__(self, options: Options, clock: Callable[[], float]) -> None:
        self.pace = SLACK_PACE if options.format == "slack" else timedelta(0)
        self._options = options
        self._clock = clock

    @property
    def limits(self) -> tuple[str, ...]:
        """What the other side must do, or what is not to be had there."""
        if self._options.format == "umbrage":
            return ("a message whose answer was lost is sent again: drop what comes twice, by its Umbrage-Key",)
        return (
            "a message whose answer was lost is sent again and may stand there twice; the second one says so",
            "no buttons, no threads, no edits: they take a Slack app (umbrage slack setup)",
        )

    def send(self, message: Message, thread: Receipt | None) -> Receipt:  # noqa: ARG002 (the body names the thread)
        url, body = self._url(), _slack_body(message) if self._options.format == "slack" else _body(message)
        headers = {"Content-Type": "application/json", "User-Agent": "umbrage", "Umbrage-Key": _key(message)}
        if self._options.secret is not None:
            headers |= signature(self._options.secret.reveal(), _key(message), int(self._clock()), body)
        try:
            with (
                httpx.Client(timeout=self._options.timeout_seconds, follow_redirects=False) as client,
                client.stream("POST", url, content=body, headers=headers) as response,
            ):
                if response.is_success:
                    return Receipt()
                raise _as_error(response, self._clock())
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            place = urlsplit(url).hostname
            raise Busy(
                f"{place} cannot be reached ({type(error).__name__}); check the address and the network"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Doubtful(f"the answer of {urlsplit(url).hostname} was lost ({type(error).__name__})") from None

    def edit(self, message: Message, receipt: Receipt) -> None:
        """The body says which message it replaces; the receiver finds that by its key. Slack's cannot replace any."""
        if self._options.format == "umbrage":
            self.send(message, receipt)

    def find(self, message: Message, thread: Receipt | None, since: datetime) -> Receipt | None:  # noqa: ARG002
        raise Refused("a webhook cannot be asked; the message is sent again with the same Umbrage-Key")

    def _url(self) -> str:
        if isinstance(self._options.url, str):
            return self._options.url
        url = self._options.url.reveal()
        if problem := _problem_with(url):
            raise ConfigError([f"the webhook's address {problem}"])
        return url


def signature(secret: str, key: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks: HMAC-SHA256 over ``id.timestamp.body``."""
    try:
        code = base64.b64decode(secret[6:], validate=True) if secret.startswith("whsec_") else secret.encode()
    except binascii.Error:
        raise ConfigError(["the webhook's secret begins with whsec_ but is not base64"]) from None
    digest = hmac.new(code, f"{key}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": key,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def _problem_with(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        is_address = False
    if not is_address:
        return "must be like https://example.org/hook"
    if "@" in parts.netloc:
        return "must not hold a user name or password; use the option secret"
    return None


def _body(message: Message) -> bytes:
    content = {
        "version": VERSION,
        "key": message.key,
        "title": message.title,
        "tone": message.tone,
        "thread": None if message.edits else message.thread,
        "edits": message.thread if message.edits else None,
        "quotes": [_quoted(quote) for quote in message.quotes],
        "facts": [{"name": name, "value": value} for name, value in message.facts],
        "why": list(message.why),
        "more": message.more,
        "case": message.case,
        "incident": message.incident,
        "links": [{"name": name, "url": url} for name, url in message.links],
        "commands": list(commands(message)),
        "text": plain_text(message),
        **({"digest": message.digest} if message.digest else {}),
    }
    return json.dumps(content, ensure_ascii=False).encode(errors="replace")


def _quoted(quote: Quote) -> dict[str, object]:
    found: dict[str, object] = {"text": quote.text, "where": quote.where, "url": quote.url}
    return found if quote.case is None else found | {"case": quote.case, "about": quote.about}


def _slack_body(message: Message) -> bytes:
    """Text and blocks as the app would post them, with what to type in place of buttons."""
    blocks = render(message, has_buttons=False)
    content = {"text": fallback(message)} | ({} if problems(blocks) else {"blocks": blocks})
    return json.dumps(content).encode()


def _key(message: Message) -> str:
    """The same for every attempt at one message, and safe in a header whatever the brand is called."""
    return hashlib.blake2b(message.key.encode(errors="replace"), digest_size=16).hexdigest()


def _as_error(response: httpx.Response, now: float) -> DeliveryError:
    status, host = response.status_code, response.url.host
    wait = _retry_after(response.headers, now)
    if status in _COME_BACK or (status == 503 and wait is not None):
        return Busy(f"{host} asks us to wait (status {status})", wait=wait)
    if response.is_redirect:
        cure = "set url to the new address"
        return Busy(f"{host} has moved (status {status}); {cure}", wait=UNTIL_REPAIRED, needs_person=True)
    if status in _CONCERNS_ALL:
        cure = "check url and secret"
        problem = f"{host} takes none of our messages (status {status}); {cure}"
        return Busy(problem, wait=UNTIL_REPAIRED, needs_person=True)
    if 400 <= status < 500:
        return Refused(f"{host} refuses this message (status {status})")
    return Doubtful(f"{host} is in trouble (status {status})")


def _retry_after(headers: Mapping[str, str], now: float) -> timedelta | None:
    """https://www.rfc-editor.org/rfc/rfc9110#field.retry-after: seconds or a date; some write fractions."""
    value = headers.get("retry-after", "").strip()
    try:
        return min(LONGEST_WAIT, timedelta(seconds=max(0.0, float(value))))
    except (ValueError, OverflowError):
        pass
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(LONGEST_WAIT, max(timedelta(0), at - datetime.fromtimestamp(now, UTC)))
