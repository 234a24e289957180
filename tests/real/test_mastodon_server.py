"""A real Mastodon-API server: post, mention, edit, delete, and catch up after a stop.

Start one and name it, for example (MIT, from the ordinary registry, in an environment of its own)::

    pip install mastodon-mock==0.6.1
    mastodon_mock serve --in-memory --host 127.0.0.1 --port 3300 --domain 127.0.0.1:3300
    UMBRAGE_REAL_MASTODON=http://127.0.0.1:3300 UMBRAGE_REAL_MASTODON_TOKEN=mock_token \
        python -m pytest tests/real/test_mastodon_server.py -s
"""

import os
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from monitor.collectors import mastodon
from monitor.core.mention import Mention, Page
from monitor.core.watch import Watch
from monitor.ports import Round
from monitor.testing.collector_contract import last_cursor, mentions

URL, TOKEN = os.environ.get("UMBRAGE_REAL_MASTODON"), os.environ.get("UMBRAGE_REAL_MASTODON_TOKEN")

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not URL or not TOKEN, reason="no server is named; the docstring says how to start one"),
]


class Rounds:
    """The collector with its cursor, as the service would run it."""

    def __init__(self, tag: str) -> None:
        options = {"servers": [URL], "token": {"env": "UMBRAGE_REAL_MASTODON_TOKEN"}, "notifications": True}
        self.collector = mastodon.create(mastodon.Options.model_validate(options | {"requests_per_minute": 60}))
        self.watches = (Watch(brand="Acme", terms=(tag,)),)
        self.cursor: str | None = None

    def read(self) -> list[Mention]:
        now = datetime.now(UTC)  # noqa: TID251 - the real server's time
        since = now - timedelta(hours=1)
        pages: list[Page] = list(
            self.collector.pages(Round(watches=self.watches, cursor=self.cursor, since=since, now=now))
        )
        self.cursor = last_cursor(pages) or self.cursor
        return mentions(pages)


def account(name: str) -> Any:
    """A new account on the server, through Mastodon.py."""
    from mastodon import Mastodon

    form = {"username": name, "email": f"{name}@x.test", "password": uuid.uuid4().hex, "agreement": "true"}
    answer = httpx.post(f"{URL}/api/v1/accounts", data=form, headers={"Authorization": f"Bearer {TOKEN}"})
    return Mastodon(api_base_url=URL, access_token=answer.json()["access_token"])


def test_a_conversation() -> None:
    from mastodon import Mastodon

    api: Any = Mastodon(api_base_url=URL, access_token=TOKEN)
    tag = f"acme{uuid.uuid4().hex[:8]}"
    rounds = Rounds(tag)
    rounds.read()

    first = api.status_post(f"#{tag} lost my parcel & nobody <answers>")
    (found,) = [one for one in rounds.read() if tag in one.text]
    print(f"posted and read: {found.id} by {found.author}, {found.text!r}")
    assert found.text == f"#{tag} lost my parcel & nobody <answers>"
    assert [one for one in rounds.read() if tag in one.text] == []

    numbers = [api.status_post(f"#{tag} number {n}").id for n in range(60)]
    caught_up = [one for one in rounds.read() if tag in one.text]
    print(f"after a stop: {len(caught_up)} of {len(numbers)} read")
    assert len({one.id for one in caught_up}) == len(numbers)

    own = api.account_verify_credentials().acct
    account(f"ann{uuid.uuid4().hex[:6]}").status_post(f"@{own} where is it?")
    (mentioned,) = [one for one in rounds.read() if "where is it" in one.text]
    print(f"mention of the account: {mentioned.text!r} by {mentioned.author}")

    api.status_update(first.id, f"#{tag} lost my parcel, still nothing")
    edited = [one for one in rounds.read() if "still nothing" in one.text]
    print(f"edited: {[(one.id == found.id, one.edited_at is not None) for one in edited]}")
    assert [(one.id, one.edited_at is not None) for one in edited] == [(found.id, True)]

    now = datetime.now(UTC)  # noqa: TID251 - the real server's time
    before = rounds.collector.look_up([found.id], now)
    api.status_delete(first.id)
    after = rounds.collector.look_up([found.id], now)
    print(f"looked up: there {len(before.found)}, after its deletion gone {len(after.gone)}")
    assert len(before.found) + len(after.gone) == 2
    many = rounds.collector.look_up([found.id, *(one.id for one in caught_up[:19])], now)
    print(f"twenty looked up at once: there {len(many.found)}, gone {len(many.gone)}")
    assert (len(many.found), many.gone) == (19, (found.id,))
