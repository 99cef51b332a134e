"""Policies: what a profile's rules mean, for all orders and by customer segment."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from validate_batches import Row, batch, order

from oms_import.model.errors import SettingError
from oms_import.model.reasons import reasons
from oms_import.profiles.model import Profile, Rules
from oms_import.validate.check import validate
from oms_import.validate.policy import compile_policy, policy_of, severity_table


def _codes(rules: dict[str, Any], *orders: Row) -> list[list[str]]:
    """Codes of each order under these rules."""
    found = validate(batch(orders), policy_of(Rules.model_validate(rules)))
    return [found.filter(_order=n)["code"].to_list() for n in range(1, len(orders) + 1)]


def _severities(rules: dict[str, Any], *orders: Row) -> list[list[str]]:
    found = validate(batch(orders), policy_of(Rules.model_validate(rules)))
    return [found.filter(_order=n)["severity"].to_list() for n in range(1, len(orders) + 1)]


def test_a_finding_has_the_severity_of_its_reason_unless_the_profile_says_otherwise() -> None:
    bad = order(currency=None)
    assert _severities({}, bad) == [["error"]]
    assert _severities({"severity": {"CURRENCY_MISSING": "hold"}}, bad) == [["hold"]]
    assert _severities({"severity": {"CURRENCY_MISSING": "off"}}, bad) == [[]]


def test_a_segments_severity_goes_before_the_channels() -> None:
    rules = {
        "severity": {"TOTAL_MISMATCH": "off"},
        "segment": {
            "wholesale": {"severity": {"TOTAL_MISMATCH": "error"}},
            "vip": {"severity": {"TOTAL_MISMATCH": "info"}},
        },
    }
    orders = [
        order(total_check="mismatch", segment=segment)
        for segment in (None, "wholesale", "vip", "x")
    ]
    assert _severities(rules, *orders) == [[], ["error"], ["info"], []]


def test_a_segment_may_turn_a_code_off() -> None:
    rules = {"segment": {"vip": {"severity": {"CURRENCY_MISSING": "off"}}}}
    bad = [order(currency=None, segment=segment) for segment in ("vip", None)]
    assert _severities(rules, *bad) == [[], ["error"]]


def test_a_segment_requires_more_fields_of_orders_lines_and_parties() -> None:
    fields = ["po_number", "line.gtin", "ship_to.company"]
    rules = {"segment": {"b2b": {"required": fields}}}
    assert _codes(rules, order(segment="b2b"), order(), order(segment="b2c")) == [
        ["FIELD_REQUIRED"] * 3,
        [],
        [],
    ]


def test_a_field_required_of_the_channel_and_of_a_segment_is_told_once() -> None:
    rules = {"required": ["ship_to"], "segment": {"b2b": {"required": ["ship_to"]}}}
    assert _codes(rules, order(segment="b2b", ship_to=None)) == [["SHIP_TO_MISSING"]]


def test_a_segment_excuses_what_the_channel_or_the_standard_requires() -> None:
    rules = {
        "required": ["po_number", "ship_to"],
        "segment": {"b2c": {"optional": ["po_number", "ordered_at", "line.sku", "ship_to"]}},
    }
    bad = {"ordered_at": None, "line": {"sku": None}, "ship_to": None}
    every = ["FIELD_REQUIRED", "ORDER_DATE_MISSING", "SHIP_TO_MISSING", "SKU_MISSING"]
    b2c, other = _codes(rules, order(segment="b2c", **bad), order(**bad))
    assert (b2c, sorted(other)) == ([], every)


def test_a_segment_may_require_what_the_channel_excuses() -> None:
    rules = {"optional": ["ordered_at"], "segment": {"b2b": {"required": ["ordered_at"]}}}
    bad = [order(ordered_at=None, segment=segment) for segment in ("b2b", None)]
    assert _codes(rules, *bad) == [["ORDER_DATE_MISSING"], []]


def test_naming_a_standard_field_as_required_does_not_tell_its_absence_twice() -> None:
    rules = {"required": ["order_number", "line.qty_ordered"]}
    bad = order(order_number=None, line={"qty_ordered": None, "line_amount": None})
    assert sorted(_codes(rules, bad)[0]) == ["ORDER_NUMBER_MISSING", "QTY_MISSING"]


def test_a_required_sku_is_asked_for_beside_other_item_ids() -> None:
    bad = order(line={"sku": None, "channel_item_id": "B00X"})
    assert _codes({"required": ["line.sku"]}, bad) == [["FIELD_REQUIRED"]]


def test_a_segments_own_limits_and_allowed_values_stand_instead_of_the_channels() -> None:
    rules = {
        "limits": {"stated_total": {"max": 10}},
        "allowed": {"currency": ["EUR"]},
        "segment": {
            "wholesale": {
                "limits": {"stated_total": {"max": 100}},
                "allowed": {"currency": ["USD"]},
            }
        },
    }
    assert _codes(rules, order(segment="wholesale"), order()) == [
        [],
        ["VALUE_NOT_ALLOWED", "LIMIT_EXCEEDED"],
    ]


def test_own_allowed_values_of_a_fixed_list_replace_the_list() -> None:
    rules = {"allowed": {"status": ["open", "closed"]}}
    assert _codes(rules, order(status="closed"), order(status="hold")) == [
        [],
        ["VALUE_NOT_ALLOWED"],
    ]


def test_a_finding_says_what_was_expected() -> None:
    rules = {
        "limits": {"stated_total": {"min": 1, "max": 12345678.5}},
        "allowed": {"currency": ["EUR", "GBP"]},
        "segment": {"b2b": {"required": ["po_number"]}},
    }
    bad = order(stated_total=Decimal("0.5"), segment="b2b", total_check="mismatch")
    found = validate(batch([bad]), policy_of(Rules.model_validate(rules)))
    told = {
        code: (value, detail)
        for code, value, detail in found.select("code", "value", "detail").rows()
    }
    assert told["LIMIT_EXCEEDED"] == ("0.5", "at least 1, at most 12345678.5")
    assert told["VALUE_NOT_ALLOWED"] == ("USD", "allowed: EUR, GBP")
    assert told["FIELD_REQUIRED"] == (None, "for segment b2b")
    assert told["TOTAL_MISMATCH"] == ("0.5", "computed 20, difference 0")


@pytest.mark.parametrize(
    ("rules", "part"),
    [
        ({"limits": {"currency": {"max": 3}}}, "limits are for numbers"),
        ({"limits": {"stated_total": {"max": float("-inf")}}}, "beyond any amount"),
        ({"limits": {"stated_total": {"min": float("nan")}}}, "beyond any amount"),
        ({"allowed": {"line.qty_ordered": ["some"]}}, "not a number"),
        ({"allowed": {"line.qty_ordered": ["1.23456"]}}, "more than 4 decimals"),
        ({"allowed": {"ordered_at": ["2026"]}}, "no value of this field"),
        ({"allowed": {"ship_to": ["x"]}}, "ship_to.country"),
        ({"allowed": {"status": ["shipped"]}}, "it is never shipped"),
        ({"required": ["line.colour"]}, "no such field"),
    ],
)
def test_rules_that_a_field_can_never_meet_are_refused_with_their_place(
    rules: dict[str, Any], part: str
) -> None:
    with pytest.raises(SettingError) as refused:
        policy_of(Rules.model_validate(rules))
    assert part in refused.value.message
    assert refused.value.location.startswith("rules.")


def test_an_ignore_rule_with_an_unfit_value_is_refused() -> None:
    ignore = [{"field": "line_count", "equals": ["none"]}]
    with pytest.raises(SettingError, match="line_count"):
        compile_policy(Profile.model_validate({"name": "shop", "ignore": ignore}))


def test_the_severity_table_lists_every_code_once_and_what_segments_change() -> None:
    rules = {
        "severity": {"QTY_INVALID": "hold"},
        "segment": {"b": {"severity": {"QTY_INVALID": "off"}}},
    }
    table = severity_table(policy_of(Rules.model_validate(rules)))
    default = table.filter(pl.col("segment").is_null())
    assert default["code"].to_list() == list(reasons())
    assert default.filter(code="QTY_INVALID")["severity"].to_list() == ["hold"]
    assert table.filter(segment="b").rows() == [("QTY_INVALID", "b", "off")]


def test_a_profile_without_prices_asks_for_none() -> None:
    line = {"unit_price": None, "unit_price_origin": None, "line_amount": None}
    made = batch([order(line=line)])
    bare = Profile.model_validate({"name": "shop"})
    priced = Profile.model_validate({"name": "shop", "line": {"unit_price": "Price"}})
    assert validate(made, compile_policy(bare)).is_empty()
    assert validate(made, compile_policy(priced))["code"].to_list() == ["PRICE_MISSING"]
