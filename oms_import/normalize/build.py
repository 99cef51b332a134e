"""Rows of whole orders to the canonical tables, in bulk."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from oms_import.model import tables
from oms_import.model.codes import Code
from oms_import.model.values import POINTER, OrderBatch
from oms_import.normalize.amounts import allocation_rows, charge_rows, payment_rows, tax_rows
from oms_import.normalize.attributes import attributes, line_attributes
from oms_import.normalize.columns import Columns
from oms_import.normalize.control import balanced
from oms_import.normalize.faults import cards_removed, field_faults, found, shaped
from oms_import.normalize.fields import computed
from oms_import.normalize.firsts import counted, differing, first_filled, is_start, with_missing
from oms_import.normalize.lines import line_rows, without_summaries
from oms_import.normalize.parties import order_parties, with_line_parties
from oms_import.normalize.plan import Plan
from oms_import.normalize.text import confusable, order_number_norm
from oms_import.normalize.totals import priced, totalled


@dataclass(frozen=True, slots=True)
class Parts:
    """Intermediate frames of one batch, all sorted by `_order`."""

    rows: pl.DataFrame  # source rows
    once: pl.DataFrame  # one row an order: its order-level source values
    lines: pl.DataFrame  # source rows that are lines, with `line_no`


def normalize(rows: pl.DataFrame, plan: Plan, drops: pl.DataFrame, number: int) -> OrderBatch:
    """Make one batch of canonical orders.

    Args:
        rows: source columns (String), housekeeping, `_drop`, `_order`; sorted by `_order`.
        plan: the profile compiled for these columns.
        drops: `_drop` → `drop_id` of the run's drops.
        number: the batch's number in the run.
    """
    parts = _parts(rows, plan)
    orders, order_faults = _orders(parts, plan, drops)
    lines, line_faults = _lines(parts, plan)
    parties, party_faults = order_parties(parts.once, plan)
    charges, charge_faults = charge_rows(parts.once, parts.rows, parts.lines, plan.charges)
    taxes, tax_faults = tax_rows(
        parts.once, parts.rows, parts.lines, plan.taxes, plan.profile.defaults
    )
    payments, payment_faults = payment_rows(parts.once, plan.payments)
    allocations, split_faults = allocation_rows(parts.lines, plan.allocations)
    lines, parties, more_faults = with_line_parties(lines, parties, parts.lines, plan)
    orders = totalled(orders, lines, charges, taxes, plan.profile.rules.total_tolerance)
    orders = _status_of_lines(orders, lines)
    first_lines = _first_lines(parts)
    kept, in_cells = attributes(first_lines, plan.unmapped), line_attributes(parts.lines)
    if in_cells.height:
        kept = pl.concat([kept, in_cells]).sort("_order", "line_no", maintain_order=True)
    extra, cards = cards_removed(kept, parts.once)
    payments, paid_cards = cards_removed(payments, parts.once, "reference")
    orders, noted = cards_removed(orders, parts.once, "buyer_note")
    orders, greeted = cards_removed(orders, parts.once, "gift_message")
    lines, engraved = cards_removed(lines, parts.once, "personalization")
    frames = {
        "orders": orders,
        "order_lines": lines,
        "line_allocations": allocations,
        "order_charges": charges,
        "order_taxes": taxes,
        "payments": payments,
        "parties": parties,
        "order_attributes": extra,
    }
    findings = [order_faults, line_faults, party_faults, charge_faults, tax_faults, payment_faults]
    findings += [
        cards,
        paid_cards,
        noted,
        greeted,
        engraved,
        _row_faults(parts),
        _disagreements(parts, plan),
        split_faults,
        more_faults,
        balanced(parts.once, plan.control, orders, lines),
    ]
    findings += [_without_lines(parts, plan), _confusables(orders, lines)]
    return OrderBatch(
        number=number,
        channel=plan.profile.name,
        tables=_contract(frames, parts.once, drops, plan),
        records=_records(parts.rows),
        source=parts.rows.drop("_row"),
        findings=shaped(findings),
    )


def _parts(rows: pl.DataFrame, plan: Plan) -> Parts:
    rows = rows.with_row_index("_row")
    once = first_filled(rows, plan.order_columns)
    lead = rows.select("_drop", "_record", "_line", is_start().alias("_start"))
    once = once.with_columns(lead.filter("_start").drop("_start"))
    if not plan.has_lines:
        return Parts(
            rows, once, rows.clear().with_columns(pl.lit(0, dtype=pl.Int64).alias("line_no"))
        )
    lines = line_rows(rows, plan.profile.lines, plan.line_keys)
    lines = without_summaries(_filled_lines(lines, plan), plan.profile.rows.summary)
    return Parts(rows, once, lines.with_columns(counted().alias("line_no")))


def _filled_lines(lines: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Rows with something in a line column, and broken rows; a row without is no line."""
    read = Columns.of(lines.columns).present([c for f in plan.line for c in f.columns])
    if plan.profile.lines.in_ != "rows" or not read:
        return lines
    filled = pl.any_horizontal(pl.col(name).is_not_null() for name in read)
    return lines.filter(filled | pl.col("_fault").is_not_null())


