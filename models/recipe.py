"""The recipe of a model, its topics and the places where its pieces lie."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MODEL = HERE / "complaints"
LANGUAGES = HERE / "languages"
CACHE = HERE.parent / ".cache" / "complaints"

SENTIMENTS = ("negative", "neutral", "positive")
INTENTS = ("complaint", "question", "suggestion", "praise", "warn_off", "leaving", "other")
SEVERITIES = 4
AROUSALS = 3

OURS = ("own", "hard", "more", "more_hard")
"""The groups of our own invented posts, each labelled by hand."""

LISTS = ("layers", "average", "languages", "also_reads", "data")
SOFTMAX = ("sentiment", "intent", "severity", "arousal")
"""Heads that name one of several; the others answer yes or no, each column for itself."""


def heads_of(topics: Sequence[str]) -> dict[str, int]:
    """Every head and its width, in the order of the network's outputs."""
    sizes = {"sentiment": len(SENTIMENTS), "intent": len(INTENTS), "severity": SEVERITIES, "arousal": AROUSALS}
    return {"complaint": 1, "topics": len(topics)} | sizes


@dataclass(frozen=True)
class Base:
    """Where the weights that training starts from come from, and what they must be."""

    packages: tuple[str, ...]
    name: str
    licence: str
    folder: str
    sha256: str


@dataclass(frozen=True)
class Stage:
    """A number of epochs over a mixture of row groups.

    ``soft`` is how much the teacher's word weighs, ``otherwise`` the share of posts that are respelled or given other
    manners, ``keep`` how much it weighs that posts stay as like each other as the base says they are.
    """

    name: str
    epochs: int
    rate: float
    take: Mapping[str, int]
    soft: float = 0.0
    otherwise: float = 0.0
    keep: float = 0.0


@dataclass(frozen=True)
class Teacher:
    """The large network that the small one learns from; ``frozen`` layers from below stay as they are."""

    base: Base
    seed: int
    frozen: int
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class Aims:
    """What the thresholds are chosen for."""

    alert_precision: float
    digest_recall: float
    topic: float


@dataclass(frozen=True)
class Recipe:
    """Everything that shapes a model but the data."""

    name: str
    revision: str
    seed: int
    layers: tuple[int, ...]
    max_tokens: int
    train_tokens: int
    batch: int
    label_smoothing: float
    weights: Mapping[str, float]
    languages: tuple[str, ...]
    also_reads: tuple[str, ...]
    measured_on: str
    data: tuple[str, ...]
    average: tuple[int, ...]
    base: Base
    stages: tuple[Stage, ...]
    aims: Aims
    teacher: Teacher | None = None

    def with_layers(self, layers: Sequence[int]) -> "Recipe":
        """The same recipe for a network of other layers."""
        return replace(self, layers=tuple(layers))

    def folder(self, seed: int) -> Path:
        """Where the epochs of a training with a seed are kept."""
        return CACHE / f"student-{len(self.layers)}-{seed}"


@dataclass(frozen=True)
class Mapped:
    """The topics a published label means, and those it says nothing about."""

    topics: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Labels:
    """The topics in order, the map of each labelled set onto them, and the rules for what a set left open."""

    topics: tuple[str, ...]
    maps: Mapping[str, Mapping[str, Mapped]]
    rules: Mapping[str, str]
    intents: Mapping[str, str]


def read_recipe(path: Path = MODEL / "recipe.toml") -> Recipe:
    """The recipe in a file."""
    table = tomllib.loads(path.read_text("utf-8"))
    parts: dict[str, Any] = {
        "base": _base(table["base"]),
        "stages": _stages(table["stages"]),
        "aims": Aims(**table["aims"]),
    }
    if teacher := table.get("teacher"):
        parts["teacher"] = Teacher(
            _base(teacher["base"]), teacher["seed"], teacher["frozen"], _stages(teacher["stages"])
        )
    return Recipe(**table | parts | {name: tuple(table[name]) for name in LISTS})


def _base(table: Mapping[str, Any]) -> Base:
    return Base(**{**table, "packages": tuple(table["packages"])})


def _stages(tables: Sequence[Mapping[str, Any]]) -> tuple[Stage, ...]:
    return tuple(Stage(**table) for table in tables)


def read_labels(path: Path = MODEL / "labels.toml") -> Labels:
    """The topics and maps in a file; a map onto an unknown topic is an error."""
    table = tomllib.loads(path.read_text("utf-8"))
    topics = tuple(table.pop("topics"))
    rules, intents = table.pop("rules", {}), table.pop("intents", {})
    maps = {
        name: {label: _mapped(entry, topics) for label, entry in entries.items()} for name, entries in table.items()
    }
    return Labels(topics=topics, maps=maps, rules=rules, intents=intents)


def _mapped(entry: Mapping[str, Any], topics: tuple[str, ...]) -> Mapped:
    mapped = Mapped(tuple(entry["topics"]), tuple(entry.get("unknown", ())))
    if stray := [name for name in mapped.topics + mapped.unknown if name not in topics]:
        raise ValueError(f"labels.toml: no such topic: {', '.join(stray)}")
    return mapped
