"""Messages in bulk: where they stand, what their headers say, whether their trailers agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from oms_import.model.edi import COMPONENT, MESSAGES, Fault, element
from oms_import.readers.edi.edifact_codec import TERMINATED, Bytes
from oms_import.readers.edi.edifact_syntax import Syntax
from oms_import.readers.edi.edifact_text import (
    Places,
    Segments,
    gathered,
    split,
    utf8,
)

_NO_TRAILER = bytes((ord("-"), TERMINATED))
_TYPE = r"^[A-Z][A-Z0-9]{5}$"


@dataclass(frozen=True, slots=True)
class Spans:
    """The messages of a block, as positions of segments in it."""

    heads: Places  # of each header
    lasts: Places  # of each last segment
    whole: npt.NDArray[np.bool_]  # whether the last segment is a trailer


def spans(service: Places, kinds: npt.NDArray[np.uint8], segments: int) -> Spans:
    """Messages reach from a header to its trailer, or to where something else begins.

    Parameters:
        service: positions of service segments.
        kinds: of these; 1 is a message's header, 2 its trailer.
        segments: how many segments the block has.
    """
    following = np.append(service[1:], segments)
    next_kinds = np.append(kinds[1:], np.uint8(0))
    begun = kinds == 1
    whole = next_kinds[begun] == 2
    return Spans(service[begun], following[begun] - np.where(whole, 0, 1), whole)


@dataclass(slots=True)
class Placed:
    """The messages of a block, as arrays of the same length, and the text of what frames them."""

    interchange: int
    groups: Places
    counts: Places
    begins: Places
    closes: Places
    lines: Places
    last_begins: Places
    last_lines: Places
    whole: npt.NDArray[np.bool_]
    heads: Bytes
    trails: Bytes
    head_text: bytes = b""
    trail_text: bytes = b""

    def decode(self, encoding: str) -> None:
        """Turn the framing segments to UTF-8, when the encoding is known."""
        self.head_text, self.trail_text = utf8(self.heads, encoding), utf8(self.trails, encoding)
        self.heads = self.trails = self.heads[:0]


def placed(
    segments: Segments, found: Spans, at: tuple[int, int], lines: Places, groups: Places
) -> Placed:
    """The messages of a block.

    Parameters:
        at: the offset of the block in the file, and the interchange's number.
        lines: of each segment.
        groups: the number of each message's group.
    """
    offset, interchange = at
    heads, lasts = found.heads, found.lasts
    begins, closes = segments.begins + offset, segments.closes + offset
    return Placed(
        interchange=interchange,
        groups=groups,
        counts=lasts - heads + 1,
        begins=begins[heads],
        closes=closes[lasts],
        lines=lines[heads],
        last_begins=begins[lasts],
        last_lines=lines[lasts],
        whole=found.whole,
        heads=gathered(segments.data, segments.starts[heads], segments.ends[heads]).copy(),
        trails=_trails(segments, found),
    )


def _trails(segments: Segments, found: Spans) -> Bytes:
    """The trailers' text, `-` for those that are not there."""
    lasts = found.lasts[found.whole]
    if bool(found.whole.all()):
        return gathered(segments.data, segments.starts[lasts], segments.ends[lasts]).copy()
    pieces: list[bytes] = []
    for last, whole in zip(found.lasts.tolist(), found.whole.tolist(), strict=True):
        begin, end = segments.starts[last], segments.ends[last] + 1
        pieces.append(segments.data[begin:end].tobytes() if whole else _NO_TRAILER)
    return np.frombuffer(b"".join(pieces), np.uint8)


def messages(parts: Sequence[Placed], syntax: Syntax) -> tuple[pl.DataFrame, Iterator[Fault]]:
    """All messages of a file (MESSAGES), and what is wrong with their headers and trailers."""
    if not parts:
        return pl.DataFrame(schema=MESSAGES), iter(())
    frame = _placed_frame(parts).with_columns(*_header_columns(parts))
    kind = pl.col("type").replace_strict(
        list(syntax.kinds), list(syntax.kinds.values()), default="other", return_dtype=pl.String
    )
    frame = frame.with_columns(kind.alias("kind"))
    return frame.select(MESSAGES.names()).cast(MESSAGES), _faults(frame, syntax)


