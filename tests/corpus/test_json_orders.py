"""Real JSON orders of real APIs, read without naming a profile, against their answer key."""

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
PROFILES = {
    "shopify": "shopify-api",
    "woocommerce": "woocommerce-api",
    "walmart": "walmart-api",
    "amazon": "amazon-vendor",
    "bol": "bol",
    "unicommerce": "unicommerce",
}


def cases() -> list[Any]:
    if not KEY.is_file():
        return [pytest.param({}, marks=pytest.mark.skip(reason="the samples are not here"))]
    lines = [json.loads(line) for line in KEY.read_text("utf-8").splitlines()]
    documents = [line for line in lines if line["file"].endswith(".json")]
    return [pytest.param(line, id=line["file"]) for line in documents]


@cache
def previewed(file: str) -> dict[str, Any]:
    [document] = preview([str(SAMPLES / file)], None, None)["files"]  # type: ignore[misc]
    return document


def total(values: list[str | None]) -> Decimal:
    return sum((Decimal(value) for value in values if value is not None), Decimal(0))


@pytest.mark.parametrize("key", cases())
def test_documents_are_read_as_their_key_says(key: dict[str, Any]) -> None:
    document = previewed(key["file"])
    orders = document["orders"]
    assert document["profile"] == PROFILES[key["file"].split("/")[0]], document["findings"]
    assert len(orders) == key["orders"]
    lines = [line for order in orders for line in order["lines"]]
    assert len(lines) == key["lines"]
    assert total([line["qty_ordered"] for line in lines]) == Decimal(key["sum_line_qty"])
    stated = [order["stated_total"] for order in orders]
    if key["sum_order_total"] is None:
        assert stated == [None] * len(orders)
    else:
        assert total(stated) == Decimal(key["sum_order_total"])


@pytest.mark.parametrize("key", cases())
def test_the_first_order_is_read_as_its_key_says(key: dict[str, Any]) -> None:
    first = previewed(key["file"])["orders"][0]
    wanted = key["first_order"]
    assert first["order_number"] == wanted["order_number"]
    said = datetime.fromisoformat(first["ordered_at"])
    assert said == datetime.fromisoformat(wanted["order_date_iso"])
    assert first["currency"] == (wanted["currency"] or "EUR")  # bol names none
    for label in ("customer_order_number", "display_order_number"):
        if label in wanted:
            assert first["customer_order_number"] == wanted[label]
    [ship_to] = [party for party in first["parties"] if party["role"] == "ship_to"]
    assert (ship_to["name"], ship_to["postal_code"], ship_to["country"]) == (
        wanted["ship_to_name"],
        wanted["ship_to_postcode"],
        wanted["ship_to_country"],
    )
    if "ship_to_party_id" in wanted:
        assert ship_to["external_id"] == wanted["ship_to_party_id"]
    labels = (("qty_ordered", "qty"), ("unit_price", "unit_price"), ("line_amount", "line_amount"))
    for ours, theirs in zip(first["lines"], wanted["lines"], strict=True):
        assert ours["sku"] == theirs["sku"]
        assert ours["gtin"] == theirs.get("ean")
        for field, label in labels:
            if theirs.get(label) is not None:
                assert Decimal(ours[field]) == Decimal(theirs[label])


@pytest.mark.parametrize("key", cases())
def test_orders_are_rejected_and_cancelled_as_the_key_says(key: dict[str, Any]) -> None:
    orders = previewed(key["file"])["orders"]
    assert [o["order_number"] for o in orders if o["outcome"] == "rejected"] == key["rejects"]
    cancelled = [order["order_number"] for order in orders if order["status"] == "cancelled"]
    assert cancelled == key["cancelled_orders"]
    assert all(o["outcome"] == "ignored" for o in orders if o["order_number"] in cancelled)
