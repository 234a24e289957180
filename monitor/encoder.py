"""Runs an embedded network: text in, what it makes of each token out, and small linear heads that answer questions."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.core.errors import ModelError
from monitor.core.text import MAX_CHARS, for_model
from monitor.tokens import tokens_of

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Numbers = NDArray[numpy.float32]

NETWORK = "model.onnx"
HEADS = "heads.json"

CHARS_PER_TOKEN = 40
"""A text is cut at this many characters per token before it is tokenized, so that long posts cost little."""


class Encoder:
    """Network and tokenizer of a model folder. One text at a time: quantized networks let batch mates change scores."""

    def __init__(self, folder: Path, max_tokens: int, threads: int = 1) -> None:
        import numpy

        self._numpy = numpy
        self._most = CHARS_PER_TOKEN * max_tokens
        self._session = _session(folder / NETWORK, threads)
        self.tokens = tokens_of(folder, max_tokens)

    @property
    def states_whole_texts(self) -> bool:
        """Whether the network makes one state of a whole text, and not one of each token."""
        (taken,), (made,) = self._session.get_inputs(), self._session.get_outputs()
        return bool(taken.shape[0] != made.shape[0])

    def seen(self, text: str) -> str:
        """The part of a text that the network gets to see, normalised."""
        return for_model(text[:MAX_CHARS])[: self._most].encode(errors="replace").decode()

    def read(self, seen: str) -> "Read":
        """What the network makes of a text that it gets to see."""
        coded = self.tokens.coded(seen)
        ids = self._numpy.array(coded.ids, dtype=self._numpy.int64)
        (states,) = self._session.run(["states"], {"input_ids": ids})
        return Read(states, coded.ids, coded.offsets)

    def pooled(self, text: str) -> "Numbers":
        """The mean of a text's states, of shape (width,)."""
        return self.read(self.seen(text)).pooled


@dataclass(frozen=True)
class Read:
    """A text as the network read it: a state of shape (width,) for each token or one for all, numbers and places."""

    states: "Numbers"
    ids: Sequence[int]
    offsets: Sequence[tuple[int, int]]

    @property
    def pooled(self) -> "Numbers":
        """The mean of the states, of shape (width,)."""
        mean: Numbers = self.states.mean(axis=0)
        return mean


class Words:
    """Which tokens of a small vocabulary a text has: weighed by rarity, of length one (TF-IDF without counts)."""

    def __init__(self, ids: Sequence[int], rarity: Sequence[float]) -> None:
        import numpy

        self._numpy = numpy
        self.ids = list(ids)
        self.rarity = list(rarity)
        self._places = {number: place for place, number in enumerate(self.ids)}

    def found(self, ids: Sequence[int]) -> "tuple[list[int], Numbers]":
        """The places in the vocabulary of the tokens that are in it, and their weights."""
        places = sorted({self._places[number] for number in ids if number in self._places})
        weights = self._numpy.array([self.rarity[place] for place in places], dtype=self._numpy.float32)
        length = float(self._numpy.sqrt((weights * weights).sum())) or 1.0
        return places, weights / length


class Heads:
    """Linear layers by name, of shape (answers, width); some look at the words of a text too."""

    def __init__(
        self,
        weights: Mapping[str, "Numbers"],
        bias: Mapping[str, "Numbers"],
        words: Words | None = None,
        by_word: Mapping[str, "Numbers"] | None = None,
    ) -> None:
        self.weights = dict(weights)
        self.bias = dict(bias)
        self.words = words or Words([], [])
        self.by_word = dict(by_word or {})
        self._stacked: _Stacked | None = None

    @classmethod
    def load(cls, path: Path) -> "Heads":
        """The heads in a JSON file. Raises ``ModelError``.

        ``{"heads": {name: {"weights": [[…], …], "bias": […], "by_word": [[…], …]}}, "words": {"ids", "rarity"}}``.
        """
        import numpy

        def arrays(name: str) -> "dict[str, Numbers]":
            return {head: numpy.array(one[name], dtype=numpy.float32) for head, one in heads.items() if name in one}

        try:
            table = json.loads(path.read_text("utf-8"))
            heads, words = table["heads"], table["words"]
            return cls(arrays("weights"), arrays("bias"), Words(words["ids"], words["rarity"]), arrays("by_word"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
            raise ModelError(f"{path}: is not a table of heads: {problem}") from problem

    def write(self, path: Path) -> None:
        """Keep the heads as JSON, with four digits."""
        parts = {"weights": self.weights, "bias": self.bias, "by_word": self.by_word}
        heads = {
            name: {part: _rounded(values[name]) for part, values in parts.items() if name in values}
            for name in self.weights
        }
        table = {
            "heads": heads,
            "words": {"ids": self.words.ids, "rarity": [round(one, 4) for one in self.words.rarity]},
        }
        path.write_text(json.dumps(table, separators=(",", ":")) + "\n", "utf-8")

    def with_complaint(self, weights: "Numbers", bias: "Numbers") -> "Heads":
        """The same heads with another complaint head, ``weights`` of shape (1, width) and ``bias`` of shape (1,)."""
        return Heads(self.weights | {"complaint": weights}, self.bias | {"complaint": bias}, self.words, self.by_word)

    def logits(self, read: Read) -> dict[str, list[float]]:
        """The answers of every head to one text."""
        if self._stacked is None:
            self._stacked = _Stacked(self)
        return self._stacked.logits(read)


class _Stacked:
    """All heads as one matrix: one multiplication instead of a dozen."""

    def __init__(self, heads: Heads) -> None:
        import numpy

        nothing = {name: numpy.zeros((len(bias), len(heads.words.ids)), "float32") for name, bias in heads.bias.items()}
        self._words = heads.words
        self._weights = numpy.concatenate(list(heads.weights.values()))
        self._bias = numpy.concatenate([heads.bias[name] for name in heads.weights])
        # One row per word, so that the few words of a text lie together in memory.
        self._by_word = numpy.concatenate([heads.by_word.get(name, nothing[name]) for name in heads.weights]).T.copy()
        self._parts: list[tuple[str, int, int]] = []
        for name, bias in ((name, heads.bias[name]) for name in heads.weights):
            start = self._parts[-1][2] if self._parts else 0
            self._parts.append((name, start, start + len(bias)))

    def logits(self, read: Read) -> dict[str, list[float]]:
        answers = self._weights @ read.pooled + self._bias
        places, weights = self._words.found(read.ids)
        if places:
            answers = answers + weights @ self._by_word[places]
        found = answers.tolist()
        return {name: found[start:end] for name, start, end in self._parts}


def _rounded(values: "Numbers") -> Any:
    rows = values.tolist()
    return [[float(f"{value:.4g}") for value in row] if isinstance(row, list) else float(f"{row:.4g}") for row in rows]


def _session(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # the runtime has its own, undocumented exceptions
        raise ModelError(f"{path}: onnxruntime cannot load it: {problem}") from problem


def sigmoid(logit: float) -> float:
    """The probability of a logit, for any finite number."""
    if logit >= 0:
        return 1.0 / (1.0 + math.exp(-logit))
    power = math.exp(logit)
    return power / (1.0 + power)


def softmax(logits: Sequence[float]) -> list[float]:
    """The probabilities of answers of which one is right."""
    top = max(logits)
    powers = [math.exp(logit - top) for logit in logits]
    return [power / sum(powers) for power in powers]
