"""Stage and touchpoint of complaints: the industry packs against labels. ``python -m tests.benchmarks.stages``.

Needs ../shared. 250 of the 4,000 negative posts to three airlines of February 2015, drawn by a hash of their ids and
labelled by one reader; ``stages.json`` holds ids and labels. *first* (150) was labelled before the pack was rewritten,
*fresh* (100) after it, before its verdicts were seen: the figure to believe. The words were chosen from 180 others.

The guideline: the stage is that of what the post is about. Before is until the booking is done, during is from then on
until the customer has arrived (changes and cancellations too), after is what is left then: baggage that did not come,
refunds, claims, miles. The touchpoint is the one place that the complaint is about, not each that is named; service
without a place is unknown, and so is what only makes sense beside a post that is not there.

The other packs, by the same guideline (``packs.json``): customers' posts to brands in Twitter's support corpus of 2017,
in English and without praise, and 48 sentences of our own about hotels, of which there are no posts. The packs were
rewritten by one who had labelled these; *fresh* are complaints of other authors (domains of complaints_acl2019, whose
brands also sell phones, shoes and rides), labelled after that and before their verdicts were seen: the figures to
believe. For banks there are 5,276 questions whose intent names one place (banking77, ``INTENTS``): by a hash of the
text half of them was looked at for words, the other half is measured.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from monitor.classifiers.onnx import Options, create
from monitor.industry import pack
from monitor.ports import Classifier

DATA = Path(__file__).parents[2].parent / "shared" / "data"
UNKNOWN = "unknown"
Placed = tuple[str, str]

INTENTS = {
    "account opening": "age_limit unable_to_verify_identity verify_my_identity why_verify_identity",
    "bill or payment": "request_refund",
    "card": "activate_my_card card_about_to_expire card_arrival card_delivery_estimate card_linking card_not_working"
    " change_pin contactless_not_working declined_card_payment get_physical_card getting_spare_card"
    " getting_virtual_card order_physical_card pin_blocked virtual_card_not_working visa_or_mastercard",
    "cash and branch": "atm_support balance_not_updated_after_cheque_or_cash_deposit cash_withdrawal_charge"
    " declined_cash_withdrawal pending_cash_withdrawal wrong_amount_of_cash_received"
    " wrong_exchange_rate_for_cash_withdrawal",
    "contract": "terminate_account",
    "fraud": "compromised_card",
    "transfer": "balance_not_updated_after_bank_transfer beneficiary_not_allowed cancel_transfer declined_transfer"
    " failed_transfer pending_transfer receiving_money transfer_into_account transfer_not_received_by_recipient"
    " transfer_timing",
    "website or app": "passcode_forgotten",
}
"""The intents whose name says where; those that name two places, or none, are left out."""


def figures(name: str, labels: Sequence[Placed], found: Sequence[Placed]) -> Iterator[str]:
    """How many of what the rules say is right, and how many of what there is they find."""
    for kind, which in (("stage", 0), ("touchpoint", 1)):
        pairs = [(label[which], said[which]) for label, said in zip(labels, found, strict=True)]
        said = sum(one != UNKNOWN for _, one in pairs)
        there = sum(label != UNKNOWN for label, _ in pairs)
        right = sum(label == one != UNKNOWN for label, one in pairs)
        if there and said:
            yield (
                f"{name:<32} {kind:<10} precision {right / said:.2f} ({right} of {said}), "
                f"recall {right / there:.2f} ({right} of {there})"
            )


def posts(*paths: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in paths:
        with (DATA / path).open(encoding="utf-8") as lines:
            found |= {post["id"]: post["text"] for post in map(json.loads, lines)}
    return found


def labels(name: str) -> dict[str, list[list[str]]]:
    """Samples of posts by their name: number, or the text where it is our own, stage and touchpoint."""
    found: dict[str, list[list[str]]] = json.loads(Path(__file__).with_name(name).read_text("utf-8"))
    return found


def measured(name: str, industry: str, rows: Sequence[Sequence[str]], texts: dict[str, str], model: Classifier) -> None:
    said = [texts.get(number, number) for number, _, _ in rows]
    topics = [score.topics[0][0] if score.topics else "other" for score in model.score(said)]
    for way, given in (("rules", [""] * len(said)), ("rules and model", topics)):
        found = [pack(industry).place(text, topic) for text, topic in zip(said, given, strict=True)]
        placed = [(str(stage), place) for stage, place in found]
        print("\n".join(figures(f"{name}, {way}", [(stage, place) for _, stage, place in rows], placed)), flush=True)


def bank_intents() -> None:
    places = {intent: place for place, intents in INTENTS.items() for intent in intents.split()}
    with (DATA / "intent" / "banking77_train.jsonl").open(encoding="utf-8") as lines:
        rows = [(row["text"], places.get(row["label"].lower())) for row in map(json.loads, lines)]
    asked = [(text, place) for text, place in rows if place is not None and is_measured(text)]
    found = [(UNKNOWN, pack("bank").place(text, "")[1]) for text, _ in asked]
    print("\n".join(figures(f"bank, {len(asked)} questions", [(UNKNOWN, place) for _, place in asked], found)))


def is_measured(text: str) -> bool:
    return int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(), 16) % 2 == 1


def main() -> None:
    model = create(Options())
    airlines = posts("replay/airlines_2015/posts.jsonl")
    for sample, rows in labels("stages.json").items():
        measured(sample, "airline", rows, airlines, model)
    others = posts("replay/twcs_2017/posts.jsonl", "complaints/train.jsonl", "complaints/val.jsonl")
    for sample, rows in labels("packs.json").items():
        measured(f"{sample} ({len(rows)})", sample.partition(",")[0], rows, others, model)
    bank_intents()


if __name__ == "__main__":
    main()
