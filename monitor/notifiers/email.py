"""Sends each message as mail over SMTP, encrypted; made for digests, which come whole, with their chart.

One target is one address: name one for each subscriber, so that each has its own place in the outbox. A lost answer
cannot be looked up: the mail is sent again with the same ``Message-ID``, by which mail readers recognise it.

A server that refuses the login, the sender or the address concerns every message: the target rests for ten minutes and
keeps its messages. Another refusal (5xx) concerns this message, which is set aside; 4xx is tried again.
"""

import smtplib
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from monitor.core.errors import Busy, DeliveryError, Doubtful, Refused
from monitor.core.message import Message
from monitor.digest.mail import write_mail
from monitor.ports import Receipt
from monitor.secret import Secret

UNTIL_REPAIRED = timedelta(minutes=10)
_THIS_COMPUTER = ("127.0.0.1", "localhost", "::1")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class Options(BaseModel):
    """``host`` takes mail by ``starttls`` (port 587) or ``tls`` (465); ``none`` only on this computer, for a server
    that hands on. ``user`` and ``password`` log in. ``sender`` and ``to`` are one address each.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(min_length=1)
    port: int | None = Field(default=None, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: Secret | None = None
    sender: str
    to: str
    timeout_seconds: float = Field(default=20, gt=0, le=120)

    @field_validator("sender", "to")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        name, _, domain = value.rpartition("@")
        if not name or not domain or not value.isascii() or any(sign in value for sign in ' \t\r\n<>,;"()'):
            raise ValueError("must be one address, such as digest@acme.example")
        return value

    @model_validator(mode="after")
    def _keeps_secrets(self) -> "Options":
        if self.security == "none" and self.host not in _THIS_COMPUTER:
            raise ValueError('security = "none" would send everything in the clear; use "starttls" or "tls"')
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together")
        return self


def create(options: Options) -> "EmailNotifier":
    return EmailNotifier(options, time.time)


class EmailNotifier:
    """A :class:`monitor.ports.Notifier`. ``clock`` gives the date of a mail in seconds; references are empty."""

    pace = timedelta(0)
    has_threads = False

    def __init__(self, options: Options, clock: Callable[[], float], context: ssl.SSLContext | None = None) -> None:
        self._options = options
        self._clock = clock
        self._context = context or ssl.create_default_context()

    def send(self, message: Message, thread: Receipt | None) -> Receipt:  # noqa: ARG002 (the mail names the thread)
        options = self._options
        mail = write_mail(message, options.sender, options.to, datetime.fromtimestamp(self._clock(), UTC))
        server = self._connected()
        try:
            server.send_message(mail, options.sender, [options.to])
        except smtplib.SMTPException as error:
            raise _refused(error) from None
        except OSError as error:
            raise Doubtful(f"the answer of {options.host} was lost ({type(error).__name__})") from None
        finally:
            # The mail was taken or not: how the server says goodbye changes nothing.
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()
        return Receipt()

    def edit(self, message: Message, receipt: Receipt) -> None:
        """What was mailed stays as it was, and nobody wants a second mail about it."""

    def find(self, message: Message, thread: Receipt | None, since: datetime) -> Receipt | None:  # noqa: ARG002
        raise Refused("mail cannot be looked up; it is sent again with the same Message-ID")

    def _connected(self) -> smtplib.SMTP:
        """A connection that is encrypted and logged in; nothing was sent when this fails."""
        options = self._options
        port = options.port or _PORTS[options.security]
        try:
            if options.security == "tls":
                server: smtplib.SMTP = smtplib.SMTP_SSL(
                    options.host, port, timeout=options.timeout_seconds, context=self._context
                )
            else:
                server = smtplib.SMTP(options.host, port, timeout=options.timeout_seconds)
        except (OSError, smtplib.SMTPException) as error:
            raise _unreachable(options.host, error) from None
        try:
            if options.security == "starttls":
                server.starttls(context=self._context)
            if options.user is not None and options.password is not None:
                server.login(options.user, options.password.reveal())
        except smtplib.SMTPAuthenticationError:
            server.close()
            cure = "check the options user and password"
            raise Busy(f"{options.host} refuses the login; {cure}", wait=UNTIL_REPAIRED, needs_person=True) from None
        except (OSError, smtplib.SMTPException) as error:
            server.close()
            raise _unreachable(options.host, error) from None
        except BaseException:
            server.close()
            raise
        return server


def _unreachable(host: str, error: Exception) -> Busy:
    if isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError):
        cure = "check the options host, port and security, and the server's certificate"
        return Busy(f"{host} cannot be spoken to in secret; {cure}", wait=UNTIL_REPAIRED, needs_person=True)
    return Busy(f"{host} cannot be reached ({type(error).__name__}); check the options host and port")


def _refused(error: smtplib.SMTPException) -> DeliveryError:
    """What a server's no means. Its words may repeat the mail, so that only its number is kept."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next((answer[0] for answer in error.recipients.values()), 550)
        return _who("to", code)
    if isinstance(error, smtplib.SMTPSenderRefused):
        return _who("sender", error.smtp_code)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return Doubtful("the mail server hung up")
    if isinstance(error, smtplib.SMTPResponseException):
        if error.smtp_code >= 500:
            return Refused(f"the mail server refuses this mail ({error.smtp_code})")
        return Busy(f"the mail server asks to come back ({error.smtp_code})")
    return Doubtful(f"the mail server is in trouble ({type(error).__name__})")


def _who(option: str, code: int) -> Busy:
    if code >= 500:
        return Busy(
            f"the mail server refuses the address of the option {option} ({code}); correct it",
            wait=UNTIL_REPAIRED,
            needs_person=True,
        )
    return Busy(f"the mail server asks to come back ({code})")
