"""Slow changes over a real store: said once, quietly."""

from datetime import UTC, datetime, timedelta

from monitor.jobs.slow import SlowWatch
from monitor.store.sql import SqlStore
from tests.jobs.test_surges import START, World

TODAY = START + timedelta(days=49, hours=3)
DAY = timedelta(days=1)


def seven_weeks(world: World, per_week: list[int], posts: int = 300) -> None:
    world.say([START - timedelta(days=2)])
    for week, complaints in enumerate(per_week):
        begin = START + week * 7 * DAY
        for number in range(posts):
            at = begin + timedelta(days=7 * number / posts)
            if number < complaints:
                world.complain([at])
            else:
                world.say([at])


def test_a_rise_of_weeks_is_told_once_and_not_again_for_a_month(sql_store: SqlStore) -> None:
    world = World(sql_store)
    seven_weeks(world, [6, 10, 15, 19, 24, 28, 33])
    assert SlowWatch(["Acme"], ("team",)).look(sql_store, TODAY) == 1
    (notice,) = world.told()
    assert notice.title == "Slow rise of complaints · Acme"
    assert "although no day stood out" in notice.why[0]
    again = SlowWatch(["Acme"], ("team",))
    assert again.look(sql_store, TODAY) == 0
    assert again.look(sql_store, TODAY + DAY) == 0


def test_even_weeks_and_a_short_history_bring_nothing(sql_store: SqlStore) -> None:
    world = World(sql_store)
    seven_weeks(world, [20, 22, 19, 21, 20, 18, 22])
    assert SlowWatch(["Acme"], ("team",)).look(sql_store, TODAY) == 0
    assert SlowWatch(["Acme"], ("team",)).look(sql_store, TODAY - 14 * DAY) == 0


def test_orders_make_a_band_and_crossing_it_is_told(sql_store: SqlStore) -> None:
    world = World(sql_store)
    today = datetime(2026, 11, 20, 3, tzinfo=UTC)
    for back in range(1, 9):
        world.complain([today - back * DAY] * (2 if back > 1 else 30))
    sql_store.add_orders([("Acme", (today - back * DAY).date(), 100) for back in range(1, 9)])
    assert SlowWatch(["Acme"], ("team",)).look(sql_store, today) == 2
    titles = [message.title for message in world.told()]
    assert titles[0] == "Complaints per order may be up: 5 to 20 % · Acme"
    assert SlowWatch(["Acme"], ("team",)).look(sql_store, today) == 0


def test_without_orders_there_is_no_rate(sql_store: SqlStore) -> None:
    world = World(sql_store)
    today = datetime(2026, 11, 20, 3, tzinfo=UTC)
    world.complain([today - DAY] * 40)
    assert SlowWatch(["Acme"], ("team",)).look(sql_store, today) == 0