def _orders(parts: Parts, plan: Plan, drops: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    profile = plan.profile
    given = computed(parts.once, plan.order, ("_order", "_drop", "_record", "_line"))
    faults = field_faults(given, plan.order, "")
    fallback = {
        "purpose": "new",
        "order_type": profile.defaults.order_type,
        "status": "open",
        "fulfilled_by": profile.defaults.fulfilled_by,
        "currency": profile.defaults.currency,
        "price_basis": profile.defaults.price_basis,
        "segment": profile.defaults.segment,
    }
    orders = with_missing(given, tables.ORDERS).with_columns(
        pl.col(name).fill_null(pl.lit(value)) for name, value in fallback.items() if value
    )
    if "status" in profile.order and "source_status" not in profile.order:
        said = "status=" if "status=" in given.columns else "status"
        orders = orders.with_columns(pl.col(said).alias("source_status"))
    orders = orders.with_columns(
        pl.lit(profile.name).alias("channel"),
        pl.col("channel_account").fill_null(profile.account),
        order_number_norm(pl.col("order_number")).alias("order_number_norm"),
        pl.lit(1, dtype=pl.Int64).alias("revision"),
    )
    orders = orders.with_columns(_order_key(profile.duplicates.key, drops).alias("order_key"))
    return orders, pl.concat([faults, _folds(given)])


def _order_key(key: tuple[str, ...], drops: pl.DataFrame) -> pl.Expr:
    """channel/account/key: as many parts as the profile says tell two orders apart.

    An order without any is named by where it stands.
    """
    parts = [pl.col(name).cast(pl.String) for name in key]
    named = pl.concat_str(parts, separator="/", ignore_nulls=True)
    ids = {int(index): drop_id[:12] for index, drop_id in drops.iter_rows()}
    drop = pl.col("_drop").replace_strict(ids, return_dtype=pl.String)
    unnamed = pl.concat_str(pl.lit("?"), drop, pl.lit(":"), pl.col("_record"))
    known = pl.any_horizontal(part.is_not_null() for part in parts)
    own = pl.when(known).then(named).otherwise(unnamed)
    return pl.concat_str("channel", "channel_account", own, separator="/")


def _folds(given: pl.DataFrame) -> pl.DataFrame:
    if "ordered_at_fold" not in given.columns:
        return shaped([])
    hit = given.filter(pl.col("ordered_at_fold").fill_null(value=False))
    return found(hit, Code.DATE_LOCAL_FOLD, "ordered_at", pl.col("ordered_at_raw"))


def _lines(parts: Parts, plan: Plan) -> tuple[pl.DataFrame, pl.DataFrame]:
    lines = computed(parts.lines, plan.line, ("_order", "_drop", "_record", "_line", "line_no"))
    faults = field_faults(lines, plan.line, "line.")
    lines = with_missing(lines, tables.ORDER_LINES)
    uom = pl.col("uom").fill_null(plan.profile.defaults.uom)
    pack = pl.col("pack_size").fill_null(1)
    lines = priced(lines).with_columns(
        uom.alias("uom"),
        pl.col("sku").alias("sku_raw"),
        (pl.col("qty_ordered") * pack).cast(tables.MONEY, strict=False).alias("qty_each"),
        pl.col("qty_cancelled").fill_null(0),
        pl.col("line_type").fill_null("item"),
        pl.col("line_status").fill_null("open"),
    )
    return lines, faults


def _status_of_lines(orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """An open order of which nothing is left to ship is no longer open.

    Where the source has a status a line, all of them cancelled is a cancelled order; cancelled or
    closed is a closed one. Changes of orders are events of their own and keep theirs.
    """
    status = pl.col("line_status")
    if lines.select(status.is_in(["cancelled", "closed"]).any()).item() is not True:
        return orders
    over = lines.group_by("_order").agg(
        (status == "cancelled").all().alias("_cancelled"),
        status.is_in(["cancelled", "closed"]).all().alias("_closed"),
    )
    still = (pl.col("status") == "open") & (pl.col("purpose") == "new")
    return (
        orders.join(over, on="_order", how="left", maintain_order="left")
        .with_columns(
            pl.when(still & pl.col("_cancelled"))
            .then(pl.lit("cancelled"))
            .when(still & pl.col("_closed"))
            .then(pl.lit("closed"))
            .otherwise("status")
            .alias("status")
        )
        .drop("_cancelled", "_closed")
    )


def _first_lines(parts: Parts) -> pl.DataFrame:
    """Source rows with `_line_no`: the first line made of the row, null where it made none."""
    if parts.lines.height == parts.rows.height and "line_no" in parts.lines.columns:
        return parts.rows.with_columns(parts.lines["line_no"].alias("_line_no"))
    firsts = parts.lines.group_by("_row", maintain_order=True).agg(
        pl.col("line_no").first().alias("_line_no")
    )
    return parts.rows.join(firsts, on="_row", how="left", maintain_order="left")


def _row_faults(parts: Parts) -> pl.DataFrame:
    """What is wrong with single rows or their cells, rather than with a value."""
    need = ("_drop", "_order", "_record", "_line", "_fault", "_fault_value")
    broken = [
        frame.filter(pl.col("_fault").is_not_null()).select(need)
        for frame in (parts.rows, parts.lines)
    ]
    # A fault of a document stands on each of its rows and is told once.
    by = ["_drop", "_order", "_fault"] if POINTER in parts.rows.columns else ["_drop", "_record"]
    hit = pl.concat(broken).unique(by, keep="first", maintain_order=True)
    return found(hit, pl.col("_fault"), None, None, pl.col("_fault_value"))


def _disagreements(parts: Parts, plan: Plan) -> pl.DataFrame:
    if parts.once.height == parts.rows.height:
        return shaped([])
    differ = differing(parts.rows, plan.agreed_columns)
    differ = differ.join(parts.once.select("_order", "_drop"), on="_order", how="left")
    return found(differ, Code.ORDER_VALUES_DIFFER, pl.col("column"), pl.col("value"))


def _without_lines(parts: Parts, plan: Plan) -> pl.DataFrame:
    """Orders of a drop that has no line columns at all wait for their companion."""
    if plan.has_lines:
        return shaped([])
    return found(parts.once, Code.COMPANION_MISSING, None, None)


def _confusables(orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    hits = [
        found(frame.filter(confusable(pl.col(name))), Code.TXT_CONFUSABLE, label, pl.col(name))
        for frame, name, label in (
            (orders, "order_number", "order_number"),
            (lines, "sku", "line.sku"),
        )
    ]
    return pl.concat(hits)


def _records(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.col("_drop").cast(pl.UInt32),
        "_order",
        pl.col("_record").alias("record"),
        pl.col("_line").alias("line_from"),
        pl.col("_line_to").alias("line_to"),
        pl.col("_byte_from").alias("byte_from"),
        pl.col("_byte_to").alias("byte_to"),
        (pl.col(POINTER) if POINTER in rows.columns else pl.lit(None, dtype=pl.String)).alias(
            "pointer"
        ),
    )


def _contract(
    frames: dict[str, pl.DataFrame], once: pl.DataFrame, drops: pl.DataFrame, plan: Plan
) -> dict[str, pl.DataFrame]:
    """Every table with exactly its columns and types, `_order` first."""
    label = f"{plan.profile.name}@{plan.profile.version}"
    about = (
        once.select("_order", "_drop", pl.col("_record").alias("record_no"))
        .join(drops, on="_drop", how="left", maintain_order="left")
        .with_columns(frames["orders"]["order_key"], pl.lit(label).alias("profile_version"))
        .select("order_key", "drop_id", "record_no", "profile_version")
    )
    first = int(once["_order"][0])
    made: dict[str, pl.DataFrame] = {}
    for name, schema in tables.TABLES.items():
        frame = frames[name]
        theirs = about if name == "orders" else about[frame["_order"] - first]
        if name == "order_lines":
            theirs = theirs.with_columns(frame["_record"].alias("record_no"))
        frame = with_missing(frame.with_columns(theirs), schema)
        keep = ["_order", "_drop"] if name == "orders" else ["_order"]
        made[name] = frame.select(*keep, *(pl.col(c).cast(t) for c, t in schema.items()))
    return made
