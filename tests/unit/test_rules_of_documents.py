"""What rules can say of values that documents write: minor units, tests beside lists, statuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oms_import.preview import preview

PROFILE = """\
title = "Shop"
[format]
reader = "json"
orders = ["."]
lines = ["lines"]
[defaults]
currency = "EUR"
[group]
by = "DOCUMENT"
copies = false
[order]
order_number = "id"
ordered_at = "at"
stated_total = { from = "total.cents", scale_from = "total.digits" }
[line]
sku = "lines.sku"
qty_ordered = "lines.n"
unit_price = "lines.price"
line_status = { from = "lines.state", map = { X = "cancelled", S = "closed" }, other = "=open" }
[[tax]]
each = "taxes[*]"
amount = "amount"
rate = { from = "percent", scale = 2 }
where = { gross = ["false"] }
[[tax]]
each = "taxes[*]"
amount = "amount"
included = true
where = { gross = ["true"] }
[rules]
optional = ["ship_to"]
"""


@pytest.fixture
def shop(tmp_path: Path) -> Any:
    def read(*orders: dict[str, Any], profile: str = PROFILE) -> Any:
        (tmp_path / "shop.toml").write_text(profile)
        (tmp_path / "orders.json").write_text(json.dumps(orders))
        files = preview([str(tmp_path / "orders.json")], str(tmp_path / "shop.toml"), None)["files"]
        return files[0]["orders"]  # type: ignore[index]

    return read


def order(**more: Any) -> dict[str, Any]:
    line = {"sku": "A", "n": 1, "price": "1.00"}
    return {"id": "1", "at": "2026-01-05T10:00:00Z", "lines": [line], **more}


@pytest.mark.parametrize(
    ("said", "is_"),
    [
        ({"cents": 2000, "digits": 2}, "20.0000"),
        ({"cents": 5, "digits": 2}, "0.0500"),
        ({"cents": -5, "digits": 2}, "-0.0500"),
        ({"cents": 2000, "digits": 0}, "2000.0000"),
        ({"cents": 1234567, "digits": 3}, "1234.5670"),
        ({"cents": "12.50", "digits": 2}, "12.5000"),
        ({"cents": 2000}, "2000.0000"),
    ],
)
def test_a_column_says_how_many_decimals_are_implied(shop: Any, said: Any, is_: str) -> None:
    assert [one["stated_total"] for one in shop(order(total=said))] == [is_]


@pytest.mark.parametrize(("by", "is_"), [(100, "12.5000"), (1, "1250.0000"), (1000, "1.2500")])
def test_a_column_says_what_to_divide_by(shop: Any, by: int, is_: str) -> None:
    profile = PROFILE.replace('scale_from = "total.digits"', 'divisor_from = "total.by"')
    [one] = shop(order(total={"cents": 1250, "by": by}), profile=profile)
    assert one["stated_total"] == is_


def test_rules_of_lists_look_at_the_order_too(shop: Any) -> None:
    taxes = [{"amount": "0.19", "percent": "8.875"}, {"amount": "0.02", "percent": 2}]
    net, gross = shop(order(gross=False, taxes=taxes), order(id="2", gross=True, taxes=taxes))
    assert [(tax["rate"], tax["included"]) for tax in net["taxes"]] == [
        ("0.088750", False),
        ("0.020000", False),
    ]
    assert [tax["included"] for tax in gross["taxes"]] == [True, True]
    assert (net["computed_total"], gross["computed_total"]) == ("1.2100", "1.0000")


@pytest.mark.parametrize(
    ("states", "is_"),
    [("XX", "cancelled"), ("XO", "open"), ("XS", "closed"), ("SS", "closed"), ("OO", "open")],
)
def test_an_order_of_which_nothing_is_left_is_no_longer_open(
    shop: Any, states: str, is_: str
) -> None:
    lines = [{"sku": "A", "n": 1, "price": 1, "state": state} for state in states]
    [one] = shop(order(lines=lines))
    assert one["status"] == is_
    assert (one["outcome"] == "ignored") == (is_ == "cancelled")


def test_keys_that_differ_in_case_are_different_keys(shop: Any) -> None:
    profile = PROFILE.replace('order_number = "id"', 'order_number = ["Id", "id"]')
    [one] = shop(order(), profile=profile)
    assert one["order_number"] == "1"
    [other] = shop(order(Id="upper"), profile=profile)
    assert other["order_number"] == "upper"
