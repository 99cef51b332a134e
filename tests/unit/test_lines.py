"""Lines in rows, in columns and in JSON cells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from oms_import.normalize.lines import line_rows, objects, without_summaries
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


LINE = '[order]\norder_number = "Nr"\n[line]\nsku = "sku"\nqty_ordered = "qty"\n'
JSON = LINE + '[lines]\nin = "json"\ncolumn = "items"\n'
PAIRS = LINE + '[lines]\nin = "columns"\ncolumns = "line_*"\n'


def ordered(where: Path, profile: str, *cells: dict[str, str]) -> list[Any]:
    """The orders that a file of these rows gives."""
    (where / "p.toml").write_text(profile)
    pl.DataFrame(cells).write_csv(where / "p.csv")
    told: Any = preview([str(where / "p.csv")], str(where / "p.toml"), None)
    return told["files"][0]["orders"]


def kept(order: Any) -> list[tuple[int | None, str, str]]:
    return [(one["line_no"], one["name"], one["value"]) for one in order["attributes"]]


def test_members_that_no_rule_reads_are_attributes_of_their_line(tmp_path: Path) -> None:
    items = [
        {"sku": "A", "qty": 1, "x": {"y": [1, "\u00e9"]}, "it's": "so", "none": None, "blank": " "},
        {"sku": "B", "qty": 2, "flag": True, "price": "5.00", "Note": ""},
    ]
    [order] = ordered(tmp_path, JSON, {"Nr": "1", "items": json.dumps(items)})
    assert kept(order) == [
        (1, "x", '{"y":[1,"\u00e9"]}'),
        (1, "it's", "so"),
        (2, "flag", "true"),
        (2, "price", "5.00"),
    ]


def test_an_item_that_is_no_object_is_kept_under_the_name_of_its_column(tmp_path: Path) -> None:
    cell = '[{"sku":"A","qty":1},"just text",[1,2],null]'
    [order] = ordered(tmp_path, JSON, {"Nr": "1", "items": cell})
    assert kept(order) == [(2, "items", "just text"), (3, "items", "[1,2]")]


def test_however_many_names_members_have_all_are_kept(tmp_path: Path) -> None:
    rows = [
        {"Nr": str(i), "items": json.dumps({"sku": "A", "qty": 1, f"k{i}": i})} for i in range(900)
    ]
    orders = ordered(tmp_path, JSON, *rows)
    assert [kept(order) for order in orders] == [[(1, f"k{i}", str(i))] for i in range(900)]


def test_pairs_that_no_rule_reads_are_attributes_of_their_line(tmp_path: Path) -> None:
    cells = {"line_1": "sku:A|qty:1|meta:red|tax_class:", "line_2": "odd|SKU:B|qty:2|sku:C"}
    [order] = ordered(tmp_path, PAIRS, {"Nr": "1", **cells})
    assert [line["sku"] for line in order["lines"]] == ["A", "B"]
    assert kept(order) == [(1, "meta", "red"), (2, "text", "odd"), (2, "sku", "C")]


@pytest.mark.parametrize(
    ("profile", "cell"),
    [
        (JSON, {"items": '[{"sku":"A","qty":1},{"qty":2}]'}),
        (PAIRS, {"line_1": "sku:A|qty:1", "line_2": "qty:2"}),
    ],
)
def test_a_key_goes_before_a_column_of_its_name_which_is_kept(
    tmp_path: Path, profile: str, cell: dict[str, str]
) -> None:
    [order] = ordered(tmp_path, profile, {"Nr": "1", "Sku": "MAIN", **cell})
    assert [line["sku"] for line in order["lines"]] == ["A", "MAIN"]
    assert kept(order) == [(None, "Sku", "MAIN")]


def test_a_rule_reads_a_key_with_an_apostrophe(tmp_path: Path) -> None:
    profile = JSON.replace('"sku"', '"item\'s"')
    [order] = ordered(tmp_path, profile, {"Nr": "1", "items": """{"item's":"A","qty":1}"""})
    assert order["lines"][0]["sku"] == "A"


def test_the_address_of_a_line_is_read_of_its_cell(tmp_path: Path) -> None:
    profile = JSON + '[line_party.ship_to]\nname = "to"\ncity = "town"\n'
    cell = '{"sku":"A","qty":1,"to":"Ann","town":"Bath"}'
    [order] = ordered(tmp_path, profile, {"Nr": "1", "items": cell})
    assert ("Ann", "Bath") in [(one["name"], one["city"]) for one in order["parties"]]
    assert kept(order) == []


def test_lists_of_several_lines_of_one_row_stay_with_their_lines() -> None:
    frame = pl.DataFrame(
        {"_row": [0, 0], "line_no": [1, 2], "each": ['[{"a":"x"}]', '[{"a":"y"}]']}
    )
    assert objects(frame, "each", ("a",)).select("line_no", "a").rows() == [(1, "x"), (2, "y")]
