"""Forget: posts that their authors deleted leave the store, and the messages that quote them; edits are passed on."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from monitor.core.wording import edit_of, rewritten
from monitor.ports import Quoting, Transaction


def forget(transaction: Transaction, gone: Iterable[tuple[str, str]], now: datetime) -> None:
    """Remove posts, given as (platform, id), from the store and from every message about them."""
    by_platform: defaultdict[str, list[str]] = defaultdict(list)
    for platform, name in gone:
        by_platform[platform].append(name)
    for platform, names in by_platform.items():
        rewrite(transaction, transaction.forget(platform, names, now), now)


def rewrite(transaction: Transaction, quoting: Iterable[Quoting], now: datetime) -> None:
    """Keep messages with the words as they are now, and have those changed that were handed over already."""
    for told in quoting:
        message = rewritten(told.message, told.posts)
        if message == told.message:
            continue
        transaction.revise(told.id, message)
        if told.is_out and not told.message.edits:
            transaction.enqueue(told.target, edit_of(message, now), now)
