"""Lines of a flat IDoc file in bulk: cut at control records, named, and split by field layouts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest

import numpy as np
import polars as pl
import pyarrow as pa

from oms_import.model.edi import element
from oms_import.readers.csv_text import Text
from oms_import.readers.edi.idoc_fields import (
    DATE_FIELDS,
    LAYOUTS,
    NO_DATE,
    RELEASE_3,
    RELEASE_4,
    UNKNOWN,
    segment_type,
)

_BLOCK = 8 << 20
_CONTROL = b"EDI_DC"
_NAME = r"^[A-Z/][A-Z0-9_/]{2,29}$"

STRAY = "_TEXT"
"""Tag of a line that is no data record; its one field is the whole line."""

REST = "SDATA_REST"
"""Last field of every layout: what stands beyond the fields we know (a newer release's)."""

_FEW = 500  # records that are cut one by one


@dataclass(frozen=True, slots=True)
class Block:
    """Whole IDocs of a file: their bytes, and how far into the text they begin."""

    data: bytes
    offset: int


def blocks(text: Text, size: int = _BLOCK) -> Iterator[Block]:
    """The text in pieces of about `size` bytes, each (but the first) led by a control record."""
    at = 0
    while at < text.size:
        want = size
        data = text.read(at, want)
        cut = _cut(data)
        while cut is None and at + len(data) < text.size:
            want *= 2
            data = text.read(at, want)
            cut = _cut(data)
        whole = at + len(data) >= text.size
        data = data if whole or cut is None else data[:cut]
        yield Block(data, at)
        at += len(data)


def _cut(data: bytes) -> int | None:
    """Where the last IDoc begins that other lines precede."""
    at = data.rfind(b"\n" + _CONTROL)
    return None if at < 0 else at + 1


def lines(block: Block) -> pl.DataFrame:
    """One row a line: `_row` (from 0, blank lines counted), bytes, text without its line end."""
    data = block.data
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")).astype(np.int64) + 1
    if not len(ends) or ends[-1] != len(data):
        ends = np.append(ends, len(data))
    begins = np.concatenate((np.zeros(1, np.int64), ends))
    texts = pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(begins), pa.py_buffer(data))
    frame = pl.DataFrame(
        {
            "_row": np.arange(len(ends), dtype=np.int64),
            "_byte_from": begins[:-1] + block.offset,
            "_byte_to": ends + block.offset,
            "text": pl.from_arrow(texts),
        }
    )
    frame = frame.with_columns(pl.col("text").str.strip_chars_end("\r\n"))
    return frame.filter(pl.col("text").str.strip_chars() != "")


