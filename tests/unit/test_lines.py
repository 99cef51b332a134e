"""Lines in rows, in columns and in JSON cells."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from oms_import.normalize.lines import line_rows, without_summaries
from oms_import.preview import preview
from oms_import.profiles.model import LineSource, RowMatch


def rows(**columns: list[str | None]) -> pl.DataFrame:
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return frame.with_row_index("_row").with_columns(pl.col("_row").cast(pl.Int64).alias("_order"))


def test_each_filled_column_makes_a_line_in_order_of_row_and_column() -> None:
    source = LineSource.model_validate({"in": "columns", "columns": "line_item_*"})
    frame = rows(
        no=["1", "2"],
        line_item_1=["name:Shoe|sku:A12|quantity:1", "name:Fox | Card|sku:B|total:5"],
        line_item_2=["name:Hat|sku:A13|quantity:2", None],
    )
    lines = line_rows(frame, source, ("name", "sku", "quantity"))
    assert lines.select("no", "name", "sku", "quantity").rows() == [
        ("1", "Shoe", "A12", "1"),
        ("1", "Hat", "A13", "2"),
        ("2", "Fox | Card", "B", None),
    ]


def test_a_json_cell_holds_an_object_or_an_array() -> None:
    source = LineSource.model_validate({"in": "json", "column": "items"})
    frame = rows(
        no=["1", "2", "3"],
        items=[
            '{"sku":"A","qty":"1"}',
            '[{"sku":"B","qty":10.799999999999999},{"sku":"C","qty":"2"}]',
            None,
        ],
    )
    lines = line_rows(frame, source, ("sku", "qty"))
    assert lines.select("no", "sku", "qty").rows() == [
        ("1", "A", "1"),
        ("2", "B", "10.799999999999999"),
        ("2", "C", "2"),
    ]


def test_a_summary_row_is_no_line_beside_its_children_but_is_one_alone() -> None:
    frame = rows(item=[None, "A", None]).with_columns(pl.Series("_order", [0, 0, 1]))
    kept = without_summaries(frame, RowMatch(column="item", blank=True))
    assert kept.select("_order", "item").rows() == [(0, "A"), (1, None)]


def test_a_key_that_no_cell_has_is_a_blank_column() -> None:
    source = LineSource.model_validate({"in": "columns", "columns": "line_*"})
    lines = line_rows(rows(no=["1"], line_1=["sku:A"]), source, ("sku", "product_id"))
    assert lines.select("sku", "product_id").rows() == [("A", None)]


def test_keys_of_cells_that_no_rule_reads_are_kept_as_attributes_of_their_line(
    tmp_path: Path,
) -> None:
    (tmp_path / "json.toml").write_text(
        '[order]\norder_number = "Nr"\n[line]\nsku = "sku"\nqty_ordered = "qty"\n'
        '[lines]\nin = "json"\ncolumn = "items"\n'
    )
    (tmp_path / "j.csv").write_text(
        'Nr,items\n1,"[{""sku"":""A"",""qty"":1,""x"":{""y"":1}},{""sku"":""B"",""qty"":2}]"\n'
    )
    [order] = preview([str(tmp_path / "j.csv")], str(tmp_path / "json.toml"), None)["files"][0][  # type: ignore[index]
        "orders"
    ]
    kept = [(one["line_no"], one["name"], one["value"]) for one in order["attributes"]]
    assert (1, "x", '{"y":1}') in kept


def test_pairs_that_no_rule_reads_are_kept_as_attributes_of_their_line(tmp_path: Path) -> None:
    (tmp_path / "pairs.toml").write_text(
        '[order]\norder_number = "Nr"\n[line]\nsku = "sku"\nqty_ordered = "qty"\n'
        '[lines]\nin = "columns"\ncolumns = "line_*"\n'
    )
    (tmp_path / "p.csv").write_text("Nr,line_1,line_2\n1,sku:A|qty:1|meta:red,sku:B|qty:2\n")
    [order] = preview([str(tmp_path / "p.csv")], str(tmp_path / "pairs.toml"), None)["files"][0][  # type: ignore[index]
        "orders"
    ]
    kept = [(one["line_no"], one["name"], one["value"]) for one in order["attributes"]]
    assert (1, "meta", "red") in kept
