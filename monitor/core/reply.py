"""A suggested public reply in three parts, from templates and facts of the post; nothing is invented."""

from monitor.core.cause import OTHER

_OWN = {
    "delivery": "We are sorry that your parcel has not arrived as it should have.",
    "delay_or_outage": "We are sorry that this did not work when you needed it.",
    "product_defect": "We are sorry that it does not work as it should.",
    "billing_refund": "We are sorry that your bill is not right.",
    "price": "Thank you for telling us openly what you think of the price.",
    "service_conduct": "We are sorry for how you were treated; that is not how we want it to be.",
    "unreachable": "We are sorry that you could not reach us.",
    "booking_order": "We are sorry that your order has gone wrong.",
    "account_app": "We are sorry that you cannot use your account as you should.",
    "safety": "We are sorry, and we take this very seriously.",
    "privacy_fraud": "We are sorry, and we take this very seriously.",
    "policy": "Thank you for telling us; we understand that this rule is no help to you.",
    "returns": "We are sorry that your return has not gone as it should have.",
    OTHER: "We are sorry that this went wrong for you.",
}
_NEXT = {
    "delivery": "We are looking for it now; please send us the order number in a private message.",
    "billing_refund": "We are checking it now; please send us the number of the bill in a private message.",
    "booking_order": "We are checking it now; please send us the order number in a private message.",
    "returns": "We are checking where it is now; please send us the return number in a private message.",
    "safety": "Please stop using it for now and send us a private message, so that we can reach you at once.",
    "privacy_fraud": "Please send us a private message and no personal details in public; we look into it at once.",
}
_ASK = "We are looking into it now; please send us a private message, so that we can find your case."


def suggest(topic: str, failed_doors: bool) -> tuple[tuple[str, str], ...]:
    """(label, sentence) pairs: own it, what happens, when. The time is left for a person to promise."""
    own = _OWN.get(topic, _OWN[OTHER])
    if failed_doors:
        own += " And we are sorry that you have had to ask more than once."
    return (
        ("Own it", own),
        ("What happens", _NEXT.get(topic, _ASK)),
        ("When", "You will hear from us here by [time that you can keep]."),
    )


def ask_again(is_last: bool) -> str:
    """What might be asked of a customer after we have done what we could."""
    if is_last:
        return "A week ago we said that this would be put right. Has it been? If anything is missing, tell us here."
    return "We wanted to ask whether all is well now. If it is not, please tell us here, and we go on with it."
