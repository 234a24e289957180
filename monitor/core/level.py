"""How soon a case needs somebody, from what has happened to whom, never from how it is said.

Rudeness, capitals, swearing, exclamation marks, emoji and followers raise nothing. Followers, arousal, the model's
severity and its probability are no input at all: on pairs of posts with the same facts, the rude one had the higher
severity in 33 of 44, so severity may be shown but must not decide. Of the topics only the likeliest one counts, the
others come and go with the tone; of the intents only the suggestion, which lowers; that somebody leaves is read from
their words. Level 4 is for those who say themselves that it is a small matter. It is no way of waiting longer for being
polite: whoever is rude about a small matter has it as well, and it has reserved slots (``monitor.core.lane``).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from monitor.core.cause import topic_of
from monitor.core.doors import doors, plain
from monitor.core.doors import named as door_named
from monitor.core.stake import stake

MANY = 20
"""So many people of one cause in an hour are more than somebody's own matter."""

MOST_REASONS = 3
REPEATED = "it has failed a second time"


class Level(IntEnum):
    """1 is the most urgent."""

    ACT_NOW = 1
    WITHIN_HOUR = 2
    TODAY = 3
    GENTLE = 4
    DIGEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What is known about a case.

    ``topics`` are the classifier's, likeliest first, and so is ``intent``. ``people`` is how many distinct ones have
    written about the same cause in the last hour, and ``is_spreading`` a measured growth of replies and reposts.
    """

    topics: tuple[str, ...]
    intent: str | None = None
    text: str = ""
    people: int = 1
    is_spreading: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """A level and why: at most three reasons, in words; none for what is as urgent as most."""

    level: Level
    reasons: tuple[str, ...]


def grade(signals: Signals) -> Graded:
    """The level of a case by what was said in a post."""
    words = plain(signals.text)
    serious, pressing = list(_serious(signals, words)), list(_pressing(signals, words))
    if serious:
        level, reasons = Level.ACT_NOW, serious
    elif pressing:
        level, reasons = Level.WITHIN_HOUR, pressing
    elif signals.intent == "suggestion":
        level, reasons = Level.DIGEST, ["an idea, nothing has failed"]
    elif _SMALL.search(words) and not _LONG.search(words):
        level, reasons = Level.GENTLE, ["a small matter in their own words"]
    else:
        level, reasons = Level.TODAY, []
    return Graded(level=level, reasons=tuple(reasons[:MOST_REASONS]))


def grade_again(signals: Signals, before: int, *, has_failed: bool) -> Graded:
    """The level of a case whose customer complains after an answer: what is said now, or one above the one before.

    It is raised once: how a customer's third complaint is told from their second is by its words.
    """
    said = grade(signals)
    raised = before if has_failed else max(before - 1, Level.ACT_NOW)
    return Graded(level=Level(min(said.level, raised)), reasons=(REPEATED, *said.reasons)[:MOST_REASONS])


def named(level: Level) -> str:
    """A level in words."""
    return _NAMES[level]


def _serious(signals: Signals, words: str) -> Iterator[str]:
    """What somebody must act on now."""
    if _HARM.search(words):
        yield "somebody's safety"
    if _LAW.search(words):
        yield "speaks of legal steps"
    if _DATA.search(words):
        yield "personal data or fraud"
    if signals.is_spreading:
        yield "spreading fast"


def _pressing(signals: Signals, words: str) -> Iterator[str]:
    """What cannot wait until the evening. A topic alone rings nobody up: the classifier is too often wrong about it."""
    topic = topic_of(signals.topics)
    if topic in _DANGEROUS and not any(_serious(signals, words)):
        yield _DANGEROUS[topic]
    if told := doors(signals.text):
        yield f"tried before: {', '.join(map(door_named, told))}"
    if money := stake(signals.text):
        yield f"{money} at stake"
    elif topic == "billing_refund":
        yield "money at stake"
    if _NOW.search(words):
        yield "stuck or without service now"
    if _LEAVING.search(words):
        yield "leaving us"
    if signals.people >= MANY:
        yield f"{signals.people} people in the last hour"


def _said(*patterns: str) -> re.Pattern[str]:
    """One of these patterns as whole words."""
    return re.compile(f"(?<= )(?:{'|'.join(patterns)})(?= )")


_SOME = "(?:[a-z]+ ){0,3}?"
_OURS = "(?:account|details|data|orders?|address|bills?|reservation)"

_DANGEROUS = {"safety": "perhaps somebody's safety", "privacy_fraud": "perhaps personal data or fraud"}
_HARM = _said(
    "(?<!insult to )injur(?:y|ies|ed)|unsafe|hazard(?:ous)?|ambulance|hospitali[sz]ed|(?:in|to) (?:the )?hospital",
    "caught fire|burst into flames|electric shock|gas leak|carbon monoxide|sparks|smoke from|brakes? failed",
    "food poisoning|poisoned|allergic reaction|anaphyla[a-z]+|chok(?:ed|ing) on|insulin|epipen|medications?",
    "swallowed (?:a|an|it|some|one|glass|plastic)",
    "(?:assault|grop|harass)ed|harassment|threatened (?:me|us|my)|(?:me|felt|was) threatened|racis[tm]|racially",
    "discriminat(?:ed|es|ing) against|collision|collid(?:ed|ing)|emergency landing",
    "(?:is|was|are|so|really|very) dangerous|glass in (?:the|my|our|it)|exploded in|burned my|fainted|razor blades?",
    "safety (?:issue|hazard|risk|problem|defect)",
    "verletzt|krankenhaus|lebensgefahr(?:lich)?|gefahrlich|stromschlag|feuer gefangen|vergiftet|vergiftung",
    "herid[oa]s?|hospital|peligros[oa]|intoxicacion|blessee?s?|hopital|dangereux|dangereuse|intoxication",
)
_LAW = _said(
    "lawyers?|attorneys?|solicitors?|lawsuits?|legal (?:action|steps|advice)|small claims|class action|ombudsman",
    "(?:see|take|taking) (?:you|them|this|it) (?:to|in) court|(?:will|to|ll|gonna) sue|suing|sue (?:you|them)",
    "trading standards|consumer (?:protection|rights)|breach of contract|press(?:ing)? charges|police report",
    "(?:rechts)?anwalt(?:in)?|verbraucherzentrale|rechtliche schritte|verklagen?|anzeige erstatte[nt]?",
    "abogad[oa]|demandar|denunciar|hoja de reclamaciones|avocate?|porter plainte|tribunal|mise en demeure",
)
_DATA = _said(
    "data (?:breach|leak)|identity (?:theft|stolen|fraud)|(?:got|been|was|were) hacked|phishing|my (?:personal )?data",
    f"personal (?:data|information|details)|(?:someone|somebody) else s (?:[a-z]+ )?{_OURS}",
    f"(?:other|another) (?:people|customers?|persons?) (?:s )?{_OURS}",
    "unauthori[sz]ed (?:charges?|payments?|transactions?|withdrawals?)|datenleck|meine daten|mis datos|mes donnees",
)
_NOW = _said(
    f"(?:site|website|app|internet|network|wifi|broadband|service|servers?|system|power|lines?) {_SOME}down",
    "down (?:again|since|for|right now|all)|outage|blackout|power cut|stranded|locked (?:in|out)|no power(?! outlet)",
    "no (?:internet|signal|electricity|heating|hot water|water|network|connection)",
    "stuck (?:on|in|at) (?:(?:the|a|your|this) )?(?:[a-z]+ )?(?:tarmac|runway|plane|train|lift|airport|station)",
    f"internet {_SOME}weg|stromausfall|ausgefallen|kein (?:internet|netz|strom|wasser)",
    "sin (?:internet|luz|agua|cobertura)|en panne|(?:plus|pas) d (?:internet|eau|electricite)",
)
_LEAVING = _said(
    "never again|never (?:[a-z]+ ){0,6}?again|lost (?:a|me as a|my) (?:customer|business)",
    "(?:my|our) (?:custom|business) elsewhere|switch(?:ed|ing)? to|moving to (?:another|a different)",
    "cancell?(?:ing|ed)? (?:my|our) (?:account|contract|subscription|membership|plan|card)|clos(?:e|ing|ed) my account",
    "(?:my|our) last (?:time|order|flight|purchase|booking|visit) (?:with|at|on|from)",
    "kundige|gekundigt|kundigung|nie wieder|wechsel[en]? (?:zu|zur)|nunca mas|de baja|plus jamais|resilie[rz]?",
)
_SMALL = _said(
    "(?<!for )a (?:(?:little )?bit|tad|touch)|slightly|somewhat|mildly",
    "a little (?:disappoint|sad|slow|cold|dry|late|short|small)[a-z]*",
    "(?:minor|small|tiny|little) (?:thing|issue|point|niggle|complaint|problem|detail|disappointment|matter)",
    "no (?:big deal|biggie|rush|hurry|drama)|not (?:a )?(?:big deal|urgent|serious)|nothing (?:serious|major)",
    "would have been nice|(?:had|was) hop(?:ed|ing) for|a (?:shame|pity)|not the end of the world|apart from that",
    "otherwise (?:[a-z]+ )?(?:great|good|lovely|fine|perfect|nice|excellent|happy|pleased|satisfied)",
    "ein bisschen|etwas enttauscht|kleinigkeit|nicht so schlimm|schade|un poco|un pequeno detalle|una pena",
    "un peu|un petit (?:detail|probleme|souci)|dommage",
)
_LONG = _said("(?:hour|day|week|month|year)s|stunden|tagen?|wochen|horas|dias|semanas|heures|jours|semaines")

_NAMES = {
    Level.ACT_NOW: "Act now",
    Level.WITHIN_HOUR: "Answer within the hour",
    Level.TODAY: "Answer today",
    Level.GENTLE: "Gentle signal",
    Level.DIGEST: "Digest only",
}
