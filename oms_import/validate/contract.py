"""The Pandera contract: column types of the canonical tables, and every rule as a named check."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache

import pandera.polars as pa
import polars as pl
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaError, SchemaErrorReason, SchemaErrors

from oms_import.model.tables import TABLES
from oms_import.validate.rules import Rule


class ContractError(Exception):
    """A frame is not of the contract's types: our bug, never the data's."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule and Pandera's verdict of each row: false where the row breaks it."""

    rule: Rule
    verdict: pl.Series


@lru_cache(maxsize=64)
def contract(table: str) -> pa.DataFrameSchema:
    """The column types of a canonical table; columns beyond them are let pass."""
    columns = {name: pa.Column(kind, nullable=True) for name, kind in TABLES[table].items()}
    return pa.DataFrameSchema(columns, name=table, strict=False)


@lru_cache(maxsize=1024)
def checks(rules: tuple[Rule, ...]) -> pa.DataFrameSchema:
    """The rules of one frame as named checks; made once, used for every batch.

    Checks see the whole frame and return one Boolean a row. `n_failure_cases=1` and reading
    `check_output` leave failure cases unbuilt: with many bad rows those cost more than the checks.
    """
    return pa.DataFrameSchema(
        checks=[
            pa.Check(_verdict(rule.ok), name=rule.name, n_failure_cases=1, ignore_na=False)
            for rule in rules
        ]
    )


def hold_types(data: pl.DataFrame, table: str) -> None:
    """Hold a table to the contract's types.

    Raises:
        ContractError: a column is missing or of another type.
    """
    _hold(table, tuple(data.schema.items()))


@lru_cache(maxsize=1024)
def _hold(table: str, schema: tuple[tuple[str, pl.DataType], ...]) -> None:
    """Types do not depend on rows: an empty frame tells, once for all batches of its shape."""
    try:
        with _in_full():
            contract(table).validate(pl.DataFrame(schema=dict(schema)), lazy=True)
    except SchemaErrors as errors:
        told = "; ".join(str(error) for error in errors.schema_errors)
        raise ContractError(f"{table}: {told}") from errors


def broken(data: pl.DataFrame, rules: tuple[Rule, ...]) -> list[Broken]:
    """The rules that some rows of a collected frame break, with Pandera's own verdicts.

    Args:
        data: the rows, with the columns that the rules read.
        rules: the rules to check, each with a name of its own.

    Raises:
        ContractError: a check could not run.
    """
    if not rules:
        return []
    read = sorted(set[str]().union(*(rule.ok.meta.root_names() for rule in rules)))
    try:
        # Pandera looks at every column it is given, at each check.
        with _in_full():
            checks(rules).validate(data.select(read), lazy=True)
    except SchemaErrors as errors:
        by_name = {rule.name: rule for rule in rules}
        return [_broken(error, by_name) for error in errors.schema_errors]
    return []


def _in_full() -> AbstractContextManager[None]:
    """Pandera with schema and data, whatever PANDERA_VALIDATION_… says in the environment."""
    return config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA)


def _verdict(ok: pl.Expr) -> Callable[[pa.PolarsData], pl.LazyFrame]:
    def check(data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(ok.fill_null(value=False).alias("ok"))

    return check


def _broken(error: SchemaError, by_name: dict[str, Rule]) -> Broken:
    name, verdict = getattr(error.check, "name", None), error.check_output
    if (
        error.reason_code is not SchemaErrorReason.DATAFRAME_CHECK
        or name not in by_name
        or verdict is None
    ):
        reason = getattr(error.reason_code, "name", "unknown")
        raise ContractError(f"the check {name} could not run: {reason}") from error
    return Broken(by_name[name], verdict["check_output"])
