"""The shipped complaint model: a small quantized network, run on one processor core without PyTorch."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from monitor.core.errors import ModelError
from monitor.core.text import MAX_CHARS, for_model
from monitor.core.verdict import Score, Thresholds
from monitor.model_files import Manifest, shipped, verified

if TYPE_CHECKING:
    from monitor.ports import Classifier

NETWORK = "model.onnx"
TOKENIZER = "tokenizer.json"
OTHER = "other"

CHARS_PER_TOKEN = 40
"""A text is cut at this many characters per token before it is tokenized, so that long posts cost little."""


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
    manifest = verified(folder, (NETWORK, TOKENIZER))
    try:
        return _Onnx(folder, manifest, options.threads)
    except ImportError as problem:
        raise ModelError(f"{problem}: pip install onnxruntime tokenizers") from problem


class _Onnx:
    """Scores one text at a time: in the quantized network, texts of one batch change each other's scores."""

    def __init__(self, folder: Path, manifest: Manifest, threads: int) -> None:
        import numpy
        from tokenizers import Tokenizer

        self._numpy = numpy
        self._manifest = manifest
        self._session = _session(folder / NETWORK, threads)
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(manifest.max_tokens)

    @property
    def model(self) -> str:
        return self._manifest.model

    @property
    def thresholds(self) -> Thresholds:
        return self._manifest.recommended

    def score(self, texts: Sequence[str]) -> list[Score]:
        return [self._score(text) for text in texts]

    def _score(self, text: str) -> Score:
        seen = for_model(text[:MAX_CHARS])[: CHARS_PER_TOKEN * self._manifest.max_tokens]
        if not seen:
            return Score(complaint=0.0)
        ids = self._numpy.array([self._tokenizer.encode(_encodable(seen)).ids], dtype=self._numpy.int64)
        feed = {"input_ids": ids, "attention_mask": self._numpy.ones_like(ids)}
        complaint, topics = self._session.run(["complaint", "topics"], feed)
        probability = _sigmoid(float(complaint[0]) / self._manifest.temperature)
        return Score(complaint=probability, topics=self._topics([_sigmoid(logit) for logit in topics[0].tolist()]))

    def _topics(self, probabilities: Sequence[float]) -> tuple[tuple[str, float], ...]:
        """The topics that pass the threshold, likeliest first; "other" only where none else does."""
        named = zip(self._manifest.topics, probabilities, strict=True)
        passing = [(name, value) for name, value in named if value >= self._manifest.topic_threshold]
        told = [pair for pair in passing if pair[0] != OTHER] or passing
        return tuple(sorted(told, key=lambda pair: -pair[1]))


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


def _encodable(text: str) -> str:
    return text.encode(errors="replace").decode()


def _sigmoid(logit: float) -> float:
    if logit >= 0:
        return 1.0 / (1.0 + math.exp(-logit))
    power = math.exp(logit)
    return power / (1.0 + power)
