"""Real EDI orders of real partners, previewed without naming a profile, against their key."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from oms_import.preview import preview

SAMPLES = (Path(__file__).parents[2] / "../shared/samples/edi").resolve()
KEY = SAMPLES / "expected.jsonl"
PROFILES = {
    "x12_850": "x12-850",
    "x12_860": "x12-850",
    "x12_875": "x12-850",
    "x12_940": "x12-850",
    "edifact_orders": "edifact-orders",
    "edifact_ordchg": "edifact-orders",
    "tradacoms": "tradacoms-orders",
    "idoc": "idoc-orders05",
}
ENVELOPE = {"EDI_TRUNCATED", "EDI_COUNT", "EDI_CONTROL_REF", "EDI_ENVELOPE", "EDI_SEGMENT"}


def cases(*expects: str) -> list[Any]:
    if not KEY.is_file():
        return [pytest.param({}, marks=pytest.mark.skip(reason="the samples are not here"))]
    lines = [json.loads(line) for line in KEY.read_text("utf-8").splitlines()]
    edi = [line for line in lines if line["format"] in PROFILES]
    chosen = [line for line in edi if not expects or line["expect"] in expects]
    return [pytest.param(line, id=line["file"]) for line in chosen]


@cache
def previewed(file: str) -> dict[str, Any]:
    [document] = preview([str(SAMPLES / file)], None, None)["files"]  # type: ignore[misc]
    return document


def lenient(key: dict[str, Any], folder: Path) -> dict[str, Any]:
    """As a partner whose envelopes are not held to account, and whose tests are released."""
    path = folder / "lenient.toml"
    base = PROFILES[key["format"]]
    path.write_text(f'extends = "{base}"\n[format]\nstrict = false\ntest = "release"\n')
    [document] = preview([str(SAMPLES / key["file"])], str(path), None)["files"]  # type: ignore[misc]
    return document


def party(order: dict[str, Any], role: str) -> dict[str, Any]:
    return next((one for one in order["parties"] if one["role"] == role), {})


@pytest.mark.parametrize("key", cases())
def test_the_format_is_known_by_itself(key: dict[str, Any]) -> None:
    assert previewed(key["file"])["profile"] == PROFILES[key["format"]]


@pytest.mark.parametrize("key", cases())
def test_orders_are_read_as_their_key_says(key: dict[str, Any]) -> None:
    orders = previewed(key["file"])["orders"]
    assert [order["order_number"] for order in orders] == [
        wanted["order_number"] for wanted in key["orders"]
    ]
    for order, wanted in zip(orders, key["orders"], strict=True):
        assert (order["ordered_at"] or "")[:10] == (wanted["order_date"] or "")
        assert order["currency"] == wanted["currency"]
        assert order["line_count"] == wanted["lines"]
        assert Decimal(order["qty_total"]) == Decimal(str(wanted["qty_total"]))


@pytest.mark.parametrize("key", cases())
def test_parties_are_read_as_their_key_says(key: dict[str, Any]) -> None:
    for order, wanted in zip(previewed(key["file"])["orders"], key["orders"], strict=True):
        buyers = {wanted["buyer_id"], *wanted.get("buyer_id_any", ())}
        assert party(order, "buyer").get("external_id") in buyers
        ship_to = party(order, "ship_to")
        for field, name in (("name", "ship_to_name"), ("postal_code", "ship_to_postcode")):
            if wanted[name] is not None:
                assert ship_to.get(field) == wanted[name]
        if wanted.get("ship_to_id"):
            ids = wanted["ship_to_id"]
            assert ship_to.get("external_id") in (ids if isinstance(ids, list) else [ids])


@pytest.mark.parametrize("key", cases())
def test_the_first_item_is_read_as_its_key_says(key: dict[str, Any]) -> None:
    for order, wanted in zip(previewed(key["file"])["orders"], key["orders"], strict=True):
        if wanted["first_line_sku"] is not None:
            assert order["lines"][0]["sku"] == wanted["first_line_sku"]


@pytest.mark.parametrize("key", cases("accept", "accept_warn"))
def test_good_orders_are_accepted_once_tests_are_released(
    key: dict[str, Any], tmp_path: Path
) -> None:
    orders = lenient(key, tmp_path)["orders"]
    outcomes = [order["outcome"] for order in orders]
    assert set(outcomes) <= {"accepted", "duplicate"}, [order["findings"] for order in orders]
    unique = key.get("unique_orders") or len({order["order_number"] for order in key["orders"]})
    assert outcomes.count("accepted") == unique


@pytest.mark.parametrize("key", cases("accept_warn"))
def test_what_does_not_add_up_is_told(key: dict[str, Any]) -> None:
    document = previewed(key["file"])
    findings = [*document["findings"], *(f for o in document["orders"] for f in o["findings"])]
    told = {finding["code"] for finding in findings if finding["severity"] in {"warning", "hold"}}
    assert told & {"EDI_TOTALS", "EDI_ENVELOPE", "EDI_INTERCHANGE_SEEN"}


@pytest.mark.parametrize("key", cases("envelope_error"))
def test_a_broken_envelope_rejects_its_orders_and_names_the_segment(key: dict[str, Any]) -> None:
    for order in previewed(key["file"])["orders"]:
        assert order["outcome"] == "rejected"
        [told] = [one for one in order["findings"] if one["code"] in ENVELOPE][:1]
        assert "interchange 1" in told["message"]


@pytest.mark.parametrize("key", cases("envelope_error"))
def test_lenient_channels_take_those_orders_with_a_warning(
    key: dict[str, Any], tmp_path: Path
) -> None:
    document = lenient(key, tmp_path)
    assert {order["outcome"] for order in document["orders"]} == {"accepted"}
    assert ENVELOPE & {finding["code"] for finding in document["findings"]}


@pytest.mark.parametrize("key", cases("policy", "change"))
def test_what_is_no_new_order_waits_for_a_person(key: dict[str, Any]) -> None:
    for order in previewed(key["file"])["orders"]:
        assert order["outcome"] == "held"
        assert "PURPOSE_NOT_NEW" in {finding["code"] for finding in order["findings"]}


@pytest.mark.parametrize("key", cases())
def test_a_test_interchange_is_never_released_by_itself(key: dict[str, Any]) -> None:
    if any(one.get("test") for one in key.get("interchanges", ())):
        outcomes = {order["outcome"] for order in previewed(key["file"])["orders"]}
        assert "accepted" not in outcomes
