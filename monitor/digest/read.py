"""A digest as JSON and back, and the schema that its JSON keeps (docs/digest.schema.json)."""

import json
from typing import Any

from pydantic import TypeAdapter, ValidationError

from monitor.core.digest import SCHEMA, Digest

_DIGEST: TypeAdapter[Digest] = TypeAdapter(Digest)


def from_json(data: dict[str, Any]) -> Digest:
    """The digest that :meth:`monitor.core.digest.Digest.to_json` wrote. Raises ``ValueError``."""
    try:
        return _DIGEST.validate_python(data)
    except ValidationError as error:
        raise ValueError(f"not a digest of this release: {error.error_count()} problems") from None


def schema() -> str:
    """The JSON schema, as it is published."""
    found = _DIGEST.json_schema(mode="serialization")
    # Spans are written in seconds, and not as pydantic would by itself.
    text = json.dumps(found).replace('"format": "duration", ', "").replace(', "format": "duration"', "")
    fixed = json.loads(text, object_hook=_spans)
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, **fixed}, indent=1)


_SPANS = {"oldest_wait", "first_answer", "to_satisfied", "worst"}


def _spans(part: dict[str, Any]) -> dict[str, Any]:
    for name in _SPANS & part.keys():
        if isinstance(part[name], dict):
            part[name] = {"anyOf": [{"type": "number"}, {"type": "null"}], "description": "seconds"}
    return part
