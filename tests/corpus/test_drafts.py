"""Profiles drafted from real exports, each from its file alone, against the answer key."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from oms_import.drafting.draft import draft, name_of
from oms_import.drafting.render import profile_text
from oms_import.drafting.sample import open_sample
from oms_import.preview import preview

SAMPLES = (Path(__file__).parents[2] / "../shared/samples/channels").resolve()
KEY = SAMPLES / "expected.jsonl"
FIELDS = ("number", "date", "sku", "quantity", "price", "name", "postcode", "country")
NO_NAME = "--"  # a dash is no name

pytestmark = pytest.mark.skipif(not KEY.is_file(), reason="the samples are not here")


def keys(endings: tuple[str, ...]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in KEY.read_text("utf-8").splitlines()]
    return [line for line in lines if line["file"].endswith(endings)]


@cache
def drafted_order(file: str) -> dict[str, Any]:
    """The first order as `preview` gives it with the drafted profile."""
    path = SAMPLES / file
    with TemporaryDirectory() as folder:
        profile = Path(folder) / "drafted.toml"
        profile.write_text(profile_text(draft(open_sample(path)), name_of(path)), "utf-8")
        [document] = preview([str(path)], str(profile), None)["files"]  # type: ignore[misc]
    assert document["orders"], document["findings"]
    return document["orders"][0]


def same_date(ours: str | None, key: str) -> bool:
    if not ours:
        return False
    mine, theirs = (datetime.fromisoformat(text) for text in (ours, key))
    if (mine.tzinfo is None) != (theirs.tzinfo is None):
        return mine.replace(tzinfo=None) == theirs.replace(tzinfo=None)
    return mine == theirs


def same_number(ours: str | None, key: str) -> bool:
    return ours is not None and Decimal(ours) == Decimal(key)


def verdicts(file: str, key: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Each field that the file has, and whether the draft got it right."""
    first = drafted_order(file)
    ship_to: dict[str, Any] = next((p for p in first["parties"] if p["role"] == "ship_to"), {})
    if key["order_number"]:
        yield "number", first["order_number"].lstrip("#") == key["order_number"].lstrip("#")
    if key["order_date_iso"]:
        yield "date", same_date(first["ordered_at"], key["order_date_iso"])
    for field, name in (("name", "name"), ("postcode", "postal_code"), ("country", "country")):
        wanted = key[f"ship_to_{field}"]
        if wanted and wanted != NO_NAME:
            yield field, ship_to.get(name) == wanted
    lines = list(zip(key["lines"], first["lines"], strict=False))
    yield from (("sku", mine["sku"] == line["sku"]) for line, mine in lines if line["sku"])
    yield from (
        ("quantity", same_number(mine["qty_ordered"], line["qty"]))
        for line, mine in lines
        if line["qty"]
    )
    yield from (
        ("price", same_number(mine["unit_price"], line["unit_price"]))
        for line, mine in lines
        if line["unit_price"]
    )


@pytest.mark.parametrize(
    ("endings", "least"), [((".csv", ".txt", ".tsv", ".xlsx"), 0.9), ((".xml", ".json"), 0.7)]
)
def test_drafts_get_what_the_files_have_right(endings: tuple[str, ...], least: float) -> None:
    right: Counter[str] = Counter()
    there: Counter[str] = Counter()
    print()
    print(f"{'file':<42}" + "".join(f"{field:>9}" for field in FIELDS))
    for key in keys(endings):
        marks: dict[str, list[bool]] = {}
        for field, fine in verdicts(key["file"], key["first_order"]):
            marks.setdefault(field, []).append(fine)
        for field, several in marks.items():
            there[field] += 1
            right[field] += all(several)
        cells = (
            ("ok" if all(marks[field]) else "WRONG") if field in marks else "-" for field in FIELDS
        )
        print(f"{key['file']:<42}" + "".join(f"{cell:>9}" for cell in cells))
    shares = {field: right[field] / there[field] for field in FIELDS}
    print(f"{'right':<42}" + "".join(f"{shares[field]:>9.0%}" for field in FIELDS))
    print(f"in all: {right.total()} of {there.total()} ({right.total() / there.total():.0%})")
    assert right.total() / there.total() >= least
    assert min(shares.values()) >= least - 0.2
