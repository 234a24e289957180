"""Files for the loopback Slack: an address is asked for, the file is sent there, and it is shared.

Umbrage uploads nothing, and its app may not. This is for whoever writes something that does.
"""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from monitor.testing.loopback_http import Reply, Request

ASK = "/api/files.getUploadURLExternal"
UPLOAD = "/upload/v1"
COMPLETE = "/api/files.completeUploadExternal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file: what was said about it, and what it holds once that has come. ``channels`` are those it is shared in."""

    id: str
    name: str
    length: int
    alt_text: str | None
    content: bytes | None = None
    title: str | None = None
    channels: tuple[str, ...] = ()

    def shown(self) -> dict[str, Any]:
        """As Slack names it in answers and messages."""
        title = self.title or self.name
        return {"id": self.id, "name": self.name, "title": title, "alt_txt": self.alt_text, "size": self.length}


class Files:
    """The three steps of an upload. ``share`` puts a message into a channel and says why if it does not."""

    def __init__(self, url: Callable[[], str], share: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._url = url
        self._share = share
        self._known: dict[str, Upload] = {}
        self._lock = threading.RLock()

    def __iter__(self) -> Iterator[Upload]:
        with self._lock:
            return iter(list(self._known.values()))

    def ask(self, fields: dict[str, Any]) -> dict[str, Any]:
        """An address for a file of this name and length."""
        name, length = str(fields.get("filename") or ""), str(fields.get("length") or "")
        if not name or not length.isdecimal() or int(length) == 0:
            return {"ok": False, "error": "invalid_arguments"}
        with self._lock:
            file = Upload(
                id=f"F{len(self._known) + 1:08}", name=name, length=int(length), alt_text=fields.get("alt_txt")
            )
            self._known[file.id] = file
        return {"ok": True, "upload_url": f"{self._url()}{UPLOAD}?file={file.id}", "file_id": file.id}

    def take(self, request: Request) -> Reply:
        """What the file holds, as long as was said."""
        with self._lock:
            file = self._known.get(request.query.get("file", ""))
            if file is None:
                return Reply(status=404, body=b"not found")
            if len(request.body) != file.length:
                return Reply(status=400, body=b"not as long as was said")
            self._known[file.id] = replace(file, content=request.body)
        return Reply(body=f"OK - {file.length}".encode())

    def complete(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The files are shared in a channel or a thread, or only kept where none is named."""
        asked = fields.get("files") or []
        asked = json.loads(asked) if isinstance(asked, str) else asked
        channels = [name for name in (fields.get("channel_id") or fields.get("channels") or "").split(",") if name]
        with self._lock:
            found = [self._known.get(one["id"]) for one in asked]
            if not found or any(file is None or file.content is None for file in found):
                return {"ok": False, "error": "file_not_found"}
            titled = [
                replace(file, title=one.get("title"), channels=(*file.channels, *channels))
                for file, one in zip(found, asked, strict=True)
                if file is not None
            ]
            shown = [file.shown() for file in titled]
            for channel in channels:
                told = {"channel": channel, "text": fields.get("initial_comment") or "", "files": shown}
                said = self._share(told | {"thread_ts": fields.get("thread_ts")})
                if not said["ok"]:
                    return said
            self._known |= {file.id: file for file in titled}
        return {"ok": True, "files": shown}
