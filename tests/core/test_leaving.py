"""Who says that they leave us for a rival, or come to us from one."""

import pytest

from monitor.core.leaving import Way, Ways

WAYS = Ways(("Acme", "@acmecare", "Acme Phone"), ("Bolt", "@bolt_mobile"))


@pytest.mark.parametrize(
    "text",
    [
        "Third outage this month, @acmecare. I'm switching to Bolt.",
        "time to go back to #Bolt, Acme has lost me",
        "Leaving Acme for Bolt after ten years",
        "moved from Acme to Bolt and never looked back",
        "@acmecare taking my whole family to @bolt_mobile tomorrow",
        "Acme on hold for an hour. Hello Bolt!",
        "Acme again no signal, next time Bolt it is",
        "Thanks Acme, I will try Bolt",
        "Ordered with Acme, waited a month, had to buy Bolt in the end",
    ],
)
def test_who_leaves_us_is_heard(text: str) -> None:
    assert WAYS.of(text) is Way.LEAVING


@pytest.mark.parametrize(
    "text",
    ["Bolt is a joke, I just switched to Acme", "left Bolt for Acme Phone, so far so good", "Bye Bolt, hello Acme"],
)
def test_who_comes_to_us_is_heard(text: str) -> None:
    assert WAYS.of(text) is Way.COMING


@pytest.mark.parametrize(
    "text",
    [
        "Acme and Bolt both raised their prices",
        "I would never switch to Bolt, Acme is fine",
        "Acme please stay so good that I don't have to go to Bolt",
        "Should have bought a Bolt instead of listening to you, Acme? https://x.example/switch-to-bolt",
        "Bolt does not treat people like Acme does",
        "went from Acme to Bolt, then from Bolt to Acme",
        "switching to Bolted, says Acme",
        "",
    ],
)
def test_what_does_not_say_it_is_not_guessed(text: str) -> None:
    assert WAYS.of(text) is None
