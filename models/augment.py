"""Says the same facts another way, so that a verdict does not hinge on tone or spelling: labels stay as they are."""

import random
import re

RESPELLED = {
    "the": ("da", "de", "teh", "th"),
    "you": ("u", "ya", "yuh", "ye"),
    "your": ("ur", "yer", "yo", "yur"),
    "are": ("r", "ar", "be"),
    "is": ("be", "iz", "dey"),
    "for": ("4", "fi", "fer", "fo"),
    "to": ("2", "tae", "tuh"),
    "my": ("ma", "mi", "meh"),
    "me": ("mi", "meh"),
    "this": ("dis", "ths"),
    "that": ("dat", "tht"),
    "they": ("dey", "dem"),
    "them": ("dem", "thm"),
    "with": ("wit", "wid", "wi", "w"),
    "not": ("nah", "no", "nae"),
    "don't": ("dont", "dnt", "dinnae", "doh"),
    "can't": ("cant", "cannae", "cyah"),
    "won't": ("wont", "wullnae"),
    "isn't": ("aint", "isnae", "isnt"),
    "doesn't": ("dont", "doesnae", "doesnt"),
    "nothing": ("nuttin", "nowt", "nuthin", "notin"),
    "something": ("sumtin", "summat", "somn"),
    "going": ("goin", "gon"),
    "because": ("cuz", "cos", "bc"),
    "please": ("pls", "plz", "abeg"),
    "people": ("ppl", "pipo"),
    "was": ("wuz", "wis", "waz"),
    "have": ("hav", "av", "hae"),
    "and": ("an", "n", "nd"),
    "of": ("o", "uv", "ov"),
    "out": ("oot", "owt"),
    "about": ("aboot", "abt"),
    "down": ("doon", "dun"),
    "been": ("bin", "bn"),
    "still": ("stil", "stll"),
    "what": ("wot", "wat", "wha"),
    "really": ("rly", "rele"),
    "thanks": ("thx", "tanks", "tnx"),
    "thank": ("tank", "thnk"),
    "good": ("gud", "guid"),
    "again": ("agen", "agn"),
    "three": ("tree", "3"),
    "weeks": ("wks", "weeks dem"),
    "working": ("workin", "wrkin"),
    "waiting": ("waitin", "w8ing"),
}
"""Common words as people of many places write them."""

BEFORE = {
    "polite": ("Hi there, ", "Hello, ", "Good morning, ", "Sorry to bother you, ", "Dear team, ", "Hope you're well. "),
    "rude": ("wtf ", "ffs ", "Oi ", "LISTEN. ", "lol ", "omfg ", "bloody hell, ", "yo dumbasses "),
}
AFTER = {
    "polite": (" Thank you.", " Many thanks!", " Kind regards", " Please and thank you.", " Thanks in advance", " 🙏"),
    "rude": (" you muppets", " ffs", " lmao", " 🤬", " you absolute clowns", "!!!!", " wtf", " damn it"),
}
"""Manners that change no fact."""

SHARE = 0.6
"""Of the words that can be respelled, so many are."""


def said_otherwise(text: str, chance: random.Random) -> str:
    """The post respelled, or with other manners, at random."""
    return respelled(text, chance) if chance.random() < 0.5 else with_manners(text, chance)


def respelled(text: str, chance: random.Random) -> str:
    """The post in an informal spelling."""

    def other(match: re.Match[str]) -> str:
        known = RESPELLED.get(match.group().lower().replace("’", "'"))
        if known and chance.random() < SHARE:
            return chance.choice(known)
        return match.group()[:-1] if match.group().endswith("ing") and chance.random() < SHARE else match.group()

    return re.sub(r"[A-Za-z]+(?:['’][a-z]+)?", other, text)


def with_manners(text: str, chance: random.Random) -> str:
    """The post with a polite or a rude word before or after it."""
    tone = chance.choice(("polite", "rude"))
    if chance.random() < 0.5:
        return chance.choice(BEFORE[tone]) + text
    return text + chance.choice(AFTER[tone])
