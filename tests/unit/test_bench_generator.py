"""The benchmark's generator: what is measured must be what is promised, and the same each time."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest

BENCH = Path(__file__).parents[2] / "scripts" / "bench"
sys.path.insert(0, str(BENCH))

import generate  # noqa: E402

LINES = 15_000


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    file = tmp_path_factory.mktemp("bench") / "orders.csv"
    generate.write(file, LINES, 7)
    return pl.read_csv(file, infer_schema=False)


def faulty(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(
        "order_number",
        sku=pl.col("sku").is_null(),
        quantity=~pl.col("quantity").str.contains(r"^\d+$"),
        unit_price=~pl.col("unit_price").str.contains(r"^\d+\.\d\d$"),
        ordered_at=pl.col("ordered_at")
        .str.to_datetime("%Y-%m-%dT%H:%M:%S%z", strict=False)
        .is_null(),
        country=~pl.col("country").is_in(["DE", "FR"]),
        currency=~pl.col("currency").is_in(["EUR", "USD"]),
    )


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    made = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    for path, seed in zip(made, (7, 7, 8), strict=True):
        generate.write(path, 3000, seed)
    first, second, other = (path.read_bytes() for path in made)
    assert first == second
    assert first != other


def test_a_line_has_26_columns_and_about_256_bytes(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    generate.write(file, LINES, 7)
    assert len(pl.read_csv(file, n_rows=1).columns) == 26
    assert 245 <= file.stat().st_size / LINES <= 265


def test_orders_have_three_lines_in_the_mean(table: pl.DataFrame) -> None:
    assert table.height == LINES
    sizes = table.group_by("order_number").len()["len"]
    assert sizes.mean() == 3
    assert set(sizes) == {1, 2, 3, 4, 5}


def test_two_of_a_hundred_lines_are_bad_in_each_way(table: pl.DataFrame) -> None:
    bad = faulty(table).drop("order_number")
    share = bad.select(pl.any_horizontal(pl.all())).to_series().mean()
    assert 0.015 <= share <= 0.025
    assert all(bad[name].any() for name in bad.columns)


def test_what_is_the_orders_is_the_same_on_all_its_lines(table: pl.DataFrame) -> None:
    of_order = table.columns[: table.columns.index("line_id")]
    values = table.group_by("order_number").agg(pl.col(of_order[1:]).n_unique())
    assert values.drop("order_number").max().row(0) == (1,) * (len(of_order) - 1)


def test_no_order_is_cut_where_chunks_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert generate.CHUNK % sum(generate.SIZES) == 0
    monkeypatch.setattr(generate, "CHUNK", sum(generate.SIZES))
    file = tmp_path / "orders.csv"
    generate.write(file, 3000, 7)
    table = pl.read_csv(file, infer_schema=False)
    assert table["line_id"].n_unique() == table.height
    assert table["order_number"].n_unique() == 1000
    changing = table.group_by("order_number").agg(
        pl.col("ordered_at", "country", "currency").n_unique()
    )
    assert changing.drop("order_number").max().row(0) == (1, 1, 1)


def test_duplicates_are_whole_unchanged_copies_of_so_many_orders(tmp_path: Path) -> None:
    plain, doubled = tmp_path / "plain.csv", tmp_path / "doubled.csv"
    generate.write(plain, 3000, 7)
    generate.write(doubled, 3000, 7, duplicates=0.05)
    fresh = pl.read_csv(plain, infer_schema=False)
    table = pl.read_csv(doubled, infer_schema=False)
    again = table.tail(table.height - fresh.height)
    assert table.head(fresh.height).equals(fresh)
    assert again["order_number"].n_unique() == 50
    whole = fresh.filter(pl.col("order_number").is_in(again["order_number"].unique().implode()))
    assert again.equals(whole)


def test_small_files_hold_one_order_each_and_about_a_kilobyte(tmp_path: Path) -> None:
    generate.write_small(tmp_path, 30, 7)
    files = sorted(tmp_path.iterdir())
    tables = [pl.read_csv(file, infer_schema=False) for file in files]
    assert len(files) == 30
    assert all(700 <= file.stat().st_size <= 1400 for file in files)
    assert all(one["order_number"].n_unique() == 1 and one.height == 3 for one in tables)
    assert pl.concat(tables)["order_number"].n_unique() == 30
