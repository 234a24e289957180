"""A mention is one public post, identified and timed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from monitor.core.mention import Kind, Mention, utc
from monitor.testing.fakes import a_mention


def test_what_a_platform_does_not_say_is_unknown_and_not_zero() -> None:
    mention = Mention(platform="social", id="1", text="hi", posted_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert (mention.followers, mention.reposts, mention.author, mention.language) == (None, None, None, None)
    assert mention.kind is Kind.POST
    assert not mention.own


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"posted_at": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001
        ({"platform": ""}, "platform and an id"),
        ({"id": ""}, "platform and an id"),
    ],
)
def test_a_post_without_identity_or_time_zone_is_refused(changed: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        a_mention(**{"id": "1", **changed})  # type: ignore[arg-type]


def test_the_same_post_is_equal() -> None:
    assert a_mention() == a_mention()


@pytest.mark.parametrize(
    ("moment", "hour"),
    [
        (datetime(2026, 1, 1, 12), 12),  # noqa: DTZ001
        (datetime(2026, 1, 1, 12, tzinfo=UTC), 12),
        (datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))), 10),
    ],
)
def test_times_become_utc(moment: datetime, hour: int) -> None:
    assert utc(moment) == datetime(2026, 1, 1, hour, tzinfo=UTC)
    assert utc(moment).tzinfo is UTC
