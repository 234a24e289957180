"""What the customer says is at stake: a sum of money in their own words, never a guess."""

import re

_AMOUNT = r"(?:\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3}){1,3}|\d{1,7})(?:[.,]\d{1,2})?(?:k\b)?(?!\d|[.,]\d)"
_SIGN = r"(?:(?:US|CA|AU|NZ|HK|C|A|R)?\$|[€£¥₹]|(?:CHF|EUR|USD|GBP|CAD|AUD|SEK|NOK|DKK|PLN|INR|Rs)\b\.?)"
_NAME = (
    r"(?:[$€£₹]|(?:EUR|USD|GBP|CHF|CAD|AUD|SEK|NOK|DKK|PLN|kr|zł|euros?|dollars?|quid|bucks|francs?|Franken"
    r"|pesos?|reais|rupees|złotych|pounds?(?!\s(?:heavy|over|overweight|of|limit|bag)))\b)"
)
_GIVEN = r"\b(?:save|saved|win|won|free|offer|offered|discount of|voucher of|voucher for)\s+(?:me\s+)?(?:a\s+)?"
_SUM = re.compile(
    rf"(?P<given>{_GIVEN})?(?<![\w.,])(?P<sum>{_SIGN}\s?(?P<first>{_AMOUNT})|(?P<second>{_AMOUNT})\s?{_NAME})"
    r"(?P<other>\s?(?:off|discount|vouchers?|coupons?|cheaper|m|mn|bn|million|billion)\b)?",
    re.IGNORECASE,
)
_CENTS = re.compile(r"[.,](\d{1,2})$")


def stake(text: str) -> str | None:
    """The largest sum that is named, as the customer wrote it, or None.

    What was offered or may be saved is nothing that they may lose, and neither are the millions of a company.
    """
    named = [match for match in _SUM.finditer(text) if not (match["given"] or match["other"])]
    sums = [(_value(match["first"] or match["second"]), " ".join(match["sum"].split())) for match in named]
    largest = max(sums, key=lambda pair: pair[0], default=(0.0, ""))
    return largest[1] if largest[0] > 0 else None


def _value(amount: str) -> float:
    """``1.200``, ``1,200`` and ``1 200`` are twelve hundred, ``89,90`` and ``89.90`` are not."""
    number = amount.lower().removesuffix("k")
    cents = _CENTS.search(number)
    whole = re.sub(r"\D", "", number[: cents.start()] if cents else number)
    value = int(whole) + (float(f"0.{cents[1]}") if cents else 0)
    return value * (1 if number == amount.lower() else 1000)
