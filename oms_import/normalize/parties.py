"""Parties of an order, and of single lines where they go to different places."""

from __future__ import annotations

import polars as pl

from oms_import.model import tables
from oms_import.model.finding import FINDINGS
from oms_import.normalize.faults import field_faults, shaped
from oms_import.normalize.fields import Field, computed
from oms_import.normalize.firsts import counted, with_missing
from oms_import.normalize.plan import Plan

_ADDRESS = (
    "name",
    "company",
    "line1",
    "line2",
    "line3",
    "city",
    "region",
    "postal_code",
    "external_id",
    "gln",
    "email",
    "phone",
)
_LEAD = ("_order", "_drop", "_record", "_line")


def order_parties(once: pl.DataFrame, plan: Plan) -> tuple[pl.DataFrame, pl.DataFrame]:
    """parties (plus `_order`) of whole orders, numbered by role, and findings."""
    made: list[pl.DataFrame] = []
    faults: list[pl.DataFrame] = [shaped([])]
    for role, fields in plan.parties:
        if any(one.columns for one in fields):
            party, wrong = _of_role(once, role, fields, _LEAD)
            faults.append(wrong)
            party = _located(party, plan.profile.defaults.country)
            made.append(party.select("_order", *(c for c in tables.PARTIES if c in party.columns)))
    if not made:
        return pl.DataFrame(schema={"_order": pl.Int64, **tables.PARTIES}), pl.concat(faults)
    both = pl.concat(made).sort("_order", maintain_order=True)
    return both.with_columns(counted().alias("party_no")), pl.concat(faults)


def with_line_parties(
    lines: pl.DataFrame, parties: pl.DataFrame, source: pl.DataFrame, plan: Plan
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Add the parties of single lines: each different one once an order, after the order's own.

    Args:
        lines: canonical lines.
        parties: the orders' own.
        source: source rows of the lines, in the same order.
        plan: what to compute.

    Returns:
        lines with ship_to_party_no, all parties, findings.
    """
    faults = [pl.DataFrame(schema=FINDINGS)]
    for role, fields in plan.line_parties:
        if not any(one.columns for one in fields):
            continue
        party, wrong = _of_role(source, role, fields, (*_LEAD, "line_no"))
        faults.append(wrong)
        party = _located(party, plan.profile.defaults.country)
        parties, numbered = _added(parties, party)
        if role == "ship_to":
            own = numbered.select("_order", "line_no", "party_no")
            lines = (
                lines.join(own, on=["_order", "line_no"], how="left", maintain_order="left")
                .with_columns(pl.coalesce("party_no", "ship_to_party_no").alias("ship_to_party_no"))
                .drop("party_no")
            )
    return lines, parties, pl.concat(faults)


def _of_role(
    rows: pl.DataFrame, role: str, fields: tuple[Field, ...], keep: tuple[str, ...]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows' parties of one role, those without any value left out, and findings."""
    party = computed(rows, fields, keep)
    wrong = field_faults(party, fields, f"{role}.")
    party = with_missing(party, tables.PARTIES)
    filled = pl.any_horizontal(pl.col(name).is_not_null() for name in _ADDRESS)
    return party.filter(filled).with_columns(pl.lit(role).alias("role")), wrong


def _located(party: pl.DataFrame, country: str | None) -> pl.DataFrame:
    """With the profile's country where an address names none."""
    if not country:
        return party
    located = pl.col("line1").is_not_null() & pl.col("country_raw").is_null()
    return party.with_columns(
        pl.when(located).then(pl.lit(country)).otherwise("country").alias("country")
    )


def _added(parties: pl.DataFrame, found: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Parties with the different ones of `found` behind each order's; `found` with its numbers."""
    told = [c for c in tables.PARTIES if c in found.columns and c != "party_no"]
    each = found.select("_order", *told).unique(maintain_order=True)
    before = parties.group_by("_order").agg(pl.len().cast(pl.Int64).alias("_before"))
    each = (
        each.sort("_order", maintain_order=True)
        .join(before, on="_order", how="left", maintain_order="left")
        .with_columns((counted() + pl.col("_before").fill_null(0)).alias("party_no"))
        .drop("_before")
    )
    numbered = found.drop("party_no", strict=False).join(
        each, on=["_order", *told], how="left", nulls_equal=True, maintain_order="left"
    )
    wanted = [c for c in parties.columns if c in each.columns]
    missing = [c for c in parties.columns if c not in wanted]
    shaped_each = each.select(*wanted).with_columns(
        pl.lit(None, dtype=parties.schema[c]).alias(c) for c in missing
    )
    both = pl.concat([parties, shaped_each.select(parties.columns)])
    return both.sort("_order", maintain_order=True), numbered
