"""A message as mail: the digest with its chart and its text, everything else as text; it loads nothing."""

import hashlib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from monitor.core.digest import Digest
from monitor.core.digest_view import chart_of
from monitor.core.message import Message, plain_text
from monitor.digest.png import draw
from monitor.digest.read import from_json
from monitor.digest.render import content, one_line, template
from monitor.digest.render import text as as_text

SUBJECT = 200
LARGEST = 102_000
"""Bytes of HTML; longer mail is cut off by readers (https://developers.google.com/gmail)."""

CHART = "chart"


def write_mail(message: Message, sender: str, to: str, now: datetime) -> EmailMessage:
    """The mail that says a message. Its ``Message-ID`` follows from the key: a mail sent again is the same mail."""
    mail = EmailMessage(policy=SMTP)
    domain = sender.rpartition("@")[2]
    mail["From"] = Address("Umbrage", addr_spec=sender)
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = one_line(message.title)[:SUBJECT] or "(no title)"
    mail["Date"] = now
    mail["Message-ID"] = message_id(message.key, domain)
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Unsubscribe"] = f"<mailto:{sender}?subject=unsubscribe>"
    if message.thread is not None:
        mail["In-Reply-To"] = mail["References"] = message_id(message.thread, domain)
    digest = _digest(message)
    if digest is None:
        mail.set_content(_sendable(plain_text(message)))
    else:
        _add_digest(mail, digest)
    return mail


def message_id(key: str, domain: str) -> str:
    """Opaque, and the same for the same key."""
    return f"<{hashlib.blake2b(key.encode(errors='replace'), digest_size=16).hexdigest()}@{domain}>"


def _digest(message: Message) -> Digest | None:
    """The whole digest, unless an other release wrote it; then its summary has to do."""
    try:
        return from_json(message.digest) if message.digest else None
    except ValueError:
        return None


def _add_digest(mail: EmailMessage, digest: Digest) -> None:
    chart = chart_of(digest)
    drawn = draw(chart.bars) if chart and not digest.is_quiet else None
    html = str(template("mail.html").render(**content(digest), picture=CHART if drawn else None))
    mail.set_content(_sendable(as_text(digest)))
    if len(html.encode(errors="replace")) > LARGEST:
        return
    mail.add_alternative(_sendable(html), subtype="html")
    if drawn is not None:
        *_, page = mail.iter_parts()
        page.add_related(drawn, "image", "png", cid=f"<{CHART}>", filename="chart.png", disposition="inline")


def _sendable(text: str) -> str:
    """Half characters have no place in UTF-8."""
    return text.encode(errors="replace").decode()
