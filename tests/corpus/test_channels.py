"""Real exports of real channels, read without naming a profile, against their answer key."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from oms_import.preview import preview

SAMPLES = (Path(__file__).parents[2] / "../shared/samples/channels").resolve()
KEY = SAMPLES / "expected.jsonl"
NOT_FROM_FILE = {"ebay/de_ebay_orders_min.csv": "ship_to_name"}  # "--" is no name


def cases() -> list[Any]:
    if not KEY.is_file():
        return [pytest.param({}, marks=pytest.mark.skip(reason="the samples are not here"))]
    lines = [json.loads(line) for line in KEY.read_text("utf-8").splitlines()]
    tabular = [line for line in lines if line["file"].endswith((".csv", ".txt"))]
    return [pytest.param(line, id=line["file"]) for line in tabular]


@cache
def previewed(file: str) -> dict[str, Any]:
    [document] = preview([str(SAMPLES / file)], None, None)["files"]  # type: ignore[misc]
    return document


def total(values: list[str | None]) -> Decimal:
    return sum((Decimal(value) for value in values if value is not None), Decimal(0))


def same_moment(ours: str, key: str) -> bool:
    """Instants by their instant, local times and dates by what is written."""
    mine, theirs = (datetime.fromisoformat(text) for text in (ours, key))
    if (mine.tzinfo is None) == (theirs.tzinfo is None):
        return mine == theirs
    return mine.replace(tzinfo=None) == theirs.replace(tzinfo=None)


@pytest.mark.parametrize("key", cases())
def test_an_export_is_read_as_its_key_says(key: dict[str, Any]) -> None:
    document = previewed(key["file"])
    orders = document["orders"]
    assert document["profile"], document["findings"]
    numbered = [
        order for order in orders if order["order_number"] or not key["first_order"]["order_number"]
    ]
    assert len(numbered) == key["orders"]
    lines = [line for order in orders for line in order["lines"]]
    assert len(lines) == key["lines"]
    if key["sum_line_qty"] is not None:
        assert total([line["qty_ordered"] for line in lines]) == Decimal(key["sum_line_qty"])
    if key["sum_order_total"] is not None:
        assert total([order["stated_total"] for order in orders]) == Decimal(key["sum_order_total"])


@pytest.mark.parametrize("key", cases())
def test_the_first_order_is_read_as_its_key_says(key: dict[str, Any]) -> None:
    first = previewed(key["file"])["orders"][0]
    wanted = key["first_order"]
    assert first["order_number"] == wanted["order_number"]
    if wanted["order_date_iso"]:
        assert same_moment(first["ordered_at"], wanted["order_date_iso"])
    if wanted["currency"]:
        assert first["currency"] == wanted["currency"]
    if "customer_order_number" in wanted:
        assert first["customer_order_number"] == wanted["customer_order_number"]
    ship_to = next((party for party in first["parties"] if party["role"] == "ship_to"), {})
    names = {
        "name": "ship_to_name",
        "postal_code": "ship_to_postcode",
        "country": "ship_to_country",
    }
    for field, label in names.items():
        if wanted[label] is not None and NOT_FROM_FILE.get(key["file"]) != label:
            assert ship_to.get(field) == wanted[label]
    for ours, theirs in zip(first["lines"], wanted["lines"], strict=True):
        assert ours["sku"] == theirs["sku"]
        for field, label in (
            ("qty_ordered", "qty"),
            ("unit_price", "unit_price"),
            ("line_amount", "line_amount"),
        ):
            if theirs.get(label) is not None:
                assert Decimal(ours[field]) == Decimal(theirs[label])


@pytest.mark.parametrize("key", cases())
def test_orders_are_rejected_and_cancelled_as_the_key_says(key: dict[str, Any]) -> None:
    orders = previewed(key["file"])["orders"]
    rejected = [order["order_number"] for order in orders if order["outcome"] == "rejected"]
    wanted = [reject["order_number"] for reject in key["rejects"]]
    if wanted == ["*"]:
        assert len(rejected) == len(orders)
    else:
        assert sorted(map(str, rejected)) == sorted(map(str, wanted))
    cancelled = [order["order_number"] for order in orders if order["status"] == "cancelled"]
    assert cancelled == key["cancelled_orders"]
    assert all(o["outcome"] == "ignored" for o in orders if o["order_number"] in cancelled)
