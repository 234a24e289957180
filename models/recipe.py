"""The recipe of a model, its topics and the places where its pieces lie."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MODEL = HERE / "complaints"
CACHE = HERE.parent / ".cache" / "complaints"

SENTIMENTS = ("negative", "neutral", "positive")


@dataclass(frozen=True)
class Base:
    """Where the weights that training starts from come from, and what they must be."""

    package: str
    name: str
    licence: str
    folder: str
    sha256: str


@dataclass(frozen=True)
class Stage:
    """A number of epochs over a mixture of row groups."""

    name: str
    epochs: int
    rate: float
    topic_weight: float
    take: Mapping[str, int]


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
    max_tokens: int
    train_tokens: int
    batch: int
    sentiment_weight: float
    label_smoothing: float
    average: tuple[int, ...]
    base: Base
    stages: tuple[Stage, ...]
    aims: Aims

    @property
    def epochs(self) -> int:
        return sum(stage.epochs for stage in self.stages)


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


def read_recipe(path: Path = MODEL / "recipe.toml") -> Recipe:
    """The recipe in a file."""
    table = tomllib.loads(path.read_text("utf-8"))
    stages = tuple(Stage(**stage) for stage in table.pop("stages"))
    parts = {"base": Base(**table["base"]), "stages": stages, "aims": Aims(**table["aims"])}
    return Recipe(**table | parts | {"average": tuple(table["average"])})


def read_labels(path: Path = MODEL / "labels.toml") -> Labels:
    """The topics and maps in a file; a map onto an unknown topic is an error."""
    table = tomllib.loads(path.read_text("utf-8"))
    topics = tuple(table.pop("topics"))
    rules = table.pop("rules", {})
    maps = {
        name: {label: _mapped(entry, topics) for label, entry in entries.items()} for name, entries in table.items()
    }
    return Labels(topics=topics, maps=maps, rules=rules)


def _mapped(entry: Mapping[str, Any], topics: tuple[str, ...]) -> Mapped:
    mapped = Mapped(tuple(entry["topics"]), tuple(entry.get("unknown", ())))
    if stray := [name for name in mapped.topics + mapped.unknown if name not in topics]:
        raise ValueError(f"labels.toml: no such topic: {', '.join(stray)}")
    return mapped
