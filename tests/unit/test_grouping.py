"""Rows to orders: which rows belong together, which are copies of one another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from oms_import.normalize.columns import Columns
from oms_import.normalize.grouping import Keys, keyed, numbered
from oms_import.pipeline.assemble import Assembler, Pieces
from oms_import.profiles.model import Profile

PROFILE = Profile.model_validate(
    {
        "name": "shop",
        "order": {"order_number": "No", "currency": "Cur", "stated_total": "Total"},
        "line": {"sku": "Sku"},
    }
)


def rows(*cells: tuple[str | None, ...], drop: int = 0) -> pl.DataFrame:
    frame = pl.DataFrame(
        cells, schema=dict.fromkeys(("No", "Cur", "Total", "Sku"), pl.String), orient="row"
    )
    return frame.with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("_record"),
        pl.lit(drop, dtype=pl.UInt32).alias("_drop"),
    )


def grouped(frame: pl.DataFrame, first: int = 0) -> list[tuple[int, str | None]]:
    keys = Keys.of(PROFILE, Columns.of(frame.columns))
    done = numbered(keyed(frame, keys), keys, first)
    return list(done.select("_order", "Sku").iter_rows())


def test_rows_with_the_same_number_make_one_order() -> None:
    frame = rows(("1", "USD", "5", "A"), ("1", None, None, "B"), ("2", "USD", "5", "C"))
    assert grouped(frame, 10) == [(10, "A"), (10, "B"), (11, "C")]


def test_a_row_without_a_number_continues_the_order_above() -> None:
    frame = rows(("1", "USD", "5", "A"), (None, None, None, "B"), ("2", "USD", "5", "C"))
    assert grouped(frame) == [(0, "A"), (0, "B"), (1, "C")]


def test_a_number_that_the_rule_cannot_read_is_an_order_of_its_own() -> None:
    frame = rows(
        ("ORD-1", "USD", "5", "A"), ("XX-2", "USD", "5", "B"), (None, None, None, "C"),
        ("ORD-1", None, None, "D"),
    )  # fmt: skip
    rule = {"order_number": {"from": "No", "extract": r"ORD-(\w+)"}}
    keys = Keys.of(
        Profile.model_validate({"name": "shop", "order": rule}), Columns.of(frame.columns)
    )
    done = numbered(keyed(frame, keys), keys, 0)
    assert list(done.select("_order", "Sku").iter_rows()) == [
        (0, "A"), (0, "D"), (1, "B"), (1, "C"),
    ]  # fmt: skip


def test_lines_of_one_order_that_lie_apart_are_brought_together() -> None:
    frame = rows(("1", "USD", "5", "A"), ("2", "USD", "5", "C"), ("1", "USD", "5", "B"))
    assert grouped(frame) == [(0, "A"), (0, "B"), (1, "C")]


def test_the_same_number_in_two_currencies_is_two_orders() -> None:
    frame = rows(("963", "USD", "5", "A"), ("963", "AED", "5", "A"), ("963", "AED", "5", "B"))
    assert grouped(frame) == [(0, "A"), (1, "A"), (1, "B")]


def test_an_exact_repetition_of_an_order_is_a_copy_and_not_more_lines() -> None:
    a, b, c = ("1", "USD", "5", "A"), ("1", "USD", "5", "B"), ("2", "USD", "5", "C")
    assert grouped(rows(a, b, c, a, b)) == [(0, "A"), (0, "B"), (1, "A"), (1, "B"), (2, "C")]
    assert grouped(rows(a, a)) == [(0, "A"), (1, "A")]


def test_a_line_that_occurs_twice_beside_others_stays_a_line() -> None:
    a, b = ("1", "USD", "5", "A"), ("1", "USD", "5", "B")
    assert grouped(rows(a, a, b)) == [(0, "A"), (0, "A"), (0, "B")]


def test_two_drops_never_share_an_order() -> None:
    both = pl.concat([rows(("1", "USD", "5", "A")), rows((None, None, None, "B"), drop=1)])
    assert grouped(both) == [(0, "A"), (1, "B")]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("spread", [5, 10])
def test_batch_size_changes_neither_the_orders_nor_their_place(
    size: int, spread: int, tmp_path: Path
) -> None:
    cells = [(str(n // 3 if n < 20 else n % spread), "USD", "5", f"S{n}") for n in range(30)]
    frame = rows(*cells)
    keys = Keys.of(PROFILE, Columns.of(frame.columns))

    def frames() -> Iterator[pl.DataFrame]:
        return (frame[at : at + size] for at in range(0, 30, size))

    known: frozenset[int] = frozenset()
    found: list[tuple[str, ...]] = []
    for _ in range(3):
        assembler = Assembler(keys, Pieces.gathered(frames(), keys, known, tmp_path, 4))
        found = [
            tuple(order["Sku"])
            for batch in assembler.whole_orders(frames())
            for order in numbered(batch, keys, 0).partition_by("_order", maintain_order=True)
        ]
        if assembler.scattered() == known:
            break
        known = assembler.scattered()
    whole = numbered(keyed(frame, keys), keys, 0).partition_by("_order", maintain_order=True)
    assert found == [tuple(order["Sku"]) for order in whole]


def test_orders_in_pieces_come_in_batches_of_bounded_size(tmp_path: Path) -> None:
    frame = rows(*((str(n % 50), "USD", "5", f"S{n}") for n in range(200)))
    keys = Keys.of(PROFILE, Columns.of(frame.columns))
    halves = [frame[:100], frame[100:]]
    first = Assembler(keys, Pieces.none())
    assert sum(batch.height for batch in first.whole_orders(halves)) == 200
    pieces = Pieces.gathered(halves, keys, first.scattered(), tmp_path, 20)
    heights = [batch.height for batch in Assembler(keys, pieces).whole_orders(halves)]
    assert sum(heights) == 200
    assert max(heights) < 40


def test_an_order_told_again_further_down_with_another_price_is_a_contradicting_copy() -> None:
    frame = rows(("1", "USD", None, "A"), ("2", "USD", None, "B"), ("1", None, None, "A"))
    changed = frame.with_columns(pl.Series("Price", ["10", "5", "11"]))
    assert grouped(changed) == [(0, "A"), (1, "A"), (2, "B")]
