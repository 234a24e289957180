"""The rules of X's filtered stream: ours are made to be what is wanted; those of others are left alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import tweepy

from monitor.collectors._x_answers import BadRequestError, reply
from monitor.core.errors import Unreadable

TAG = "umbrage"
_KNOWN = "DuplicateRule"


def agree(client: tweepy.StreamingClient, wanted: Sequence[str], now: datetime) -> list[str]:
    """Make X's rules of ours the wanted ones; returns those that it refuses.

    What is missing is added before what is not wanted any more is deleted, so that nothing is unheard in between.
    """
    ours = {rule["value"]: rule["id"] for rule in _listed(client, now) if rule.get("tag") == TAG}
    refused = _add(client, [value for value in wanted if value not in ours], now)
    if old := [name for value, name in ours.items() if value not in wanted]:
        reply(partial(client.delete_rules, old), now)
    return refused


def _listed(client: tweepy.StreamingClient, now: datetime) -> list[Mapping[str, Any]]:
    found = reply(client.get_rules, now).get("data") or []
    if not isinstance(found, list):
        raise Unreadable("X answered with something else than rules")
    return [rule for rule in found if isinstance(rule, dict) and {"id", "value"} <= rule.keys()]


def _add(client: tweepy.StreamingClient, values: Sequence[str], now: datetime) -> list[str]:
    """All at once; one that X does not understand is found by asking for each alone."""
    if not values:
        return []
    rules = [tweepy.StreamRule(value, TAG) for value in values]
    try:
        answer = reply(partial(client.add_rules, rules), now)
    except BadRequestError:
        if len(values) == 1:
            return list(values)
        return [refused for value in values for refused in _add(client, [value], now)]
    errors = answer.get("errors")
    said = [error for error in (errors if isinstance(errors, list) else []) if isinstance(error, dict)]
    # Somebody else's rule with the same words brings the same posts.
    return [str(error.get("value")) for error in said if error.get("title") != _KNOWN]
