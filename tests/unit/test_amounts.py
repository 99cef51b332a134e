"""Order-level values, attributes and totals."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

from oms_import.model.tables import MONEY, ORDER_LINES, PRICE
from oms_import.normalize.attributes import attributes
from oms_import.normalize.firsts import differing, first_filled
from oms_import.normalize.totals import priced, totalled


def rows(orders: list[int], **columns: list[str | None]) -> pl.DataFrame:
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return frame.with_columns(
        pl.Series("_order", orders, dtype=pl.Int64),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("_record"),
        pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias("_line"),
    )


def test_an_order_level_value_is_the_first_that_is_filled() -> None:
    frame = rows([0, 0, 1, 1, 2], a=[None, "x", "y", "z", None], b=["  ", "p", None, None, "q"])
    found = first_filled(frame, ("a", "b"))
    assert found.rows() == [(0, "x", "p"), (1, "y", None), (2, None, "q")]


def test_a_value_that_contradicts_the_row_above_is_told() -> None:
    frame = rows([0, 0, 1, 1], a=["x", "y", "z", None])
    assert differing(frame, ("a",)).select("_order", "value", "_line").rows() == [(0, "y", 3)]


def test_a_column_that_varies_inside_an_order_belongs_to_its_lines() -> None:
    frame = rows([0, 0, 1, 1], note=["hi", "hi", "a", "b"], only=[None, "once", None, None])
    frame = frame.with_columns(pl.Series("_line_no", [1, 2, 1, 2], dtype=pl.Int64))
    assert attributes(frame, ("note", "only")).rows() == [
        (0, None, "note", "hi"),
        (0, None, "only", "once"),
        (1, 1, "note", "a"),
        (1, 2, "note", "b"),
    ]


def lines(**columns: list[str | None]) -> pl.DataFrame:
    frame = pl.DataFrame({"_order": [0] * len(next(iter(columns.values())))})
    names = ("qty_ordered", "unit_price", "line_amount", "discount_amount", "tax_amount")
    every = {name: ORDER_LINES[name] for name in names}
    return frame.with_columns(
        pl.Series(name, columns.get(name, [None] * frame.height), dtype=pl.String).cast(kind)
        for name, kind in every.items()
    )


def test_a_unit_price_is_derived_from_the_line_amount_and_says_so() -> None:
    found = priced(lines(qty_ordered=["2", "3", "0"], line_amount=["17.95", "10", "5"]))
    assert found["unit_price"].to_list() == [Decimal("8.975000"), Decimal("3.333333"), None]
    assert found["unit_price_origin"].to_list() == ["derived", "derived", None]
    assert found.schema["unit_price"] == PRICE


def test_a_line_amount_is_quantity_times_price() -> None:
    found = priced(lines(qty_ordered=["1.5"], unit_price=["7.199999"]))
    assert found["line_amount"].to_list() == [Decimal("10.8000")]


def charge(amount: str, *, informational: bool = False) -> dict[str, object]:
    return {"_order": 0, "amount": Decimal(amount), "informational": informational}


@pytest.mark.parametrize(
    ("stated", "check"),
    [("27.00", "match"), ("27.01", "tolerance"), ("30.00", "mismatch"), (None, "not_stated")],
)
def test_totals_are_computed_beside_the_stated_one_and_compared(
    stated: str | None, check: str
) -> None:
    orders = pl.DataFrame({"_order": [0], "stated_total": [stated]}).with_columns(
        pl.col("stated_total").cast(MONEY)
    )
    charges = pl.DataFrame(
        [charge("5"), charge("-3"), charge("-3", informational=True)],
        schema={"_order": pl.Int64, "amount": MONEY, "informational": pl.Boolean},
    )
    taxes = pl.DataFrame(
        [
            {"_order": 0, "amount": Decimal(5), "included": False},
            {"_order": 0, "amount": Decimal(9), "included": True},
        ],
        schema={"_order": pl.Int64, "amount": MONEY, "included": pl.Boolean},
    )
    goods = priced(lines(qty_ordered=["2"], unit_price=["10"], tax_amount=["99"]))
    found = totalled(orders, goods, charges, taxes, "0.01")
    assert found["computed_total"].to_list() == [Decimal("27.0000")]
    assert found["total_check"].to_list() == [check]
    assert found["line_count"].to_list() == [1]
