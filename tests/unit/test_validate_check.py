"""Validation as a stage: places, grades, explanations, and what must hold of any batch."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.config import config_context
from polars.testing import assert_frame_equal
from validate_batches import Row, batch, order

from oms_import.model.finding import FINDINGS
from oms_import.model.values import OrderBatch
from oms_import.profiles.model import Profile, Rules
from oms_import.validate.check import validate
from oms_import.validate.contract import ContractError
from oms_import.validate.outcomes import settle
from oms_import.validate.policy import policy_of

POLICY = policy_of(
    Rules.model_validate(
        {
            "required": ["ship_to", "po_number"],
            "limits": {"line.qty_ordered": {"max": 50}},
            "segment": {
                "b2b": {"severity": {"QTY_INVALID": "hold", "SKU_MISSING": "warning"}},
                "b2c": {"optional": ["po_number"], "severity": {"FIELD_REQUIRED": "off"}},
            },
        }
    )
)
IGNORE = Profile.model_validate({"name": "shop"}).ignore
EVERY = list(FINDINGS)

_FAULTS: list[Row] = [
    {"currency": None},
    {"ordered_at": None},
    {"order_number": None},
    {"total_check": "mismatch"},
    {"purpose": "change"},
    {"status": "cancelled"},
    {"fulfilled_by": "channel"},
    {"ship_to": None},
    {"ship_to": {"city": None, "postal_code": "?"}},
    {"lines": []},
    {"lines": [{}, {"sku": None}]},
    {"lines": [{"qty_ordered": Decimal(0)}, {"unit_price": Decimal(-1)}]},
    {"line": {"qty_ordered": Decimal(60)}},
]


def _order(parts: tuple[list[Row], str | None, str | None]) -> Row:
    made: dict[str, Any] = {"segment": parts[1], "po_number": parts[2]}
    for part in parts[0]:
        made |= part
    return order(**made)


ORDERS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(_FAULTS), max_size=3),
        st.sampled_from([None, "b2b", "b2c"]),
        st.sampled_from([None, "PO-1"]),
    ).map(_order),
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(ORDERS)
def test_every_order_has_exactly_one_outcome(orders: list[Row]) -> None:
    made = batch(orders)
    settled = settle(made, validate(made, POLICY), IGNORE)
    assert settled.outcomes["_order"].to_list() == list(range(1, len(orders) + 1))
    assert set(settled.outcomes["outcome"]) <= {"accepted", "rejected", "held", "ignored"}
    accepted = settled.outcomes["outcome"] == "accepted"
    assert (settled.outcomes["codes"].is_null() == accepted).all()


@settings(max_examples=20, deadline=None)
@given(ORDERS)
def test_validation_never_changes_the_data(orders: list[Row]) -> None:
    made, same = batch(orders), batch(orders)
    settle(made, validate(made, POLICY), IGNORE)
    for name, frame in same.tables.items():
        assert_frame_equal(made.tables[name], frame)
    assert_frame_equal(made.records, same.records)


@settings(max_examples=20, deadline=None)
@given(ORDERS, st.integers(0, 2**16))
def test_the_order_of_rows_does_not_matter(orders: list[Row], seed: int) -> None:
    made = batch(orders)
    shuffled = replace(
        made,
        tables={n: f.sample(fraction=1, shuffle=True, seed=seed) for n, f in made.tables.items()},
        records=made.records.sample(fraction=1, shuffle=True, seed=seed),
    )
    there, here = (validate(one, POLICY).sort(EVERY) for one in (shuffled, made))
    assert_frame_equal(there, here)


# A change is no fault: it is judged by other rules, and waits where a new order is rejected.
_WORSE = [one for one in _FAULTS if "purpose" not in one]


@settings(max_examples=25, deadline=None)
@given(ORDERS, st.sampled_from(_WORSE), st.data())
def test_a_further_fault_never_releases_an_order(
    orders: list[Row], fault: Row, data: st.DataObject
) -> None:
    rank = {"accepted": 0, "held": 1, "rejected": 2, "ignored": 3}
    at = data.draw(st.integers(0, max(0, len(orders) - 1)))
    # Only faults beside those there: one that replaces another may well make an order better.
    worse = [{**fault, **one} if n == at else one for n, one in enumerate(orders)]
    before, after = (
        settle(made, validate(made, POLICY), IGNORE).outcomes["outcome"].to_list()
        for made in (batch(orders), batch(worse))
    )
    assert all(rank[b] <= rank[a] for b, a in zip(before, after, strict=True))


@settings(max_examples=8, deadline=None)
@given(ORDERS)
def test_an_order_is_judged_the_same_alone_and_among_others(orders: list[Row]) -> None:
    keys = ["code", "severity", "field", "value", "detail"]
    together = validate(batch(orders), POLICY)
    for number, one in enumerate(orders, 1):
        alone = validate(batch([one]), POLICY).select(keys).sort(keys)
        assert_frame_equal(together.filter(_order=number).select(keys).sort(keys), alone)


def test_a_finding_about_a_line_stands_at_the_lines_own_record() -> None:
    found = validate(batch([order(), order(lines=[{}, {}, {"sku": None}])]), policy_of(Rules()))
    assert found.select("_drop", "_order", "record", "line").rows() == [(0, 2, 4, 5)]
    assert found.schema == FINDINGS


def test_a_finding_about_an_order_stands_at_its_first_record() -> None:
    found = validate(batch([order(), order(currency=None, lines=[{}, {}])]), policy_of(Rules()))
    assert found.select("_drop", "_order", "record", "line").rows() == [(0, 2, 2, 3)]


def test_findings_come_in_the_order_of_the_file() -> None:
    bad = order(ship_to={"postal_code": "?"}, currency=None, lines=[{"sku": None}, {"sku": None}])
    about_the_drop = {"code": "NEWLINE_STYLE", "_order": None}
    found = validate(batch([bad, bad], [about_the_drop]), policy_of(Rules()))
    assert found["_order"].to_list() == [None, 1, 1, 1, 1, 2, 2, 2, 2]
    assert found.drop_nulls("_order")["record"].to_list() == [1, 1, 1, 2, 3, 3, 3, 4]


def _fault(code: str, field: str, **more: Any) -> Row:
    return {"code": code, "_order": 1, "record": 1, "line": 2, "field": field, "value": "?", **more}


UNREADABLE: list[tuple[Row, Row]] = [
    (_fault("DATE_FORMAT", "ordered_at"), order(ordered_at=None)),
    (_fault("NUM_FORMAT", "line.qty_ordered"), order(line={"qty_ordered": None})),
    (
        _fault("NUM_FORMAT", "line.line_amount"),
        order(line={"unit_price": None, "unit_price_origin": None, "line_amount": None}),
    ),
    (_fault("COUNTRY_UNKNOWN", "ship_to.country"), order(ship_to={"country": None})),
    (_fault("CURRENCY_UNKNOWN", "currency"), order(currency=None)),
]


@pytest.mark.parametrize(("fault", "bad"), UNREADABLE, ids=[f["code"] for f, _ in UNREADABLE])
def test_a_value_that_could_not_be_read_is_not_called_missing(fault: Row, bad: Row) -> None:
    policy = policy_of(Rules.model_validate({"required": ["ship_to"]}))
    assert validate(batch([bad], [fault]), policy)["code"].to_list() == [fault["code"]]


def test_an_unreadable_value_does_not_excuse_another_line() -> None:
    lines = [{"qty_ordered": None}, {"qty_ordered": None}]
    made = batch([order(lines=lines)], [_fault("NUM_FORMAT", "line.qty_ordered")])
    found = validate(made, policy_of(Rules()))
    assert found.select("record", "code").rows() == [(1, "NUM_FORMAT"), (2, "QTY_MISSING")]


@pytest.mark.parametrize("severity", ["warning", "info", "off", "hold"])
def test_a_missing_value_is_an_error_even_where_its_unreadable_text_is_let_pass(
    severity: str,
) -> None:
    policy = policy_of(Rules.model_validate({"severity": {"DATE_FORMAT": severity}}))
    made = batch([order(ordered_at=None)], [_fault("DATE_FORMAT", "ordered_at")])
    assert settle(made, validate(made, policy), ()).outcomes["outcome"].to_list() == ["rejected"]


def test_findings_of_earlier_stages_are_graded_by_the_same_policy() -> None:
    rules = {
        "severity": {"TXT_CONFUSABLE": "off", "NUM_FORMAT": "warning"},
        "segment": {"b2b": {"severity": {"NUM_FORMAT": "hold"}}},
    }
    told = [
        _fault("TXT_CONFUSABLE", "line.sku"),
        _fault("NUM_FORMAT", "stated_tax"),
        _fault("NUM_FORMAT", "stated_tax", _order=2, record=2, line=3),
        {"code": "FILE_TRUNCATED", "_order": None},
    ]
    found = validate(
        batch([order(), order(segment="b2b")], told), policy_of(Rules.model_validate(rules))
    )
    assert found.select("_order", "code", "severity").rows() == [
        (None, "FILE_TRUNCATED", "error"),
        (1, "NUM_FORMAT", "warning"),
        (2, "NUM_FORMAT", "hold"),
    ]


def test_orders_that_wait_for_their_companion_are_not_blamed_for_having_no_lines() -> None:
    waiting = {"code": "COMPANION_MISSING", "_order": 1, "record": 1, "line": 2}
    made = batch([order(lines=[]), order(lines=[])], [waiting])
    found = validate(made, policy_of(Rules()))
    assert found.select("_order", "code").rows() == [
        (1, "COMPANION_MISSING"),
        (2, "ORDER_NO_LINES"),
    ]


def test_an_order_without_lines_is_never_released_by_not_waiting_for_its_companion() -> None:
    waiting = {"code": "COMPANION_MISSING", "_order": 1, "record": 1, "line": 2}
    policy = policy_of(Rules.model_validate({"severity": {"COMPANION_MISSING": "off"}}))
    assert validate(batch([order(lines=[])], [waiting]), policy)["code"].to_list() == [
        "ORDER_NO_LINES"
    ]


def test_a_batch_without_orders_has_no_findings() -> None:
    assert_frame_equal(validate(batch([]), POLICY), pl.DataFrame(schema=FINDINGS))


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("orders", pl.col("stated_total").cast(pl.Float64)),
        ("order_lines", pl.col("qty_ordered").cast(pl.Decimal(18, 2))),
        ("orders", pl.col("ordered_at").cast(pl.Datetime("ms"))),
        ("payments", pl.col("amount").cast(pl.String)),
        ("parties", pl.col("postal_code").cast(pl.Int64)),
    ],
)
def test_a_table_of_wrong_types_is_our_bug_and_stops_everything(
    table: str, change: pl.Expr
) -> None:
    made = batch([order(ship_to={"postal_code": None})])
    wrong = made.tables | {table: made.tables[table].with_columns(change)}
    with pytest.raises(ContractError, match=table):
        validate(replace(made, tables=wrong), POLICY)


def test_a_table_without_one_of_its_columns_is_our_bug() -> None:
    made: OrderBatch = batch([order()])
    wrong = made.tables | {"order_taxes": made.tables["order_taxes"].drop("rate")}
    with pytest.raises(ContractError, match="rate"):
        validate(replace(made, tables=wrong), POLICY)


def test_settings_in_the_environment_cannot_switch_validation_off() -> None:
    with config_context(validation_enabled=False):
        found = validate(batch([order(currency=None)]), policy_of(Rules()))
    assert found["code"].to_list() == ["CURRENCY_MISSING"]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"code": "NUM_FORMAT", "field": "line.unit_price", "value": "x"}, False),
        ({"code": "NUM_RANGE", "field": "charge.amount", "value": "9e99"}, False),
        ({"code": "JSON_CELL"}, False),
        ({"code": "DATE_FORMAT", "field": "ship_by", "value": "x"}, True),
        ({"code": "TXT_CONFUSABLE", "field": "line.unit_price"}, True),
    ],
)
def test_a_total_is_not_compared_where_an_amount_could_not_be_read(
    fault: dict[str, Any], told: bool
) -> None:
    wrong = order(total_check="mismatch", total_delta=Decimal(-1))
    faults = [{"_order": 1, "record": 1, **fault}]
    found = validate(batch([wrong, wrong], faults), policy_of(Rules()))
    hit = found.filter(pl.col("code") == "TOTAL_MISMATCH")["_order"].to_list()
    assert hit == ([1, 2] if told else [2])


def test_an_amount_that_may_be_left_out_leaves_the_total_to_be_compared() -> None:
    wrong = order(total_check="mismatch", total_delta=Decimal(-1))
    fault = {"_order": 1, "record": 1, "code": "NUM_FORMAT", "field": "line.tax_amount"}
    rules = Rules.model_validate({"severity": {"NUM_FORMAT": "warning"}})
    found = validate(batch([wrong], [fault]), policy_of(rules))
    assert "TOTAL_MISMATCH" in found["code"].to_list()
