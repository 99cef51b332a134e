"""md5 of text columns in bulk: the same hash in every process, machine and version."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from oms_import.model.engine import engine


def md5(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The frame with the text column's values replaced by their md5 as 32 hex digits; null stays.

    Rows keep their order.
    """
    texts = pa.table({"text": frame.get_column(column).to_arrow()})
    with engine() as cursor:
        cursor.register("texts", texts)
        hashed = cursor.sql("SELECT md5(text) AS text FROM texts").to_arrow_table()
    found = pl.Series(column, hashed.column("text").combine_chunks(), dtype=pl.String)
    return frame.with_columns(found)
