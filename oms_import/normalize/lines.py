"""Where an order's lines stand: one a row, several columns of a row, or a JSON cell.

Each function takes the rows of whole orders (`_order`, `_row`) and returns line rows: the same
columns, and for lines in columns or cells also the keys found there, as columns of String, and
what no rule reads of them in one column of lists (LEFT).
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.engine import engine
from oms_import.normalize.columns import Columns, folded, text
from oms_import.profiles.model import LineSource, RowMatch

LEFT = "_left"
"""The column of lines that holds what no rule reads of their cells: lists of `name`, `value`."""

_OWN = "_own "  # begins the name of a row's column while a key has its name
_KEY = r"^\s*[A-Za-z_][A-Za-z0-9_ ]{0,40}$"


def line_columns(source: LineSource, columns: Columns) -> tuple[str, ...]:
    """The columns that hold lines, where lines do not stand one a row."""
    if source.in_ == "columns" and source.columns:
        pattern = folded(source.columns)
        return tuple(name for name in columns.names if fnmatchcase(folded(name), pattern))
    if source.in_ == "json" and source.column:
        return columns.present((source.column,))
    return ()


def line_rows(rows: pl.DataFrame, source: LineSource, wanted: tuple[str, ...]) -> pl.DataFrame:
    """Line rows in order of row and column; `wanted` are the keys that line rules name."""
    columns = Columns.of(rows.columns)
    holders = line_columns(source, columns)
    if source.in_ == "rows":
        return rows
    if source.in_ == "columns":
        return _from_pairs(rows, holders, source, wanted)
    return _from_json(rows, holders, wanted, left=True)


def _cells(rows: pl.DataFrame, holders: tuple[str, ...]) -> pl.DataFrame:
    """One row a filled cell: `_row`, `_cell` (running number), `_text`."""
    cells = [
        rows.select("_row", pl.lit(i, dtype=pl.Int64).alias("_at"), text(name).alias("_text"))
        for i, name in enumerate(holders)
    ]
    filled = pl.concat(cells).filter(pl.col("_text").is_not_null()).sort("_row", "_at")
    return filled.drop("_at").with_row_index("_cell")


def _from_pairs(
    rows: pl.DataFrame, holders: tuple[str, ...], source: LineSource, wanted: tuple[str, ...]
) -> pl.DataFrame:
    """Cells like `name:Shoe|sku:A12|quantity:1`. A piece without a key continues the one before."""
    if not holders:
        return rows.clear()
    cells = _cells(rows, holders)
    pieces = cells.with_columns(pl.col("_text").str.split(source.pairs)).explode("_text")
    head = pl.col("_text").str.splitn(source.key_value, 2)
    pieces = pieces.with_columns(
        head.struct.field("field_0").alias("_name"), head.struct.field("field_1").alias("_value")
    )
    is_key = (pl.col("_name").str.contains(_KEY) & pl.col("_value").is_not_null()).fill_null(
        value=False
    )
    begins = is_key | (pl.col("_cell") != pl.col("_cell").shift(1)).fill_null(value=True)
    pieces = pieces.with_columns(
        begins.cast(pl.Int64).cum_sum().alias("_pair"), is_key.alias("_is")
    )
    pairs = pieces.group_by("_pair", maintain_order=True).agg(
        pl.col("_cell").first(),
        pl.when(pl.col("_is").first())
        .then(pl.col("_name").str.strip_chars().first())
        .otherwise(pl.lit("text"))
        .alias("name"),
        pl.when(pl.col("_is"))
        .then("_value")
        .otherwise("_text")
        .str.join(source.pairs)
        .alias("value"),
    )
    return _onto(rows, cells, *_sorted_out(pairs.with_columns(text("value")), wanted))


def _sorted_out(pairs: pl.DataFrame, wanted: tuple[str, ...]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row a cell with a column a wanted key, and the pairs that are left over.

    A key is found whatever its case; where a cell has it twice the first counts.
    """
    asked = {folded(key): key for key in reversed(wanted)}
    names = pairs["name"].unique().to_list()
    meant = {name: key for name in names if (key := asked.get(folded(name))) is not None}
    key = pl.col("name").replace_strict(meant, default=None, return_dtype=pl.String)
    pairs = pairs.filter(pl.col("value").is_not_null()).with_columns(key.alias("_key"))
    first = pl.col("_key").is_not_null() & pl.struct("_cell", "_key").is_first_distinct()
    table = pairs.filter(first).pivot(
        on="_key",
        on_columns=list(wanted),
        index="_cell",
        values="value",
        aggregate_function="first",
    )
    return table, pairs.filter(~first).select("_cell", "name", "value")