def with_places(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `_idoc` (0 before the first control record), `_segment` (control 0), `_name`."""
    control = pl.col("text").str.starts_with(_CONTROL.decode())
    frame = frame.with_columns(control.alias("_control"), control.cum_sum().alias("_idoc"))
    return frame.with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt32).over("_idoc").alias("_segment"),
        pl.when(~control).then(_lead("SEGNAM")).alias("_name"),
    )


def lead(name: str) -> pl.Expr:
    """A leading field of the data records, as a number where it is one."""
    return _lead(name).cast(pl.Int64, strict=False)


def _lead(name: str) -> pl.Expr:
    """A leading field of the data records, trimmed; either release's."""
    (old_at, old_length), (at, length) = RELEASE_3.place(name), RELEASE_4.place(name)
    old, text = is_release_3(), pl.col("text")
    begin = pl.when(old).then(old_at).otherwise(at)
    size = pl.when(old).then(old_length).otherwise(length)
    return text.str.slice(begin, size).str.strip_chars(" ")


def is_release_3() -> pl.Expr:
    """Whether a line is a data record of 3.x (EDI_DD); 4.x names the segment where that stands."""
    return pl.col("text").str.starts_with("EDI_DD ")


def is_sound() -> pl.Expr:
    """Whether a line is a data record as far as its name tells."""
    return pl.col("_name").str.contains(_NAME)


def tags(frame: pl.DataFrame) -> pl.DataFrame:
    """`_name` and `tag` for each segment name of a frame; stray lines are STRAY."""
    names = frame.filter(~pl.col("_control")).select(
        pl.when(is_sound()).then("_name").alias("_name")
    )
    known = names.unique().get_column("_name").to_list()
    kinds = [STRAY if name is None else segment_type(name) for name in known]
    return pl.DataFrame(
        {"_name": known, "tag": kinds}, schema={"_name": pl.String, "tag": pl.String}
    )


def field_names(tag: str) -> tuple[str, ...]:
    """The fields of a segment in a flat file, by position."""
    layout = LAYOUTS.get(tag)
    return UNKNOWN if layout is None else (*layout.names, REST)


def split(frame: pl.DataFrame) -> pl.DataFrame:
    """Data records (with_places) as tag, e01, e02 …; the frame's other columns stay, order too."""
    data = frame.filter(~pl.col("_control"))
    data = data.with_columns(pl.when(is_sound()).then("_name").alias("_name"))
    data = data.join(tags(frame), on="_name", how="left", nulls_equal=True, maintain_order="left")
    begin = pl.when(is_release_3()).then(RELEASE_3.sdata).otherwise(RELEASE_4.sdata)
    begin = pl.when(pl.col("tag") == STRAY).then(0).otherwise(begin)
    data = data.with_columns(pl.col("text").str.slice(begin).alias("text"))
    if data.height <= _FEW:
        return _in_order(_few(data))
    data = data.with_row_index("_order")
    parts = [_fields(part, str(part.item(0, "tag"))) for part in data.partition_by("tag")]
    return _in_order(pl.concat(parts, how="diagonal").sort("_order").drop("_order"))


def _few(data: pl.DataFrame) -> pl.DataFrame:
    """What `_fields` does, one record after the other: quicker for the orders of a small file."""
    rows = [
        [
            _value(name, text[at : None if length is None else at + length])
            for name, at, length in places
        ]
        for places, text in (
            (_places(tag), text) for tag, text in data.select("tag", "text").iter_rows()
        )
    ]
    cells = {
        element(number): pl.Series(values, dtype=pl.String)
        for number, values in enumerate(zip_longest(*rows), 1)
    }
    return data.drop("text").with_columns(**cells or {element(1): pl.lit(None, pl.String)})


def _value(name: str, text: str) -> str | None:
    value = text.rstrip(" ")
    return None if not value or (value == NO_DATE and name in DATE_FIELDS) else value


def _fields(part: pl.DataFrame, tag: str) -> pl.DataFrame:
    """The fields of one segment type; those no record reaches are left out."""
    longest = int(part.select(pl.col("text").str.len_chars().max()).item() or 0)
    cells = [
        _cell(name, at, length).alias(element(number))
        for number, (name, at, length) in enumerate(_places(tag), 1)
        if at < longest or number == 1
    ]
    return part.with_columns(cells).drop("text")


@cache
def _places(tag: str) -> tuple[tuple[str, int, int | None], ...]:
    """A segment's fields: name, offset, length (None: all that is left)."""
    layout = LAYOUTS.get(tag)
    if layout is None:
        return ((UNKNOWN[0], 0, None),)
    known = zip(layout.names, layout.offsets, layout.lengths, strict=True)
    return (*known, (REST, sum(layout.lengths), None))


def _cell(name: str, at: int, length: int | None) -> pl.Expr:
    cell = pl.col("text").str.slice(at, length).str.strip_chars_end(" ")
    empty = cell == ""
    if name in DATE_FIELDS:
        empty |= cell == NO_DATE
    return pl.when(~empty).then(cell)


def _in_order(frame: pl.DataFrame) -> pl.DataFrame:
    """Elements in their order and without gaps, the last ones that hold nothing left out."""
    cells = {name for name in frame.columns if name[0] == "e" and name[1:].isdigit()}
    rest = [name for name in frame.columns if name not in cells]
    full = [n for n in cells if frame.get_column(n).null_count() < frame.height]
    last = max((int(name[1:]) for name in full), default=1)
    wanted = [element(number) for number in range(1, last + 1)]
    missing = [pl.lit(None, pl.String).alias(name) for name in wanted if name not in cells]
    return frame.with_columns(missing).select(*rest, *wanted)


def fields_of(tags_seen: Mapping[str, None]) -> dict[str, tuple[str, ...]]:
    """Field names of all segment types seen in a flat file."""
    return {tag: field_names(tag) for tag in tags_seen}
