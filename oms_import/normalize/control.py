"""Control totals that an order states beside its lines, compared with what was read."""

from __future__ import annotations

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.finding import FINDINGS
from oms_import.model.tables import MONEY
from oms_import.normalize.faults import found
from oms_import.normalize.fields import SAID, Field, computed

_READ = {"lines": "line_count", "quantity": "qty_total", "goods": "_goods"}


def balanced(
    once: pl.DataFrame, control: tuple[Field, ...], orders: pl.DataFrame, lines: pl.DataFrame
) -> pl.DataFrame:
    """EDI_TOTALS (FINDINGS) where a stated control total is not what was read.

    Args:
        once: one row an order, its source values.
        control: of lines (their number), quantity (their sum) and goods (sum of line amounts).
        orders: with line_count and qty_total.
        lines: with line_amount.
    """
    told = [one for one in control if one.columns]
    if not told:
        return pl.DataFrame(schema=FINDINGS)
    stated = computed(once, told, ("_order", "_drop", "_record", "_line"))
    goods = lines.group_by("_order").agg(pl.col("line_amount").sum().alias("_goods"))
    read = orders.select("_order", "line_count", "qty_total").join(goods, on="_order", how="left")
    beside = stated.join(read.cast({"line_count": MONEY}), on="_order", how="left")
    return pl.concat([_differing(beside, one) for one in told])


def _differing(beside: pl.DataFrame, one: Field) -> pl.DataFrame:
    of = _READ[one.name]
    hit = beside.filter((pl.col(one.name) != pl.col(of)).fill_null(value=False))
    read = pl.col(of).cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
    what = pl.format("{} were read", read)
    return found(hit, Code.EDI_TOTALS, f"control.{one.name}", pl.col(one.name + SAID), what)