def _from_json(
    rows: pl.DataFrame, holders: tuple[str, ...], wanted: tuple[str, ...], *, left: bool = False
) -> pl.DataFrame:
    """Cells with an object or an array of objects; numbers are kept as the text they are.

    With `left` what else the cells hold is there too, in LEFT.
    """
    if not holders:
        return rows.clear()
    items = _json_items(_cells(rows, holders))
    table = items.select("_cell", *(_json_value(key).alias(key) for key in wanted))
    rest = _json_rest(items, holders[0], wanted) if left else None
    broken = items.filter(~pl.col("_valid")).select("_row", "_text").unique("_row")
    return _faulted(_onto(rows, items, table, rest), broken)


def objects(rows: pl.DataFrame, column: str, keys: tuple[str, ...]) -> pl.DataFrame:
    """One row an object of the JSON lists in a column: the rows' own columns beside its keys."""
    some = rows.filter(pl.col(column).is_not_null())
    if some.is_empty():  # DuckDB takes its time to say so
        own = [name for name in rows.columns if name not in keys]
        return some.select(*own, *(pl.lit(None, pl.String).alias(key) for key in keys))
    # Several rows may be lines of one row of the source: each is its own here.
    some = some.drop("_row", strict=False).with_row_index("_row")
    return _from_json(some, (column,), keys)


_ITEMS = """
    SELECT _row, _valid, _text FROM (
        SELECT _row, _cell, _valid, unnest(_items) AS _text,
            generate_subscripts(_items, 1) AS _place
        FROM (SELECT _row, _cell, json_valid(_text) AS _valid, CASE
            WHEN NOT json_valid(_text) THEN [_text]
            WHEN json_type(_text) = 'ARRAY' THEN CAST(from_json(_text, '["JSON"]') AS VARCHAR[])
            ELSE [_text] END AS _items
            FROM cells)
    ) ORDER BY _row, _cell, _place
"""


def _json_items(cells: pl.DataFrame) -> pl.DataFrame:
    """One row an object: `_row`, `_cell`, `_text`, `_valid`. DuckDB keeps each item's own text."""
    with engine() as cursor:
        cursor.register("cells", cells.to_arrow())
        items = pl.DataFrame(cursor.sql(_ITEMS).to_arrow_table())
    return items.cast({"_row": cells.schema["_row"]}).with_row_index("_cell")


_REST = """
    SELECT _cell, name, value FROM (
        SELECT _cell, id, key AS name, value ->> '$' AS value
        FROM (FROM items WHERE json_type(_text) = 'OBJECT') AS whole, json_each(whole._text)
        WHERE NOT list_contains($wanted::VARCHAR[], key)
        UNION ALL
        SELECT _cell, 0, $holder, _text ->> '$' FROM items WHERE json_type(_text) <> 'OBJECT'
    ) WHERE trim(value) <> '' ORDER BY _cell, id
"""


def _json_rest(items: pl.DataFrame, holder: str, wanted: tuple[str, ...]) -> pl.DataFrame:
    """Members of objects that are not wanted, and items that are no objects, by the cell's name.

    `_cell`, `name`, `value`; objects and lists in them are JSON text.
    """
    said = {"wanted": list(wanted), "holder": holder}
    with engine() as cursor:
        sound = items.filter("_valid").select("_cell", "_text")
        cursor.register("items", sound.to_arrow())
        rest = pl.DataFrame(cursor.sql(_REST, params=said).to_arrow_table())
    return rest.cast({"_cell": items.schema["_cell"]})


