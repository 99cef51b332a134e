"""Rejected and held orders for people: each drop's own rows with the reasons, and all exceptions.

The rows are written as their drop was (delimiter, quotes, encoding), so that a corrected file can
be imported again; cells are guarded against formulas in a way that import takes back exactly.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

import polars as pl

from oms_import.durable import create, plain_os_errors, sync_file, sync_folder
from oms_import.model.guard import OURS, guarded
from oms_import.model.values import HOUSEKEEPING, POINTER, Dialect, Drop, WrittenFile
from oms_import.outputs.tables import weighed

EXCEPTIONS = pl.Schema(
    {
        "channel": pl.String,
        "drop": pl.String,
        "order_number": pl.String,
        "record": pl.Int64,
        "line": pl.Int64,
        "code": pl.String,
        "severity": pl.String,
        "field": pl.String,
        "value": pl.String,
        "message": pl.String,
        "owner": pl.String,
        "remedy": pl.String,
    }
)
"""exceptions.csv: one row a finding of a rejected or held order."""

_NAME_CHARS = 120


class RejectedWriter:
    """Writes the rejected folder: `write` and `write_exceptions` for each part, then `close`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[tuple[str, str], _File] = {}  # by channel and drop id
        self._taken: set[Path] = set()
        self._exceptions = _File(folder / "exceptions.csv", _PLAIN)
        with plain_os_errors(folder):
            self._exceptions.append(pl.DataFrame(schema=EXCEPTIONS))

    def write(self, channel: str, drop: Drop, dialect: Dialect, rows: pl.DataFrame) -> None:
        """Append rows of a drop to <channel>/<drop>.rejected.csv (.tsv where it has tabs).

        `rows`: the source columns (String), the readers' housekeeping, `_codes`, `_reasons`,
        `_owner`. What could not be read as cells (`_raw`) is told in `_reasons`.

        Raises:
            OutputError: no space or no permission.
        """
        with plain_os_errors(self._folder):
            self._file(channel, drop, dialect).append(_for_people(rows))

    def write_exceptions(self, frame: pl.DataFrame) -> None:
        """Append rows of EXCEPTIONS to exceptions.csv.

        Raises:
            OutputError: no space or no permission.
        """
        with plain_os_errors(self._folder):
            self._exceptions.append(frame.select(list(EXCEPTIONS)))

    def close(self) -> list[WrittenFile]:
        """Finish all files durably; their names are relative to the folder.

        Raises:
            OutputError: no space or no permission.
        """
        with plain_os_errors(self._folder):
            files = [self._exceptions, *self._files.values()]
            written = [file.close(self._folder) for file in files]
            for folder in {file.path.parent for file in files}:
                sync_folder(folder)
            return written

    def _file(self, channel: str, drop: Drop, dialect: Dialect) -> _File:
        key = (channel, drop.drop_id)
        if key not in self._files:
            self._files[key] = _File(self._path(channel, drop, dialect), _Form.of(dialect))
        return self._files[key]

    def _path(self, channel: str, drop: Drop, dialect: Dialect) -> Path:
        extension = "tsv" if _Form.of(dialect).delimiter == "\t" else "csv"
        folder, name = self._folder / safe_name(channel), safe_name(drop.name)
        path = folder / f"{name}.rejected.{extension}"
        if path in self._taken:
            path = folder / f"{name}-{drop.drop_id[:8]}.rejected.{extension}"
        self._taken.add(path)
        return path


@dataclass(frozen=True, slots=True)
class _Form:
    """How a file is written."""

    delimiter: str = ","
    quote: str | None = '"'
    newline: str = "\n"
    encoding: str = "utf-8"

    @classmethod
    def of(cls, dialect: Dialect) -> _Form:
        """As the drop was, as far as that is text of one-byte delimiters."""
        if dialect.newline is None and dialect.quote is None:  # a document, not lines of text
            return _PLAIN
        if dialect.delimiter is None or len(dialect.delimiter.encode()) != 1:
            return _PLAIN
        return cls(
            delimiter=dialect.delimiter,
            quote=dialect.quote,
            newline="\r\n" if dialect.newline == "CRLF" else "\n",
            encoding=_encoding(dialect.encoding),
        )

    def written(self, frame: pl.DataFrame, *, header: bool) -> bytes:
        """The rows as bytes; what the encoding lacks in texts of ours becomes `?`."""
        style: Literal["necessary", "never"] = "necessary" if self.quote else "never"
        out = BytesIO()
        (frame if self.quote else self._unbroken(frame)).write_csv(
            out,
            include_header=header,
            separator=self.delimiter,
            line_terminator=self.newline,
            quote_char=self.quote or '"',
            quote_style=style,
        )
        if self.encoding == "utf-8":
            return out.getvalue()
        mark = codecs.BOM_UTF16_LE if header and self.encoding == "utf-16-le" else b""
        return mark + out.getvalue().decode().encode(self.encoding, "replace")

    def _unbroken(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Without quotes a cell cannot hold the delimiter; only texts of ours could."""
        breaks = f"[{re.escape(self.delimiter)}\r\n]"
        return frame.with_columns(pl.col(pl.String).str.replace_all(breaks, " "))


_PLAIN = _Form()


@dataclass(slots=True)
class _File:
    """A file that grows; open only while it is written to, since a run may have many."""

    path: Path
    form: _Form
    columns: tuple[str, ...] = ()
    rows: int = 0

    def append(self, frame: pl.DataFrame) -> None:
        """Add rows, at first with the header."""
        first = not self.columns
        if first:
            self.columns = tuple(frame.columns)
        content = self.form.written(guarded(frame.select(self.columns)), header=first)
        with create(self.path) if first else self.path.open("ab") as file:
            file.write(content)
        self.rows += frame.height

    def close(self, folder: Path) -> WrittenFile:
        """Make it durable."""
        sync_file(self.path)
        return weighed(self.path, self.path.relative_to(folder).as_posix(), self.rows)


def _for_people(rows: pl.DataFrame) -> pl.DataFrame:
    """The source's columns, then ours."""
    own = {*HOUSEKEEPING, POINTER, *OURS}
    source = [name for name in rows.columns if name not in own]
    reasons = pl.col("_reasons")
    if "_raw" in rows.columns:
        told = pl.format("{}; the row reads: {}", reasons.fill_null(""), "_raw")
        reasons = pl.when(pl.col("_raw").is_null()).then(reasons).otherwise(told).alias("_reasons")
    return rows.with_columns(reasons).select(*source, *OURS)


def safe_name(name: str) -> str:
    """A file name without anything a file system or a shell would read into it."""
    plain = re.sub(r"[^\w.-]+", "_", name).lstrip(".-") or "drop"
    while len(plain.encode()) > _NAME_CHARS:
        plain = plain[:-1]
    return plain


def _encoding(name: str) -> str:
    """The drop's encoding where Python knows it and it writes no mark of its own, else UTF-8."""
    try:
        known = codecs.lookup(name).name
    except LookupError:
        return "utf-8"
    if known in {"ascii", "utf-8-sig"}:
        return "utf-8"
    return "utf-16-le" if known.startswith("utf-16") else known
