"""Numbers of more than 15 digits in a workbook: it keeps 15, so that the others are not theirs."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import fastexcel
import polars as pl

from oms_import.model.codes import Code
from oms_import.model.finding import Finding, Location, Severity

_LONG = r"^-?\d{16,}$"


def shortened(book: fastexcel.ExcelReader, sheet: str, rows: pl.DataFrame) -> dict[int, pl.Series]:
    """The cells of a sheet that are numbers of more than 15 digits, by the column's position.

    `rows` is the sheet as text. Text of digits is exact and is none of them: only a number can be
    read as a Boolean, and the sheet is read once more only where long digits are seen at all.

    Raises:
        fastexcel.FastExcelError: the sheet cannot be read.
    """
    seen = {
        at: long
        for at, cells in enumerate(rows.iter_columns())
        if (long := cells.str.contains(_LONG).fill_null(value=False)).any()
    }
    if not seen:
        return {}
    numbers = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="boolean").to_polars()
    flags = {at: long & numbers.to_series(at).is_not_null() for at, long in seen.items()}
    return {at: flag for at, flag in flags.items() if flag.any()}


def told_by_row(
    body: pl.DataFrame, flags: Mapping[int, pl.Series], first: int
) -> tuple[pl.Series, pl.Series]:
    """`_fault` and `_fault_value` of the rows below the header: EXCEL_DAMAGE and the cells.

    Args:
        body: the rows, columns named.
        flags: `shortened` of the columns that matter.
        first: position in the sheet of the body's first row.
    """
    named = [
        pl.when(flag.slice(first))
        .then(pl.format('"{}" {} in row {}', pl.lit(body.columns[at]), body.columns[at], "_line"))
        .alias(str(at))
        for at, flag in flags.items()
    ]
    said = body.select(pl.concat_str(named, separator=", ", ignore_nulls=True)).to_series()
    said = said.replace("", None)
    fault = pl.select(pl.when(said.is_not_null()).then(pl.lit(str(Code.EXCEL_DAMAGE)))).to_series()
    return fault.alias("_fault"), said.alias("_fault_value")


def told_of_others(
    names: tuple[str, ...], flags: Mapping[int, pl.Series], first: int, ours: Collection[int]
) -> list[Finding]:
    """Warnings for the columns that no mapping reads, one a column, at the first such cell."""
    findings: list[Finding] = []
    for at, flag in flags.items():
        cells = flag.slice(first)
        if at in ours or not cells.any():
            continue
        row = first + 1 + (cells.arg_max() or 0)
        detail = f"{cells.sum()} cells, the first in row {row}"
        where = Location(line=row)
        findings.append(
            Finding(Code.EXCEL_DAMAGE, names[at], None, detail, Severity.WARNING, where)
        )
    return findings
