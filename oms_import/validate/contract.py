"""The Pandera contract: column types of the canonical tables, and every rule as a named check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrorReason, SchemaErrors

from oms_import.model.tables import TABLES
from oms_import.validate.rules import Rule


@lru_cache(maxsize=256)
def schema(table: str, rules: tuple[Rule, ...]) -> pa.DataFrameSchema:
    """The contract of a table with these rules; made once, used for every batch.

    Checks see the whole frame, return one Boolean a row, and build no failure cases: the verdict
    of each row is all we want (building cases for many bad rows is what costs).
    """
    return pa.DataFrameSchema(
        columns={name: pa.Column(kind, nullable=True) for name, kind in TABLES[table].items()},
        checks=[
            pa.Check(_verdict(rule.ok), name=rule.name, n_failure_cases=1, ignore_na=False)
            for rule in rules
        ],
        strict=False,
    )


def failing(
    frame: pl.DataFrame, table: str, rules: Sequence[Rule]
) -> list[tuple[Rule, pl.DataFrame]]:
    """Each broken rule with the rows that break it, by Pandera's own verdicts.

    Raises:
        TypeError: the frame is not of the contract's types; our bug, not the data's.
    """
    try:
        schema(table, tuple(rules)).validate(frame, lazy=True)
    except SchemaErrors as errors:
        by_name = {rule.name: rule for rule in rules}
        return [_failed(error, by_name, frame) for error in errors.schema_errors]
    return []


def _verdict(ok: pl.Expr) -> Callable[[pa.PolarsData], pl.LazyFrame]:
    def check(data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(ok.fill_null(value=False).alias("ok"))

    return check


def _failed(
    error: object, by_name: dict[str, Rule], frame: pl.DataFrame
) -> tuple[Rule, pl.DataFrame]:
    if getattr(error, "reason_code", None) is not SchemaErrorReason.DATAFRAME_CHECK:
        msg = f"contract broken: {getattr(error, 'reason_code', error)}"
        raise TypeError(msg)
    check = getattr(error, "check", None)
    rule = by_name[str(getattr(check, "name", check))]
    verdict: pl.DataFrame = getattr(error, "check_output")  # noqa: B009
    return rule, frame.filter(~verdict["check_output"])
