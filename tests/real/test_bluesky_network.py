"""A real Bluesky network: post, mention, edit, delete, catch up by cursor, through its own server and its AppView.

Its search looks for the words as they are written, quotation marks too, so the posts here carry them.

``bluesky_network.mjs`` beside this file says how to start one. Then::

    UMBRAGE_REAL_BLUESKY=http://localhost:2583 UMBRAGE_REAL_APPVIEW=http://localhost:2584 \
        python -m pytest tests/real/test_bluesky_network.py -s
"""

import os
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.collectors import bluesky
from monitor.core.mention import Mention, Page
from monitor.core.watch import Watch
from monitor.ports import Round
from monitor.testing.collector_contract import last_cursor, mentions

PDS, APPVIEW = os.environ.get("UMBRAGE_REAL_BLUESKY"), os.environ.get("UMBRAGE_REAL_APPVIEW")
PASSWORD = "only-for-this-test"

pytestmark = [
    pytest.mark.live,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not PDS or not APPVIEW, reason="no network is named; the docstring says how to start one"),
]


OPEN: list[Callable[[], object]] = []
"""What ends the connections that atproto's clients keep."""


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    for close in OPEN:
        close()
    OPEN.clear()


class Rounds:
    """The collector with its cursor, as the service would run it."""

    def __init__(self, word: str, **options: Any) -> None:
        self.collector = bluesky.create(bluesky.Options.model_validate(options | {"requests_per_minute": 600}))
        OPEN.append(self.collector._forget_session)
        self.watches = (Watch(brand="Acme", terms=(word,)),)
        self.cursor: str | None = None

    def read(self) -> list[Mention]:
        now = datetime.now(UTC)  # noqa: TID251 - the real network's time
        asked = Round(watches=self.watches, cursor=self.cursor, since=now - timedelta(hours=1), now=now)
        pages: list[Page] = list(self.collector.pages(asked))
        self.cursor = last_cursor(pages) or self.cursor
        return mentions(pages)


def soon(found: Callable[[], Any]) -> Any:
    """What the AppView knows a moment later."""
    for _ in range(60):
        if result := found():
            return result
        time.sleep(0.5)  # noqa: TID251 - a real network takes its time
    raise AssertionError("it never came")


def account(name: str) -> Any:
    from atproto import Client

    client = Client(f"{PDS}/xrpc")
    OPEN.append(client.request.close)
    handle = f"{name}{uuid.uuid4().hex[:6]}.test"
    client.com.atproto.server.create_account({"handle": handle, "email": f"{handle}@x.test", "password": PASSWORD})
    soon(lambda: _logged_in(client, handle))
    return client


def _logged_in(client: Any, handle: str) -> bool:
    try:
        client.login(handle, PASSWORD)
    except Exception:
        return False
    return True


def _edit(client: Any, uri: str, text: str) -> None:
    did, collection, key = uri.removeprefix("at://").split("/")
    created = client.app.bsky.feed.post.get(did, key).value.created_at
    record = {"$type": collection, "text": text, "createdAt": created}
    client.com.atproto.repo.put_record({"repo": did, "collection": collection, "rkey": key, "record": record})


def _changed(rounds: Rounds, uri: str, now: datetime) -> list[Mention]:
    found = rounds.collector.look_up([uri], now).found
    return [one for one in found if one.edited_at is not None and "found" in one.text]


def test_a_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMBRAGE_REAL_PASSWORD", PASSWORD)
    ann, brand = account("ann"), account("brand")
    word = f"Acme{uuid.uuid4().hex[:8]}"
    public = Rounds(word, base_url=APPVIEW)
    public.read()

    first = ann.send_post(f'"{word}" lost my parcel 😡')
    found = soon(lambda: [one for one in public.read() if word in one.text])
    print(f"posted and read: {found[0].id} by {found[0].author}, {found[0].text!r}")
    assert [one.id for one in found] == [first.uri]
    assert [one for one in public.read() if word in one.text] == []

    from atproto import client_utils, models

    parent = models.create_strong_ref(first)
    reply = models.AppBskyFeedPost.ReplyRef(parent=parent, root=parent)
    brand.send_post(f'"{word}" writes to you', reply_to=reply)
    (answer,) = soon(lambda: [one for one in public.read() if "writes to you" in one.text])
    print(f"a reply: {answer.text!r} answers {answer.context!r}")
    assert (answer.reply_to, answer.context) == (first.uri, found[0].text)

    # This AppView's search does not know `until`, so that only with a login, by cursor, it shows more than a page.
    login = {"base_url": PDS, "handle": brand.me.handle, "app_password": {"env": "UMBRAGE_REAL_PASSWORD"}}
    caught_up = Rounds(word, **login)
    caught: dict[str, Mention] = {one.id: one for one in caught_up.read()}
    before = len(caught)
    for number in range(130):
        ann.send_post(f'"{word}" number {number}')
    soon(lambda: caught.update({one.id: one for one in caught_up.read()}) or len(caught) >= before + 130)
    print(f"after a stop: {len(caught) - before} of 130 read, by cursor")
    assert len(caught) == before + 130

    did = brand.me.did
    ann.send_post(client_utils.TextBuilder().mention("@brand", did).text(" where is it?"))
    own = Rounds(word, notifications=True, search=False, **login)
    (mentioned,) = soon(own.read)
    print(f"mention of the account: {mentioned.text!r}")

    now = datetime.now(UTC)  # noqa: TID251 - the real network's time
    assert len(public.collector.look_up([first.uri], now).found) == 1
    _edit(ann, first.uri, f'"{word}" found my parcel')
    (edited,) = soon(lambda: _changed(public, first.uri, now))
    print(f"edited and looked up: {edited.text!r}")
    ann.delete_post(first.uri)
    gone = soon(lambda: public.collector.look_up([first.uri], now).gone)
    print(f"deleted and looked up: gone {gone == (first.uri,)}")
    assert gone == (first.uri,)
