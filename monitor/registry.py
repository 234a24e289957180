"""Finding plugins by name: a module of ours with that file name, else an entry point of an installed package."""

import difflib
import pkgutil
from collections.abc import Iterable
from importlib import import_module, metadata, util
from types import ModuleType

from monitor.core.errors import ConfigError

KINDS = ("collectors", "classifiers", "notifiers")


def names(kind: str) -> list[str]:
    """Every plugin of a kind that can be named in the configuration; nothing is imported."""
    return sorted({*_own(kind), *_foreign(kind)})


def load(kind: str, name: str) -> ModuleType:
    """The module of a plugin, which has ``Options`` and ``create``; only the one named is imported."""
    own, foreign = name in _own(kind), _foreign(kind).get(name)
    if own and foreign:
        raise ConfigError([f"{name!r} is both a built-in and an installed {kind[:-1]}; uninstall {foreign.value}"])
    if own:
        module = import_module(f"monitor.{kind}.{name}")
    elif foreign:
        module = foreign.load()
    else:
        raise ConfigError(
            [f"no {kind[:-1]} is called {name!r}; known: {', '.join(names(kind))}{nearest(name, names(kind))}"]
        )
    for wanted in ("Options", "create"):
        if not hasattr(module, wanted):
            raise ConfigError([f"{kind[:-1]} {name!r}: the module {module.__name__} lacks {wanted}"])
    return module


def summary(kind: str, name: str) -> str:
    """The first sentence of a plugin's documentation."""
    text = (load(kind, name).__doc__ or "").strip()
    return text.split("\n\n")[0].replace("\n", " ")


def nearest(name: str, known: Iterable[str]) -> str:
    """``"; did you mean x?"`` when something known is close, else nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _own(kind: str) -> set[str]:
    spec = util.find_spec(f"monitor.{kind}")
    modules = pkgutil.iter_modules(spec.submodule_search_locations if spec else None)
    return {module.name for module in modules if not module.name.startswith("_")}


def _foreign(kind: str) -> dict[str, metadata.EntryPoint]:
    return {point.name: point for point in metadata.entry_points(group=f"monitor.{kind}")}
