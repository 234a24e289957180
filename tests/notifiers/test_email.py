"""Mail over a real SMTP server on this machine: what arrives, and what happens when it does not."""

import email
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.core.digest_message import write_digest
from monitor.core.errors import Busy, DeliveryError, Doubtful, Refused
from monitor.core.message import Message
from monitor.digest.mail import LARGEST, write_mail
from monitor.notifiers.email import EmailNotifier, Options, create
from monitor.ports import Receipt
from monitor.secret import Secret
from monitor.testing.notifier_contract import HOSTILE, SAMPLE, SINCE
from tests.digest.digests import a_digest

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
SUMMARY = write_digest(a_digest(), "digest/marketing/Acme/2026-11-25")[0]
pytestmark = pytest.mark.sleeps


class Mailbox:
    """A server that keeps what it gets, or answers what it is told to."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: dict[str, list[str]] = {}
        self.hangs_up = False

    async def handle_MAIL(self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]) -> str:  # noqa: N802
        envelope.mail_from = address
        return self._answer("MAIL")

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]) -> str:  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self._answer("RCPT")

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        found = email.message_from_bytes(envelope.content or b"", policy=default)  # type: ignore[arg-type]
        assert isinstance(found, EmailMessage)
        answer = self._answer("DATA")
        if answer.startswith("250"):
            self.mails.append(found)
        if self.hangs_up:
            self.hangs_up = False
            assert server.transport is not None
            server.transport.close()
        return answer

    async def handle_QUIT(self, _: SMTP, __: Session, ___: Envelope) -> str:  # noqa: N802
        return self._answer("QUIT", "221 Bye")

    def _answer(self, step: str, usual: str = "250 OK") -> str:
        waiting = self.answers.get(step)
        return waiting.pop(0) if waiting else usual


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def server(mailbox: Mailbox) -> Iterator[Controller]:
    found = Controller(mailbox, hostname="127.0.0.1", port=a_port())
    found.start()
    yield found
    found.stop()


def a_port() -> int:
    """A port that nobody listens at; the controller wants to know it beforehand."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def port_of(server: Controller) -> int:
    return int(server.port)


def options(port: int, **changed: Any) -> Options:
    fields = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "umbrage@acme.example"}
    return Options.model_validate(fields | {"to": "ann@acme.example"} | changed)


