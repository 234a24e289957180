"""Stakes: a sum that the customer names, as they write it."""

import time

import pytest

from monitor.core.stake import stake


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("I paid € 340 and nothing came", "€ 340"),
        ("lost $1,200 on this trip", "$1,200"),
        ("89,90 EUR wurden abgebucht", "89,90 EUR"),
        ("1.200 € sind weg", "1.200 €"),
        ("340 pounds for a broken chair", "340 pounds"),
        ("you owe me £1,234.56.", "£1,234.56"),
        ("US$ 50, please", "US$ 50"),
        ("owed 200$!", "200$"),
        ("a $2.5k sofa", "$2.5k"),
        ("CHF 80.- zu viel", "CHF 80"),
        ("20 quid down the drain", "20 quid"),
        ("J'ai payé 1 200 € pour rien", "1 200 €"),
        ("500 kr försvann", "500 kr"),
        ("$5.99 a month", "$5.99"),
        ("€340, PLEASE!!!", "€340"),
        ("charged $40 and then $389.50", "$389.50"),
        ("$20 of my money for a $3k bed", "$3k"),
        ("12.500,00 USD gone", "12.500,00 USD"),
    ],
)
def test_a_sum_is_shown_as_it_is_written(text: str, shown: str) -> None:
    assert stake(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "my order never came",
        "order 12345678 is late",
        "call me on 555 1234567",
        "costs 12.50",
        "the $ sign on your page is wrong",
        "you are a $10 million company",
        "get $20 off your next order",
        "they offered me a $50 voucher",
        "save €10 today",
        "my bag is 50 pounds overweight",
        "$0",
        "₹ 4,00,00,1",
        "v1.2.3€",
        "$$$$$$",
    ],
)
def test_what_is_not_stated_is_not_guessed(text: str) -> None:
    assert stake(text) is None


@pytest.mark.parametrize("piece", ["1 111 ", "$1,", "1.", "save ", "9", "$9 off ", "$ ", "1,111"])
def test_no_post_makes_it_slow(piece: str) -> None:
    begun = time.process_time()
    stake((piece * 100_000)[:100_000])
    assert time.process_time() - begun < 5
