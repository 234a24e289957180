"""Runs an embedded network: text in, what it makes of each token out, and small linear heads that answer questions."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.core.errors import ModelError
from monitor.core.text import MAX_CHARS, for_model

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Numbers = NDArray[numpy.float32]

NETWORK = "model.onnx"
TOKENIZER = "tokenizer.json"
HEADS = "heads.json"

CHARS_PER_TOKEN = 40
"""A text is cut at this many characters per token before it is tokenized, so that long posts cost little."""


class Encoder:
    """Network and tokenizer of a model folder. One text at a time: quantized networks let batch mates change scores."""

    def __init__(self, folder: Path, max_tokens: int, threads: int = 1) -> None:
        import numpy
        from tokenizers import Tokenizer

        self._numpy = numpy
        self._most = CHARS_PER_TOKEN * max_tokens
        self._session = _session(folder / NETWORK, threads)
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)

    def seen(self, text: str) -> str:
        """The part of a text that the network gets to see, normalised."""
        return for_model(text[:MAX_CHARS])[: self._most].encode(errors="replace").decode()

    def states(self, seen: str) -> "tuple[Numbers, list[tuple[int, int]]]":
        """What the network makes of each token, of shape (tokens, width), and where in ``seen`` each token stands."""
        coded = self._tokenizer.encode(seen)
        ids = self._numpy.array(coded.ids, dtype=self._numpy.int64)
        (states,) = self._session.run(["states"], {"input_ids": ids})
        return states, coded.offsets

    def pooled(self, text: str) -> "Numbers":
        """The mean of a text's states, of shape (width,)."""
        states, _ = self.states(self.seen(text))
        mean: Numbers = states.mean(axis=0)
        return mean


class Heads:
    """Linear layers on the pooled states, by name; the rows of a head's weights are its columns of answers."""

    def __init__(self, weights: Mapping[str, "Numbers"], bias: Mapping[str, "Numbers"]) -> None:
        self.weights = dict(weights)
        self.bias = dict(bias)

    @classmethod
    def read(cls, path: Path) -> "Heads":
        """The heads in a JSON file: ``{name: {"weights": [[…], …], "bias": […]}}``. Raises ``ModelError``."""
        import numpy

        try:
            table = json.loads(path.read_text("utf-8"))
            weights = {name: numpy.array(one["weights"], dtype=numpy.float32) for name, one in table.items()}
            bias = {name: numpy.array(one["bias"], dtype=numpy.float32) for name, one in table.items()}
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise ModelError(f"{path}: is not a table of heads: {problem}") from problem
        return cls(weights, bias)

    def write(self, path: Path) -> None:
        """Keep the heads as JSON, with six digits."""
        table = {
            name: {"weights": _rounded(self.weights[name]), "bias": _rounded(self.bias[name])} for name in self.weights
        }
        path.write_text(json.dumps(table, separators=(",", ":")) + "\n", "utf-8")

    def logits(self, pooled: "Numbers") -> dict[str, list[float]]:
        """The answers of every head to one pooled text."""
        return {name: (weights @ pooled + self.bias[name]).tolist() for name, weights in self.weights.items()}


def _rounded(values: "Numbers") -> Any:
    rows = values.tolist()
    return [[float(f"{value:.6g}") for value in row] if isinstance(row, list) else float(f"{row:.6g}") for row in rows]


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
