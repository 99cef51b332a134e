"""Where the table begins in delimited text: `sep=` line, delimiter, preamble, header."""

from __future__ import annotations

import re
from dataclasses import dataclass

from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding, Location
from oms_import.readers.csv_cells import cells_of
from oms_import.readers.csv_frame import text_of
from oms_import.readers.csv_scan import Records, Syntax, scan
from oms_import.readers.csv_text import Text
from oms_import.readers.header import Header, Match, best_header, missing_columns
from oms_import.readers.spec import ReadSpec

_DELIMITERS = ",;\t|"
_NAMED = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|"}
_SHOWN = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}
_HOLLOW = ' \t,;|"'  # of such a row nothing can be told
_ROWS = 100  # rows looked at
_HEADS = (64 * 1024, 1 << 20, 16 << 20)  # bytes looked at, until a row is found in them
_SEP = re.compile(r'"?sep=(.)"?\s*$', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Located:
    """The table in the text."""

    syntax: Syntax
    header: Header
    header_line: int | None  # None: the file has no header row
    offset: int  # of the first byte after the header
    line: int  # the physical line there, from 1
    breaks: tuple[int, int, int]  # CRLF, LF, CR line ends before it
    row_bytes: int  # of a row, roughly


@dataclass(frozen=True, slots=True)
class _Look:
    """The head of the text as one delimiter splits it."""

    delimiter: str
    records: Records
    rows: list[list[str]]
    first: int  # position of rows[0] among the records
    match: Match | None

    @property
    def rank(self) -> tuple[Match, ...]:
        return () if self.match is None else (self.match,)


def locate(text: Text, spec: ReadSpec) -> Located:
    """Find the delimiter and the header.

    Raises:
        DropRejectedError: FILE_EMPTY, DELIM_MISMATCH, HDR_MISSING.
    """
    for size in _HEADS:
        head = text.read(0, size)
        final = len(head) >= text.size
        look = _look(head, final, spec)
        if look is not None:
            return _located(head, look, spec)
        if final:
            raise DropRejectedError([_nothing(head)])
    detail = f"no row in the first {_HEADS[-1]} bytes"
    raise DropRejectedError([Finding(Code.HDR_MISSING, detail=detail)])


def _nothing(head: bytes) -> Finding:
    """Why the whole text has no row."""
    if not head.strip(b" \t\r\n,;|"):
        return Finding(Code.FILE_EMPTY)
    detail = "a quote opens in the first row and is never closed"
    return Finding(Code.QUOTE_UNBALANCED, detail=detail, location=Location(line=1))


def quote_byte(spec: ReadSpec) -> int | None:
    """The quote character as a byte; None: quotes are text."""
    quote = spec.format.quote
    return ord(quote) if len(quote) == 1 and ord(quote) < 128 else None


def _look(head: bytes, final: bool, spec: ReadSpec) -> _Look | None:
    """The head split by the right delimiter; None: there is no row in it."""
    declared = _declared(spec)
    told = _told(head)
    present = "".join(one for one in _DELIMITERS if one.encode() in head)
    candidates = declared or told or present or _DELIMITERS[0]
    looks = [_split(head, final, spec, one) for one in candidates]
    best = max(looks, key=lambda look: look.rank)
    if best.match is None:
        return None
    if declared:
        _check_declared(best, head, final, spec)
    return best


def _declared(spec: ReadSpec) -> str | None:
    wanted = spec.format.delimiter
    if wanted.casefold() == "auto":
        return None
    wanted = _NAMED.get(wanted.casefold(), wanted)
    if len(wanted) != 1 or not wanted.isascii():
        detail = f'format.delimiter "{wanted}" of the profile is not one ASCII character'
        raise DropRejectedError([Finding(Code.DELIM_MISMATCH, detail=detail)])
    return wanted


def _told(head: bytes) -> str | None:
    """The delimiter of a `sep=;` line."""
    first = head[:16].splitlines()[:1]
    found = _SEP.match(first[0].decode("utf-8", "ignore")) if first else None
    return found[1] if found and found[1].isascii() else None


def _split(head: bytes, final: bool, spec: ReadSpec, delimiter: str) -> _Look:
    syntax = Syntax(ord(delimiter), quote_byte(spec))
    records = scan(head, syntax, final)
    first = 1 if _told(head) else 0
    count = min(records.count, first + _ROWS)
    texts = (
        text_of(head, int(records.starts[i]), int(records.ends[i])) for i in range(first, count)
    )
    rows = [cells_of(text, syntax) if text.strip(_HOLLOW) else [""] for text in texts]
    match = _given(rows, spec) if spec.format.header else best_header(rows, spec)
    return _Look(delimiter, records, rows, first, match)


def _given(rows: list[list[str]], spec: ReadSpec) -> Match | None:
    """How well the rows fit a header that the profile gives."""
    filled = [(i, row) for i, row in enumerate(rows) if any(cell.strip() for cell in row)]
    if not filled:
        return None
    width = len(spec.format.header)
    fitting = [i for i, row in filled if len(row) == width]
    share = len(fitting) / len(filled)
    return Match(True, len(fitting), bool(fitting) and width > 1, share, width, -filled[0][0])


def _check_declared(look: _Look, head: bytes, final: bool, spec: ReadSpec) -> None:
    """DELIM_MISMATCH where another delimiter clearly fits and the declared one does not."""
    match = look.match
    if match is None or (match.complete and match.known) or _plausible(match, spec):
        return
    others = [_split(head, final, spec, one) for one in _DELIMITERS if one != look.delimiter]
    best = max(others, key=lambda other: other.rank)
    if best.match is None or not _clearly(best.match, match):
        return
    found = _SHOWN[best.delimiter]
    said = _SHOWN.get(look.delimiter, f'"{look.delimiter}"')
    detail = f"the profile says {said}, the file has {found}"
    raise DropRejectedError([Finding(Code.DELIM_MISMATCH, value=best.delimiter, detail=detail)])


def _plausible(match: Match, spec: ReadSpec) -> bool:
    expects = spec.known_columns or spec.required_columns or spec.format.header
    return not expects and match.fields > 1


def _clearly(other: Match, declared: Match) -> bool:
    if other.known or declared.known:
        return other.known > declared.known
    return declared.fields <= 1 < other.fields and other.steady >= 0.5


def _located(head: bytes, look: _Look, spec: ReadSpec) -> Located:
    match, records = look.match, look.records
    if match is None:
        raise AssertionError
    syntax = Syntax(ord(look.delimiter), quote_byte(spec))
    row = look.first - match.row
    given = bool(spec.format.header)
    header = Header.of(spec.format.header if given else look.rows[-match.row])
    line = int(records.lines[row]) + 1
    finding = missing_columns(header, spec)
    if finding is not None:
        where = Location(line=None if given else line)
        raise DropRejectedError(
            [Finding(finding.code, finding.field, None, finding.detail, None, where)]
        )
    after = row if given else row + 1
    offset = int(records.starts[after]) if after < records.count else records.consumed
    body = len(head) - offset
    return Located(
        syntax=syntax,
        header=header,
        header_line=None if given else line,
        offset=offset,
        line=_line_at(records, after),
        breaks=_breaks(head, records, after),
        row_bytes=max(16, body // max(1, records.count - after)),
    )


def _line_at(records: Records, row: int) -> int:
    return 1 + (int(records.lines[row]) if row < records.count else records.line_breaks)


def _breaks(head: bytes, records: Records, rows: int) -> tuple[int, int, int]:
    """How many of the first records end in CRLF, LF and CR."""
    ends = [head[end : end + 2] for end in records.ends[:rows].tolist()]
    crlf = ends.count(b"\r\n")
    feeds = sum(end.startswith(b"\n") for end in ends)
    return crlf, feeds, sum(end.startswith(b"\r") for end in ends) - crlf
