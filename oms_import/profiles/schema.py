"""What a profile may say, for editors (JSON Schema) and for people (tables of keys)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from oms_import.model import tables
from oms_import.model.codes import Code
from oms_import.profiles import model
from oms_import.profiles.http_sources import HttpAuth, HttpFiles, HttpPages, HttpSpec
from oms_import.profiles.included import builtin_policies
from oms_import.profiles.load import builtin_names
from oms_import.profiles.model import MAPPABLE, Profile
from oms_import.profiles.sources import SftpSpec
from oms_import.profiles.webhook_sources import WebhookSpec

_LIST = {"type": "array", "items": {"type": "string"}}
_ONE_OR_MORE = {"anyOf": [{"type": "string"}, _LIST]}
_RULE = {"$ref": "#/$defs/Rule"}
_WORDS = {
    "array": "tables",
    "object": "table",
    "string": "text",
    "integer": "whole number",
    "boolean": "true or false",
}
_SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("The channel", Profile),
    ("[source]", model.SourceSpec),
    ("[source.sftp]", SftpSpec),
    ("[source.webhook]", WebhookSpec),
    ("[source.http]", HttpSpec),
    ("[source.http.auth]", HttpAuth),
    ("[source.http.pages]", HttpPages),
    ("[source.http.files]", HttpFiles),
    ("[detect]", model.Detect),
    ("[format]", model.FormatSpec),
    ("[rows]", model.RowRules),
    ("rows.skip, rows.summary", model.RowMatch),
    ("rows.footer", model.FooterRule),
    ("[defaults]", model.Defaults),
    ("[group]", model.Grouping),
    ("[lines]", model.LineSource),
    ("A field's rule", model.FieldRule),
    ("[[charge]]", model.ChargeRule),
    ("[[tax]]", model.TaxRule),
    ("[[payment]]", model.PaymentRule),
    ("[[allocation]]", model.AllocationRule),
    ("[[partner]]", model.Partner),
    ("[edi]", model.EdiPolicy),
    ("[rules], [rules.segment.NAME]", model.Rules),
    ("rules.limits", model.Limit),
    ("[duplicates]", model.Duplicates),
    ("[duplicates.near]", model.NearDuplicates),
    ("[[ignore]]", model.IgnoreRule),
)


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a profile's TOML, with fields and codes by name."""
    schema = Profile.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    schema["$defs"] = {name: _as_written(one) for name, one in definitions.items()}
    schema["$defs"] |= {
        "Rule": {
            "description": "A source column, several of which the first that is filled counts, "
            "or a table of steps.",
            "anyOf": [{"type": "string"}, _LIST, {"$ref": "#/$defs/FieldRule"}],
        },
        "Party": _fields("party"),
    }
    schema["properties"] = {key: _as_written(one) for key, one in schema["properties"].items()}
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "oms-import profile"
    schema["properties"]["extends"] |= {"examples": list(builtin_names())}
    for name in ("RuleSet", "Rules"):
        keys = schema["$defs"][name]["properties"]
        keys["include"] |= {"examples": [[policy] for policy in builtin_policies()]}
        severity = keys["severity"]
        severity["propertyNames"] = {"enum": [str(code) for code in Code]}
    for table in ("order", "line", "control"):
        schema["properties"][table] |= _fields(table)
    party = {role: {"$ref": "#/$defs/Party"} for role in tables.ROLES}
    for table in ("party", "line_party"):
        schema["properties"][table] |= {"properties": party, "additionalProperties": False}
    return schema


def key_tables() -> str:
    """Markdown: every key of a profile with its values, its default and what it is for."""
    return "\n".join(line for title, of in _SECTIONS for line in _table(title, of))


def field_lists() -> str:
    """Markdown: the fields of the canonical order that a profile can map."""
    names = {
        "order": "[order]",
        "line": "[line]",
        "party": "[party.ROLE], [line_party.ROLE]",
        "control": "[control]",
    }
    shown = [f"**{names[table]}** " + _named(sorted(MAPPABLE[table])) for table in names]
    return "\n\n".join([*shown, "**Roles** " + _named(tables.ROLES)]) + "\n"


def _named(words: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _table(title: str, of: type[BaseModel]) -> Iterator[str]:
    yield f"### {title}\n"
    yield "| key | values | default | what it is for |"
    yield "|---|---|---|---|"
    schema = of.model_json_schema(by_alias=True)
    for key, one in schema["properties"].items():
        needed = key in schema.get("required", ())
        default = "needed" if needed else _default(one.get("default"))
        about = schema.get("$defs", {}).get(one.get("$ref", "").rpartition("/")[2], {})
        told = (one.get("description") or about.get("description", "")).replace("|", "\\|")
        yield f"| `{key}` | {_values(one)} | {default} | {told} |"
    yield ""


def _default(value: object) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " ".join(f"`{one}`" for one in value)
    if value is None or value == "" or isinstance(value, dict | list):
        return ""
    written = str(value).lower() if isinstance(value, bool) else str(value)
    return "a space" if written == " " else f"`{written}`".replace("|", "\\|")


def _values(one: dict[str, Any]) -> str:
    """The values of a key in words: its choices, or its type."""
    options: list[dict[str, Any]] = [o for o in one.get("anyOf", [one]) if o.get("type") != "null"]
    first = options[0]
    if "enum" in first:
        return " ".join(f"`{value}`" for value in first["enum"])
    if "const" in first:
        return f"`{first['const']}`"
    if first.get("items") == _LIST["items"]:
        return "text or list"
    if "$ref" in first:
        return "rule" if first["$ref"].endswith("/FieldRule") else "table"
    return _WORDS.get(first["type"], str(first["type"]))


def _as_written(part: Any) -> Any:
    """As TOML may say it: one text for a list of one, and columns alone for a rule."""
    if isinstance(part, list):
        return [_as_written(one) for one in part]
    if not isinstance(part, dict):
        return part
    if part.get("$ref") == "#/$defs/FieldRule":
        return {key: value for key, value in part.items() if key != "$ref"} | _RULE
    if part.get("type") == "array" and part.get("items") == {"type": "string"}:
        rest = {key: value for key, value in part.items() if key not in {"type", "items"}}
        return rest | _ONE_OR_MORE
    return {
        key: value if key == "default" else _as_written(value)
        for key, value in part.items()
        if not (key == "default" and value is None)
    }


def _fields(table: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict.fromkeys(sorted(MAPPABLE[table]), _RULE),
        "additionalProperties": False,
    }
