"""Posts to a Slack channel; a lost answer is looked up in the channel's history before anything is posted again.

What an error means follows from whom it concerns. A revoked token, a missing invitation or an archived channel stop
*every* message and only a person can help: the target is ``Busy``, rests for ten minutes and keeps its messages, and
its health record says what to do. What Slack has against *one* message is ``Refused``: it is set aside, and the others
go on.
"""

import errno
import hashlib
import logging
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from monitor.core.errors import Busy, ConfigError, DeliveryError, Doubtful, Refused
from monitor.core.message import Message
from monitor.ports import Receipt
from monitor.secret import Secret
from monitor.slack.blocks import CHART, fallback, render
from monitor.slack.validate import problems

log = logging.getLogger(__name__)

PACE = timedelta(seconds=1)
"""https://docs.slack.dev/apis/web-api/rate-limits: one message per second and channel."""

UNTIL_REPAIRED = timedelta(minutes=10)
LONGEST_WAIT = timedelta(hours=1)
CLOCKS_DIFFER = timedelta(seconds=30)
PAGE = 200
EVENT = "umbrage_message"

_TOKEN_CURE = "copy the Bot User OAuth Token (xoxb-…) of the app and set it where the option token points"  # noqa: S105
_INVITE = "invite the app to the channel: /invite @umbrage"
_POSTING = "a workspace admin must allow the app to post in this channel"
_CURES = {
    **dict.fromkeys(("invalid_auth", "not_authed", "token_revoked", "token_expired"), _TOKEN_CURE),
    "account_inactive": "the app was removed from the workspace; install it again",
    "missing_scope": "add the scope to the app at api.slack.com/apps and install it again",
    "not_allowed_token_type": _TOKEN_CURE,
    "no_permission": _POSTING,
    "access_denied": _POSTING,
    "team_access_not_granted": _POSTING,
    "ekm_access_denied": _POSTING,
    "enterprise_is_restricted": _POSTING,
    "org_login_required": "the workspace is being moved; it accepts messages again afterwards",
    "team_added_to_org": "the workspace is being moved; it accepts messages again afterwards",
    "channel_not_found": f"check the option channel, and if the channel is private, {_INVITE}",
    "not_in_channel": _INVITE,
    "is_archived": "unarchive the channel or change the option channel",
    "messages_tab_disabled": "switch on the messages tab of the app, or use a channel",
    "restricted_action": _POSTING,
    "restricted_action_read_only_channel": _POSTING,
    "restricted_action_thread_only_channel": "this channel takes only replies; change the option channel",
    "message_limit_exceeded": "the workspace has used up its messages for now",
}
"""Errors that concern every message to this channel (https://docs.slack.dev/reference/methods/chat.postMessage)."""

_PERHAPS_DONE = {"fatal_error", "internal_error", "request_timeout", "service_unavailable"}
_LIMITED = {"ratelimited", "rate_limited"}
_DO_WITHOUT = {
    **dict.fromkeys(("invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"), "blocks"),
    **dict.fromkeys(("cannot_reply_to_message", "thread_not_found", "message_not_found"), "thread_ts"),
    **dict.fromkeys(("restricted_action_non_threadable_channel", "restricted_action_thread_locked"), "thread_ts"),
}
"""What is left out when Slack says that it is the trouble: a plain message in the channel is better than none."""

_NOT_THERE = "message_not_found"
_PRIVATE = "D"
"""With this the ids of private conversations begin."""

_CANNOT_LOOK = {"missing_scope", "not_allowed_token_type", "channel_not_found", "not_in_channel", "no_permission"}
_BY_POST = ("chat.postMessage", "chat.update", "conversations.open")
_THIS_COMPUTER = ("127.0.0.1", "localhost", "::1")
_NOTHING_SENT = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)


_Candidate = tuple[str, dict[str, Any]]


class Options(BaseModel):
    """``token`` is a bot token with ``chat:write``; with ``channels:history`` (private channels: ``groups:history``,
    private messages: ``im:history`` and ``im:write``) lost answers are looked up instead of posting again. ``channel``
    is the channel's ID, which survives renaming.
    """

    # What was put into the wrong place may be the token.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: Secret
    channel: str
    timeout_seconds: int = Field(default=10, ge=1, le=60)
    base_url: str = "https://slack.com/api/"

    @field_validator("channel")
    @classmethod
    def _is_an_id(cls, value: str) -> str:
        if not re.fullmatch(r"[CGD][A-Z0-9]{2,}", value):
            raise ValueError(
                "this is not a channel ID; in Slack, open the channel's details: the ID (like C024BE91L) is at "
                "the bottom. Names are not used because they change"
            )
        return value

    @field_validator("base_url")
    @classmethod
    def _keeps_the_token_safe(cls, value: str) -> str:
        address = urlsplit(value)
        is_safe = address.scheme == "https" or (address.scheme == "http" and address.hostname in _THIS_COMPUTER)
        if not is_safe or not address.hostname or "@" in address.netloc:
            raise ValueError("must begin with https://, so that the token is not sent in the clear")
        return value if value.endswith("/") else value + "/"


