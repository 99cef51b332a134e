"""The values that travel from stage to stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import polars as pl

from oms_import.model.edi import Envelopes
from oms_import.model.finding import Finding
from oms_import.model.headers import SeenHeader


@dataclass(frozen=True, slots=True)
class Offer:
    """A file a source has for us, not yet ours."""

    name: str  # as the source calls it
    origin: str  # where it is, for people and for the drop id: a path or URL without secrets
    path: Path  # readable local bytes
    size: int
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """One landed file: its bytes are ours and never change."""

    index: int  # position in the run; `_drop` of every frame
    drop_id: str  # 32 hex digits of sha256(channel, account, content)
    channel: str
    account: str
    name: str  # the source's name; of an archive's member `archive.zip/member.csv`
    origin: str
    path: Path
    sha256: str
    size: int
    fetched_at: datetime
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a drop turned out to be written; kept as lineage."""

    format: str  # the reader's name: csv, excel
    encoding: str
    delimiter: str | None = None
    quote: str | None = None
    newline: str | None = None  # "CRLF", "LF", "CR", "mixed"
    header_line: int | None = None
    sheet: str | None = None
    columns: tuple[str, ...] = ()
    stated_count: int | None = None
    ignored: dict[str, int] = field(default_factory=dict[str, int])  # type → documents left out


@dataclass(frozen=True, slots=True)
class Shaping:
    """How batches become rows, for readers whose batches are not rows yet (EDI: segments).

    Small drops of the same `key` are joined first and shaped once, which is what makes a thousand
    small files cheap.
    """

    key: str  # what must be alike in drops that are shaped together
    columns: tuple[str, ...]  # the source columns of the rows
    rows: Callable[[pl.DataFrame, int], pl.DataFrame]
    """Batches with `_drop`, and the number of the first record where they are one drop's, to rows:
    source columns, housekeeping and `_drop`."""


HOUSEKEEPING = (
    "_record",
    "_line",
    "_line_to",
    "_byte_from",
    "_byte_to",
    "_fault",
    "_fault_value",
    "_raw",
)
POINTER = "_pointer"
"""A reader of documents adds it (String): where in the document the row stands."""

SOURCE_HOUSEKEEPING: dict[str, pl.DataType | type[pl.DataType]] = {
    "_record": pl.Int64,  # from 1, in file order, over the whole drop
    "_line": pl.Int64,  # first physical line, from 1
    "_line_to": pl.Int64,  # last physical line
    "_byte_from": pl.Int64,  # offset in the decoded UTF-8 text (null where there is none: Excel)
    "_byte_to": pl.Int64,
    "_fault": pl.String,  # reason code when the row itself is broken (ROW_SHORT …), else null
    "_fault_value": pl.String,  # what to say about it: "7 fields instead of 12"
    "_raw": pl.String,  # the row's text, only when _fault is set
}
"""Columns a reader adds to the source's own columns (which are all String, empty cells null)."""


class Source(Protocol):
    """A drop opened by a reader. `batches` may be called again: it starts anew each time."""

    @property
    def dialect(self) -> Dialect:
        """What was found out about the drop."""
        ...

    @property
    def findings(self) -> list[Finding]:
        """File-level findings; complete only after the last batch."""
        ...

    @property
    def envelopes(self) -> Envelopes | None:
        """Of EDI: what surrounds its segments; None: the format has none."""
        ...

    @property
    def shape(self) -> Shaping | None:
        """How the batches become rows; None: they are rows."""
        ...

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """Frames of at most about `rows` rows: the source's columns (String) + housekeeping.

        Raises:
            DropRejectedError: the whole drop cannot be trusted; may come after some batches.
        """
        ...


@dataclass(frozen=True, slots=True)
class OrderBatch:
    """Whole orders in canonical form. Every frame has `_order`; `orders` also `_drop`."""

    number: int
    channel: str
    tables: dict[str, pl.DataFrame]  # model.tables.TABLES plus `_order`
    records: pl.DataFrame  # model.tables.RECORDS
    source: pl.DataFrame  # source columns, housekeeping, `_drop`, `_order`
    findings: pl.DataFrame  # model.finding.FINDINGS


@dataclass(frozen=True, slots=True)
class DropResult:
    """What reading made of a drop, for lineage and report."""

    drop: Drop
    status: str  # imported, duplicate, rejected, failed
    dialect: Dialect | None = None
    records: int = 0
    findings: tuple[Finding, ...] = ()
    profile: str = ""
    profile_version: int = 0
    detail: str = ""  # for duplicate: the earlier run; for failed: why
    envelopes: Envelopes | None = None  # of EDI: interchanges, groups, messages
    columns: tuple[str, ...] = ()  # the source columns of its rows
    header: SeenHeader | None = None  # of a table whose headers are watched


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file of an output folder, as its manifest names it."""

    path: str  # relative to the workspace
    rows: int
    bytes: int
    sha256: str

    def as_json(self) -> dict[str, object]:
        """One entry of `outputs` and of manifest.json."""
        return {"path": self.path, "rows": self.rows, "bytes": self.bytes, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class Limits:
    """What keeps memory and disk bounded, from oms-import.toml `[limits]`."""

    batch_rows: int = 100_000
    field_bytes: int = 1_000_000
    archive_bytes: int = 10_000_000_000
    archive_ratio: int = 200
    archive_members: int = 10_000
    memory_mb: int = 512  # DuckDB's share
    document_bytes: int = 64_000_000  # of an XML or JSON document for one order
    extra: dict[str, int] = field(default_factory=dict)
