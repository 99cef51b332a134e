"""Each standard code, from a table of orders that pass and orders that fail."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from validate_batches import batch, order

from oms_import.model.codes import Code
from oms_import.profiles.model import Rules
from oms_import.validate.check import validate
from oms_import.validate.policy import policy_of
from oms_import.validate.standard import always

D = Decimal
NO_IDS = {"sku": None, "gtin": None, "channel_item_id": None, "buyer_item_id": None}
NO_PLACE = {"line1": None, "city": None, "postal_code": None}
SHIP_TO = {"required": ["ship_to"]}

FAILING: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("ORDER_NUMBER_MISSING", "order_number", {"order_number": None}, {}),
    ("ORDER_DATE_MISSING", "ordered_at", {"ordered_at": None}, {}),
    ("CURRENCY_MISSING", "currency", {"currency": None}, {}),
    ("ORDER_NO_LINES", "lines", {"lines": []}, {}),
    ("ORDER_NO_LINES", "lines", {"lines": [], "total_check": "mismatch"}, {}),
    ("SKU_MISSING", "line.sku", {"line": NO_IDS}, {}),
    ("QTY_MISSING", "line.qty_ordered", {"line": {"qty_ordered": None}}, {}),
    ("QTY_INVALID", "line.qty_ordered", {"line": {"qty_ordered": D(0), "line_amount": D(0)}}, {}),
    (
        "QTY_INVALID",
        "line.qty_ordered",
        {"line": {"qty_ordered": D(-2), "line_amount": D(-20)}},
        {},
    ),
    (
        "PRICE_MISSING",
        "line.unit_price",
        {"line": {"unit_price": None, "unit_price_origin": None, "line_amount": None}},
        {},
    ),
    (
        "PRICE_NEGATIVE",
        "line.unit_price",
        {"line": {"unit_price": D(-10), "line_amount": D(-20)}},
        {},
    ),
    (
        "PRICE_NEGATIVE",
        "line.line_amount",
        {"line": {"unit_price": D(-10), "unit_price_origin": "derived", "line_amount": D(-20)}},
        {},
    ),
    ("SHIP_TO_MISSING", "ship_to", {"ship_to": None}, SHIP_TO),
    ("SHIP_TO_MISSING", "ship_to", {"ship_to": NO_PLACE}, SHIP_TO),
    ("ADDRESS_INCOMPLETE", "ship_to.line1", {"ship_to": {"line1": None}}, SHIP_TO),
    ("ADDRESS_INCOMPLETE", "ship_to.city", {"ship_to": {"city": None}}, SHIP_TO),
    ("ADDRESS_INCOMPLETE", "ship_to.postal_code", {"ship_to": {"postal_code": None}}, SHIP_TO),
    ("ADDRESS_INCOMPLETE", "ship_to.country", {"ship_to": {"country": None}}, SHIP_TO),
    ("POSTCODE_FORMAT", "ship_to.postal_code", {"ship_to": {"postal_code": "1234"}}, {}),
    (
        "POSTCODE_FORMAT",
        "ship_to.postal_code",
        {"ship_to": {"country": "GB", "postal_code": "62701"}},
        {},
    ),
    ("TOTAL_MISMATCH", "stated_total", {"total_check": "mismatch"}, {}),
    ("LINE_AMOUNT_MISMATCH", "line.line_amount", {"line": {"line_amount": D("19.97")}}, {}),
    ("PURPOSE_NOT_NEW", "purpose", {"purpose": "change"}, {}),
    ("VALUE_NOT_ALLOWED", "purpose", {"purpose": "maybe"}, {}),
    ("VALUE_NOT_ALLOWED", "order_type", {"order_type": "gift"}, {}),
    ("VALUE_NOT_ALLOWED", "status", {"status": None}, {}),
    ("VALUE_NOT_ALLOWED", "fulfilled_by", {"fulfilled_by": "nobody"}, {}),
    ("VALUE_NOT_ALLOWED", "price_basis", {"price_basis": "mixed"}, {}),
    ("VALUE_NOT_ALLOWED", "line.line_type", {"line": {"line_type": "thing"}}, {}),
    ("FIELD_REQUIRED", "po_number", {}, {"required": ["po_number"]}),
    ("FIELD_REQUIRED", "line.gtin", {}, {"required": ["line.gtin"]}),
    ("FIELD_REQUIRED", "ship_to.phone", {}, {"required": ["ship_to.phone"]}),
    ("FIELD_REQUIRED", "ship_to.phone", {"ship_to": None}, {"required": ["ship_to.phone"]}),
    ("FIELD_REQUIRED", "bill_to", {}, {"required": ["bill_to"]}),
    ("VALUE_NOT_ALLOWED", "currency", {}, {"allowed": {"currency": ["EUR", "GBP"]}}),
    ("VALUE_NOT_ALLOWED", "line.uom", {}, {"allowed": {"line.uom": ["CS"]}}),
    ("VALUE_NOT_ALLOWED", "ship_to.country", {}, {"allowed": {"ship_to.country": ["CA"]}}),
    ("VALUE_NOT_ALLOWED", "gift", {"gift": True}, {"allowed": {"gift": ["false"]}}),
    (
        "VALUE_NOT_ALLOWED",
        "line.pack_size",
        {"line": {"pack_size": D(5)}},
        {"allowed": {"line.pack_size": ["6", "12.0"]}},
    ),
    ("LIMIT_EXCEEDED", "stated_total", {}, {"limits": {"stated_total": {"max": 19.99}}}),
    ("LIMIT_EXCEEDED", "line.qty_ordered", {}, {"limits": {"line.qty_ordered": {"min": 3}}}),
]

PASSING: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("a plain order", {}, {}),
    ("a plain order with a required address", {}, SHIP_TO),
    ("no address where none is asked for", {"ship_to": None}, {}),
    ("an item by GTIN alone", {"line": {**NO_IDS, "gtin": "4006381333931"}}, {}),
    ("an item by the channel's id", {"line": {**NO_IDS, "channel_item_id": "B00X"}}, {}),
    ("an item by the buyer's id", {"line": {**NO_IDS, "buyer_item_id": "77"}}, {}),
    ("half a piece", {"line": {"qty_ordered": D("1.5"), "line_amount": D(15)}}, {}),
    (
        "an amount without a unit price",
        {"line": {"unit_price": None, "unit_price_origin": None}},
        {},
    ),
    ("a price of zero", {"line": {"unit_price": D(0), "line_amount": D(0)}}, {}),
    ("an amount rounded by a cent a piece", {"line": {"line_amount": D("19.98")}}, {}),
    (
        "a derived unit price that does not divide evenly",
        {
            "line": {
                "qty_ordered": D(3),
                "unit_price": D("6.666667"),
                "unit_price_origin": "derived",
            }
        },
        {},
    ),
    ("a total within the tolerance", {"total_check": "tolerance"}, {}),
    ("a total that is not stated", {"total_check": "not_stated", "stated_total": None}, {}),
    ("ZIP+4", {"ship_to": {"postal_code": "62701-1234"}}, {}),
    (
        "a Canadian postcode in small letters",
        {"ship_to": {"country": "CA", "postal_code": "k1a 0b1"}},
        {},
    ),
    ("a British postcode", {"ship_to": {"country": "GB", "postal_code": "SW1A 1AA"}}, {}),
    (
        "a German postcode with a leading zero",
        {"ship_to": {"country": "DE", "postal_code": "01067"}},
        {},
    ),
    ("a French postcode", {"ship_to": {"country": "FR", "postal_code": "75008"}}, {}),
    (
        "a postcode of a country we know no form of",
        {"ship_to": {"country": "JP", "postal_code": "1"}},
        {},
    ),
    ("Hong Kong without a postcode", {"ship_to": {"country": "HK", "postal_code": None}}, SHIP_TO),
    ("Ireland without a postcode", {"ship_to": {"country": "IE", "postal_code": None}}, SHIP_TO),
    (
        "a store known by its GLN",
        {"ship_to": {**NO_PLACE, "country": None, "gln": "4012345000009"}},
        SHIP_TO,
    ),
    ("a store known by its number", {"ship_to": {**NO_PLACE, "external_id": "0042"}}, SHIP_TO),
    ("a required party", {"bill_to": {}}, {"required": ["bill_to"]}),
    (
        "an allowed number",
        {"line": {"pack_size": D(12)}},
        {"allowed": {"line.pack_size": ["6", "12.0"]}},
    ),
    ("nothing where values are limited", {"po_number": None}, {"allowed": {"po_number": ["A"]}}),
    ("the limit itself", {}, {"limits": {"stated_total": {"min": 20, "max": 20}}}),
    (
        "nothing where numbers are limited",
        {"stated_total": None},
        {"limits": {"stated_total": {"min": 1}}},
    ),
    ("an excused date", {"ordered_at": None}, {"optional": ["ordered_at"]}),
    ("an excused SKU", {"line": NO_IDS}, {"optional": ["line.sku"]}),
    (
        "an excused part of the address",
        {"ship_to": {"city": None}},
        {**SHIP_TO, "optional": ["ship_to.city"]},
    ),
]


@pytest.mark.parametrize(
    ("code", "field", "changes", "rules"), FAILING, ids=[f"{c}-{f}" for c, f, *_ in FAILING]
)
def test_a_failing_order_has_exactly_the_finding_of_its_code(
    code: str, field: str, changes: dict[str, Any], rules: dict[str, Any]
) -> None:
    policy = policy_of(Rules.model_validate(rules))
    found = validate(batch([order(), order(**changes)]), policy).filter(_order=2)
    assert found.select("code", "field").rows() == [(code, field)]


@pytest.mark.parametrize(
    ("changes", "rules"), [case[1:] for case in PASSING], ids=[c[0] for c in PASSING]
)
def test_a_sound_order_has_no_finding(changes: dict[str, Any], rules: dict[str, Any]) -> None:
    policy = policy_of(Rules.model_validate(rules))
    assert validate(batch([order(**changes)]), policy).rows() == []


def test_a_price_is_asked_for_only_where_the_profile_maps_one() -> None:
    line = {"unit_price": None, "unit_price_origin": None, "line_amount": None}
    assert validate(batch([order(line=line)]), policy_of(Rules(), priced=False)).is_empty()


def test_every_fault_of_an_order_is_told_not_the_first() -> None:
    bad = order(
        currency=None,
        lines=[{}, {"sku": None, "qty_ordered": None, "line_amount": None}],
        ship_to={"city": None, "postal_code": "x"},
    )
    found = validate(batch([bad]), policy_of(Rules.model_validate(SHIP_TO)))
    assert sorted(found["code"]) == [
        "ADDRESS_INCOMPLETE",
        "CURRENCY_MISSING",
        "POSTCODE_FORMAT",
        "QTY_MISSING",
        "SKU_MISSING",
    ]


def test_a_cancellation_waits_whatever_it_lacks() -> None:
    bare = order(currency=None, purpose="cancel", lines=[{"sku": None, "qty_ordered": None}])
    found = validate(batch([bare]), policy_of(Rules.model_validate(SHIP_TO)))
    assert found.filter(pl.col("severity") == "error").is_empty()
    assert "PURPOSE_NOT_NEW" in found["code"].to_list()


def test_amounts_as_large_as_a_column_holds_are_compared_without_overflow() -> None:
    largest = {"qty_ordered": D("99999999999999.9999"), "unit_price": D("999999999999.999999")}
    found = validate(batch([order(line=largest)]), policy_of(Rules()))
    assert found["code"].to_list() == ["LINE_AMOUNT_MISMATCH"]


def test_each_address_of_an_order_is_checked() -> None:
    made = batch([order()])
    second = made.tables["parties"].with_columns(postal_code=made.tables["parties"]["city"])
    made.tables["parties"] = made.tables["parties"].vstack(second)
    found = validate(made, policy_of(Rules()))
    assert found.select("code", "value").rows() == [("POSTCODE_FORMAT", "Springfield")]


@pytest.mark.parametrize(
    ("gtin", "sound"),
    [
        ("4000862141404", True),
        ("4000862141405", False),
        ("012345678905", True),
        ("96385074", True),
        ("96385075", False),
        ("10614141000415", True),
        ("B000056EWE", True),  # no GTIN by its form: nothing to check
        ("717119.837242", True),
        (None, True),
    ],
)
def test_a_gtin_is_held_to_its_check_digit(gtin: str | None, sound: bool) -> None:
    [rule] = [one for one in always() if one.code == Code.GTIN_CHECK_DIGIT]
    frame = pl.DataFrame({"gtin": [gtin]}, schema={"gtin": pl.String})
    assert frame.select(rule.ok).item() is sound


def test_a_window_that_ends_before_it_begins_is_told() -> None:
    rules = [one for one in always() if one.code == Code.SHIP_WINDOW]
    assert [rule.field for rule in rules] == ["ship_by", "deliver_by"]
    days = [datetime(2026, 1, 2), datetime(2026, 1, 3), None]  # noqa: DTZ001 as the columns are
    frame = pl.DataFrame(
        {"ship_not_before": [days[1], days[0], days[2]], "ship_by": [days[0], days[1], days[0]]}
    )
    assert frame.select(rules[0].ok).to_series().to_list() == [False, True, True]


@pytest.mark.parametrize(
    ("number", "sound"),
    [
        ("1.23457E+17", False),
        ("1,23457E+17", False),
        ("1.23457e+17", False),
        ("1.2345678901E11", False),
        ("1E+12", False),
        ("1E12", True),
        ("2.5E10", True),
        ("E+H-12", True),
        ("12.5E+11", True),
        ("7", True),
    ],
)
def test_a_number_that_a_spreadsheet_shortened_is_no_order_number(number: str, sound: bool) -> None:
    found = validate(batch([order(order_number=number)]), policy_of(Rules()))
    told = found.filter(pl.col("code") == "EXCEL_DAMAGE")
    assert told.is_empty() is sound
    assert set(told["severity"]) <= {"error"}


@pytest.mark.parametrize("field", ["po_number", "source_order_id", "customer_order_number"])
def test_no_other_number_of_an_order_may_be_shortened(field: str) -> None:
    found = validate(batch([order(**{field: "4.5001E+11"})]), policy_of(Rules()))
    told = found.filter(pl.col("code") == "EXCEL_DAMAGE")
    assert told.select("field", "value").rows() == [(field, "4.5001E+11")]


@pytest.mark.parametrize("field", ["sku", "gtin", "channel_item_id", "buyer_item_id"])
def test_no_number_of_an_item_may_be_shortened(field: str) -> None:
    found = validate(batch([order(line={field: "4.00639E+12"})]), policy_of(Rules()))
    told = found.filter(pl.col("code") == "EXCEL_DAMAGE")
    assert told.select("field", "value").rows() == [(f"line.{field}", "4.00639E+12")]
