"""A list of English complaint words: a stopgap without a model, which misses most complaints that use none of them.

It is meant for trying umbrage out and for machines where the model cannot run. It knows no irony, no context and no
other language, and its figures are probabilities in name only.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from monitor.core.calibration import Calibration, Cutoffs
from monitor.core.occlusion import carrying_words
from monitor.core.text import MAX_CHARS, fold, for_model
from monitor.core.verdict import Score, Thresholds, Word

if TYPE_CHECKING:
    from monitor.ports import Classifier

MODEL = "keywords@1"
CEILING = 0.95
"""No list of words is ever surer than this."""

STRONG = 0.7
WEAK = 0.4
BASE = 0.05

_STRONG_WORDS = r"""
    worst | terrible | horrible | awful | appalling | disgusting | disgrace(?:ful)? | unacceptable | pathetic | shambles
    | rip[ -]?off | scam(?:med|mers?)? | fraud | useless | garbage | rubbish | incompetent | shame\ on | never\ again
    | fed\ up | sick\ of | had\ enough | overcharged | (?:double|wrongly)\ charged | charged\ (?:me\ )?(?:twice|again)
    | (?:want|give\ me)\ (?:my\ money|a\ refund) | money\ back | poor\ (?:service|quality|support|customer)
    | bad\ (?:service|quality|support|experience) | customer\ (?:dis)?service\ (?:is|was)\ (?:a\ joke|bad|poor)
    | waste\ of\ (?:money|time) | on\ hold\ (?:for|since) | hung\ up\ on | stopped\ working | does\ ?n[o']?t\ work
    | still\ (?:waiting|no\ (?:reply|response|answer|refund|parcel|internet|signal)|not\ (?:working|fixed|arrived))
    | broken | faulty | food\ poisoning | lawyer | sue\ you | boycott | avoid\ (?:this|them|at\ all) | daylight\ robbery
"""
_WEAK_WORDS = r"""
    disappoint(?:ed|ing|ment) | unhappy | angry | furious | annoy(?:ed|ing) | frustrat(?:ed|ing|ion) | ridiculous | joke
    | rude | ignored? | unhelpful | delayed | late | lost | missing | damaged | cancel(?:l?ed|ling) | crash(?:es|ed)?
    | down | outage | error | bug | slow | refund | complain(?:t|ts|ing)? | fail(?:s|ed|ure)? | wrong | problem | issue
    | not\ happy | not\ good | no\ (?:reply|response|answer|help|signal|internet)
    | why\ (?:is|are|do|does|can\ ?t|won\ ?t)
    | can[' ]?t\ (?:log|get|even|believe) | won[' ]?t\ (?:load|open|start) | overpriced | expensive | hacked | unsafe
"""
_PRAISE_WORDS = r"""
    thank(?:s|\ you) | love(?:d|ly)? | great | awesome | excellent | amazing | perfect | best | brilliant
    | happy | kudos | no\ problems? | no\ issues? | can[' ]?t\ (?:complain|fault) | never\ disappoints?
    | well\ done | resolved | fixed\ now
"""

_TOPIC_WORDS = {
    "delivery": r"parcel | package | deliver(?:y|ed|ing) | courier | shipping | shipment | luggage | suitcase",
    "delay_or_outage": r"delay(?:ed|s)? | outage | down | offline | late | cancel(?:l?ed)? | no\ (?:signal|internet)",
    "product_defect": r"broken | faulty | defect(?:ive)? | stopped\ working | poor\ quality | fell\ apart",
    "billing_refund": r"refund | charged | overcharged | bill(?:ed|ing)? | invoice | money\ back | direct\ debit",
    "price": r"price[sd]? | expensive | overpriced | rip[ -]?off | hidden\ fees?",
    "service_conduct": r"rude | staff | customer\ service | unhelpful | manager | shouted",
    "unreachable": r"on\ hold | no\ (?:reply|response|answer) | hung\ up | nobody\ answers | call(?:ed)?\ back",
    "booking_order": r"booking | booked | reservation | my\ order | preorder(?:ed)?",
    "account_app": r"log\ ?in | account | password | app | website | update",
    "safety": r"danger(?:ous)? | unsafe | fire | burn(?:t|ed)? | injur(?:y|ed) | poison(?:ing|ed)? | hospital | recall",
    "privacy_fraud": r"scam | fraud | hacked | privacy | data | phishing | spam | breach",
    "policy": r"policy | terms | rules? | unfair | contract",
    "returns": r"return(?:ed|s|ing)? | exchange | warranty | replacement | repair",
}


class Options(BaseModel):
    """Nothing to set."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def create(options: Options) -> "Classifier":  # noqa: ARG001 (every plugin is created with its options)
    """The word list, ready."""
    return _Keywords()


class _Keywords:
    """Counts words; every weak one lowers the rest of doubt, praise raises it again."""

    def __init__(self) -> None:
        self._strong = _pattern(_STRONG_WORDS)
        self._weak = _pattern(_WEAK_WORDS)
        self._praise = _pattern(_PRAISE_WORDS)
        self._topics = {name: _pattern(words) for name, words in _TOPIC_WORDS.items()}

    @property
    def model(self) -> str:
        return MODEL

    @property
    def cutoffs(self) -> Cutoffs:
        return Cutoffs.everywhere(Thresholds(digest=0.4, alert=0.8))

    @property
    def calibrations(self) -> dict[str, Calibration]:
        return {}

    def explain(self, text: str, most: int = 3) -> tuple[Word, ...]:
        return carrying_words(text, lambda texts: [score.complaint for score in self.score(texts)], most)

    def score(self, texts: Sequence[str]) -> list[Score]:
        return [self._score(fold(for_model(text[:MAX_CHARS])).replace("’", "'")) for text in texts]

    def _score(self, text: str) -> Score:
        praise = len(_found(self._praise, text))
        text = self._praise.sub(" ", text)
        strong, weak = len(_found(self._strong, text)), len(_found(self._weak, text))
        if not strong + weak:
            return Score(complaint=BASE if text else 0.0)
        doubt = (1 - STRONG) ** strong * (1 - WEAK) ** weak
        complaint = min(CEILING, (1 - doubt) * 0.75**praise)
        return Score(complaint=complaint, topics=self._about(text))

    def _about(self, text: str) -> tuple[tuple[str, float], ...]:
        hits = {name: len(_found(pattern, text)) for name, pattern in self._topics.items()}
        found = [(name, 1 - 0.5**count) for name, count in hits.items() if count]
        return tuple(sorted(found, key=lambda pair: -pair[1]))


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words})\b", re.VERBOSE)


def _found(pattern: re.Pattern[str], text: str) -> set[str]:
    return {match.group() for match in pattern.finditer(text)}
