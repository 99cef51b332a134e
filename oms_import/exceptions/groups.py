"""Exceptions of one cause as one group, and which group to take first.

A fingerprint names what many orders have in common: `v1|code|channel|field|cause`. The cause is the
value itself where one mapping mends all orders that have it (an unknown SKU), else only its shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import md5

import polars as pl

from oms_import.exceptions.owners import OwnerRule, owners
from oms_import.model.reasons import reasons

VERSION = "v1"

_BY_VALUE = ("SKU_", "UOM_", "ITEM_", "PARTNER_", "CURRENCY_", "COUNTRY_", "REGION_", "PROFILE_")
"""Codes whose cause is the offending value: it is mended once for all orders."""

_ONCE, _EACH = 5.0, 2.0
"""Minutes: to mend one mapping, and to look at one order."""

_AGED = 3.0
"""Days after which waiting doubles the rank: what is worth little must not wait for ever."""

OPEN = pl.Schema(
    {
        "id": pl.String,
        "run_id": pl.String,
        "since": pl.Datetime("us"),  # when its run began, UTC
        "channel": pl.String,
        "account": pl.String,
        "order_number": pl.String,
        "outcome": pl.String,
        "codes": pl.String,  # separated by blanks, gravest first
        "currency": pl.String,
        "value": pl.Decimal(18, 4),
        "drop": pl.String,
        "line": pl.Int64,
        "field": pl.String,  # of the first code's finding
        "found": pl.String,  # its value
        "status": pl.String,
        "assigned": pl.String,
    }
)
"""One row an exception, as history.queue.waiting gives them."""


def fingerprinted(found: pl.DataFrame, rules: Sequence[OwnerRule] = ()) -> pl.DataFrame:
    """OPEN with `code`, `cause`, `fingerprint`, `group` (G- and ten hex digits) and `owner`."""
    code = pl.col("codes").fill_null("").str.split(" ").list.first()
    known = reasons()
    roles = {name: reason.owner for name, reason in known.items()}
    named = found.with_columns(
        code.alias("code"),
        code.replace_strict(roles, default="integration", return_dtype=pl.String).alias("role"),
    )
    cause = (
        pl.when(_by_value(pl.col("found")))
        .then("found")
        .otherwise(_shape(pl.col("found")))
        .fill_null("")
    )
    parts = (pl.lit(VERSION), "code", "channel", pl.col("field").fill_null(""), cause)
    marked = named.with_columns(
        cause.alias("cause"), pl.concat_str(*parts, separator="|").alias("fingerprint")
    )
    return owners(_grouped(marked), rules)


def _grouped(marked: pl.DataFrame) -> pl.DataFrame:
    """Names of groups, worked out once for each fingerprint."""
    names = {one: _name(one) for one in marked["fingerprint"].unique().to_list()}
    group = pl.col("fingerprint").replace_strict(names, return_dtype=pl.String).alias("group")
    return marked.with_columns(group)


def _by_value(value: pl.Expr) -> pl.Expr:
    """Whether one mapping of this value mends all orders that have it."""
    named = pl.any_horizontal(pl.col("code").str.starts_with(one) for one in _BY_VALUE)
    return named & (value.fill_null("").str.strip_chars() != "")


def _name(fingerprint: str) -> str:
    return f"G-{md5(fingerprint.encode(), usedforsecurity=False).hexdigest()[:10]}"


def _shape(text: pl.Expr) -> pl.Expr:
    """Digits as 9, letters as A, repeated ones once: `12,50 EUR` is `9,9 A`."""
    digits = text.str.slice(0, 40).str.replace_all(r"\d+", "9")
    return digits.str.replace_all(r"\p{L}+", "A")


def grouped(found: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """One row a group, the most urgent first.

    Rank: value * (1 + days waited / 3) / minutes of work. A cause that one mapping mends takes five
    minutes however many orders have it, any other two minutes an order. Values of several
    currencies are added up as they stand: the rank compares, it is no amount.

    Args:
        found: what `fingerprinted` gives.
        now: the moment ages are counted to; aware.

    Returns:
        group, code, channel, field, cause, owner, count, value (by currency, as text), oldest,
        rank, examples (order numbers), runs.
    """
    moment = pl.lit(now.astimezone(UTC).replace(tzinfo=None))
    days = (moment - pl.col("oldest")).dt.total_seconds() / 86_400
    minutes = pl.when(_by_value(pl.col("cause"))).then(_ONCE).otherwise(_EACH * pl.col("count"))
    worth = pl.max_horizontal(pl.col("worth"), pl.col("count").cast(pl.Float64))
    rows = found.group_by("group", maintain_order=True).agg(
        pl.col("code", "channel", "field", "cause", "owner").first(),
        pl.len().alias("count"),
        pl.col("value").cast(pl.Float64).sum().alias("worth"),
        pl.col("since").min().alias("oldest"),
        pl.col("order_number").drop_nulls().head(3).alias("examples"),
        pl.col("run_id").n_unique().alias("runs"),
    )
    values = _values(found)
    ranked = rows.with_columns(
        (worth * (1 + days / _AGED) / minutes).cast(pl.Decimal(18, 2)).alias("rank")
    )
    joined = ranked.join(values, on="group", how="left", maintain_order="left")
    return joined.drop("worth").sort("rank", "group", descending=[True, False])


def _values(found: pl.DataFrame) -> pl.DataFrame:
    """The value at risk by currency: `EUR 120.0000, USD 3.5000`."""
    sums = (
        found.filter(pl.col("value").is_not_null())
        .group_by("group", "currency")
        .agg(pl.col("value").sum())
        .sort("group", "currency")
    )
    text = pl.concat_str(
        pl.col("currency").fill_null(""), pl.col("value").cast(pl.String), separator=" "
    )
    return sums.group_by("group").agg(text.str.strip_chars().str.join(", ").alias("value"))
