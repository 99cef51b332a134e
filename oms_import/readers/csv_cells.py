"""The cells of single records, for headers and for the few rows that need a closer look."""

from __future__ import annotations

from oms_import.readers.csv_scan import Syntax


def cells_of(record: str, syntax: Syntax) -> list[str]:
    """Split one record's text (without its line break) by the grammar of csv_scan."""
    delimiter = chr(syntax.delimiter)
    if syntax.quote is None or chr(syntax.quote) not in record:
        return record.split(delimiter)
    quote = chr(syntax.quote)
    cells: list[str] = []
    at = 0
    while True:
        cell, at = _cell(record, at, delimiter, quote)
        cells.append(cell)
        if at >= len(record):
            return cells
        at += 1
        if at == len(record):
            return [*cells, ""]


def _cell(record: str, at: int, delimiter: str, quote: str) -> tuple[str, int]:
    """One cell and the offset of the delimiter after it."""
    if record[at : at + 1] != quote:
        end = record.find(delimiter, at)
        end = len(record) if end < 0 else end
        return record[at:end], end
    end = at + 1
    while True:
        end = record.find(quote, end)
        if end < 0:
            return record[at + 1 :].replace(quote * 2, quote), len(record)
        if record[end + 1 : end + 2] != quote:
            break
        end += 2
    cell = record[at + 1 : end].replace(quote * 2, quote)
    after = record.find(delimiter, end + 1)
    after = len(record) if after < 0 else after
    return cell + record[end + 1 : after], after
