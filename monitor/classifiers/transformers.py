"""Any text-classification checkpoint of the transformers library, from a local folder or a hub."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from monitor.core.calibration import Calibration, Cutoffs
from monitor.core.errors import ModelError
from monitor.core.occlusion import carrying_words
from monitor.core.text import MAX_CHARS, for_model
from monitor.core.verdict import Score, Thresholds, Word

if TYPE_CHECKING:
    from monitor.ports import Classifier

WEIGHTS = "model.safetensors"
CHARS_PER_TOKEN = 40


class Options(BaseModel):
    """Which checkpoint to run, and which of its labels mean a complaint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1, description="a local folder, or a name on the hub")
    complaint_label: str | tuple[str, ...] = Field(description="the label or labels that mean a complaint")
    revision: str | None = Field(
        default=None, description="a commit of the hub; pin one, so that the model cannot change"
    )
    batch_tokens: int = Field(default=4096, ge=1, description="tokens scored at once, padding included")
    max_tokens: int = Field(default=128, ge=3, description="tokens read of one post")
    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:1, mps ...")


def create(options: Options) -> "Classifier":
    """Load the checkpoint: safetensors only, no code from the hub.

    :raises ModelError: when a library, the checkpoint or a label is missing.
    """
    try:
        import torch
        import transformers
    except ImportError as problem:
        raise ModelError(f"{problem}: the transformers classifier needs pip install 'umbrage[torch]'") from problem
    local = _is_local(options.model)
    if local and not Path(options.model).is_dir():
        raise ModelError(f"{options.model}: no such folder: name a checkpoint's folder, or a model of the hub")
    where = {"revision": options.revision, "local_files_only": local, "trust_remote_code": False}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(options.model, **where)
        network = transformers.AutoModelForSequenceClassification.from_pretrained(
            options.model, use_safetensors=True, **where
        )
    except (OSError, ValueError, ImportError) as problem:
        raise ModelError(
            f"{options.model}: cannot be loaded as a text classifier with safetensors weights: {problem}"
        ) from problem
    return _Transformers(torch, tokenizer, network, options)


class _Transformers:
    """Scores texts in batches of like length and answers in the order asked."""

    def __init__(self, torch: Any, tokenizer: Any, network: Any, options: Options) -> None:
        self._torch = torch
        self._tokenizer = tokenizer
        self._options = options
        self._columns = _columns(network.config.id2label, options)
        self._activation = _activation(network.config)
        self._model = f"{Path(options.model).name}@{_revision(network.config, options)}"
        self._device = _device(torch, options.device)
        self._network = network.eval().to(self._device)

    @property
    def model(self) -> str:
        return self._model

    @property
    def cutoffs(self) -> Cutoffs:
        return Cutoffs.everywhere(Thresholds())

    @property
    def calibrations(self) -> dict[str, Calibration]:
        return {}

    def explain(self, text: str, most: int = 3) -> tuple[Word, ...]:
        return carrying_words(text, lambda texts: [score.complaint for score in self.score(texts)], most)

    def score(self, texts: Sequence[str]) -> list[Score]:
        seen = [for_model(text[:MAX_CHARS])[: CHARS_PER_TOKEN * self._options.max_tokens] for text in texts]
        filled = [i for i, text in enumerate(seen) if text]
        coded = {i: self._encode(seen[i]) for i in filled}
        scores = [Score(complaint=0.0)] * len(texts)
        for batch in _batches(coded, self._options.batch_tokens):
            for i, complaint in zip(batch, self._run([coded[i] for i in batch]), strict=True):
                scores[i] = Score(complaint=complaint)
        return scores

    def _encode(self, text: str) -> list[int]:
        text = text.encode(errors="replace").decode()
        coded = self._tokenizer(text, truncation=True, max_length=self._options.max_tokens)
        ids: list[int] = coded["input_ids"]
        return ids

    def _run(self, coded: Sequence[Sequence[int]]) -> list[float]:
        width = max(len(ids) for ids in coded)
        padding = self._tokenizer.pad_token_id or 0
        ids = [[*one, *[padding] * (width - len(one))] for one in coded]
        mask = [[1] * len(one) + [0] * (width - len(one)) for one in coded]
        with self._torch.inference_mode():
            logits = self._network(
                input_ids=self._torch.tensor(ids, device=self._device),
                attention_mask=self._torch.tensor(mask, device=self._device),
            ).logits.float()
        return [self._probability(row) for row in logits.tolist()]

    def _probability(self, logits: Sequence[float]) -> float:
        if self._activation == "sigmoid":
            return max(1.0 / (1.0 + math.exp(-max(-60.0, logits[i]))) for i in self._columns)
        top = max(logits)
        powers = [math.exp(logit - top) for logit in logits]
        return min(1.0, sum(powers[i] for i in self._columns) / sum(powers))


def _batches(coded: dict[int, list[int]], tokens: int) -> Iterator[list[int]]:
    """Positions, shortest text first, in batches that hold at most so many tokens with their padding."""
    batch: list[int] = []
    for i in sorted(coded, key=lambda i: (len(coded[i]), i)):
        if batch and len(coded[i]) * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _columns(names: dict[int, str], options: Options) -> list[int]:
    wanted = (options.complaint_label,) if isinstance(options.complaint_label, str) else options.complaint_label
    if stray := [label for label in wanted if label not in names.values()]:
        raise ModelError(
            f"{options.model}: has no label {', '.join(map(repr, stray))}: "
            f"set complaint_label to one or more of {', '.join(names[i] for i in sorted(names))}"
        )
    return [i for i, name in names.items() if name in wanted]


def _activation(config: Any) -> Literal["sigmoid", "softmax"]:
    several = config.problem_type == "multi_label_classification" or len(config.id2label) == 1
    return "sigmoid" if several else "softmax"


def _revision(config: Any, options: Options) -> str:
    """The hub's commit, or the hash of a local checkpoint's weights: a verdict names what really made it."""
    if _is_local(options.model):
        with (Path(options.model) / WEIGHTS).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:12]
    commit = getattr(config, "_commit_hash", None) or options.revision or "unpinned"
    return str(commit)[:12]


def _is_local(model: str) -> bool:
    return Path(model).is_dir() or model.startswith((".", "/", "~")) or model.count("/") > 1 or "\\" in model


def _device(torch: Any, wanted: str) -> str:
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
