"""Messages in bulk: where they stand, what their headers say, whether their trailers agree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from oms_import.model.edi import COMPONENT, MESSAGES, Fault, element
from oms_import.readers.edi.edifact_codec import TERMINATED, Bytes
from oms_import.readers.edi.edifact_syntax import Syntax, part
from oms_import.readers.edi.edifact_text import (
    Places,
    Segments,
    elements,
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


_FEW = 200
"""So many messages are quicker read one by one than by Polars: most files are small."""

_READ = ("type", "version", "control", "stated", "repeated")
"""What headers and trailers say: the last two are a trailer's count and reference."""


def messages(parts: Sequence[Placed], syntax: Syntax) -> tuple[pl.DataFrame, Iterator[Fault]]:
    """All messages of a file (MESSAGES), and what is wrong with their headers and trailers."""
    if not parts:
        return pl.DataFrame(schema=MESSAGES), iter(())
    places = _places(parts)
    heads = b"".join(one.head_text for one in parts)
    trails = b"".join(one.trail_text for one in parts)
    if len(places["message"]) <= _FEW:
        said = _few(heads, trails)
        kinds: list[str] | pl.Series = [syntax.kinds.get(kind, "other") for kind in said["type"]]
        frame = pl.DataFrame({**places, **said, "kind": kinds}).with_columns(_again(syntax))
        return _as_messages(frame), _faults(frame, syntax)
    frame = pl.DataFrame(places).hstack(_many(heads, trails))
    kind = pl.col("type").replace_strict(
        list(syntax.kinds), list(syntax.kinds.values()), default="other", return_dtype=pl.String
    )
    frame = frame.with_columns(kind.alias("kind"), _again(syntax))
    return _as_messages(frame), _faults(frame.filter(_suspicious(syntax)), syntax)


def _again(syntax: Syntax) -> pl.Expr:
    """Whether a message's reference is that of one before it in its interchange or group."""
    if not syntax.referenced:
        return pl.lit(value=False).alias("again")
    return (~pl.struct("group", "control").is_first_distinct()).alias("again")


def _as_messages(frame: pl.DataFrame) -> pl.DataFrame:
    columns = (frame.get_column(name).cast(kind) for name, kind in MESSAGES.items())
    return pl.DataFrame(list(columns))


def _places(parts: Sequence[Placed]) -> dict[str, npt.NDArray[Any]]:
    """Numbers, counts and places of all messages."""

    def all_of(name: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(one, name) for one in parts])

    groups = all_of("groups")
    numbers = np.arange(1, len(groups) + 1)
    return {
        "message": numbers,
        "interchange": np.repeat(
            [one.interchange for one in parts], [len(one.groups) for one in parts]
        ),
        "group": groups,
        "place": numbers - np.searchsorted(groups, groups),  # the groups' numbers rise
        "segments": all_of("counts"),
        "line": all_of("lines"),
        "byte_from": all_of("begins"),
        "byte_to": all_of("closes"),
        "last_byte": all_of("last_begins"),
        "last_line": all_of("last_lines"),
        "whole": all_of("whole"),
    }


def _few(heads: bytes, trails: bytes) -> dict[str, list[str]]:
    """What each header and trailer says, read one by one."""
    mark = bytes((TERMINATED,))
    rows: list[tuple[str, ...]] = []
    for head, trail in zip(heads.split(mark)[:-1], trails.split(mark)[:-1], strict=True):
        begun, ended = elements(head), elements(trail)
        kind, _, version = (begun[2] or "" if len(begun) > 2 else "").partition(COMPONENT)
        version = version.replace(COMPONENT, ":").rstrip(":")
        said = (part(begun, 1), part(ended, 1), part(ended, 2))
        rows.append((kind.strip(), version, *said))
    return {name: list(column) for name, column in zip(_READ, zip(*rows, strict=True), strict=True)}


def _many(heads: bytes, trails: bytes) -> pl.DataFrame:
    """What each header and trailer says, read in bulk."""
    kind = pl.col(element(2)).fill_null("").str.splitn(COMPONENT, 2)
    said = split(heads, 2).select(
        kind.struct.field("field_0").str.strip_chars().alias("type"),
        kind.struct.field("field_1").fill_null("").str.replace_all(COMPONENT, ":", literal=True)
        .str.strip_chars_end(":").alias("version"),
        _text(1).alias("control"),
    )  # fmt: skip
    ended = split(trails, 2).select(_text(1).alias("stated"), _text(2).alias("repeated"))
    return said.hstack(ended)


def _text(number: int) -> pl.Expr:
    first = pl.col(element(number)).str.split(COMPONENT).list.first()
    return first.fill_null("").str.strip_chars()


def _suspicious(syntax: Syntax) -> pl.Expr:
    """Whether `_faults` has something to say about a message."""
    counted = pl.col("stated").str.strip_chars_start("0") == pl.col("segments").cast(pl.String)
    same = pl.col("repeated") == pl.col("control") if syntax.referenced else pl.lit(value=True)
    named = pl.col("type").str.contains(_TYPE) & (pl.col("control") != "")
    return pl.col("again") | ~(pl.col("whole") & counted & same & named)


def _faults(frame: pl.DataFrame, syntax: Syntax) -> Iterator[Fault]:
    """Faults of messages, one message after the other."""
    for row in frame.iter_rows(named=True):
        yield from _header_faults(row, syntax.message)
        yield from _trailer_faults(row, syntax)


def _trailer_faults(row: dict[str, Any], syntax: Syntax) -> Iterator[Fault]:
    tag, stated, repeated = syntax.message_end, row["stated"], row["repeated"]
    if not row["whole"]:
        yield _fault("EDI_TRUNCATED", row, tag, f"{tag} is missing, the message is not closed")
        return
    if stated.lstrip("0") != str(row["segments"]):
        detail = f'{tag} states "{stated}" segments, {row["segments"]} were read'
        yield _fault("EDI_COUNT", row, tag, detail, 1, stated)
    if syntax.referenced and repeated != row["control"]:
        detail = f'{tag} refers to "{repeated}", {syntax.message} to "{row["control"]}"'
        yield _fault("EDI_CONTROL_REF", row, tag, detail, 2, repeated)


def _header_faults(row: dict[str, Any], tag: str) -> Iterator[Fault]:
    """A header that does not say which message this is, or which type it is of."""
    if not row["control"]:
        yield _fault("EDI_SEGMENT", row, tag, f"{tag} has no reference", 1)
    elif row["again"]:
        detail = f'{tag} has the reference "{row["control"]}" of another message'
        again = _fault("EDI_CONTROL_REF", row, tag, detail, 1, row["control"])
        yield replace(again, error="not unique")
    if not re.search(_TYPE, row["type"]):
        detail = f'{tag} names no type of message: "{row["type"]}"'
        yield _fault("EDI_SEGMENT", row, tag, detail, 2, row["type"])


def _fault(
    code: str,
    row: dict[str, Any],
    tag: str,
    detail: str,
    element: int | None = None,
    value: str | None = None,
) -> Fault:
    at_end = tag in {"UNT", "MTR"}
    return Fault(
        code=code,
        interchange=row["interchange"],
        detail=detail,
        group=row["group"],
        message=row["message"],
        segment=None if code == "EDI_TRUNCATED" else row["segments"] if at_end else 1,
        tag=tag,
        element=element,
        value=value,
        byte=row["last_byte" if at_end else "byte_from"],
        line=row["last_line" if at_end else "line"],
    )
