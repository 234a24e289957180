"""Failed doors: what customers tell of earlier tries, and what only sounds like it."""

import random
import time
from datetime import timedelta

import pytest

from monitor.core.doors import Channel, Door, doors, named, plain

TOLD = [
    ("I emailed three times", "e-mail ×3"),
    ("I've emailed 3x about this", "e-mail ×3"),
    ("emailed you 5 days ago", "e-mail, 5 days waiting"),
    ("emailed support last week. No reply.", "e-mail"),
    ("sent you 3 emails and no reply", "e-mail ×3"),
    ("three mails, still no parcel", "e-mail ×3"),
    ("my third email this month", "e-mail ×3"),
    ("no response to my e-mails for 3 weeks", "e-mail, 21 days waiting"),
    ("still waiting for a reply to my email", "e-mail"),
    ("you never answer your emails", "e-mail"),
    ("on hold for an hour", "phone, 1 h on hold"),
    ("been on hold 2 hrs", "phone, 2 h on hold"),
    ("an hour and a half on hold", "phone, 1 h 30 min on hold"),
    ("2 1/2 hours on hold, seriously", "phone, 2 h 30 min on hold"),
    ("half an hour on hold with your support", "phone, 30 min on hold"),
    ("on hold now for 1 hour 25 mins", "phone, 1 h 25 min on hold"),
    ("on the phone with your support for 3 hours", "phone, 3 h on hold"),
    ("I've called 5 times this week", "phone ×5"),
    ("Called twice, got hung up on me", "phone ×2"),
    ("this is the 4th time I'm calling", "phone ×4"),
    ("nobody answers your hotline", "phone"),
    ("no one picks up the phone", "phone"),
    ("can't get through to anyone", "phone"),
    ("called the hotline yesterday evening and nobody answered", "phone"),
    ("you never called me back", "phone"),
    ("waited 40 minutes in the chat", "chat, 40 min waiting"),
    ("your live chat is always offline", "chat"),
    ("I filled in the contact form three times, nothing", "form ×3"),
    ("opened 3 tickets and nobody responds", "form ×3"),
    ("your contact form is broken", "form"),
    ("I have been to your store three times", "store ×3"),
    ("went to the branch twice about this", "store ×2"),
    ("wrote to you through the app twice", "app ×2"),
    ("third time I write", "message ×3"),
    ("messaged you on WhatsApp 4 times", "message ×4"),
    ("DM'd you twice", "message ×2"),
    ("contacted customer service several times", "message"),
    ("I reached out 3 times by email", "e-mail ×3"),
    ("EMAILED THREE FUCKING TIMES!!!", "e-mail ×3"),
    ("On f***ing hold for an hour", "phone, 1 h on hold"),
    ("emailed twice, then an hour on hold", "e-mail ×2; phone, 1 h on hold"),
    ("Ich habe dreimal angerufen", "phone ×3"),
    ("seit einer Stunde in der Warteschleife", "phone, 1 h on hold"),
    ("schon drei Mails geschrieben, keine Antwort", "e-mail ×3"),
    ("Zum dritten Mal schreibe ich euch", "message ×3"),
    ("niemand geht ans Telefon", "phone"),
    ("Hab euch vor 3 Wochen eine Mail geschrieben", "e-mail, 21 days waiting"),
    ("He llamado tres veces", "phone ×3"),
    ("nadie contesta el teléfono", "phone"),
    ("he enviado dos correos sin respuesta", "e-mail ×2"),
    ("j'ai appelé trois fois", "phone ×3"),
    ("personne ne répond au téléphone", "phone"),
    ("trois mails sans réponse", "e-mail ×3"),
]