def create(options: Options) -> "SlackNotifier":
    return SlackNotifier(options)


class SlackNotifier:
    """A :class:`monitor.ports.Notifier` for one channel. References are ``channel:ts``."""

    pace = PACE
    has_threads = True

    def __init__(self, options: Options) -> None:
        self._options = options
        # Below INFO the SDK writes every message, which is somebody's post, into the log.
        self._sdk_log = logging.getLogger(f"{__name__}.sdk")
        self._sdk_log.setLevel(logging.CRITICAL)

    def send(self, message: Message, thread: Receipt | None) -> Receipt:
        if message.to is not None:
            if receipt := self._in_private(message):
                return receipt
            message = replace(message, to=None, pings=(message.to,))
        content = _content(message) | {"metadata": _metadata(message)}
        if parent := self._parent(thread):
            content |= {"thread_ts": parent} | ({"reply_broadcast": True} if message.surfaces else {})
        while True:
            try:
                answer = self._call("chat.postMessage", **content, mrkdwn=False, unfurl_links=False, unfurl_media=False)
            except _RefusalError as said:
                if not _do_without(said.code, content):
                    raise said.as_error() from None
                log.error("message=%s sent with less: Slack says %s", _key(message), said.code)
            else:
                return _receipt(answer.get("channel"), answer.get("ts"))

    def edit(self, message: Message, receipt: Receipt) -> None:
        channel, _, ts = (receipt.reference or "").partition(":")
        is_here = channel == self._options.channel or channel.startswith(_PRIVATE)
        if not ts or not is_here:
            raise Refused("the message is in another channel, or was never there")
        content = _content(message)
        while True:
            try:
                self._call("chat.update", channel=channel, ts=ts, **content)
            except _RefusalError as said:
                if said.code == _NOT_THERE:
                    # Somebody has deleted it in Slack: there is nothing left that could be out of date.
                    log.info("message=%s is not there any more and is not changed", _key(message))
                    return
                if not _do_without(said.code, content):
                    raise said.as_error() from None
                log.error("message=%s changed with less: Slack says %s", _key(message), said.code)
            else:
                return

    def find(self, message: Message, thread: Receipt | None, since: datetime) -> Receipt | None:
        oldest = f"{(since - CLOCKS_DIFFER).timestamp():.6f}"
        try:
            for channel, found in self._candidates(self._parent(thread), message.to, oldest):
                if _key_of(found) == _key(message):
                    return _receipt(channel, found.get("ts"))
        except _RefusalError as said:
            if said.code in _CANNOT_LOOK:
                cure = "add the scopes channels:history and groups:history, and invite the app to the channel"
                cure = "add the scopes im:history and im:write" if message.to is not None else cure
                raise Refused(f"Slack does not let us look ({said.code}); {cure}") from None
            error = said.as_error()
            raise Busy(str(error), wait=error.wait if isinstance(error, Busy) else None) from None
        except Doubtful as error:
            raise Busy(f"cannot look for the message: {error}") from None
        return None

    def _in_private(self, message: Message) -> Receipt | None:
        """The message to one person; ``None`` where Slack does not let us, such as without the app's messages tab."""
        content = _content(message) | {"metadata": _metadata(message), "channel": message.to}
        try:
            answer = self._call("chat.postMessage", **content, mrkdwn=False, unfurl_links=False, unfurl_media=False)
        except _RefusalError as said:
            if _CURES.get(said.code) == _TOKEN_CURE:
                raise said.as_error() from None
            log.warning("message=%s is not sent in private: Slack says %s", _key(message), said.code)
            return None
        return _receipt(answer.get("channel"), answer.get("ts"))

    def _candidates(self, parent: str | None, person: str | None, oldest: str) -> Iterator[_Candidate]:
        """Messages that may be the one, with their channel: in the thread, in the channel, where it is put without its
        thread, and in private, where a message to one person goes unless Slack does not let us.
        """
        here = self._options.channel
        if parent is not None:
            try:
                yield from self._pages("conversations.replies", here, ts=parent, oldest=oldest)
            except _RefusalError as said:
                if said.code not in ("thread_not_found", "message_not_found"):
                    raise
        yield from self._pages("conversations.history", here, oldest=oldest)
        private = self._private(person) if person is not None else None
        if private is not None:
            yield from self._pages("conversations.history", private, oldest=oldest)

    def _private(self, person: str) -> str | None:
        """The channel in which we speak to one person; ``None`` where Slack says that there can be none."""
        try:
            answer = self._call("conversations.open", channel=None, users=person)
        except _RefusalError as said:
            if said.code in _CANNOT_LOOK or said.code in _CURES:
                raise
            return None
        found = answer.get("channel")
        if not isinstance(found, dict) or not isinstance(found.get("id"), str):
            raise Doubtful("Slack's answer names no channel")
        return str(found["id"])

    def _pages(self, method: str, channel: str, **arguments: Any) -> Iterator[_Candidate]:
        cursor: str | None = None
        while cursor != "":
            paged = {"cursor": cursor, "limit": PAGE, "include_all_metadata": True}
            answer = self._call(method, channel=channel, **arguments, **paged)
            yield from ((channel, found) for found in answer.get("messages") or [])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""

    def _parent(self, thread: Receipt | None) -> str | None:
        """The time stamp of the message above, unless it is in another channel: that one was configured before."""
        channel, _, ts = ((thread.reference if thread else None) or "").partition(":")
        return ts if ts and channel == self._options.channel else None

    def _call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """One request without retries: the SDK would repeat a post whose answer was lost, and so double it."""
        client = WebClient(
            self._token(),
            base_url=self._options.base_url,
            timeout=self._options.timeout_seconds,
            retry_handlers=[],
            logger=self._sdk_log,
        )
        arguments = {"channel": self._options.channel} | arguments
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            if method in _BY_POST:
                answer = client.api_call(method, json=given)
            else:
                answer = client.api_call(method, http_verb="GET", params=given)
        except SlackApiError as error:
            raise _translate(error) from None
        except (OSError, HTTPException, SlackClientError, ValueError, AttributeError) as error:
            raise _lost(error) from None
        return answer.data if isinstance(answer.data, dict) else {}

    def _token(self) -> str:
        token = self._options.token.reveal()
        if not re.fullmatch(r"xox[\x21-\x7e]+", token):
            raise ConfigError([f"the Slack token is not a bot token; {_TOKEN_CURE}"])
        return token


