"""Reading the configuration: all problems at once, in the words of the file, before anything starts."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from monitor.core.errors import ConfigError
from monitor.registry import load, nearest
from monitor.settings import Plugin, Settings

_OWN_WORDS = {
    "missing": "is missing",
    "string_type": "must be a text in quotes",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "tuple_type": "must be a list in square brackets",
    "list_type": "must be a list in square brackets",
    "dict_type": "must be a table",
    "model_type": "must be a table",
}


def read(path: Path) -> Settings:
    """The settings of a file. Raises ``ConfigError`` with every problem found."""
    return settings_from(_parse(path))


def settings_from(data: Mapping[str, Any]) -> Settings:
    """The settings of a mapping as TOML gives it."""
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        found = [*problems_of(error, Settings), *_plugin_problems_of(data)]
        raise ConfigError(list(dict.fromkeys(found))) from None
    if problems := [*_plugin_problems(settings), *_cross_problems(settings)]:
        raise ConfigError(problems)
    return settings


def options(kind: str, plugin: Plugin) -> tuple[Any, BaseModel]:
    """A plugin's module and its validated options."""
    module = load(kind, plugin.use)
    return module, module.Options.model_validate(plugin.options)


def problems_of(error: ValidationError, model: type[BaseModel], prefix: tuple[str, ...] = ()) -> Iterator[str]:
    """Validation errors in the words of the file."""
    for item in error.errors(include_url=False, include_input=False):
        where = tuple(str(part) for part in item["loc"] if part not in ("function-before", "function-after"))
        place = ".".join((*prefix, *where)) or "the file"
        if item["type"] == "extra_forbidden":
            known = _known_at(model, where[:-1])
            yield f"{place}: unknown setting{nearest(where[-1], known)}"
        else:
            words = _OWN_WORDS.get(item["type"], item["msg"].removeprefix("Value error, "))
            yield f"{place}: {words}"


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            [f"{path}: no such file; copy config/monitor.toml of the project and name it with -c"]
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read ({error})"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: not valid TOML: {error}"]) from None


def plugins(settings: Settings) -> Iterator[tuple[str, str, Plugin]]:
    """Every plugin the settings name, as (kind, place in the file, settings)."""
    for name, source in settings.sources.items():
        yield "collectors", f"sources.{name}", source
    for name, target in settings.targets.items():
        yield "notifiers", f"targets.{name}", target
    yield "classifiers", "classifier", settings.classifier


def _plugin_problems(settings: Settings) -> Iterator[str]:
    for kind, place, plugin in plugins(settings):
        yield from _problems_with(kind, place, plugin.use, plugin.options, type(plugin))


def _plugin_problems_of(data: Mapping[str, Any]) -> Iterator[str]:
    """The plugins' problems of a file that has other problems too, as far as it can be read."""
    for kind, section in (("collectors", "sources"), ("notifiers", "targets")):
        tables = data.get(section)
        for name, table in tables.items() if isinstance(tables, dict) else ():
            if isinstance(table, dict) and isinstance(table.get("use"), str):
                model = Settings.model_fields[section].annotation.__args__[1]  # type: ignore[union-attr]
                own = {key: value for key, value in table.items() if key not in model.model_fields}
                yield from _problems_with(kind, f"{section}.{name}", table["use"], own, model)


def _problems_with(kind: str, place: str, use: str, given: Mapping[str, Any], common: type[Plugin]) -> Iterator[str]:
    try:
        module = load(kind, use)
    except ConfigError as error:
        yield from (f"{place}.use: {problem}" for problem in error.problems)
        return
    try:
        module.Options.model_validate(given)
    except ValidationError as error:
        for problem in problems_of(error, module.Options, tuple(place.split("."))):
            unknown = problem.removeprefix(f"{place}.").partition(":")[0]
            is_unguessed = problem.endswith("unknown setting")
            yield problem + (nearest(unknown, set(common.model_fields) - {"options"}) if is_unguessed else "")


def _cross_problems(settings: Settings) -> Iterator[str]:
    names = [brand.name for brand in settings.brands]
    yield from _unknown("brands", [name for name in names if names.count(name) > 1], (), "is watched twice")
    for number, route in enumerate(settings.routes):
        yield from _unknown(f"routes.{number}.targets", route.targets, settings.targets, "no such target")
        yield from _unknown(f"routes.{number}.brands", route.brands, names, "no such brand")
    yield from _unknown("health.targets", settings.health.targets, settings.targets, "no such target")
    low, high = settings.classifier.digest, settings.classifier.alert
    if low is not None and high is not None and low > high:
        yield "classifier.digest: must not be above classifier.alert"


def _unknown(place: str, used: Sequence[str], known: Sequence[str] | Mapping[str, Any], words: str) -> Iterator[str]:
    for name in dict.fromkeys(used):
        if name not in known:
            yield f"{place}: {name!r} {words}{nearest(name, known)}"


def _known_at(model: type[BaseModel], where: Sequence[str]) -> list[str]:
    """The settings allowed at a place of the file."""
    current: Any = model
    for part in where:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = current.model_fields.get(part)
            current = field.annotation if field else None
        else:
            current = next((arg for arg in reversed(getattr(current, "__args__", ())) if arg not in (None, ...)), None)
    while current is not None and not isinstance(current, type):
        current = next((arg for arg in getattr(current, "__args__", ()) if arg is not type(None)), None)
    if isinstance(current, type) and issubclass(current, BaseModel):
        return [name for name in current.model_fields if name != "options"]
    return []
