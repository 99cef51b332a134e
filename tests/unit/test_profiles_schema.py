from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from oms_import.profiles.load import builtin_names, builtin_text, parse_profile
from oms_import.profiles.model import Profile
from oms_import.profiles.schema import field_lists, json_schema, key_tables

ROOT = Path(__file__).parents[2]
SCHEMA = json_schema()
PROFILES = {name: builtin_text(name) for name in builtin_names()} | {
    path.name: path.read_text("utf-8") for path in (ROOT / "sample_data/profiles").glob("*.toml")
}


def problems(text: str) -> list[str]:
    found = Draft202012Validator(SCHEMA).iter_errors(tomllib.loads(text))
    return [f"{list(one.path)}: {one.message}" for one in found]


def test_it_is_json_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    json.dumps(SCHEMA)


@pytest.mark.parametrize("name", PROFILES)
def test_editors_accept_the_profiles_there_are(name: str) -> None:
    assert problems(PROFILES[name]) == []


@pytest.mark.parametrize(
    "text",
    [
        'order.order_number = "Nr"',
        'order.order_number = ["Nr", "No"]',
        'order.order_number = { from = "Nr", strip = "#" }',
        'charge = [{ kind = "fee", amount = "F" }]',
        'ignore = [{ field = "status", equals = "closed" }]',
        'rules.allowed."line.uom" = "EA"',
        'rules.severity.QTY_MISSING = "hold"',
        'party.ship_to.first_name = "F"',
        'lines = { in = "columns", columns = "item_*" }',
    ],
)
def test_editors_accept_what_the_loader_accepts(text: str) -> None:
    Profile.model_validate(tomllib.loads(text))
    assert problems(text) == []


@pytest.mark.parametrize(
    "text",
    [
        'titel = "A"',
        'order.order_nr = "Nr"',
        'line.sku = { form = "A" }',
        'party.shipto.name = "N"',
        'party.ship_to.nam = "N"',
        'charge = [{ kind = "fee" }]',
        'charge = [{ kind = "fees", amount = "F" }]',
        'rules.severity.QTY_MISING = "hold"',
        'rules.severity.QTY_MISSING = "fatal"',
        "version = 0",
    ],
)
def test_editors_mark_what_the_loader_refuses(text: str) -> None:
    assert problems(text)


def described(part: Any, path: str) -> list[str]:
    bare = [] if part.get("description") or "$ref" in part else [path]
    for key, below in part.get("properties", {}).items():
        bare += described(below, f"{path}.{key}")
    return bare


def test_every_key_has_a_description_for_editors() -> None:
    mapped = {"Party", "Rule"}
    bare = [
        path
        for name, part in SCHEMA["$defs"].items()
        if name not in mapped
        for path in described(part, name)
    ]
    own = dict(SCHEMA["properties"])
    own["party"] = {"description": own["party"]["description"]}
    for table in ("order", "line"):
        own[table] = {"description": own[table]["description"]}
    assert bare + [path for key, part in own.items() for path in described(part, key)] == []


@pytest.mark.parametrize("part", [key_tables, field_lists])
def test_the_guide_to_profiles_has_every_key_and_field(part: Any) -> None:
    guide = (ROOT / "docs/profiles.md").read_text("utf-8")
    assert part() in guide, f"put the text of schema.{part.__name__}() into docs/profiles.md"


def test_every_example_of_the_guide_is_a_valid_profile() -> None:
    guide = (ROOT / "docs/profiles.md").read_text("utf-8")
    examples = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    assert len(examples) > 5
    for example in examples:
        parse_profile(example, "docs/profiles.md", "example")
        assert problems(example) == []