class _RefusalError(Exception):
    """Slack's definite no."""

    def __init__(self, code: str, needed: str) -> None:
        super().__init__(code)
        self.code = code
        self.needed = needed

    def as_error(self) -> DeliveryError:
        scope = f" {self.needed}" if self.needed else ""
        if cure := _CURES.get(self.code):
            return Busy(f"Slack says {self.code}{scope}; {cure}", wait=UNTIL_REPAIRED, needs_person=True)
        return Refused(f"Slack refuses this message: {self.code}")


def _translate(error: SlackApiError) -> Exception:
    response = error.response
    status = getattr(response, "status_code", 200)
    data = getattr(response, "data", None)
    data = data if isinstance(data, dict) else {}
    code = str(data.get("error", ""))
    if status == 429 or code in _LIMITED:
        return Busy("Slack asks us to wait", wait=_wait(getattr(response, "headers", {}).get("Retry-After")))
    if status >= 500 or code in _PERHAPS_DONE or not re.fullmatch(r"[a-z][a-z0-9_]{2,60}", code):
        return Doubtful(f"Slack is in trouble (status {status}{', ' + code if code in _PERHAPS_DONE else ''})")
    return _RefusalError(code, str(data.get("needed", ""))[:80])


def _lost(error: Exception) -> DeliveryError:
    """No answer that can be read. Only where nothing can have been sent is it certain that nothing was posted."""
    reason = error.reason if isinstance(error, URLError) else error
    name = type(reason).__name__
    if isinstance(error, URLError) and isinstance(reason, OSError):
        unsent = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)
        if isinstance(reason, unsent) or reason.errno in _NOTHING_SENT:
            return Busy(f"Slack cannot be reached ({name}); check the network, its proxy and its certificates")
    return Doubtful(f"Slack's answer was lost ({name})")


def _wait(asked: str | None) -> timedelta | None:
    try:
        return min(LONGEST_WAIT, timedelta(seconds=max(1.0, float(asked or ""))))
    except (ValueError, OverflowError):
        return None


def _do_without(code: str, content: dict[str, Any]) -> bool:
    """Leave out what Slack says is the trouble: a chart before all the blocks. ``False`` when nothing is left to."""
    trouble = _DO_WITHOUT.get(code)
    if trouble not in content:
        return False
    plain = [block for block in content[trouble] if block["type"] != CHART] if trouble == "blocks" else []
    if plain and len(plain) < len(content[trouble]):
        content[trouble] = plain
    else:
        del content[trouble]
    if "thread_ts" not in content:
        content.pop("reply_broadcast", None)
    return True


def _content(message: Message) -> dict[str, Any]:
    """Text and blocks; blocks that Slack would refuse are left out, for a plain message is better than none."""
    content: dict[str, Any] = {"text": fallback(message)}
    blocks = render(message)
    if found := problems(blocks):
        log.error("message=%s sent without blocks: %s", _key(message), "; ".join(found[:3]))
    else:
        content["blocks"] = blocks
    return content


def _metadata(message: Message) -> dict[str, Any]:
    """Metadata can be read by everybody in the workspace: an opaque key and nothing else."""
    return {"event_type": EVENT, "event_payload": {"key": _key(message)}}


def _key(message: Message) -> str:
    return hashlib.blake2b(message.key.encode(errors="replace"), digest_size=16).hexdigest()


def _key_of(found: dict[str, Any]) -> Any:
    metadata = found.get("metadata") or {}
    return metadata.get("event_payload", {}).get("key") if metadata.get("event_type") == EVENT else None


def _receipt(channel: Any, ts: Any) -> Receipt:
    if not (isinstance(channel, str) and isinstance(ts, str) and channel and ts):
        raise Doubtful("Slack's answer names no message")
    return Receipt(reference=f"{channel}:{ts}")