def _faulted(lines: pl.DataFrame, broken: pl.DataFrame) -> pl.DataFrame:
    if broken.is_empty() or "_fault" not in lines.columns:
        return lines
    bad = pl.col("_row").is_in(broken["_row"].implode())
    return lines.with_columns(
        pl.when(bad & pl.col("_fault").is_null())
        .then(pl.lit(str(Code.JSON_CELL)))
        .otherwise("_fault")
        .alias("_fault")
    )


def _json_value(key: str) -> pl.Expr:
    """A key's value as text. Numbers keep the digits of the file: 10.799999999999999, 5.00."""
    quote = '"' if "'" in key else "'"
    value = pl.col("_text").str.json_path_match(f"$[{quote}{key}{quote}]")
    written = pl.col("_text").str.extract(rf'"{re.escape(key)}"\s*:\s*(-?\d[0-9.eE+\-]*)')
    near = written.cast(pl.Float64, strict=False) - value.cast(pl.Float64, strict=False)
    same = near.abs() <= 1e-9 * value.cast(pl.Float64, strict=False).abs()
    return pl.when(same).then(written).otherwise(value)


def _onto(
    rows: pl.DataFrame, cells: pl.DataFrame, table: pl.DataFrame, rest: pl.DataFrame | None
) -> pl.DataFrame:
    """The row's own columns beside the keys of its cells; a key wins over a column of its name.

    With a `rest` the cells are lines: one that lacks a key has the value of the column.
    """
    lines = cells.select("_row", "_cell").join(table, on="_cell", how="left", maintain_order="left")
    if rest is not None:
        pairs = rest.group_by("_cell", maintain_order=True).agg(
            pl.struct("name", "value").alias(LEFT)
        )
        lines = lines.join(pairs, on="_cell", how="left", maintain_order="left")
    keys = {folded(name): name for name in table.columns}
    if rest is None:
        own = rows.select(name for name in rows.columns if folded(name) not in keys)
        return lines.join(own, on="_row", how="left", maintain_order="left").drop("_cell")
    found = Columns.of(rows.columns)
    both = {key: own for key in keys.values() if (own := found.find(key)) is not None}
    twins = [name for name in rows.columns if name in both and both[name] != name]
    own = rows.drop(twins).rename({own: f"{_OWN}{key}" for key, own in both.items()})
    filled = [pl.coalesce(key, text(f"{_OWN}{key}")).alias(key) for key in both]
    lines = lines.join(own, on="_row", how="left", maintain_order="left").with_columns(filled)
    return lines.drop("_cell", *(f"{_OWN}{key}" for key in both))


def matches(rule: RowMatch, columns: Columns) -> pl.Expr:
    """Whether a row is one the rule speaks of. Bool, never null."""
    name = (
        columns.find(rule.column) if rule.column else (columns.names[0] if columns.names else None)
    )
    if name is None:
        return pl.lit(value=False)
    cell = text(name)
    tests: list[pl.Expr] = []
    if rule.matches is not None:
        tests.append(cell.str.contains(rule.matches).fill_null(value=False))
    if rule.equals:
        tests.append(cell.is_in(list(rule.equals)).fill_null(value=False))
    if rule.blank is not None:
        tests.append(cell.is_null() if rule.blank else cell.is_not_null())
    return pl.all_horizontal(tests)


def without_summaries(lines: pl.DataFrame, rule: RowMatch | None) -> pl.DataFrame:
    """Line rows without the summary rows of orders that have child rows."""
    if rule is None or lines.is_empty():
        return lines
    summary = matches(rule, Columns.of(lines.columns))
    marked = lines.with_columns(summary.alias("_summary"))
    child = marked.filter(~pl.col("_summary")).select("_order").unique()
    has_child = pl.col("_order").is_in(child["_order"].implode())
    return marked.filter(~(pl.col("_summary") & has_child)).drop("_summary")
