"""Claims: the one row of each order that dedupe and history need."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from oms_import.dedupe.content import content_texts, fingerprint_texts
from oms_import.dedupe.encode import ORDER, aligned
from oms_import.dedupe.hashing import md5
from oms_import.dedupe.keys import key_text
from oms_import.model.tables import CLAIMS
from oms_import.profiles.model import Duplicates


def build_claims(
    tables: Mapping[str, pl.DataFrame],
    duplicates: Duplicates,
    firsts: pl.DataFrame,
    outcomes: pl.DataFrame,
) -> pl.DataFrame:
    """One claim an order of the batch, sorted as `orders` is.

    Args:
        tables: canonical frames (model.tables) with `_order`, sorted by it.
        duplicates: the profile's key, what it compares, and its near-duplicate rule.
        firsts: `_order`, `_drop`, `record`, `line`, `interchange`: where each order begins.
        outcomes: `_order`, `outcome`, `codes`: what validation said.

    Returns:
        A frame of model.tables.CLAIMS.
    """
    orders = tables["orders"]
    claims = orders.select(
        ORDER,
        "channel",
        pl.col("channel_account").alias("account"),
        "order_key",
        key_text(duplicates.key).alias("key"),
        "order_number",
        "ordered_at",
        "currency",
        pl.coalesce("stated_total", "computed_total").alias("value"),
        pl.col("line_count").alias("lines"),
    )
    claims = aligned(claims, [firsts, outcomes, _hashes(tables, duplicates)])
    return claims.select(pl.col(name).cast(dtype) for name, dtype in CLAIMS.items())


def _hashes(tables: Mapping[str, pl.DataFrame], duplicates: Duplicates) -> pl.DataFrame:
    """`_order`, `content`, `fingerprint` (null where near-duplicates are of no interest)."""
    texts = content_texts(tables, frozenset(duplicates.ignore))
    content = md5(texts, "content_text").rename({"content_text": "content"})
    if duplicates.near.action == "off":
        return content.with_columns(pl.lit(None, dtype=pl.String).alias("fingerprint"))
    marks = md5(fingerprint_texts(tables), "fingerprint_text")
    return aligned(content, [marks.rename({"fingerprint_text": "fingerprint"})])