def _placed_frame(parts: Sequence[Placed]) -> pl.DataFrame:
    def all_of(name: str) -> npt.NDArray[np.generic]:
        return np.concatenate([getattr(part, name) for part in parts])

    frame = pl.DataFrame(
        {
            "interchange": np.repeat(
                [part.interchange for part in parts], [len(part.groups) for part in parts]
            ),
            "group": all_of("groups"),
            "segments": all_of("counts"),
            "line": all_of("lines"),
            "byte_from": all_of("begins"),
            "byte_to": all_of("closes"),
            "last_byte": all_of("last_begins"),
            "last_line": all_of("last_lines"),
            "whole": all_of("whole"),
        }
    )
    count = pl.int_range(1, pl.len() + 1)
    return frame.with_columns(count.alias("message"), count.over("group").alias("place"))


def _header_columns(parts: Sequence[Placed]) -> list[pl.Series]:
    """type, version, control, stated (count), repeated (reference), as headers and trailers say."""
    heads = split(b"".join(part.head_text for part in parts), 2)
    trails = split(b"".join(part.trail_text for part in parts), 2)
    kind = pl.col(element(2)).fill_null("").str.splitn(COMPONENT, 2)
    said = heads.select(
        kind.struct.field("field_0").str.strip_chars().alias("type"),
        kind.struct.field("field_1").fill_null("").str.replace_all(COMPONENT, ":", literal=True)
        .str.strip_chars_end(":").alias("version"),
        _text(1).alias("control"),
    )  # fmt: skip
    ended = trails.select(_text(1).alias("stated"), _text(2).alias("repeated"))
    return [*said.iter_columns(), *ended.iter_columns()]


def _text(number: int) -> pl.Expr:
    first = pl.col(element(number)).str.split(COMPONENT).list.first()
    return first.fill_null("").str.strip_chars()


def _faults(frame: pl.DataFrame, syntax: Syntax) -> Iterator[Fault]:
    """Faults of messages; loops over those alone that have one."""
    whole, tag = pl.col("whole"), syntax.message_end
    for row in frame.filter(~whole).iter_rows(named=True):
        detail = f"{tag} is missing, the message is not closed"
        yield _fault("EDI_TRUNCATED", row, tag, detail)
    counted = pl.col("stated").cast(pl.Int64, strict=False) == pl.col("segments")
    for row in frame.filter(whole & ~counted.fill_null(value=False)).iter_rows(named=True):
        detail = f'{tag} states "{row["stated"]}" segments, {row["segments"]} were read'
        yield _fault("EDI_COUNT", row, tag, detail, 1, str(row["stated"]))
    other = pl.col("repeated") != pl.col("control")
    wrong = frame.filter(whole & other) if syntax.referenced else frame.clear()
    for row in wrong.iter_rows(named=True):
        detail = f'{tag} refers to "{row["repeated"]}", {syntax.message} to "{row["control"]}"'
        yield _fault("EDI_CONTROL_REF", row, tag, detail, 2, str(row["repeated"]))
    yield from _header_faults(frame, syntax.message)


def _header_faults(frame: pl.DataFrame, tag: str) -> Iterator[Fault]:
    """Headers that do not say which message this is, or which type it is of."""
    for row in frame.filter(pl.col("control") == "").iter_rows(named=True):
        yield _fault("EDI_SEGMENT", row, tag, f"{tag} has no reference", 1)
    named = pl.col("type").str.contains(_TYPE)
    for row in frame.filter(~named).iter_rows(named=True):
        detail = f'{tag} names no type of message: "{row["type"]}"'
        yield _fault("EDI_SEGMENT", row, tag, detail, 2, str(row["type"]))


def _fault(
    code: str,
    row: dict[str, object],
    tag: str,
    detail: str,
    element: int | None = None,
    value: str | None = None,
) -> Fault:
    def number(name: str) -> int:
        return int(str(row[name]))

    at_end = tag in {"UNT", "MTR"}
    return Fault(
        code=code,
        interchange=number("interchange"),
        detail=detail,
        group=number("group"),
        message=number("message"),
        segment=None if code == "EDI_TRUNCATED" else number("segments") if at_end else 1,
        tag=tag,
        element=element,
        value=value,
        byte=number("last_byte" if at_end else "byte_from"),
        line=number("last_line" if at_end else "line"),
    )
