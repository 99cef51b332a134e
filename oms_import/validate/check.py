"""Validate a batch: every finding of every order and field, graded by the channel's policy."""

from __future__ import annotations

import polars as pl

from oms_import.model import tables
from oms_import.model.codes import Code
from oms_import.model.finding import FINDINGS, Severity
from oms_import.model.values import OrderBatch
from oms_import.validate.policy import Policy, severity_table
from oms_import.validate.rules import LINES, ORDERS, Rule, segment_key, types_of
from oms_import.validate.values import as_text

_ABSENT = (
    Code.ORDER_NUMBER_MISSING,
    Code.ORDER_DATE_MISSING,
    Code.CURRENCY_MISSING,
    Code.SKU_MISSING,
    Code.QTY_MISSING,
    Code.PRICE_MISSING,
    Code.FIELD_REQUIRED,
    Code.ADDRESS_INCOMPLETE,
)
"""Codes that say that a value is not there."""

_SUMMED = (
    *(f"line.{name}" for name in ("qty_ordered", "unit_price", "line_amount")),
    *(f"line.{name}" for name in ("discount_amount", "tax_amount")),
    "charge.amount",
    "tax.amount",
)
"""Fields of which the computed total is made."""

_ROWS = (Code.ROW_SHORT, Code.ROW_LONG, Code.QUOTE_UNBALANCED, Code.FILE_TRUNCATED, Code.JSON_CELL)
"""Codes that say that a row or its cell was not read as it was meant."""


def validate(batch: OrderBatch, policy: Policy) -> pl.DataFrame:
    """Findings of the batch (FINDINGS), by order and record: normalize's, and those of the rules.

    All are graded by the policy; findings of severity `off` are left out. An absence is not told
    beside an error of the same field: the value is there, but could not be read; nor that the total
    is another than the sum of amounts of which one could not be read. Half an order, which waits
    for its companion file, is not judged at all.

    Raises:
        ContractError: a table is not of the contract's types; our bug, not the data's.
    """
    _hold_types(batch)
    orders = batch.tables[ORDERS]
    told = _graded(batch.findings, orders, policy)
    found = [_without_lines(batch, told)]
    found += _checked(_orders(batch, policy.of(ORDERS)), policy.of(ORDERS))
    found += _checked(_lines(batch, policy.of(LINES)), policy.of(LINES))
    for role in policy.roles:
        found += _checked(_parties(batch, role, policy.of(role)), policy.of(role))
    own = _graded(_placed(pl.concat(found), batch), orders, policy)
    own = _without_unsummed(_without_explained(own, told), told)
    own = own.join(_waiting(told), on="_order", how="anti", maintain_order="left")
    own = _without_orders_rules(own)
    return pl.concat([told, own]).sort("_order", "record", maintain_order=True)


def _checked(data: pl.DataFrame, rules: tuple[Rule, ...]) -> list[pl.DataFrame]:
    """Findings of the rules of one frame: one validation for all of them."""
    # Pandera takes half a second to import and warm up: a run without new drops never needs it.
    from oms_import.validate.contract import broken  # noqa: PLC0415
    from oms_import.validate.suspects import suspects  # noqa: PLC0415

    rows, failed = suspects(data, rules)
    return [_findings(one.rule, rows, ~one.verdict) for one in broken(rows, failed)]


def _hold_types(batch: OrderBatch) -> None:
    from oms_import.validate.contract import hold_types  # noqa: PLC0415

    for name in tables.TABLES:
        hold_types(batch.tables[name], name)


def _orders(batch: OrderBatch, rules: tuple[Rule, ...]) -> pl.DataFrame:
    """The orders, with the fields of their parties (`buyer.email`) that rules weigh up."""
    orders, parties = batch.tables[ORDERS], batch.tables["parties"]
    read = sorted({name for rule in rules for name in rule.columns if "." in name})
    if not read:
        return orders
    beside = parties.group_by("_order").agg(
        pl.col(column).filter(pl.col("role") == role).drop_nulls().first().alias(f"{role}.{column}")
        for role, column in (name.split(".", 1) for name in read)
    )
    return orders.join(beside, on="_order", how="left", maintain_order="left")


def _lines(batch: OrderBatch, rules: tuple[Rule, ...]) -> pl.DataFrame:
    """The lines, with their order's segment where a rule asks for it."""
    lines = batch.tables[LINES]
    if any("segment" in rule.columns for rule in rules):
        return _beside(lines, batch.tables[ORDERS], "segment")
    return lines


def _parties(batch: OrderBatch, role: str, rules: tuple[Rule, ...]) -> pl.DataFrame:
    """Each order with its parties of one role; an order without one has a row of nulls."""
    read = set[str]().union(*(rule.columns for rule in rules))
    columns = sorted(read & set(tables.PARTIES))
    mine = batch.tables["parties"].filter(pl.col("role") == role).select("_order", *columns)
    lead = [name for name in ("_order", "record_no", "segment") if name not in columns]
    orders = batch.tables[ORDERS].select(lead)
    return orders.join(mine, on="_order", how="left", maintain_order="left")


def _beside(data: pl.DataFrame, orders: pl.DataFrame, column: str) -> pl.DataFrame:
    """The rows with a column of their order."""
    return data.join(
        orders.select("_order", column), on="_order", how="left", maintain_order="left"
    )


