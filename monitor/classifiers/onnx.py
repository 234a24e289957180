"""The shipped complaint model: a small quantized network, run on one processor core without PyTorch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from monitor.core.calibration import Calibration
from monitor.core.errors import ModelError
from monitor.core.occlusion import carrying_words
from monitor.core.verdict import Band, Score, Thresholds, Word
from monitor.encoder import HEADS, NETWORK, TOKENIZER, Encoder, Heads, sigmoid, softmax
from monitor.languages import LanguageTeller
from monitor.meaning import EncoderMeaning, space_of
from monitor.model_files import Manifest, shipped, verified

if TYPE_CHECKING:
    from monitor.ports import Classifier

OTHER = "other"
BAND = 0.7
"""A severity band is widened until it is at least so sure."""

TRIED = 24
"""So many of the words that the network itself weighs most are tried for an explanation."""


class Options(BaseModel):
    """Which model to run, and on how many cores."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path | None = Field(default=None, description="a folder with manifest.json; unset: the shipped model")
    threads: int = Field(default=1, ge=1, le=64, description="processor cores for one post")


def create(options: Options) -> "Classifier":
    """Load and verify the model.

    :raises ModelError: when the folder is not a whole, unchanged model.
    """
    folder = options.folder or shipped()
    manifest = verified(folder, (NETWORK, TOKENIZER, HEADS))
    try:
        return _Onnx(folder, manifest, options.threads)
    except ImportError as problem:
        raise ModelError(f"{problem}: pip install onnxruntime tokenizers") from problem


class _Onnx:
    """Scores one text at a time, each independent of the others."""

    def __init__(self, folder: Path, manifest: Manifest, threads: int) -> None:
        self._manifest = manifest
        self._encoder = Encoder(folder, manifest.max_tokens, threads)
        self._heads = Heads.load(folder / HEADS)
        self._language_of = LanguageTeller()

    @property
    def model(self) -> str:
        return self._manifest.model

    @property
    def meaning(self) -> EncoderMeaning:
        return EncoderMeaning(self._encoder, self._heads, space_of(self._manifest))

    @property
    def thresholds(self) -> Thresholds:
        return self._manifest.recommended

    @property
    def calibrations(self) -> Mapping[str, Calibration]:
        return self._manifest.calibrations

    def score(self, texts: Sequence[str]) -> list[Score]:
        return [self._score(text) for text in texts]

    def explain(self, text: str, most: int = 3) -> tuple[Word, ...]:
        seen = self._encoder.seen(text)
        return carrying_words(seen, self._probabilities, most, self._weighty(seen)) if seen else ()

    def _probabilities(self, texts: Sequence[str]) -> list[float]:
        return [score.complaint for score in self.score(texts)]

    def _weighty(self, seen: str) -> list[int]:
        """The words whose tokens add most to the complaint logit.

        The head is linear and its input a mean, so the logit is a sum over tokens.
        """
        read = self._encoder.read(seen)
        shares = read.states @ self._heads.weights["complaint"][0]
        starts = [0]
        for word in seen.split():
            starts.append(starts[-1] + len(word) + 1)
        added = [0.0] * (len(starts) - 1)
        for (start, end), share in zip(read.offsets, shares.tolist(), strict=True):
            if end > start:
                added[next(i for i in range(len(added)) if start < starts[i + 1])] += share
        return sorted(range(len(added)), key=lambda i: -added[i])[:TRIED]

    def _score(self, text: str) -> Score:
        seen = self._encoder.seen(text)
        if not seen:
            return Score(complaint=0.0)
        language = self._language_of.of_normalised(seen)
        found = self._heads.logits(self._encoder.read(seen))
        arousal = softmax(found["arousal"])
        return Score(
            complaint=sigmoid(found["complaint"][0]),
            topics=self._topics([sigmoid(logit) for logit in found["topics"]]),
            sentiment=_likeliest(self._manifest.sentiments, found["sentiment"]),
            intent=_likeliest(self._manifest.intents, found["intent"]),
            severity=_band(softmax(found["severity"])),
            arousal=sum(i * share for i, share in enumerate(arousal)) / (len(arousal) - 1),
            language=language,
            is_measured=language is None or language in self._manifest.calibration,
        )

    def _topics(self, probabilities: Sequence[float]) -> tuple[tuple[str, float], ...]:
        """The topics that pass the threshold, likeliest first; "other" only where none else does."""
        named = zip(self._manifest.topics, probabilities, strict=True)
        passing = [(name, value) for name, value in named if value >= self._manifest.topic_threshold]
        told = [pair for pair in passing if pair[0] != OTHER] or passing
        return tuple(sorted(told, key=lambda pair: -pair[1]))


def _likeliest(names: Sequence[str], logits: Sequence[float]) -> str:
    return names[max(range(len(logits)), key=lambda i: logits[i])]


def _band(shares: Sequence[float]) -> Band:
    """The narrowest run of severities that is at least ``BAND`` sure; of several the surest."""
    levels = range(len(shares))
    runs = [(high - low, -sum(shares[low : high + 1]), low, high) for low in levels for high in levels if low <= high]
    _, surety, low, high = min(run for run in runs if -run[1] >= min(BAND, sum(shares) - 1e-9))
    return Band(low=low + 1, high=high + 1, probability=min(1.0, -surety))
