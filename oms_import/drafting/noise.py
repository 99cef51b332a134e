"""Rows of a sample that are no order lines: descriptions below the header, footers, sums."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from oms_import.drafting.sample import Sample
from oms_import.drafting.shapes import share_like

_MOST = 3  # description rows looked for
_TAIL = 6  # rows at the end that may be footers
_MOSTLY = 0.9
_TOTAL = (
    r"(?i)^\s*(?:grand\s+)?(?:total|totals|summe|gesamt|gesamtsumme|somme|totale|suma|totaal"
    r"|summa|razem)\b"
)
_CUT = ("ROW_SHORT", "FILE_TRUNCATED")


@dataclass(frozen=True, slots=True)
class Noise:
    """What to leave out, as keys of `rows`; `footers` are regular expressions of raw lines."""

    description_rows: int = 0
    footers: tuple[str, ...] = ()
    total_rows: str | None = None  # the expression, searched in the first cell


def without_noise(sample: Sample) -> tuple[pl.DataFrame, Noise]:
    """The rows of orders, and what the others are."""
    frame = sample.frame
    described = _described(frame, sample.columns)
    frame = frame.slice(described)
    footers, frame = _footers(frame, sample.columns) if sample.whole else ((), frame)
    first = pl.col(sample.columns[0])
    sums = first.str.contains(_TOTAL).fill_null(value=False) & _sparse(sample.columns)
    summed = bool(frame.select(sums.any()).item()) if frame.height > 1 else False
    frame = frame.filter(~sums) if summed else frame
    return frame, Noise(described, footers, _TOTAL if summed else None)


def _sparse(columns: tuple[str, ...]) -> pl.Expr:
    filled = pl.sum_horizontal(pl.col(columns).is_not_null())
    return filled <= max(2, len(columns) // 2)


def _described(frame: pl.DataFrame, columns: tuple[str, ...]) -> int:
    """How many rows at the top are text where all others have numbers, dates or codes."""
    count = 0
    while count < _MOST and frame.height - count > 1:
        row = frame.select(columns).row(count, named=True)
        if not _describes(row, frame.slice(count + 1), columns):
            break
        count += 1
    return count


def _describes(row: dict[str, str | None], rest: pl.DataFrame, columns: tuple[str, ...]) -> bool:
    kinds = ("number", "date", "code")
    below = {kind: share_like(rest, columns, kind) for kind in kinds}
    strict = [(name, k) for name in columns for k in kinds if below[k][name] >= _MOSTLY]
    told = pl.DataFrame([row], schema=dict.fromkeys(columns, pl.String))
    here = {kind: share_like(told, columns, kind) for kind in kinds}
    text = [(name, kind) for name, kind in strict if row[name] is not None]
    against = [name for name, kind in text if not here[kind][name]]
    agreeing = [name for name, kind in text if kind != "code" and here[kind][name]]
    return bool(against) and not agreeing and any(" " in (row[name] or "") for name in against)


def _footers(frame: pl.DataFrame, columns: tuple[str, ...]) -> tuple[tuple[str, ...], pl.DataFrame]:
    """Rows at the end with fewer fields than the header: what a program wrote below its table."""
    if "_raw" not in frame.columns or frame.height < 2:
        return (), frame
    found: list[str] = []
    keep = frame.height
    while keep > 1 and frame.height - keep < _TAIL:
        row = frame.row(keep - 1, named=True)
        filled = sum(row[name] is not None for name in columns)
        if row["_fault"] not in _CUT or not row["_raw"] or filled > max(3, len(columns) // 3):
            break
        found.append(footer_pattern(row["_raw"]))
        keep -= 1
    return tuple(dict.fromkeys(reversed(found))), frame.head(keep)


def footer_pattern(raw: str) -> str:
    """A footer's beginning as a regular expression, its numbers as any number."""
    begin = raw.strip().split("\n")[0]
    label, colon, _ = begin.partition(":")  # what follows a label differs from file to file
    begin = f"{label}:" if colon and 3 <= len(label) <= 40 else begin[:24]
    parts = re.split(r"([0-9]+)", begin)
    written = ("[0-9]+" if part.isdigit() else _escaped(part) for part in parts)
    return "^" + "".join(written)


def _escaped(text: str) -> str:
    return re.sub(r"([.^$*+?()\[\]{}|\\])", r"\\\1", text)
