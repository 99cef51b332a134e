"""Accepted files: exact, whole, and the same for the same orders."""

from __future__ import annotations

import csv
import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_import.model.tables import TABLES
from oms_import.outputs.accepted import AcceptedWriter

BOTH = ("csv", "parquet")


def tables(**rows: list[dict[str, object]]) -> dict[str, pl.DataFrame]:
    schemas = {name: {"_order": pl.Int64, **schema} for name, schema in TABLES.items()}
    return {name: pl.DataFrame(rows.get(name, []), schema=schemas[name]) for name in TABLES}


def order(number: int, **more: object) -> dict[str, object]:
    return {"_order": number, "order_key": f"shop/default/{number}", **more}


def written(folder: Path, *parts: dict[str, pl.DataFrame]) -> Path:
    writer = AcceptedWriter(folder, BOTH)
    for part in parts:
        writer.write(part)
    writer.close()
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_all_tables_are_there_even_when_nothing_was_accepted(tmp_path: Path) -> None:
    files = AcceptedWriter(tmp_path, BOTH).close()
    names = {f"{name}.{kind}" for name in TABLES for kind in BOTH}
    assert {file.path for file in files} == names == {p.name for p in tmp_path.iterdir()}
    for name, schema in TABLES.items():
        assert (tmp_path / f"{name}.csv").read_text() == ",".join(schema) + "\n"
        assert pl.read_parquet(tmp_path / f"{name}.parquet").schema == schema


def test_files_are_told_with_their_rows_bytes_and_hash(tmp_path: Path) -> None:
    writer = AcceptedWriter(tmp_path, ("csv",))
    writer.write(tables(orders=[order(1), order(2)]))
    told = {file.path: file for file in writer.close()}
    content = (tmp_path / "orders.csv").read_bytes()
    assert told["orders.csv"].rows == 2
    assert told["orders.csv"].bytes == len(content)
    assert told["orders.csv"].sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("precision", "text"),
    [
        ("instant", "2026-09-22T16:12:40Z"),
        ("local", "2026-09-22T16:12:40"),
        ("date", "2026-09-22"),
    ],
)
def test_a_time_says_no_more_than_is_known(tmp_path: Path, precision: str, text: str) -> None:
    moment = datetime(2026, 9, 22, 16, 12, 40, tzinfo=UTC).replace(tzinfo=None)
    one = order(1, ordered_at=moment, ordered_at_precision=precision)
    other = order(2, ordered_at=moment, ordered_at_precision="instant")
    written(tmp_path, tables(orders=[one, other]))
    rows = rows_of(tmp_path / "orders.csv")
    assert [row["ordered_at"] for row in rows] == [text, "2026-09-22T16:12:40Z"]
    kept = pl.read_parquet(tmp_path / "orders.parquet")["ordered_at"].to_list()
    assert kept == [moment, moment]


def test_times_of_a_local_order_are_a_wall_clock_in_every_table(tmp_path: Path) -> None:
    moment = datetime(2026, 9, 22, 16, 12, 40, 500_000, UTC).replace(tzinfo=None)
    local = order(1, ordered_at=moment, ordered_at_precision="local", ship_by=moment)
    lines = [order(1, requested_ship_date=moment), order(2, requested_ship_date=moment)]
    written(tmp_path, tables(orders=[local, order(2)], order_lines=lines))
    assert rows_of(tmp_path / "orders.csv")[0]["ship_by"] == "2026-09-22T16:12:40.500"
    dates = [row["requested_ship_date"] for row in rows_of(tmp_path / "order_lines.csv")]
    assert dates == ["2026-09-22T16:12:40.500", "2026-09-22T16:12:40.500Z"]


def test_amounts_are_exact_and_unknowns_are_empty(tmp_path: Path) -> None:
    amount = Decimal("90071992547409.9301")
    written(tmp_path, tables(orders=[order(1, stated_total=amount, gift=True)]))
    row = rows_of(tmp_path / "orders.csv")[0]
    assert (row["stated_total"], row["gift"], row["currency"]) == (str(amount), "true", "")


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10)


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_any_text_is_read_back_by_any_csv_reader(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("accepted")
    written(folder, tables(orders=[order(n, buyer_note=text) for n, text in enumerate(texts)]))
    assert [row["buyer_note"] for row in rows_of(folder / "orders.csv")] == texts


def test_the_same_orders_give_the_same_bytes_however_they_were_batched(tmp_path: Path) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    orders = [order(n, ordered_at=moment, buyer_note="é,\n") for n in range(50)]
    one = written(tmp_path / "one", tables(orders=orders))
    many = written(tmp_path / "many", *[tables(orders=[row]) for row in orders])
    for path in one.iterdir():
        assert path.read_bytes() == (many / path.name).read_bytes()
