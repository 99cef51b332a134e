"""A run's accepted files read again, as receivers want them: nested JSON, or tables in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from oms_import.model.errors import OutputError
from oms_import.model.publishing import MANIFEST
from oms_import.model.tables import TABLES
from oms_import.outputs.accepted import times_as_text

_CHILDREN = {
    "lines": "order_lines",
    "allocations": "line_allocations",
    "charges": "order_charges",
    "taxes": "order_taxes",
    "payments": "payments",
    "parties": "parties",
    "attributes": "order_attributes",
}
"""Keys of an order's JSON, and the tables behind them."""


def accepted_files(folder: Path) -> list[Path]:
    """The files of a published run, manifest last.

    Raises:
        OutputError: the folder is gone or not whole.
    """
    if not (folder / MANIFEST).is_file():
        raise OutputError(
            f"{folder} is not there any more, so its orders cannot be handed on",
            hint="bring it back from a backup; history knows which orders were in it",
            location=str(folder),
        )
    files = sorted(path for path in folder.iterdir() if path.name != MANIFEST)
    return [*files, folder / MANIFEST]


def order_documents(folder: Path, first: int, count: int) -> list[str]:
    """Orders as JSON texts, each with its children; decimals are strings, times ISO 8601.

    Args:
        folder: out/accepted/<run_id>.
        first: place of the first order in orders.csv, from 0.
        count: how many.

    Raises:
        OutputError: the files are gone or cannot be read.
    """
    accepted_files(folder)
    try:
        orders = _table(folder, "orders").slice(first, count).collect()
        local = _of_wall_clock(orders.lazy())
        whole = _plain(orders, local)
        for key, name in _CHILDREN.items():
            whole = _with_children(whole, _rows_of(folder, name, orders, local), key)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise OutputError(
            f"{folder} cannot be read ({type(error).__name__})",
            hint="was a file of it changed? its manifest says what it was",
            location=str(folder),
        ) from None
    return whole.write_ndjson().splitlines()


def table_texts(folder: Path, name: str, rows: int = 100_000) -> Iterator[str]:
    """A table's rows as CSV text without a header, some at a time; columns as in TABLES.

    Raises:
        OutputError: the files are gone.
    """
    accepted_files(folder)
    whole, local = _table(folder, name), _of_wall_clock(_table(folder, "orders"))
    place = 0
    while not (block := whole.slice(place, rows).collect()).is_empty():
        yield _plain(block, local).select(list(TABLES[name])).write_csv(include_header=False)
        place += rows


def _table(folder: Path, name: str) -> pl.LazyFrame:
    """A table with its types; of a CSV file amounts and times stay as they are written."""
    parquet, text = folder / f"{name}.parquet", folder / f"{name}.csv"
    if parquet.is_file():
        return pl.scan_parquet(parquet)
    schema = pl.Schema(TABLES[name])
    if not text.is_file():
        return pl.DataFrame(schema=schema).lazy()
    kinds = {column: kind if _is_plain(kind) else pl.String() for column, kind in schema.items()}
    return pl.scan_csv(text, schema=pl.Schema(kinds))


def _is_plain(kind: pl.DataType) -> bool:
    return kind.is_integer() or kind == pl.Boolean


def _of_wall_clock(orders: pl.LazyFrame) -> pl.Series:
    """Keys of the orders whose times are of no known zone."""
    local = orders.filter(pl.col("ordered_at_precision") == "local").select("order_key")
    return local.collect().to_series()


def _plain(frame: pl.DataFrame, local: pl.Series) -> pl.DataFrame:
    """Decimals and times as text, as the CSV files have them."""
    named = frame.with_columns(pl.col("order_key").alias("_order"))
    decimals = [name for name, kind in frame.schema.items() if kind.is_decimal()]
    texts = times_as_text(named, local).with_columns(pl.col(decimals).cast(pl.String))
    return texts.select(frame.columns)


def _rows_of(folder: Path, name: str, orders: pl.DataFrame, local: pl.Series) -> pl.DataFrame:
    keys = orders.lazy().select("order_key")
    found = _table(folder, name).join(keys, on="order_key", how="semi", maintain_order="left")
    return _plain(found.collect(), local)


def _with_children(orders: pl.DataFrame, rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """A column of lists of objects; an order without such rows has an empty list."""
    each = pl.struct(pl.exclude("order_key")).alias(key)
    lists = rows.select("order_key", each).group_by("order_key", maintain_order=True).agg(key)
    joined = orders.join(lists, on="order_key", how="left", maintain_order="left")
    return joined.with_columns(pl.col(key).fill_null(pl.lit([], dtype=lists.schema[key])))
