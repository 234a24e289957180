"""Stage and touchpoint from customers' words: our own sentences, labelled by us, in every industry."""

import pytest

from monitor.core.journey import UNKNOWN, Stage
from monitor.industry import INDUSTRIES, pack

BEFORE, DURING, AFTER, NO = Stage.BEFORE, Stage.DURING, Stage.AFTER, Stage.UNKNOWN

LABELLED: list[tuple[str, str, Stage, str]] = [
    ("shop", "Thinking of buying the Duo, but the price is silly now", BEFORE, "price or offer"),
    ("shop", "Do you ship to Norway? Nothing about it anywhere", BEFORE, "delivery"),
    ("shop", "Checkout dies when I enter my address", DURING, "order"),
    ("shop", "Queue of forty people at the till and one cashier", DURING, "shop"),
    ("shop", "Third week and the courier still has my parcel", AFTER, "delivery"),
    ("shop", "It stopped working after two days, the battery is dead", AFTER, "product"),
    ("shop", "Where is the return label, I sent it back last month", AFTER, "return"),
    ("shop", "Charged twice and no refund", AFTER, "bill or payment"),
    ("shop", "I will never understand this company", NO, UNKNOWN),
    ("airline", "The fare for a reservation changes while you look at it", BEFORE, "booking"),
    ("airline", "No boarding pass from the kiosk, again", DURING, "check-in"),
    ("airline", "Two hours on the tarmac without a word", DURING, "gate and boarding"),
    ("airline", "They cancelled and nobody can rebook us", DURING, "delay or cancellation"),
    ("airline", "My suitcase went to another continent", AFTER, "baggage"),
    ("airline", "My miles are gone", AFTER, "miles and status"),
    ("airline", "Shame on you", NO, UNKNOWN),
    ("telecom", "The technician did not come for the installation", DURING, "order and activation"),
    ("telecom", "No signal in the whole village since Monday", AFTER, "network"),
    ("telecom", "Roaming in France cost me a fortune", AFTER, "roaming"),
    ("telecom", "On hold for an hour at your hotline", NO, "phone or chat"),
    ("bank", "My application is stuck at verify my identity", BEFORE, "account opening"),
    ("bank", "The transfer has not come for a week", AFTER, "transfer"),
    ("bank", "Your cash machine ate it at the branch", DURING, "cash and branch"),
    ("bank", "Somebody hacked me, it is fraud and you do nothing", AFTER, "fraud"),
    ("software", "The trial ends before one can even see it", BEFORE, "trial and sign-up"),
    ("software", "Setup fails when I download it", DURING, "installation"),
    ("software", "Crashes and freezes all day long", AFTER, "use"),
    ("software", "Since the update nothing opens", AFTER, "update"),
    ("software", "Is it me or are your servers down again", AFTER, "outage"),
    ("hospitality", "They overbooked us although we had a reservation", BEFORE, "booking"),
    ("hospitality", "An hour at the reception for a key card", DURING, "arrival"),
    ("hospitality", "The shower was cold and the towels dirty", DURING, "room"),
    ("hospitality", "Breakfast was a slice of toast", DURING, "food and drink"),
    ("hospitality", "They still have my deposit, three weeks after check out", AFTER, "departure"),
]


@pytest.mark.parametrize(("industry", "text", "stage", "touchpoint"), LABELLED, ids=[row[1][:30] for row in LABELLED])
def test_stage_and_touchpoint_of_a_sentence(industry: str, text: str, stage: Stage, touchpoint: str) -> None:
    assert pack(industry).place(text, "other") == (stage, touchpoint)


@pytest.mark.parametrize("industry", INDUSTRIES)
def test_where_the_words_say_nothing_the_topic_does(industry: str) -> None:
    assert pack(industry).place("Third time. I have no words.", "delivery") == (AFTER, UNKNOWN)
    assert pack(industry).place("", "other") == (NO, UNKNOWN)


@pytest.mark.parametrize("industry", INDUSTRIES)
def test_every_pack_has_places_for_every_stage(industry: str) -> None:
    assert {touchpoint.stage for touchpoint in pack(industry).touchpoints.values()} >= {BEFORE, DURING, AFTER}
