"""The industry packs that ship with the product, as data in ``monitor/packs``."""

from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from monitor.core.journey import Pack, Stage, Touchpoint

Industry = Literal["shop", "airline", "telecom", "bank", "software", "hospitality"]
INDUSTRIES: tuple[str, ...] = get_args(Industry)


class _Touchpoint(BaseModel):
    model_config = ConfigDict(extra="forbid")

    stage: Stage
    words: tuple[str, ...]


class _Pack(BaseModel):
    model_config = ConfigDict(extra="forbid")

    touchpoints: dict[str, _Touchpoint]
    stages: dict[Stage, tuple[str, ...]]


@cache
def pack(name: str) -> Pack:
    """A pack by its name."""
    read = _Pack.model_validate_json(files("monitor").joinpath("packs", f"{name}.json").read_text("utf-8"))
    return Pack({place: Touchpoint(of.stage, of.words) for place, of in read.touchpoints.items()}, read.stages)
