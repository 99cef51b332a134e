"""Flat IDoc files (port type File): read in blocks of lines, sliced by SAP's field offsets.

A file is a row of IDocs, each a control record (EDI_DC40; EDI_DC of 3.x) and its data records, one
a line, padded in full, padded to the segment's length or trimmed. Files without line ends, of
records in full length, are copied with line ends first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from oms_import.model.edi import SEGMENTS, Envelopes
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding
from oms_import.readers.csv_text import Text, open_text
from oms_import.readers.edi.idoc_control import FlatHeaders, no_header, records_of
from oms_import.readers.edi.idoc_fields import CONTROL_FIELDS, CONTROL_TAG
from oms_import.readers.edi.idoc_lines import Block, fields_of, lines, split, with_places
from oms_import.readers.edi.idoc_survey import survey

_HEAD = 8192
_TAIL = b"\x00\x1a"
_WINDOW = 4096  # records looked at together in a file without line ends

Characters = npt.NDArray[Any]
"""A cell a character: uint8 where all are ASCII, else uint32 code points."""


class FlatIDocs:
    """A flat file, surveyed; `segments` reads the messages asked for."""

    name = "idoc"

    def __init__(self, path: Path, encoding: str, scratch: Path) -> None:
        """Survey the file.

        Raises:
            DropRejectedError: FILE_EMPTY, ENC_INVALID, CTRL_CHAR; EDI_HEADER: no EDI_DC40.
        """
        self.repairs: list[str] = []
        text = open_text(self._without_tail(path, scratch), encoding, scratch)
        self.encoding = text.encoding
        self._text = self._with_line_ends(text, scratch)
        found = survey(self._text)
        if not found.register.interchanges:
            raise DropRejectedError([no_header()])
        self.envelopes: Envelopes = found.register.envelopes()
        self.headers = FlatHeaders(found.register.interchanges)
        self.fields: dict[str, tuple[str, ...]] = fields_of(found.tags)
        self.fields[CONTROL_TAG] = CONTROL_FIELDS
        self.findings: list[Finding] = found.warnings()

    def segments(self, messages: pl.DataFrame) -> pl.DataFrame:
        """The SEGMENTS of these messages (rows of MESSAGES, in order), control records left out."""
        parts = [self._run(run) for run in _runs(messages)]
        if not parts:
            return pl.DataFrame(schema={**SEGMENTS, "e01": pl.String})
        return pl.concat(parts, how="diagonal")

    def _run(self, run: pl.DataFrame) -> pl.DataFrame:
        """Messages that stand one after the other."""
        begin, end = int(run["byte_from"][0]), int(run["byte_to"][-1])
        frame = with_places(lines(Block(self._text.read(begin, end - begin), begin)))
        number = run.get_column("message").gather(frame.get_column("_idoc") - 1)
        frame = frame.with_columns(
            number.alias("_message"), (pl.col("_row") + run["line"][0]).alias("_line")
        )
        frame = split(frame)
        cells = [name for name in frame.columns if name not in _WORKING]
        return frame.select(*SEGMENTS, *(name for name in cells if name not in SEGMENTS))

    def _without_tail(self, path: Path, scratch: Path) -> Path:
        """The file itself, or a copy without the Ctrl-Z or NULs at its end; UTF-16 stays."""
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(64)
            file.seek(max(0, size - _HEAD))
            tail = file.read()
        kept = size - len(tail) + len(tail.rstrip(_TAIL))
        if kept == size or b"\0" in head:
            return path
        self.repairs.append("Ctrl-Z or NUL at the end of the file")
        copy = _scratch(scratch)
        with path.open("rb") as file, copy.open("wb") as out:
            left = kept
            while left and (data := file.read(min(1 << 20, left))):
                left -= out.write(data)
        return copy

    def _with_line_ends(self, text: Text, scratch: Path) -> Text:
        head = text.read(0, _HEAD)
        if b"\n" in head or not head.lstrip().startswith(b"EDI_DC"):
            return text
        if b"\r" in head:
            self.repairs.append("lines that end with CR alone")
            return _copied(text, scratch, _cr_blocks(text))
        if len(head) < _HEAD // 4 and text.size <= len(head):
            return text
        self.repairs.append("records without line ends")
        return _copied(text, scratch, _records(text))


_WORKING = frozenset({"_row", "_control", "_idoc", "_name"})


def _runs(messages: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Messages that follow each other without a gap, together."""
    gap = (messages["byte_from"] != messages["byte_to"].shift()).fill_null(value=True)
    yield from messages.with_columns(gap.cum_sum().alias("_run")).partition_by("_run")


def _scratch(folder: Path) -> Path:
    handle = tempfile.NamedTemporaryFile(suffix=".idoc", dir=folder, delete=False)  # noqa: SIM115
    handle.close()
    return Path(handle.name)


def _copied(text: Text, scratch: Path, pieces: Iterator[bytes]) -> Text:
    copy = _scratch(scratch)
    with copy.open("wb") as out:
        size = sum(out.write(piece) for piece in pieces)
    return Text(copy, 0, size, text.encoding, temporary=True)


def _cr_blocks(text: Text) -> Iterator[bytes]:
    at = 0
    while data := text.read(at, 1 << 20):
        at += len(data)
        yield data.replace(b"\r", b"\n")


def _records(text: Text) -> Iterator[bytes]:
    """The records of a file without line ends, each with one."""
    data = _characters(text)
    at = 0
    while at < len(data):
        header = _word(data[at : at + 10])
        records = records_of(header)
        lengths = (records.control_length, records.length)
        length = next((n for n in lengths if _begins(data[at + n : at + n + 63])), lengths[0])
        yield _bytes(data[at : at + length]) + b"\n"
        at += length
        for window in _data_records(data, at, records.length):
            at += window.size
            yield _lined(window)
        rest = data[at : at + records.length]
        if len(rest) < records.length and not _word(rest[:6]).startswith("EDI_DC"):
            yield _bytes(rest)
            return


def _data_records(data: Characters, at: int, length: int) -> Iterator[Characters]:
    """Full data records from here to the next control record, many at a time."""
    while True:
        count = min(_WINDOW, (len(data) - at) // length)
        window = data[at : at + count * length].reshape(count, length)
        mark = np.frombuffer(b"EDI_DC", np.uint8)
        heads = (window[:, : len(mark)] == mark).all(axis=1)
        stop = int(heads.argmax()) if heads.any() else count
        if stop:
            yield window[:stop]
        if stop < count or count == 0:
            return
        at += count * length


def _characters(text: Text) -> Characters:
    """One cell a character: the bytes where they are ASCII, else code points (in memory)."""
    mapped = np.memmap(text.path, np.uint8, "r", text.start, (text.size,))
    if not (mapped & 0x80).any():
        return mapped
    return np.frombuffer(mapped.tobytes().decode().encode("utf-32-le"), np.uint32)


def _bytes(data: Characters) -> bytes:
    if data.dtype == np.uint8:
        return data.tobytes()
    return data.tobytes().decode("utf-32-le").encode()


def _lined(window: Characters) -> bytes:
    ends = np.full((len(window), 1), ord("\n"), window.dtype)
    return _bytes(np.hstack([window, ends]))


def _word(data: Characters) -> str:
    return _bytes(data).decode()


def _begins(data: Characters) -> bool:
    """Whether a record begins here: a name, then blanks; or nothing is left."""
    head = _word(data[:10])
    return not head or (head[0].isalpha() and head[:3].isupper() and head.strip().isidentifier())