def _findings(rule: Rule, data: pl.DataFrame, failed: pl.Series) -> pl.DataFrame:
    """One finding for each failed row; drop and physical line are filled in later."""
    nothing = pl.lit(None, dtype=pl.String)
    quoted = (
        nothing if rule.value is None else as_text(rule.value, types_of(rule.frame)[rule.value])
    )
    keep = ({"_order", "record_no"} | rule.columns) & set(data.columns)
    # Only the columns that are told are copied: with many bad rows the others would cost most.
    return (
        data.select(keep)
        .filter(failed)
        .select(
            pl.lit(None, dtype=pl.UInt32).alias("_drop"),
            "_order",
            pl.col("record_no").alias("record"),
            pl.lit(None, dtype=pl.Int64).alias("line"),
            pl.lit(str(rule.code)).alias("code"),
            nothing.alias("severity"),
            pl.lit(rule.field).alias("field"),
            quoted.alias("value"),
            (nothing if rule.detail is None else rule.detail).alias("detail"),
        )
    )


def _without_lines(batch: OrderBatch, told: pl.DataFrame) -> pl.DataFrame:
    """Orders without a line have no row to check: told here, unless their companion is awaited."""
    bare = batch.tables[ORDERS].select("_order", "record_no")
    for present in (batch.tables[LINES].select("_order"), _waiting(told)):
        bare = bare.join(present, on="_order", how="anti", maintain_order="left")
    rule = Rule(ORDERS, Code.ORDER_NO_LINES, "lines", pl.lit(value=False))
    return _findings(rule, bare, pl.repeat(True, bare.height, dtype=pl.Boolean, eager=True))


def _without_orders_rules(own: pl.DataFrame) -> pl.DataFrame:
    """A change or a cancellation needs no lines, quantities or addresses: a person looks at it."""
    kept_back = pl.col("severity") == Severity.HOLD
    other = own.filter((pl.col("code") == Code.PURPOSE_NOT_NEW) & kept_back).select("_order")
    if other.is_empty():
        return own
    theirs = pl.col("_order").is_in(other["_order"].implode())
    missing = pl.col("code") != Code.ORDER_NUMBER_MISSING
    quiet = theirs & missing & (pl.col("code") != Code.PURPOSE_NOT_NEW)
    return own.filter(~(quiet & (pl.col("severity") == Severity.ERROR)))


def _waiting(told: pl.DataFrame) -> pl.DataFrame:
    """Orders (`_order`) that are held until their companion file comes."""
    kept_back = pl.col("severity").is_in([Severity.HOLD, Severity.ERROR])
    mine = (pl.col("code") == Code.COMPANION_MISSING) & kept_back
    return told.filter(mine).select("_order")


def _placed(findings: pl.DataFrame, batch: OrderBatch) -> pl.DataFrame:
    """Findings with drop and physical line, from the records of their orders."""
    if findings.is_empty():
        return findings
    where = (
        batch.records.join(findings.select("_order").unique(), on="_order", how="semi")
        .unique(["_order", "record"], keep="first", maintain_order=True)
        .select("_order", "record", pl.col("line_from").alias("line"), "_drop")
    )
    return (
        findings.drop("_drop", "line")
        .join(where, on=["_order", "record"], how="left", maintain_order="left")
        .select(list(FINDINGS))
    )


def _graded(findings: pl.DataFrame, orders: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Severities by code: the reason's own, the channel's, the segment's; without what is off."""
    if findings.is_empty():
        return findings
    table = severity_table(policy)
    default = table.filter(pl.col("segment").is_null()).select("code", "severity")
    graded = findings.drop("severity").join(default, on="code", how="left", maintain_order="left")
    if policy.by_segment:
        own = table.rename({"severity": "_own"}).drop_nulls("segment")
        graded = (
            _beside(graded, orders, "segment")
            .with_columns(segment_key())
            .join(
                own.with_columns(segment_key()),
                on=["code", "segment"],
                how="left",
                maintain_order="left",
            )
            .with_columns(pl.coalesce("_own", "severity").alias("severity"))
        )
    return graded.filter(pl.col("severity") != Severity.OFF).select(list(FINDINGS))


def _without_explained(own: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Without absences that an error of the same field explains.

    Only an error explains: were the fault graded down, the absence would still have to be told.
    """
    faults = told.filter(
        (pl.col("severity") == Severity.ERROR) & pl.col("_order").is_not_null()
    ).select(
        "_order",
        "record",
        # A line's price may be given by its amount.
        pl.col("field").replace({"line.line_amount": "line.unit_price"}),
    )
    if faults.is_empty():
        return own
    absent = pl.DataFrame({"code": [str(code) for code in _ABSENT]})
    explained = faults.drop_nulls("field").unique().join(absent, how="cross")
    keys = ["_order", "record", "field", "code"]
    return own.join(explained, on=keys, how="anti", maintain_order="left")


def _without_unsummed(own: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Without TOTAL_MISMATCH of orders of which an amount could not be read: nothing was summed."""
    differs = pl.col("code") == Code.TOTAL_MISMATCH
    amounts = pl.col("field").is_in(_SUMMED) | pl.col("code").is_in([str(code) for code in _ROWS])
    unread = told.filter((pl.col("severity") == Severity.ERROR) & amounts.fill_null(value=False))
    if unread.is_empty() or own.is_empty():
        return own
    return own.filter(~(differs & pl.col("_order").is_in(unread["_order"].unique().implode())))
