"""Rows that are no order lines: padding, descriptions, footers, repeated headers, skipped rows.

A `Sieve` sees the rows of one drop block by block, in order, and keeps count over the blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import polars as pl

from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding, Location
from oms_import.profiles.model import FooterRule, RowMatch
from oms_import.readers.csv_scan import Flags
from oms_import.readers.header import Header, folded
from oms_import.readers.spec import ReadSpec

_MARK = "\ufeff"
_KEY = "_key"


@dataclass(slots=True)
class Sieve:
    """Lets the data rows of one pass over a drop through, numbered."""

    header: Header
    spec: ReadSpec
    records: int = 0  # data rows so far
    stated: int | None = None  # what the footers so far state
    _describing: int = 0  # description rows still to come
    _rows: int = 0  # data rows since the last footer that counts
    _keys: pl.Series = field(default_factory=lambda: pl.Series(_KEY, [], pl.String))

    def __post_init__(self) -> None:
        self._describing = self.spec.rows.description_rows

    def sift(self, rows: pl.DataFrame, texts: Callable[[], pl.Series]) -> pl.DataFrame:
        """The data rows with `_record`.

        Args:
            rows: source columns and `_line`, `_line_to`, `_byte_from`, `_byte_to`, `_fault`,
                `_fault_value`, `_raw`.
            texts: gives the rows' raw text, asked for only where footers are expected.

        Raises:
            DropRejectedError: HDR_DUPLICATE, FOOTER_COUNT.
        """
        footers = self._footers(rows, texts)
        probe = self._probe(rows)
        headers = self._headers(rows, probe["header"])
        taken = ~self._blank(rows, probe["blank"]) & ~headers
        taken &= ~self._separator_lines(rows, probe["told"])
        for _, flags, _ in footers:
            taken &= ~flags
        if headers.any():
            self._preamble(rows, footers, headers, taken)
        self._describe(headers, taken)
        self._skip(rows, taken)
        self._balance(rows, footers, taken)
        kept = rows if taken.all() else rows.filter(pl.Series(taken))
        return self.numbered(kept)

    def numbered(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with `_record` before the other housekeeping, as HOUSEKEEPING orders it."""
        begin = self.records + 1
        self.records += rows.height
        numbers = pl.Series("_record", np.arange(begin, begin + rows.height), pl.Int64)
        return rows.clone().insert_column(len(self.header.names), numbers)

    def _probe(self, rows: pl.DataFrame) -> pl.DataFrame:
        """What one look at a cell tells: rows that may be blank, a header, a `sep=` line."""
        first = pl.col(self.header.names[0])
        position = next((i for i, cell in enumerate(self.header.cells) if cell), 0)
        cell = self.header.cells[position]
        named = pl.col(self.header.names[position])
        return rows.select(
            # white space is below "!", or (no-break space …) beyond ASCII; what it is shows later
            (first.is_null() | (first < "!") | (first > "\x7f")).alias("blank"),
            ((named == cell) | (named == _MARK + cell)).fill_null(value=False).alias("header"),
            (first.str.starts_with("sep=") | first.str.starts_with("SEP="))
            .fill_null(value=False)
            .alias("told"),
        )

    def _blank(self, rows: pl.DataFrame, likely: pl.Series) -> Flags:
        """Rows without content: every cell null or white space."""
        left = np.flatnonzero(likely.to_numpy())
        for name in self.header.names:
            if not left.size:
                break
            cells = rows[name][left]
            bare = cells.is_null() | (cells.str.strip_chars() == "").fill_null(value=True)
            left = left[bare.to_numpy()]
        flags = np.zeros(rows.height, np.bool_)
        flags[left] = True
        if left.size and rows["_fault"].null_count() < rows.height:
            flags &= ~(rows["_fault"] == Code.ROW_LONG).fill_null(value=False).to_numpy()
        return flags

    def _separator_lines(self, rows: pl.DataFrame, likely: pl.Series) -> Flags:
        """Rows that are the `sep=;` line of an appended export."""
        flags = np.zeros(rows.height, np.bool_)
        for row in np.flatnonzero(likely.to_numpy()).tolist():
            cells = rows.row(row)[: len(self.header.names)]
            flags[row] = len(cells[0]) <= len("sep=;") and not any(cells[1:])
        return flags

    def _headers(self, rows: pl.DataFrame, likely: pl.Series) -> Flags:
        """Rows that repeat the header."""
        flags = np.zeros(rows.height, np.bool_)
        if not any(self.header.cells):
            return flags
        for row in np.flatnonzero(likely.to_numpy()).tolist():
            values = rows.row(row)[: len(self.header.names)]
            flags[row] = all(
                folded(value or "") == folded(wanted)
                for value, wanted in zip(values, self.header.cells, strict=True)
            )
        if flags.any() and self.spec.rows.repeated_header == "reject":
            line = int(rows["_line"][int(flags.argmax())])
            detail = f"again on line {line}"
            where = Location(line=line)
            raise DropRejectedError([Finding(Code.HDR_DUPLICATE, detail=detail, location=where)])
        return flags

    def _footers(
        self, rows: pl.DataFrame, texts: Callable[[], pl.Series]
    ) -> list[tuple[FooterRule, Flags, pl.Series]]:
        """For each rule the rows that it matches, and their text."""
        if not self.spec.rows.footer or rows.is_empty():
            return []
        text = texts()
        return [
            (rule, text.str.contains(rule.matches).fill_null(value=False).to_numpy(), text)
            for rule in self.spec.rows.footer
        ]

    def _preamble(
        self,
        rows: pl.DataFrame,
        footers: list[tuple[FooterRule, Flags, pl.Series]],
        headers: Flags,
        taken: Flags,
    ) -> None:
        """Leave out what stands between a footer and the header that begins the next export."""
        ends = np.zeros(len(taken), np.bool_)
        for _, flags, _ in footers:
            ends |= flags
        broken = rows["_fault"].is_not_null().to_numpy()
        for header in np.flatnonzero(headers).tolist():
            before = np.flatnonzero(ends[:header] | (taken[:header] & ~broken[:header]))
            last = int(before[-1]) if before.size else -1
            if last < 0 or ends[last]:
                taken[last + 1 : header] = False

    def _describe(self, headers: Flags, taken: Flags) -> None:
        """Leave out the description rows below each header."""
        wanted = self.spec.rows.description_rows
        if not wanted:
            return
        edges = [0, *np.flatnonzero(headers).tolist(), len(taken)]
        for begin, end in pairwise(edges):
            if begin < len(taken) and headers[begin]:
                self._describing = wanted
            described = begin + np.flatnonzero(taken[begin:end])[: self._describing]
            taken[described] = False
            self._describing -= len(described)

    def _skip(self, rows: pl.DataFrame, taken: Flags) -> None:
        for rule in self.spec.rows.skip:
            test = self._matches(rule)
            if test is not None:
                taken &= ~rows.select(test.fill_null(value=False)).to_series().to_numpy()

    def _matches(self, rule: RowMatch) -> pl.Expr | None:
        """A skip rule as an expression; None: the table does not have its column."""
        name = self.header.names[0] if rule.column is None else self.header.find(rule.column)
        if name is None:
            return None
        cell = pl.col(name).str.strip_chars().fill_null("")
        tests: list[pl.Expr] = []
        if rule.matches is not None:
            tests.append(cell.str.contains(rule.matches))
        if rule.equals:
            tests.append(cell.is_in(list(rule.equals)))
        if rule.blank is not None:
            tests.append((cell == "") == pl.lit(rule.blank))
        return pl.all_horizontal(tests)

    def _balance(
        self,
        rows: pl.DataFrame,
        footers: list[tuple[FooterRule, Flags, pl.Series]],
        taken: Flags,
    ) -> None:
        """Compare the counts that footers state with what was read since the last one."""
        counting = [one for one in footers if one[0].count_group is not None]
        if not counting:
            return
        by_row = {
            int(row): (rule, text) for rule, at, text in counting for row in np.flatnonzero(at)
        }
        begin = 0
        for row, (rule, text) in sorted(by_row.items(), key=lambda item: item[0]):
            self._count(rows, taken, begin, row)
            begin = row
            self._check(rule, text[row], int(rows["_line"][row]))
        self._count(rows, taken, begin, rows.height)

    def _count(self, rows: pl.DataFrame, taken: Flags, begin: int, end: int) -> None:
        chosen = np.flatnonzero(taken[begin:end]) + begin
        self._rows += len(chosen)
        key = self._key()
        if key is not None and chosen.size:
            keys = rows[chosen].select(key.alias(_KEY)).to_series().drop_nulls()
            self._keys = pl.concat([self._keys, keys]).unique()

    def _key(self) -> pl.Expr | None:
        """The first of the key columns that is filled."""
        found = [name for key in self.spec.key_columns if (name := self.header.find(key))]
        cells = [pl.col(name).str.strip_chars() for name in dict.fromkeys(found)]
        return pl.coalesce(pl.when(cell != "").then(cell) for cell in cells) if cells else None

    def _check(self, rule: FooterRule, text: str, line: int) -> None:
        found = pl.Series([text]).str.extract(rule.matches, rule.count_group or 0)[0]
        digits = "".join(char for char in found or "" if char in "0123456789")
        orders = rule.counts == "orders" and self._key() is not None
        read = len(self._keys) if orders else self._rows
        self._rows, self._keys = 0, self._keys.clear()
        if not digits:
            return
        stated = int(digits)
        self.stated = (self.stated or 0) + stated
        if stated != read:
            what = "orders" if orders else "rows"
            detail = f"the footer on line {line} states {stated} {what}, {read} were read"
            where = Location(line=line)
            raise DropRejectedError(
                [Finding(Code.FOOTER_COUNT, value=digits, detail=detail, location=where)]
            )
