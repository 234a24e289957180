"""The shipped complaint models: small quantized networks, run on one processor core without PyTorch.

One reads English, a second one other languages; it is loaded at the first post in one of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from monitor.core.calibration import DEFAULT, Calibration, Cutoffs
from monitor.core.errors import ModelError
from monitor.core.occlusion import carrying_words, spaced
from monitor.core.verdict import Band, Score, Word
from monitor.encoder import HEADS, NETWORK, Encoder, Heads, sigmoid, softmax
from monitor.languages import LanguageTeller
from monitor.meaning import EncoderMeaning, space_of
from monitor.model_files import LANGUAGES, Manifest, shipped, verified

if TYPE_CHECKING:
    from monitor.ports import Classifier

FILES = (NETWORK, HEADS)
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
    other_languages: bool = Field(
        default=True, description="have a second network read the languages that the model has not been measured in"
    )
    languages_folder: Path | None = Field(
        default=None, description="the second network's folder; unset: the shipped one"
    )


def create(options: Options) -> "Classifier":
    """Verify the model and load what every start needs of it.

    :raises ModelError: when a folder is not a whole, unchanged model.
    """
    folders = [options.folder or shipped()] + [options.languages_folder or shipped(LANGUAGES)] * options.other_languages
    try:
        networks = [_Network(folder, verified(folder, FILES), options.threads) for folder in folders]
        return _Onnx(networks)
    except ImportError as problem:
        raise ModelError(f"{problem}: pip install onnxruntime tokenizers sentencepiece") from problem


class _Onnx:
    """Scores one text at a time, each independent of the others, with the network that reads its language."""

    def __init__(self, networks: Sequence["_Network"]) -> None:
        self._networks = networks
        self._first = networks[0]
        self._first.encoder  # noqa: B018  (what every start needs is loaded at the start)
        self._language_of = LanguageTeller()

    @property
    def model(self) -> str:
        return "+".join([self._first.manifest.model, *(other.manifest.revision for other in self._networks[1:])])

    @property
    def cutoffs(self) -> Cutoffs:
        limits = {name: one.manifest.recommended for one in reversed(self._networks) for name in one.manifest.languages}
        return Cutoffs({DEFAULT: self._first.manifest.recommended} | limits)

    @property
    def calibrations(self) -> Mapping[str, Calibration]:
        found = dict(self._first.manifest.calibrations)
        for other in self._networks[1:]:
            found |= {name: counts for name, counts in other.manifest.calibrations.items() if name not in found}
        return found

    def score(self, texts: Sequence[str]) -> list[Score]:
        return [self._score(text) for text in texts]

    def explain(self, text: str, most: int = 3) -> tuple[Word, ...]:
        network = self._reading(self._language_of(text))
        seen = spaced(network.encoder.seen(text))
        return network.explain(seen, most) if seen else ()

    def meaning_of(self, text: str) -> EncoderMeaning:
        return self._reading(self._language_of(text)).meaning

    def _score(self, text: str) -> Score:
        seen = self._first.encoder.seen(text)
        if not seen:
            return Score(complaint=0.0)
        language = self._language_of.of_normalised(seen)
        network = self._reading(language)
        measured = language is None or language in network.manifest.calibrations
        return replace(network.score(seen), language=language, is_measured=measured)

    def _reading(self, language: str | None) -> "_Network":
        """The network for a language: the first that has been made for it, or else the first of all."""
        return next((one for one in self._networks if language in one.manifest.languages), self._first)


class _Network:
    """The network in a model folder, loaded when it is needed."""

    def __init__(self, folder: Path, manifest: Manifest, threads: int) -> None:
        self.manifest = manifest
        self._folder = folder
        self._threads = threads

    @cached_property
    def encoder(self) -> Encoder:
        return Encoder(self._folder, self.manifest.max_tokens, self._threads)

    @cached_property
    def heads(self) -> Heads:
        return Heads.load(self._folder / HEADS)

    @cached_property
    def meaning(self) -> EncoderMeaning:
        return EncoderMeaning(self.encoder, self.heads, space_of(self.manifest))

    def score(self, seen: str) -> Score:
        found = self.heads.logits(self.encoder.read(seen))
        return Score(
            complaint=sigmoid(found["complaint"][0]),
            topics=self._topics([sigmoid(logit) for logit in found["topics"]]),
            sentiment=_likeliest(self.manifest.sentiments, found.get("sentiment")),
            intent=_likeliest(self.manifest.intents, found.get("intent")),
            severity=_band(softmax(found["severity"])) if "severity" in found else None,
            arousal=_mean(softmax(found["arousal"])) if "arousal" in found else None,
        )

    def explain(self, seen: str, most: int) -> tuple[Word, ...]:
        return carrying_words(seen, self._probabilities, most, self._weighty(seen))

    def _probabilities(self, texts: Sequence[str]) -> list[float]:
        read = (self.encoder.read(text) for text in texts)
        return [sigmoid(self.heads.logits(one)["complaint"][0]) for one in read]

    def _weighty(self, seen: str) -> list[int]:
        """The words worth trying: those whose tokens add most to the complaint logit.

        Where there is a state for each token, the head is linear and its input a mean, so that the logit is a sum over
        tokens. Where there is one state for the whole text, that is every word.
        """
        read = self.encoder.read(seen)
        words = seen.split()
        if len(read.states) != len(read.offsets):
            return list(range(len(words)))
        starts = [0]
        for word in words:
            starts.append(starts[-1] + len(word) + 1)
        added = [0.0] * len(words)
        shares = read.states @ self.heads.weights["complaint"][0]
        for (start, end), share in zip(read.offsets, shares.tolist(), strict=True):
            if end > start:
                added[next(i for i in range(len(added)) if start < starts[i + 1])] += share
        return sorted(range(len(added)), key=lambda i: -added[i])[:TRIED]

    def _topics(self, probabilities: Sequence[float]) -> tuple[tuple[str, float], ...]:
        """The topics that pass the threshold, likeliest first; "other" only where none else does."""
        named = zip(self.manifest.topics, probabilities, strict=True)
        passing = [(name, value) for name, value in named if value >= self.manifest.topic_threshold]
        told = [pair for pair in passing if pair[0] != OTHER] or passing
        return tuple(sorted(told, key=lambda pair: -pair[1]))


def _likeliest(names: Sequence[str], logits: Sequence[float] | None) -> str | None:
    return None if logits is None else names[max(range(len(logits)), key=lambda i: logits[i])]


def _mean(shares: Sequence[float]) -> float:
    """The mean of equal steps from 0 to 1, weighed by their shares."""
    return sum(i * share for i, share in enumerate(shares)) / (len(shares) - 1)


def _band(shares: Sequence[float]) -> Band:
    """The narrowest run of severities that is at least ``BAND`` sure; of several the surest."""
    levels = range(len(shares))
    runs = [(high - low, -sum(shares[low : high + 1]), low, high) for low in levels for high in levels if low <= high]
    _, surety, low, high = min(run for run in runs if -run[1] >= min(BAND, sum(shares) - 1e-9))
    return Band(low=low + 1, high=high + 1, probability=min(1.0, -surety))
