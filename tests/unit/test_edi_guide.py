"""docs/edi.md: its loops are those that are read, its example profile is one, and it works."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from oms_import.model.values import Limits
from oms_import.profiles.load import parse_profile
from oms_import.profiles.model import FormatSpec
from oms_import.readers.edi.layouts import loops_text
from oms_import.readers.edi.locators import is_locator
from oms_import.readers.edi.rows import rows_of
from oms_import.readers.edi.x12 import open_x12
from oms_import.readers.spec import ReadSpec

GUIDE = (Path(__file__).parents[2] / "docs/edi.md").read_text("utf-8")

SPLITS = (
    '[{"SDQ01":"EA","SDQ02":"92","SDQ03":"0012","SDQ04":"4"},'
    '{"SDQ01":"EA","SDQ02":"92","SDQ03":"0031","SDQ04":"6"}]'
)


def _block(kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", GUIDE, re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def order(tmp_path: Path) -> pl.DataFrame:
    """The segments of the guide's example, read as a file."""
    path = tmp_path / "northfield.x12"
    path.write_text(_block("x12"), "utf-8")
    source = open_x12(path, ReadSpec(format=FormatSpec()), tmp_path, Limits())
    return pl.concat(source.batches(1000))


def test_the_guide_shows_the_loops_that_are_read() -> None:
    for standard in ("x12", "edifact", "idoc"):
        assert loops_text(standard) in GUIDE, f"put loops_text({standard!r}) into docs/edi.md"


def test_every_locator_of_the_guide_is_one() -> None:
    first_cells = re.findall(r"^\| (`[^|]*`) \|", GUIDE, re.MULTILINE)
    named = [text for cell in first_cells for text in re.findall(r"`([^`]+)`", cell)]
    assert len(named) > 30
    assert [text for text in named if not is_locator(text)] == []


def test_the_example_profile_is_valid() -> None:
    parse_profile(_block("toml"), "docs/edi.md", "northfield")


@pytest.mark.parametrize(
    ("locator", "values"),
    [
        ("BEG03", ["0845512"] * 2),
        ("DTM[037]", ["20240110"] * 2),
        ("DTM[001]", [None] * 2),
        ("N1[ST].N104", ["0012"] * 2),
        ("N1[ST].N403", ["44139"] * 2),
        ("PO1[*].VN", ["MUG-01", "JUG-01"]),
        ("PO1[*].UP", ["012345678905", None]),
        ("PO1[*].PID[F].PID05", ["Mug, blue", "Jug, green"]),
        (
            "PO1[*].SDQ[*]",
            [SPLITS, None],
        ),
    ],
)
def test_the_example_order_reads_as_the_guide_says(
    order: pl.DataFrame, locator: str, values: list[str | None]
) -> None:
    assert locator in _block("toml")
    assert rows_of(order, "x12", [locator])[locator].to_list() == values


def test_what_the_example_leaves_over_is_told_as_the_guide_says(order: pl.DataFrame) -> None:
    named = re.findall(r'"([^"]+)"', _block("toml"))
    locators = [text for text in named if is_locator(text, "x12")]
    first, second = rows_of(order, "x12", locators)["OTHER SEGMENTS"].to_list()
    assert order.filter(pl.col("tag") == "_FAULT").is_empty()
    assert '{"name":"REF[DP]","value":"REF*DP*038"}' in first
    assert '{"name":"PO1.CTP[RES]","value":"CTP*RS*RES*4.99"}' in first
    assert "CTP" not in second
