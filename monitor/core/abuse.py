"""Abusive words masked for those who read complaints all day; what was meant stays readable."""

import re

_WORDS = (
    *("fuck", "fucks", "fucked", "fucker", "fuckers", "fucking", "motherfucker", "shit", "shits", "shitty", "bullshit"),
    *("asshole", "assholes", "arsehole", "arseholes", "bitch", "bitches", "bastard", "bastards", "cunt", "cunts"),
    *("dickhead", "dickheads", "wanker", "wankers", "twat", "twats", "retard", "retards", "whore", "whores"),
    *("scheiße", "scheisse", "arschloch", "wichser", "hurensohn", "mierda", "puta", "cabrón", "merde", "connard"),
)
_ABUSE = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b", re.IGNORECASE)


def mask(text: str) -> str:
    """The text with each abusive word as its first letter and asterisks, as long as it was."""
    return _ABUSE.sub(lambda found: found[0][0] + "*" * (len(found[0]) - 1), text)
