"""CSV and TSV: a drop of delimited text as a Source.

Decode and locate first, then block by block: structure by array work (csv_scan), cells by Polars
(csv_frame), rows that are no order lines left out (rows). Memory is a few blocks, whatever the size
of the file. Offsets (`_byte_from`, `_byte_to`) are those of the decoded UTF-8 text without its byte
order mark; `_line` counts CRLF, LF and a lone CR as one line break each.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.edi import Envelopes
from oms_import.model.finding import Finding, Location
from oms_import.model.values import Dialect, Limits, Shaping
from oms_import.readers.csv_cells import cells_of
from oms_import.readers.csv_frame import RAW_LIMIT, Origin, Shape, frame_of, text_of, texts_of
from oms_import.readers.csv_locate import Located, locate
from oms_import.readers.csv_scan import Records, scan
from oms_import.readers.csv_text import Text, open_text
from oms_import.readers.rows import Sieve
from oms_import.readers.spec import ReadSpec

_SMALLEST, _LARGEST = 1 << 18, 32 << 20  # bytes of a block
_RECORD_LIMIT = 4 * _LARGEST  # a quoted field that is still open after so much is not closed


def open_csv(path: Path, spec: ReadSpec, scratch: Path, limits: Limits) -> CsvSource:
    """Open a delimited file: decode it, find its delimiter and header.

    Raises:
        DropRejectedError: FILE_EMPTY, ENC_MISMATCH, ENC_INVALID, CTRL_CHAR, DELIM_MISMATCH,
            HDR_MISSING.
    """
    text = open_text(path, spec.format.encoding, scratch)
    try:
        return CsvSource(text, locate(text, spec), spec, limits)
    except BaseException:
        if text.temporary:
            text.path.unlink(missing_ok=True)
        raise


@dataclass(slots=True)
class _Pass:
    """What one reading of the drop has seen so far."""

    sieve: Sieve
    offset: int
    line: int
    breaks: tuple[int, int, int]
    findings: list[Finding]
    done: bool = False

    def count(self, records: Records) -> None:
        crlf, feeds, returns = self.breaks
        self.breaks = (
            crlf + records.crlf,
            feeds + records.lf,
            returns + len(records.bare_cr),
        )


class CsvSource:
    """A delimited file opened for reading; see model.values.Source."""

    shape: Shaping | None = None
    envelopes: Envelopes | None = None

    def __init__(self, text: Text, located: Located, spec: ReadSpec, limits: Limits) -> None:
        self._text = text
        self._located = located
        self._spec = spec
        self._limits = limits
        self._shape = Shape(located.header, located.syntax, limits.field_bytes)
        self._pass = self._begin()
        if text.temporary:
            weakref.finalize(self, text.path.unlink, missing_ok=True)

    @property
    def dialect(self) -> Dialect:
        """Encoding, delimiter, header and, after the last batch, line ends and stated count."""
        quote = self._located.syntax.quote
        return Dialect(
            format="csv",
            encoding=self._text.encoding,
            delimiter=chr(self._located.syntax.delimiter),
            quote=None if quote is None else chr(quote),
            newline=_newline(self._pass.breaks),
            header_line=self._located.header_line,
            columns=self._located.header.names,
            stated_count=self._pass.sieve.stated,
        )

    @property
    def findings(self) -> list[Finding]:
        """HDR_REPEATED_NAME; after the last batch also NEWLINE_STYLE, FILE_NO_ROWS and
        QUOTE_UNBALANCED.
        """
        return [*self._located.header.findings, *self._pass.findings]

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """Frames of at most `rows` rows; see model.values.Source.batches.

        Raises:
            DropRejectedError: HDR_DUPLICATE, FOOTER_COUNT.
        """
        self._pass = self._begin()
        size = self._block_bytes(rows)
        for frame in self._frames(self._pass, size):
            pieces = -(-frame.height // max(1, rows))
            each = -(-frame.height // max(1, pieces))
            for begin in range(0, frame.height, max(1, each)):
                yield frame.slice(begin, each)

    def _begin(self) -> _Pass:
        located = self._located
        sieve = Sieve(located.header, self._spec)
        return _Pass(sieve, located.offset, located.line, located.breaks, [])

    def _block_bytes(self, rows: int) -> int:
        fixed = self._limits.extra.get("csv_block_bytes")
        if fixed:
            return fixed
        return min(_LARGEST, max(_SMALLEST, rows * self._located.row_bytes))

    def _frames(self, state: _Pass, size: int) -> Iterator[pl.DataFrame]:
        wanted = size
        while state.offset < self._text.size:
            block = self._text.read(state.offset, wanted)
            final = state.offset + len(block) >= self._text.size
            records = scan(block, self._located.syntax, final)
            stuck = records.consumed == 0 and records.broken is None and not final
            if stuck and wanted < _RECORD_LIMIT:
                wanted *= 2
                continue
            wanted = size
            yield self._frame(state, block, records, final)
            if records.broken is not None or stuck:
                yield self._remainder(state, records)
                break
        self._finish(state)

    def _frame(self, state: _Pass, block: bytes, records: Records, final: bool) -> pl.DataFrame:
        origin = Origin(state.offset, state.line, final)
        rows = frame_of(block, records, self._shape, origin)
        kept = state.sieve.sift(rows, lambda: texts_of(block, records))
        state.count(records)
        state.offset += records.consumed
        state.line += records.line_breaks
        return kept

    def _remainder(self, state: _Pass, records: Records) -> pl.DataFrame:
        """Everything from the row in which a quote goes wrong, as one faulty row."""
        head = self._text.read(state.offset, RAW_LIMIT)
        broken = records.broken
        quote = 0 if broken is None else broken.quote - broken.record
        line = state.line + _breaks_in(head[:quote])
        breaks = self._breaks_left(state.offset)
        ended = self._text.read(self._text.size - 1, 1) in (b"\n", b"\r")
        cut = not ended and broken is not None and broken.at is None
        truncated = cut and not _has_whole_row(head[quote + 1 :], self._shape)
        detail = f"the quote opened on line {line} is not closed as it should be"
        code = Code.FILE_TRUNCATED if truncated else Code.QUOTE_UNBALANCED
        if not truncated:
            where = Location(line=line, byte=state.offset + quote)
            state.findings.append(Finding(code, detail=detail, location=where))
        filled = _cells_before(head[:quote], self._shape)
        row = dict.fromkeys(self._located.header.names) | filled
        housekeeping = {
            "_line": state.line,
            "_line_to": state.line + breaks - (1 if ended else 0),
            "_byte_from": state.offset,
            "_byte_to": self._text.size,
            "_fault": str(code),
            "_fault_value": detail,
            "_raw": text_of(head, 0, len(head)),
        }
        schema: dict[str, pl.DataType] = dict.fromkeys(row, pl.String())
        schema |= {
            k: pl.Int64() if isinstance(v, int) else pl.String() for k, v in housekeeping.items()
        }
        return state.sieve.numbered(pl.DataFrame([row | housekeeping], schema=schema, orient="row"))

    def _breaks_left(self, offset: int) -> int:
        """Line breaks from an offset to the end."""
        count, last = 0, b""
        while block := self._text.read(offset, 1 << 20):
            count += _breaks_in(block) - (last == b"\r" and block[:1] == b"\n")
            last = block[-1:]
            offset += len(block)
        return count

    def _finish(self, state: _Pass) -> None:
        style = _newline(state.breaks)
        if style in {"CR", "mixed"}:
            state.findings.append(Finding(Code.NEWLINE_STYLE, value=style))
        if state.sieve.records == 0:
            state.findings.append(Finding(Code.FILE_NO_ROWS))


def _newline(breaks: tuple[int, int, int]) -> str | None:
    named = [name for name, count in zip(("CRLF", "LF", "CR"), breaks, strict=True) if count]
    return None if not named else named[0] if len(named) == 1 else "mixed"


def _breaks_in(text: bytes) -> int:
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")


def _cells_before(text: bytes, shape: Shape) -> dict[str, str | None]:
    """The cells that precede a broken one, so that the order's number is known."""
    cells = cells_of(text.decode("utf-8", "ignore"), shape.syntax)[:-1]
    return {name: cell or None for name, cell in zip(shape.header.names, cells, strict=False)}


def _has_whole_row(text: bytes, shape: Shape) -> bool:
    """Whether lines follow that look like rows: then a quote is missing, not the file's end."""
    wanted = len(shape.header.names) - 1
    delimiter = bytes((shape.syntax.delimiter,))
    lines = text.splitlines()[1:]
    return any(line.count(delimiter) >= max(1, wanted) for line in lines)