def test_p33_a_digest_arrives_whole(mailbox: Mailbox, server: Controller) -> None:
    create(options(port_of(server))).send(SUMMARY, None)
    (mail,) = mailbox.mails
    assert mail["Subject"] == "Acme · Tuesday 24 November · 14 complaints, usual 9.5"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"]
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    for part in (plain, html):
        assert "14 (day before 9, same day a week before 11, usual 9.5)" in part.get_content()
        assert "Third week, three mails, still no parcel." in part.get_content()
    assert len(html.get_content().encode()) < LARGEST
    assert 'src="cid:chart"' in html.get_content()
    assert 'alt="Complaints per day: Day 0 0, ' in html.get_content()
    (picture,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"] == "<chart>"
    assert picture.get_content().startswith(b"\x89PNG")


def test_p33_nothing_is_loaded_from_anywhere() -> None:
    html = write_mail(SUMMARY, "u@a.example", "b@a.example", NOW).get_body(("html",))
    assert html is not None
    content = html.get_content()
    assert "<script" not in content
    assert "<link" not in content
    assert content.count("src=") == content.count('src="cid:')


def test_a_mail_sent_again_is_the_same_mail(mailbox: Mailbox, server: Controller) -> None:
    notifier = create(options(port_of(server)))
    notifier.send(SUMMARY, None)
    notifier.send(SUMMARY, None)
    notifier.send(SAMPLE, None)
    first, again, other = [mail["Message-ID"] for mail in mailbox.mails]
    assert first == again != other


def test_what_belongs_under_a_message_says_so() -> None:
    above = write_mail(SAMPLE, "u@a.example", "b@a.example", NOW)
    below = write_mail(Message(key="k", title="More", thread=SAMPLE.key), "u@a.example", "b@a.example", NOW)
    assert below["In-Reply-To"] == above["Message-ID"]


@given(text=st.text(max_size=200))
def test_p33_a_hostile_title_adds_no_header(text: str) -> None:
    mail = write_mail(Message(key=text, title=f"{text}\r\nBcc: evil@evil.example"), "u@a.example", "b@a.example", NOW)
    read = email.message_from_bytes(mail.as_bytes(), policy=default)
    assert read["Bcc"] is None
    assert read["To"] == "b@a.example"


def test_whatever_a_post_says_can_be_sent(mailbox: Mailbox, server: Controller) -> None:
    notifier = create(options(port_of(server)))
    notifier.send(HOSTILE, None)
    notifier.send(write_digest(a_digest("\ud800 <script>alert(1)</script> \x00"), "k")[0], None)
    html = mailbox.mails[1].get_body(("html",))
    assert html is not None
    assert "<script" not in html.get_content()


def test_a_digest_of_another_release_is_sent_as_its_summary() -> None:
    other = Message(key="k", title="A digest", facts=(("Complaints", "14"),), digest={"schema": "digest-9"})
    mail = write_mail(other, "u@a.example", "b@a.example", NOW)
    assert "Complaints: 14" in mail.get_content()


@pytest.mark.parametrize(
    ("step", "answer", "error", "said"),
    [
        ("MAIL", "550 who are you", Busy, "option sender"),
        ("MAIL", "451 later", Busy, "come back"),
        ("RCPT", "550 nobody here", Busy, "option to"),
        ("RCPT", "450 greylisted", Busy, "come back"),
        ("DATA", "554 spam", Refused, "refuses this mail"),
        ("DATA", "451 later", Busy, "come back"),
    ],
)
def test_what_a_refusal_means(
    mailbox: Mailbox, server: Controller, step: str, answer: str, error: type[DeliveryError], said: str
) -> None:
    mailbox.answers[step] = [answer]
    with pytest.raises(error, match=said) as caught:
        create(options(port_of(server))).send(SAMPLE, None)
    assert answer.split(" ", 1)[1] not in str(caught.value), "a server's words may repeat the mail"
    create(options(port_of(server))).send(SAMPLE, None)
    assert len(mailbox.mails) == 1


def test_a_lost_answer_is_a_doubt(mailbox: Mailbox, server: Controller) -> None:
    mailbox.hangs_up = True
    with pytest.raises(Doubtful):
        create(options(port_of(server))).send(SAMPLE, None)


def test_a_rude_goodbye_changes_nothing(mailbox: Mailbox, server: Controller) -> None:
    mailbox.answers["QUIT"] = ["500 never heard of it"]
    create(options(port_of(server))).send(SAMPLE, None)
    assert len(mailbox.mails) == 1


def test_no_server_is_told_with_its_cure() -> None:
    with pytest.raises(Busy, match="check the options host and port"):
        create(options(a_port())).send(SAMPLE, None)


def test_mail_can_neither_be_changed_nor_found() -> None:
    notifier = create(options(25))
    with pytest.raises(Refused):
        notifier.find(SAMPLE, None, SINCE)
    notifier.edit(SAMPLE, Receipt())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"security": "none", "host": "smtp.example"}, "in the clear"),
        ({"user": "ann"}, "belong together"),
        ({"to": "ann"}, "one address"),
        ({"to": "ann@a.example, bob@a.example"}, "one address"),
        ({"sender": "u@a.example\r\nBcc: x@y.example"}, "one address"),
    ],
)
def test_options_that_cannot_be_are_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        options(25, **changed)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this computer, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "cert.pem", folder / "key.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*command, "-keyout", key, "-out", made], check=True, capture_output=True)
    return made, key


class Guard:
    """Knows one user."""

    def __call__(self, *given: Any) -> AuthResult:
        data = given[-1]
        return AuthResult(success=(data.login, data.password) == (b"umbrage", b"right"), handled=False)


@pytest.fixture
def secret_server(mailbox: Mailbox, certificate: tuple[Path, Path]) -> Iterator[Controller]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, certificate))
    found = Controller(
        mailbox, hostname="127.0.0.1", port=a_port(), tls_context=context, authenticator=Guard(), auth_required=True
    )
    found.start()
    yield found
    found.stop()


def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


def test_it_speaks_in_secret_and_logs_in(
    mailbox: Mailbox, secret_server: Controller, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "right")
    login = {"security": "starttls", "user": "umbrage", "password": Secret(env="MAIL_PASSWORD")}
    EmailNotifier(options(port_of(secret_server), **login), NOW.timestamp, trusting(certificate)).send(SAMPLE, None)
    assert len(mailbox.mails) == 1


def test_a_wrong_password_needs_a_person_and_is_not_repeated(
    secret_server: Controller, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "hunter2")
    login = {"security": "starttls", "user": "umbrage", "password": Secret(env="MAIL_PASSWORD")}
    with pytest.raises(Busy, match="refuses the login") as caught:
        EmailNotifier(options(port_of(secret_server), **login), NOW.timestamp, trusting(certificate)).send(SAMPLE, None)
    assert caught.value.needs_person
    assert "hunter2" not in str(caught.value)


def test_a_certificate_that_nobody_vouches_for_is_refused(mailbox: Mailbox, secret_server: Controller) -> None:
    with pytest.raises(Busy, match="cannot be spoken to in secret"):
        create(options(port_of(secret_server), security="starttls")).send(SAMPLE, None)
    assert not mailbox.mails


def test_a_server_without_encryption_gets_nothing(mailbox: Mailbox, server: Controller) -> None:
    with pytest.raises(Busy, match="cannot be spoken to in secret"):
        create(options(port_of(server), security="starttls")).send(SAMPLE, None)
    assert not mailbox.mails
