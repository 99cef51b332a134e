"""EDIFACT interchanges (ISO 9735, syntax 1 to 4), opened as a source of segments.

Read as they come: with UNA or without, wrapped or in one line, in the encoding UNB names or another
one, with junk beside the interchanges; every interchange has its own delimiters.
"""

from __future__ import annotations

import codecs
import mmap
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from oms_import.model.codes import Code
from oms_import.model.edi import SEGMENTS, Delimiters, Envelopes, Group, Interchange, element
from oms_import.model.errors import DropRejectedError, OutputError
from oms_import.model.finding import Finding
from oms_import.model.values import Limits
from oms_import.readers.edi.edifact_charset import is_ascii_based
from oms_import.readers.edi.edifact_codec import PARTED, TERMINATED, Codec
from oms_import.readers.edi.edifact_header import find_edifact
from oms_import.readers.edi.edifact_interchange import survey
from oms_import.readers.edi.edifact_messages import messages as surveyed_messages
from oms_import.readers.edi.edifact_syntax import Elements, Syntax, joined, part
from oms_import.readers.edi.edifact_text import (
    Places,
    clean,
    gathered,
    rows_at,
    split,
    utf8,
)
from oms_import.readers.edi.leading import Leads, is_plain
from oms_import.readers.edi.source import Header, SegmentSource
from oms_import.readers.spec import ReadSpec

_NEAR = 4096  # bytes between two messages that are read along rather than left out
_BLOCK = 1 << 20


def _interchange(number: int, unb: Elements, delimiters: Delimiters) -> Interchange:
    """UNB: S001 syntax, S002 sender, S003 recipient, S004 date, 0020 … 0031 … 0035."""
    return Interchange(
        number=number,
        standard="edifact",
        sender=part(unb, 2),
        receiver=part(unb, 3),
        control=part(unb, 5),
        delimiters=delimiters,
        sender_qualifier=part(unb, 2, 2) or None,
        receiver_qualifier=part(unb, 3, 2) or None,
        prepared=joined(unb, 4, " ") or None,
        version=joined(unb, 1) or None,
        test=part(unb, 11) == "1",
        ack_requested=part(unb, 9) == "1",
    )


def _group(plain: Group, ung: Elements) -> Group:
    """UNG: 0038 type, S006 sender, S007 recipient, S004 date, 0048 reference, 0051, S008."""
    return Group(
        number=plain.number,
        interchange=plain.interchange,
        functional_id=part(ung, 1),
        sender=part(ung, 2),
        receiver=part(ung, 3),
        control=part(ung, 5),
        version=joined(ung, 7),
    )


EDIFACT = Syntax(
    name="edifact",
    header="UNB",
    trailer="UNZ",
    group="UNG",
    group_end="UNE",
    message="UNH",
    message_end="UNT",
    advice="UNA",
    tag_end=None,
    referenced=True,
    control=5,
    kinds={"ORDERS": "order", "ORDCHG": "change"},
    find=find_edifact,
    interchange=_interchange,
    grouped=_group,
)


def open_edifact(path: Path, spec: ReadSpec, scratch: Path, limits: Limits) -> SegmentSource:
    """Open a file of EDIFACT interchanges.

    Raises:
        DropRejectedError: FILE_EMPTY; EDI_HEADER: there is no UNB; EDI_ENVELOPE: a message of more
            than 64 MB; ENC_MISMATCH, ENC_INVALID.
        OutputError: the scratch folder has no space.
    """
    del limits  # memory does not depend on the file's fields
    return SegmentSource(EdifactFile(path, EDIFACT, spec.format.encoding, scratch), spec)


class SegmentFile:
    """A file of EDIFACT or TRADACOMS, surveyed; `segments` reads the messages asked for.

    Satisfies readers.edi.source.Tokenized. Offsets and lines are those of the file as it came
    (of a copy in UTF-8 where the encoding is none that extends ASCII, such as UTF-16).
    """

    def __init__(self, path: Path, syntax: Syntax, encoding: str, scratch: Path) -> None:
        """Survey the file.

        Raises:
            DropRejectedError: FILE_EMPTY; EDI_HEADER: no interchange begins in it; EDI_ENVELOPE: a
                message of more than 64 MB; ENC_MISMATCH, ENC_INVALID: it is not in `encoding`.
        """
        self.name = syntax.name
        self.findings: list[Finding] = []
        declared = _known(encoding)
        self._path, declared = _ascii_based(path, declared, scratch)
        with self._path.open("rb") as file, _mapped(file) as data:
            found = survey(data, syntax, declared)
        frame, faults = surveyed_messages(found.placed, syntax)
        found.faults.extend(faults)
        found.faults.sort(key=lambda fault: (fault.byte or 0, fault.message or 0))
        self.envelopes = Envelopes(
            tuple(found.interchanges), tuple(found.groups), frame, tuple(found.faults)
        )
        self.headers: Mapping[int, Header] = found.headers
        self.repairs: list[str] = found.repairs
        self.encoding = found.writings[0][1]
        self._writings = found.writings
        self._width, self._nested = found.width, found.nested
        self._alike = _alike(found.writings)

    def segments(self, messages: pl.DataFrame) -> pl.DataFrame:
        """The SEGMENTS of these messages (rows of MESSAGES, in order), without envelope rows."""
        return self._rows(messages, Leads.of(messages, None))

    def _rows(self, messages: pl.DataFrame, leads: Leads) -> pl.DataFrame:
        """The segments of these messages behind their leading rows."""
        if messages.is_empty():
            return pl.DataFrame(schema={**SEGMENTS, element(1): pl.String})
        alike = self._alike[messages.get_column("interchange").to_numpy() - 1]
        cuts = np.flatnonzero(np.diff(alike)) + 1
        begins, ends = [0, *cuts.tolist()], [*cuts.tolist(), messages.height]
        with self._path.open("rb") as file, _mapped(file) as data:
            parts = [
                self._read(data, messages[begin:end], int(alike[begin]), leads.part(begin, end))
                for begin, end in zip(begins, ends, strict=True)
            ]
        return parts[0] if len(parts) == 1 else pl.concat(parts, how="diagonal")

    def _read(
        self, data: mmap.mmap, messages: pl.DataFrame, writing: int, leads: Leads
    ) -> pl.DataFrame:
        """Messages that are written alike."""
        codec, encoding = self._writings[writing]
        begins = messages.get_column("byte_from").to_numpy()
        closes = messages.get_column("byte_to").to_numpy()
        raw, moved = _pieces(data, begins, closes)
        one = clean(raw, codec, final=True)
        at = begins - moved  # where each message begins in `raw`
        of = np.maximum(np.searchsorted(at, one.begins, side="right") - 1, 0)
        inside = (one.begins >= at[of]) & (one.begins < closes[of] - moved[of])
        of, starts, ends = of[inside], one.starts[inside], one.ends[inside]
        text = utf8(gathered(one.data, starts, ends), encoding)
        first = np.searchsorted(of, np.arange(len(begins)))
        text = leads.before(text, rows_at(text, first), PARTED, TERMINATED)
        frame = split(text, self._width, nested=self._nested)
        line = messages.get_column("line").to_numpy()
        lines = one.lines[inside]
        number = messages.get_column("message").to_numpy()
        columns = {
            "_message": number[of],
            "_segment": (np.arange(len(of)) - first[of] + 1).astype(np.uint32),
            "_line": lines + (line - lines[first])[of],
            "_byte_from": one.begins[inside] + moved[of],
            "_byte_to": one.closes[inside] + moved[of],
        }
        return leads.framed(columns, frame, first, number, line)


