"""Prints messages to the terminal: for a first look, and for logs that people read."""

import re
import sys
import textwrap
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TextIO

from pydantic import BaseModel, ConfigDict

from monitor.core.errors import Doubtful
from monitor.core.message import Message, Quote, plain_text
from monitor.core.text import clean, visible
from monitor.ports import Receipt

WIDTH = 100
_SPACE = re.compile(r"\s+")
_ESCAPE = re.compile(
    r"(?:\x1b\]|\x9d).*?(?:\x07|\x1b\\|\x9c|\Z)"  # a title or a link of the terminal
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours and moves of the cursor
    r"|\x1b[ -/]*[0-~]",
    re.DOTALL,
)


class Options(BaseModel):
    """Nothing to choose."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def create(options: Options) -> "ConsoleNotifier":  # noqa: ARG001 (the shape of every plugin)
    return ConsoleNotifier()


class ConsoleNotifier:
    """A :class:`monitor.ports.Notifier` that prints to ``stream``, or to whatever is the standard output then."""

    pace = timedelta(0)
    has_threads = False

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def send(self, message: Message, thread: Receipt | None) -> Receipt:  # noqa: ARG002 (the message says so itself)
        stream = self._stream or sys.stdout
        text = _laid_out(plain_text(_harmless(message)), margin="    │ " if message.thread else "")
        encoding = getattr(stream, "encoding", None) or "utf-8"
        try:
            stream.write(text.encode(encoding, "replace").decode(encoding) + "\n\n")
            stream.flush()
        except (OSError, ValueError) as error:
            raise Doubtful(f"cannot print ({type(error).__name__}); is the output closed?") from None
        return Receipt()

    def edit(self, message: Message, receipt: Receipt) -> None:
        """What was printed stays; the message is printed again and says that it takes the other's place."""
        self.send(replace(message, title=f"Changed: {message.title}"), receipt)

    def find(self, message: Message, thread: Receipt | None, since: datetime) -> Receipt | None:  # noqa: ARG002
        """What was printed cannot be found again."""
        return None


def _harmless(message: Message) -> Message:
    return replace(
        message,
        title=one_line(message.title),
        quotes=tuple(
            Quote(text=one_line(q.text), where=one_line(q.where), url=one_line(q.url) if q.url else None)
            for q in message.quotes
        ),
        facts=tuple((one_line(name), one_line(value)) for name, value in message.facts),
        why=tuple(one_line(reason) for reason in message.why),
    )


def one_line(text: str) -> str:
    """One line that can neither move the cursor nor change colours, nor begin a line of its own."""
    return _SPACE.sub(" ", visible(clean(_ESCAPE.sub("", text)))).strip()


def _laid_out(text: str, margin: str) -> str:
    lines = []
    for line in text.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        lines += textwrap.wrap(
            line,
            WIDTH,
            initial_indent=margin,
            subsequent_indent=margin + indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines)
