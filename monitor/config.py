"""Reading the configuration: all problems at once, in the words of the file, before anything starts."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from monitor.core.cause import TOPICS, slug
from monitor.core.errors import ConfigError
from monitor.registry import load, nearest
from monitor.settings import ClassifierSettings, Plugin, Settings, SourceSettings, TargetSettings

_OWN_CLASSIFIERS = ("onnx", "keywords", "transformers")

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
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


ROUTES = "routes.toml"
"""The file beside the configuration that may hold its routes."""


def read(path: Path) -> Settings:
    """The settings of a file and of the routes beside it. Raises ``ConfigError`` with every problem found."""
    data, beside = _parse(path), path.with_name(ROUTES)
    routes = _routes_of(beside, data, path) if beside.is_file() and beside != path else []
    try:
        return settings_from(data | {"routes": routes} if routes else data)
    except ConfigError as error:
        found = [f"{beside}: {said}" if routes and said.startswith("routes") else said for said in error.problems]
        raise ConfigError(found) from None


def settings_from(data: Mapping[str, Any]) -> Settings:
    """The settings of a mapping as TOML gives it."""
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        sound = Settings.model_validate({name: value for name, value in data.items() if _is_sound(name, value)})
        found = [*problems_of(error, Settings), *_plugin_problems_of(data), *_cross_problems(sound, data)]
        raise ConfigError(list(dict.fromkeys(found))) from None
    if problems := [*(list(_plugin_problems(settings)) or _misfits(settings)), *_cross_problems(settings, data)]:
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
            words = _OWN_WORDS.get(item["type"])
            said = words.format(**item.get("ctx", {})) if words else item["msg"].removeprefix("Value error, ")
            yield f"{place}: {said}"


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(
            [f"{path}: no such file; copy config/monitor.toml of the project and name it with -c"]
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read ({error})"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: not valid TOML: {error}"]) from None


def _routes_of(beside: Path, data: Mapping[str, Any], path: Path) -> Any:
    """The routes of a file of their own, which holds nothing else."""
    found = _parse(beside)
    if others := sorted(found.keys() - {"routes"}):
        raise ConfigError([f"{beside}: {name}: only [[routes]] belong here; move it to {path.name}" for name in others])
    if found and "routes" in data:
        cure = f"move those of {path.name} there, or delete {beside.name}"
        raise ConfigError(
            [f"{path}: routes: there are routes in {beside}, too, and only one file may have any; {cure}"]
        )
    return found.get("routes", [])


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


def _misfits(settings: Settings) -> Iterator[str]:
    """What sources that need others beside them say about those."""
    chosen = {name: (source, *options("collectors", source)) for name, source in settings.sources.items()}
    for name, (source, module, own) in chosen.items():
        if hasattr(module, "misfits"):
            others = [(other.use, said) for key, (other, _, said) in chosen.items() if key != name]
            yield from (f"sources.{name}{said}" for said in module.misfits(own, source.every, others))


def _plugin_problems_of(data: Mapping[str, Any]) -> Iterator[str]:
    """The plugins' problems of a file that has other problems too, as far as it can be read."""
    for kind, place, table, model in _raw_plugins(data):
        use = table.get("use", model.model_fields["use"].default)
        if isinstance(use, str):
            own = {key: value for key, value in table.items() if key not in model.model_fields}
            yield from _problems_with(kind, place, use, own, model)


def _raw_plugins(data: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], type[Plugin]]]:
    """Every table that names a plugin, as (kind, place in the file, table, its common settings)."""
    sections: tuple[tuple[str, str, type[Plugin]], ...] = (
        ("collectors", "sources", SourceSettings),
        ("notifiers", "targets", TargetSettings),
    )
    for kind, section, model in sections:
        for name, table in _table(data.get(section)).items():
            if isinstance(table, dict):
                yield kind, f"{section}.{name}", table, model
    yield "classifiers", "classifier", _table(data.get("classifier")), ClassifierSettings


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_sound(name: str, value: Any) -> bool:
    """Can this part of the file be read by itself?"""
    try:
        Settings.model_validate({name: value})
    except ValidationError:
        return False
    return True


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


def _cross_problems(settings: Settings, data: Mapping[str, Any]) -> Iterator[str]:
    """What does not fit together in the parts that could be read; names count even where their part could not."""
    yield from _alike([brand.name for brand in settings.brands])
    listed = data.get("brands")
    brands = [_table(brand).get("name") for brand in listed] if isinstance(listed, list | tuple) else []
    names = [name for name in brands if isinstance(name, str)]
    targets = _table(data.get("targets"))
    for number, brand in enumerate(settings.brands):
        others = [name for name in names if name != brand.name]
        yield from _unknown(
            f"brands.{number}.rivals", brand.rivals, others, "is no other brand with a [[brands]] table"
        )
    for number, route in enumerate(settings.routes):
        yield from _unknown(f"routes.{number}.targets", route.targets, targets, "no such target")
        yield from _unknown(f"routes.{number}.brands", route.brands, names, "no such brand")
        if settings.classifier.use in _OWN_CLASSIFIERS and "folder" not in settings.classifier.options:
            passing = route.quiet.breaks_through if route.quiet else ()
            yield from _unknown(f"routes.{number}.topics", route.topics, TOPICS, "no such topic")
            yield from _unknown(f"routes.{number}.quiet.breaks_through", passing, TOPICS, "no such topic")
    for number, playbook in enumerate(settings.playbooks):
        yield from _unknown(f"playbooks.{number}.brands", playbook.brands, names, "no such brand")
        if settings.classifier.use in _OWN_CLASSIFIERS and "folder" not in settings.classifier.options:
            yield from _unknown(f"playbooks.{number}.topics", playbook.topics, TOPICS, "no such topic")
    yield from _unknown("surges.targets", settings.surges.targets, targets, "no such target")
    for number, digest in enumerate(settings.digests):
        yield from _unknown(f"digests.{number}.targets", digest.targets, targets, "no such target")
        yield from _unknown(f"digests.{number}.brands", digest.brands, names, "no such brand")
        if digest.name in [other.name for other in settings.digests[:number]]:
            yield f"digests.{number}.name: {digest.name!r} is used twice"
    told = [orders.brand for orders in settings.orders]
    for number, name in enumerate(told):
        yield from _unknown(f"orders.{number}.brand", [name], names, "no such brand")
        if name in told[:number]:
            yield f"orders.{number}.brand: {name!r} has orders already"
    yield from _unknown("health.targets", settings.health.targets, targets, "no such target")
    low, high = settings.classifier.digest, settings.classifier.alert
    if low is not None and high is not None and low > high:
        yield "classifier.digest: must not be above classifier.alert"


def _alike(names: Sequence[str]) -> Iterator[str]:
    """Brands that would get the same name in the names of cases."""
    known: dict[str, str] = {}
    for name in names:
        other = known.setdefault(slug(name), name)
        if other is name:
            continue
        if other == name:
            yield f"brands: {name!r} is watched twice"
        else:
            yield f"brands: {name!r} and {other!r} differ only in case, accents or signs; rename one of them"


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