class EdifactFile(SegmentFile):
    """A file of EDIFACT, whose messages are led by their envelopes and nothing else."""

    def led(self, messages: pl.DataFrame, headers: Mapping[int, Header]) -> pl.DataFrame | None:
        """The segments behind leading rows, by group; None where these hold control characters."""
        return self._rows(messages, Leads.of(messages, headers)) if is_plain(headers) else None


def _alike(writings: list[tuple[Codec, str]]) -> Places:
    """Of each interchange, the first one that is written as it is."""
    first: dict[tuple[Delimiters, str], int] = {}
    places = [
        first.setdefault((codec.delimiters, encoding), place)
        for place, (codec, encoding) in enumerate(writings)
    ]
    return np.array(places, np.int64)


def _pieces(data: mmap.mmap, begins: Places, closes: Places) -> tuple[bytes, Places]:
    """The messages' bytes, and how far each stands from its place in the file.

    What stands between two messages is left out where it is long.
    """
    cuts = np.flatnonzero(begins[1:] - closes[:-1] > _NEAR) + 1
    froms = begins[np.concatenate((np.zeros(1, np.int64), cuts))]
    untils = closes[np.append(cuts - 1, len(closes) - 1)]
    lengths = untils - froms
    moved = froms - (np.cumsum(lengths) - lengths)
    run = np.searchsorted(cuts, np.arange(len(begins)), side="right")
    pieces = (data[a:b] for a, b in zip(froms.tolist(), untils.tolist(), strict=True))
    return b"".join(pieces), moved[run]


def _mapped(file: BinaryIO) -> mmap.mmap:
    """The file's bytes without reading them.

    Raises:
        DropRejectedError: FILE_EMPTY.
    """
    try:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except ValueError:
        raise DropRejectedError([Finding(Code.FILE_EMPTY)]) from None


def _known(encoding: str) -> str | None:
    """The profile's encoding as Python names it, None for auto."""
    wanted = encoding.strip().casefold()
    if wanted == "auto":
        return None
    try:
        name = codecs.lookup(wanted).name
    except LookupError:
        detail = f'the profile\'s format.encoding "{encoding}" is no encoding we know'
        raise DropRejectedError([Finding(Code.ENC_MISMATCH, detail=detail)]) from None
    return "utf-8" if name == "utf-8-sig" else name


_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def _ascii_based(path: Path, declared: str | None, scratch: Path) -> tuple[Path, str | None]:
    """The file and its encoding; where delimiters are no ASCII bytes, a copy in UTF-8."""
    with path.open("rb") as file:
        head = file.read(64)
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    wide = marked or (declared if declared and not is_ascii_based(declared) else _wide(head))
    if wide is None:
        return path, declared
    try:
        return _transcoded(path, wide, scratch), "utf-8"
    except UnicodeError as error:
        detail = f"the file is not {wide}: {error}"
        raise DropRejectedError([Finding(Code.ENC_INVALID, detail=detail)]) from None
    except OSError as error:
        msg = f"the text could not be decoded to {scratch}: {error.strerror}"
        raise OutputError(msg, hint="free space on this disk and run again") from error


def _transcoded(path: Path, encoding: str, scratch: Path) -> Path:
    """A copy in UTF-8."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with tempfile.NamedTemporaryFile(suffix=".edi", dir=scratch, delete=False) as out:
        for block in _file_blocks(path):
            out.write(decoder.decode(block, final=not block).encode())
    return Path(out.name)


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of the first ones is NUL."""
    odd, even = head[1::2], head[::2]
    if len(head) < 8 or (0 in odd) == (0 in even):
        return None
    if odd.count(0) == len(odd):
        return "utf-16-le"
    return "utf-16-be" if even.count(0) == len(even) else None


def _file_blocks(path: Path) -> Iterator[bytes]:
    """The file's bytes in pieces, an empty one last."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block
    yield b""
