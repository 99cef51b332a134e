"""JSON Schema of a profile, for editors."""

from __future__ import annotations

from oms_import.profiles.model import MAPPABLE, Profile


def json_schema() -> dict[str, object]:
    """JSON Schema (draft 2020-12) of a profile's TOML, with the mappable fields by name."""
    schema = Profile.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "oms-import profile"
    rule: dict[str, object] = {
        "anyOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "string"}},
            {"$ref": "#/$defs/FieldRule"},
        ]
    }
    for table in ("order", "line"):
        schema["properties"][table] = _fields(table, rule)
    schema["properties"]["party"] = {
        "type": "object",
        "additionalProperties": _fields("party", rule),
        "description": "Parties by role: sold_to, ship_to, bill_to, buyer, ship_from, return_to.",
    }
    return schema


def _fields(table: str, rule: dict[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": dict.fromkeys(sorted(MAPPABLE[table]), rule),
        "additionalProperties": False,
    }
