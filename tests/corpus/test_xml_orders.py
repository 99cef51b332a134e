"""Real XML orders of real senders, previewed without naming a profile, against their keys."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from oms_import.preview import preview

SAMPLES = (Path(__file__).parents[2] / "../shared/samples").resolve()
BUSINESS = {
    "cxml": "cxml-orderrequest",
    "ubl": "ubl-order",
    "opentrans": "opentrans-order",
    "gs1xml": "gs1-order",
    "oagis": "oagis-po",
}
SHOPS = {
    "shipstation": "shipstation-xml",
    "commercehub": "commercehub-xml",
    "xml_generic": "xml-usprice",
    "channeladvisor": "channeladvisor-xml",
    "prestashop": "prestashop-xml",
}


def cases(part: str, profiles: dict[str, str], *expects: str) -> list[Any]:
    path = SAMPLES / part / "expected.jsonl"
    if not path.is_file():
        return [pytest.param({}, marks=pytest.mark.skip(reason="the samples are not here"))]
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    mine = [line for line in lines if line["file"].split("/")[0] in profiles]
    mine = [line for line in mine if line["file"].endswith(".xml")]
    chosen = [line for line in mine if not expects or line["expect"] in expects]
    return [pytest.param({**line, "part": part}, id=line["file"]) for line in chosen]


def business(*expects: str) -> list[Any]:
    return cases("edi", BUSINESS, *expects)


def shops() -> list[Any]:
    return cases("channels", SHOPS)


@cache
def previewed(part: str, file: str, profile: str | None = None) -> dict[str, Any]:
    [document] = preview([str(SAMPLES / part / file)], profile, None)["files"]  # type: ignore[misc]
    return document


def read(key: dict[str, Any]) -> dict[str, Any]:
    return previewed(key["part"], key["file"])


def released(key: dict[str, Any], folder: Path) -> dict[str, Any]:
    """As a partner whose tests are released."""
    path = folder / "released.toml"
    base = BUSINESS[key["file"].split("/")[0]]
    path.write_text(f'extends = "{base}"\n[format]\ntest = "release"\n')
    return previewed(key["part"], key["file"], str(path))


def party(order: dict[str, Any], role: str) -> dict[str, Any]:
    return next((one for one in order["parties"] if one["role"] == role), {})


@pytest.mark.parametrize("key", [*business(), *shops()])
def test_the_profile_is_found_by_itself(key: dict[str, Any]) -> None:
    document = read(key)
    profile = {**BUSINESS, **SHOPS}[key["file"].split("/")[0]]
    assert document["profile"] == profile
    named = previewed(key["part"], key["file"], profile)
    for mine, its in zip(document["orders"], named["orders"], strict=True):
        assert mine["content_hash"] == its["content_hash"]
        assert mine["outcome"] == its["outcome"]


@pytest.mark.parametrize("key", business())
def test_orders_are_read_as_their_key_says(key: dict[str, Any]) -> None:
    orders = read(key)["orders"]
    assert [order["order_number"] for order in orders] == [
        wanted["order_number"] for wanted in key["orders"]
    ]
    for order, wanted in zip(orders, key["orders"], strict=True):
        assert order["ordered_at_raw"][:10] == wanted["order_date"]
        assert order["currency"] == wanted["currency"]
        assert order["line_count"] == wanted["lines"]
        assert Decimal(order["qty_total"]) == Decimal(str(wanted["qty_total"]))
        assert order["related_order_number"] == wanted.get("original_order")


@pytest.mark.parametrize("key", business())
def test_parties_and_items_are_read_as_their_key_says(key: dict[str, Any]) -> None:
    for order, wanted in zip(read(key)["orders"], key["orders"], strict=True):
        buyers = {wanted["buyer_id"], *wanted.get("buyer_id_any", ())}
        assert party(order, "buyer").get("external_id") in buyers
        ship_to = party(order, "ship_to")
        for field, name in (("name", "ship_to_name"), ("postal_code", "ship_to_postcode")):
            if wanted[name] is not None:
                assert ship_to.get(field) == wanted[name]
        if wanted.get("ship_to_id"):
            assert ship_to.get("external_id") == wanted["ship_to_id"]
        if wanted["first_line_sku"] is not None:
            assert order["lines"][0]["sku"] == wanted["first_line_sku"]


@pytest.mark.parametrize("key", business("accept", "accept_warn"))
def test_good_orders_are_accepted_once_tests_are_released(
    key: dict[str, Any], tmp_path: Path
) -> None:
    orders = released(key, tmp_path)["orders"]
    told = [order["findings"] for order in orders]
    assert {order["outcome"] for order in orders} == {"accepted"}, told


@pytest.mark.parametrize("key", business("policy", "change"))
def test_what_is_no_new_order_waits_for_a_person(key: dict[str, Any]) -> None:
    for order in read(key)["orders"]:
        assert order["outcome"] == "held"
        assert "PURPOSE_NOT_NEW" in {finding["code"] for finding in order["findings"]}


@pytest.mark.parametrize("key", business())
def test_no_secret_is_kept(key: dict[str, Any]) -> None:
    told = json.dumps(read(key))
    assert not any(secret in told for secret in ("coyote", "alsdkfjalksdjflaksjdfklj"))


@pytest.mark.parametrize("key", shops())
def test_an_export_is_read_as_its_key_says(key: dict[str, Any]) -> None:
    orders = read(key)["orders"]
    lines = [line for order in orders for line in order["lines"]]
    assert (len(orders), len(lines)) == (key["orders"], key["lines"])
    assert sum(Decimal(line["qty_ordered"]) for line in lines) == Decimal(key["sum_line_qty"])
    if key["sum_order_total"] is not None:
        stated = sum(Decimal(order["stated_total"]) for order in orders)
        assert stated == Decimal(key["sum_order_total"])
    assert {order["outcome"] for order in orders} <= {"accepted", "ignored"}
    made = [charge for order in orders for charge in order["charges"]]
    for wanted in key.get("adjustments", ()):
        [charge] = [one for one in made if one["name"] == wanted["name"]]
        assert Decimal(charge["amount"]) == Decimal(wanted["amount"])


@pytest.mark.parametrize("key", shops())
def test_the_first_order_is_read_as_its_key_says(key: dict[str, Any]) -> None:
    first, wanted = read(key)["orders"][0], key["first_order"]
    for name in ("order_number", "customer_order_number"):
        if name in wanted:
            assert first[name] == wanted[name]
    assert wanted["order_date_iso"] in {first["ordered_at"], first["ordered_at"][:10]}
    if wanted["currency"]:
        assert first["currency"] == wanted["currency"]
    ship_to = party(first, "ship_to")
    assert ship_to["name"] == wanted["ship_to_name"]
    assert ship_to["postal_code"] == wanted["ship_to_postcode"]
    assert ship_to["country"] == wanted["ship_to_country"]
    for line, told in zip(first["lines"], wanted["lines"], strict=True):
        assert line["sku"] == told["sku"]
        assert Decimal(line["qty_ordered"]) == Decimal(told["qty"])
        assert Decimal(line["unit_price"]) == Decimal(told["unit_price"])
