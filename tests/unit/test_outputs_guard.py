"""The guard against formulas changes nothing that import reads back."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_import.model.guard import guarded, unguarded

RISKY = "=+-@\t\r\n'"
CELLS = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.builds(lambda head, tail: head + tail, st.sampled_from(RISKY), st.text(max_size=8)),
    st.builds(lambda n, tail: "'" * n + tail, st.integers(0, 4), st.text(RISKY + "1a", max_size=5)),
)


@settings(deadline=None)
@given(st.lists(CELLS, max_size=20))
def test_every_cell_comes_back_exactly(cells: list[str | None]) -> None:
    frame = pl.DataFrame({"a": cells}, schema={"a": pl.String})
    assert unguarded(guarded(frame))["a"].to_list() == cells


@settings(deadline=None)
@given(st.lists(CELLS.filter(lambda c: c is not None), max_size=20, unique=True))
def test_different_cells_stay_different(cells: list[str]) -> None:
    frame = pl.DataFrame({"a": cells}, schema={"a": pl.String})
    assert guarded(frame)["a"].n_unique() == len(cells)


@settings(deadline=None)
@given(st.lists(CELLS, max_size=20))
def test_no_guarded_cell_begins_a_formula(cells: list[str | None]) -> None:
    safe = guarded(pl.DataFrame({"a": cells}, schema={"a": pl.String}))["a"].drop_nulls()
    for cell in safe:
        plain_number = cell[1:].replace(".", "").replace(",", "").isdigit()
        assert not cell.startswith(("=", "@", "\t", "\r")) or plain_number
        assert not cell.startswith(("+", "-")) or plain_number


@pytest.mark.parametrize("number", ["-12.50", "+3", "-1,234.50", "12"])
def test_plain_numbers_are_left_alone(number: str) -> None:
    assert guarded(pl.DataFrame({"a": [number]}))["a"].to_list() == [number]


@pytest.mark.parametrize(
    "formula", ["-1+cmd|' /C calc'!A0", "+1-2", "=1", "@SUM(A1)", "-", "\uff1d1"]
)
def test_formulas_are_not_numbers(formula: str) -> None:
    assert guarded(pl.DataFrame({"a": [formula]}))["a"].to_list() == ["'" + formula]


def test_column_names_are_guarded_too() -> None:
    frame = pl.DataFrame({"=cmd": ["x"], "Qty": ["1"], "'q": ["y"]})
    assert guarded(frame).columns == ["'=cmd", "Qty", "''q"]
    assert unguarded(guarded(frame)).equals(frame)