NOT_TOLD = [
    "I will email you",
    "your e-mail newsletter is lovely",
    "call me",
    "please call me back",
    "Could you email me the invoice?",
    "Can I phone you tomorrow?",
    "You emailed me three times today with the same offer",
    "I get three emails a day from you",
    "I was called by your sales team three times",
    "They called the flight three times and nobody told us why",
    "My order has been on hold for 3 days",
    "put my plans on hold",
    "hold my beer",
    "The phone has been great for two years",
    "my phone broke twice",
    "bought three phones from you",
    "I love your store",
    "went to your store yesterday, lovely people",
    "your app crashed three times",
    "the third time this week that the train is late",
    "waited three weeks for my parcel",
    "waited an hour for my food",
    "the line at the gate took an hour",
    "The film is called Twice",
    "the error message appears 3 times",
    "the chat was quick, thank you",
    "a nice message from your driver",
    "signed up for your email list twice by mistake",
    "I read the answer on your website",
    "your customer service is awful",
    "No answer needed, just saying hi",
    "text me when it is back",
    "Feel free to message me",
    "I should have called a taxi",
    "should I send a DM 2 hours ago or now?",
    "My landlord never answers",
    "Login by email has been down for three days",
    "three cheers for your hotline",
    "Danke, die Mail kam heute an",
    "Ruf mich bitte an",
    "Gracias por el correo",
    "J'ai reçu votre message, merci",
]


@pytest.mark.parametrize(("text", "told"), TOLD)
def test_what_a_customer_tells(text: str, told: str) -> None:
    assert "; ".join(map(named, doors(text))) == told


@pytest.mark.parametrize("text", NOT_TOLD)
def test_what_only_sounds_like_it(text: str) -> None:
    assert doors(text) == ()


def test_a_way_is_told_once_with_the_most_tries_and_the_longest_wait() -> None:
    told = "Called twice. Called five times. On hold for 20 minutes, then on hold for an hour."
    assert doors(told) == (Door(Channel.PHONE, tries=5, wait=timedelta(hours=1)),)


def test_ways_come_in_the_order_of_the_post() -> None:
    told = "Emailed twice. Waited 20 minutes in the chat. Called three times."
    assert [door.channel for door in doors(told)] == ["e-mail", "chat", "phone"]


@pytest.mark.parametrize("text", ["called 1000 times", "called a million times", "called several times"])
def test_an_exaggeration_is_a_door_without_a_number(text: str) -> None:
    assert doors(text) == (Door(Channel.PHONE),)


@pytest.mark.parametrize(
    "text", ["on hold for 999 months", "on hold for 99999999999999999999 hours", "on hold for hours"]
)
def test_an_endless_wait_is_no_number(text: str) -> None:
    assert doors(text) == (Door(Channel.PHONE),)


def test_once_is_not_yet_a_number_of_tries() -> None:
    assert doors("I called once and it was fine") == ()
    assert doors("I called once and nobody answered") == (Door(Channel.PHONE),)


def test_plain_words_have_no_heat() -> None:
    assert plain("WHERE is my f***ing parcel?! Damn, it's LATE") == " where is my parcel | | , it s late "


PIECES = (
    *("called ", "3 ", "a", ".", "not ", "no a b ", "email ", "e-", "a*", "sent a b ", "wait 3 hours for ", "on hold "),
    *("!", "hour and a half ", "put my a b ", "wrote you in the ", "#3 ", "dm'", "called 3 times ", "1", "1,", "@a"),
    *("@a-", "order is was has had ", "&amp", "\n", "e\u0301", "3 times a b i a b ", ", ", "received 3 3 ", "½"),
)


@pytest.mark.parametrize(
    ("piece", "length"),
    [*((piece, 20_000) for piece in PIECES), *((piece, 100_000) for piece in (".", "½", "\n", "3 ", "@a-", "called "))],
)
def test_no_post_makes_it_slow(piece: str, length: int) -> None:
    """It takes less than a second for a hundred thousand characters; a rule that looks back would take minutes."""
    begun = time.process_time()
    doors((piece * length)[:length])
    assert time.process_time() - begun < length / 10_000


def test_any_mixture_is_read() -> None:
    chance = random.Random(7)
    words = [word for text, _ in TOLD for word in text.split()]
    for _ in range(300):
        for door in doors(" ".join(chance.choices(words, k=40))):
            assert named(door).startswith(door.channel)
