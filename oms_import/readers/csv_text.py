"""The text of a delimited file: its encoding found or checked, never lossy, without control bytes.

UTF-8 files are read where they are; any other encoding is transcoded once, streaming, to a scratch
file. Every byte is looked at before the first row is read, so a damaged file gives no rows at all.
"""

from __future__ import annotations

import codecs
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError, OutputError
from oms_import.model.finding import Finding, Location

_BLOCK = 4 << 20
_CACHE = 1 << 18  # bytes that stay in the processor's cache while they are compared
_SNIFF = 4096

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins like that one's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-16", "utf-32")


@dataclass(frozen=True, slots=True)
class Text:
    """UTF-8 text in a file. Offsets count from the text's first byte, after any byte order mark."""

    path: Path
    start: int  # where the text begins in the file
    size: int  # bytes of text
    encoding: str  # of the drop itself
    temporary: bool = False

    def read(self, offset: int, count: int) -> bytes:
        """Bytes of the text, fewer at its end."""
        with self.path.open("rb") as file:
            file.seek(self.start + offset)
            return file.read(min(count, self.size - offset))


def open_text(path: Path, declared: str, scratch: Path) -> Text:
    """Find or check the encoding and make the text readable as UTF-8.

    Raises:
        DropRejectedError: FILE_EMPTY, ENC_MISMATCH, ENC_INVALID or CTRL_CHAR.
        OutputError: the scratch folder has no space.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_SNIFF)
    bom, marked = _bom(head)
    if size == len(bom):
        raise DropRejectedError([Finding(Code.FILE_EMPTY)])
    encoding = _encoding(path, head, len(bom), marked, declared)
    if encoding == "utf-8":
        text = Text(path, len(bom), size - len(bom), "utf-8-sig" if bom else "utf-8")
    else:
        text = _transcoded(path, len(bom), encoding, scratch)
    _refuse_control(text)
    return text


def _bom(head: bytes) -> tuple[bytes, str | None]:
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return mark, encoding
    return b"", None


def _encoding(path: Path, head: bytes, start: int, marked: str | None, declared: str) -> str:
    """The encoding to decode with: named by its mark, declared, or found."""
    if declared.strip().casefold() == "auto":
        found = marked or _sniffed(head)
        if found is None:
            return "utf-8" if _invalid_utf8(path, start) is None else "cp1252"
        if found == "utf-8":
            _require_utf8(path, start)
        return found
    wanted = _normal(declared)
    found = marked or _sniffed(head)
    if found is not None and not _agrees(wanted, found):
        raise _mismatch(declared, found)
    if wanted == "utf-8":
        _require_utf8(path, start)
    elif wanted.startswith(_WIDE):
        return found or _declared_wide(head, wanted, declared)
    elif found is None and _single_byte(wanted) and _is_utf8_beyond_ascii(path):
        raise _mismatch(declared, "utf-8")
    return wanted


def _normal(declared: str) -> str:
    try:
        name = codecs.lookup(declared.strip()).name
    except LookupError:
        detail = f'the profile\'s format.encoding "{declared}" is no encoding we know'
        raise DropRejectedError([Finding(Code.ENC_MISMATCH, detail=detail)]) from None
    if name in {"utf-8-sig", "ascii"}:
        return "utf-8"
    return name


def _agrees(wanted: str, found: str) -> bool:
    return wanted == found or (wanted in _WIDE and found.startswith(wanted))


def _declared_wide(head: bytes, wanted: str, declared: str) -> str:
    if 0 not in head:
        raise _mismatch(declared, "utf-8 or another encoding of single bytes")
    return wanted if wanted not in _WIDE else f"{wanted}-le"


def _single_byte(encoding: str) -> bool:
    return encoding.startswith(("cp125", "iso8859", "mac"))


def _mismatch(declared: str, found: str) -> DropRejectedError:
    detail = f"the profile says {declared}, the file is {found}"
    return DropRejectedError([Finding(Code.ENC_MISMATCH, value=found, detail=detail)])


def _sniffed(head: bytes) -> str | None:
    """UTF-16 without a mark shows as NULs on one side of most pairs."""
    pairs = len(head) // 2
    if pairs == 0 or 0 not in head:
        return None
    even, odd = head[0 : pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    if odd > 0.4 * pairs and odd > 4 * even:
        return "utf-16-le"
    if even > 0.4 * pairs and even > 4 * odd:
        return "utf-16-be"
    return None


def _blocks(path: Path, start: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while block := file.read(_BLOCK):
            yield block


def _invalid_utf8(path: Path, start: int) -> int | None:
    """Offset in the file of the first byte that is not UTF-8, or None."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = start
    for block in _blocks(path, start):
        pending = len(decoder.getstate()[0])
        if pending or not (block.isascii() or _is_utf8(block)):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return offset - pending + error.start
        offset += len(block)
    pending = len(decoder.getstate()[0])
    return offset - pending if pending else None


def _is_utf8(block: bytes) -> bool:
    """Whether the block is whole UTF-8: several times faster than decoding it."""
    try:
        pl.Series([block], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError:
        return False
    return True


def _is_utf8_beyond_ascii(path: Path) -> bool:
    """Whether the bytes above 127, of which there are some, make UTF-8 throughout."""
    plain = all(block.isascii() for block in _blocks(path, 0))
    return not plain and _invalid_utf8(path, 0) is None


def _require_utf8(path: Path, start: int) -> None:
    at = _invalid_utf8(path, start)
    if at is not None:
        raise _invalid(path, at, "utf-8")


def _invalid(path: Path, at: int, encoding: str) -> DropRejectedError:
    with path.open("rb") as file:
        file.seek(at)
        byte = file.read(1)
    line = None if encoding.startswith(_WIDE) else 1 + _newlines(path, at)
    what = f"byte 0x{byte.hex()}" if byte else "the end of the file"
    where = f"offset {at}" if line is None else f"offset {at}, line {line},"
    detail = f"{what} at {where} is not {encoding}"
    location = Location(line=line, byte=at)
    return DropRejectedError([Finding(Code.ENC_INVALID, detail=detail, location=location)])


def _newlines(path: Path, before: int) -> int:
    """Line breaks (CRLF, LF, CR) before an offset of the file."""
    count, last, left = 0, b"", before
    for block in _blocks(path, 0):
        part = block[:left]
        count += part.count(b"\n") + part.count(b"\r") - part.count(b"\r\n")
        count -= last == b"\r" and part[:1] == b"\n"
        last, left = part[-1:], left - len(part)
        if left <= 0:
            break
    return count


def _transcoded(path: Path, start: int, encoding: str, scratch: Path) -> Text:
    """The file as UTF-8 in the scratch folder."""
    try:
        handle, name = tempfile.mkstemp(suffix=".utf8", dir=scratch)
        with os.fdopen(handle, "wb") as out:
            try:
                size = _transcode(path, start, encoding, out)
            except UnicodeError as error:
                Path(name).unlink()
                at = error.start if isinstance(error, UnicodeDecodeError) else start
                raise _invalid(path, at, encoding) from None
    except OSError as error:
        msg = f"the text could not be decoded to {scratch}: {error.strerror}"
        raise OutputError(msg, hint="free space on this disk and run again") from error
    return Text(Path(name), 0, size, encoding, temporary=True)


def _transcode(path: Path, start: int, encoding: str, out: BinaryIO) -> int:
    """Write the file's text as UTF-8; errors carry the offset in the file."""
    decoder = codecs.getincrementaldecoder(encoding)()
    size, offset = 0, start
    for block in _blocks(path, start):
        pending = _pending(decoder)
        try:
            text = decoder.decode(block)
        except UnicodeDecodeError as error:
            raise _moved(error, offset - pending) from None
        size += out.write(text.encode("utf-8"))
        offset += len(block)
    pending = _pending(decoder)
    try:
        size += out.write(decoder.decode(b"", final=True).encode("utf-8"))
    except UnicodeDecodeError as error:
        raise _moved(error, offset - pending) from None
    return size


def _pending(decoder: codecs.IncrementalDecoder) -> int:
    state = decoder.getstate()[0]
    return len(state)


def _moved(error: UnicodeDecodeError, by: int) -> UnicodeDecodeError:
    return UnicodeDecodeError(
        error.encoding, error.object, error.start + by, error.end + by, error.reason
    )


def _refuse_control(text: Text) -> None:
    """Raise CTRL_CHAR at the first control byte that is no tab or line break."""
    offset = 0
    for block in _blocks(text.path, text.start):
        at = _control(block)
        if at is not None:
            raise _control_found(text, offset + at, block[at])
        offset += len(block)


def _control(block: bytes) -> int | None:
    data = np.frombuffer(block, np.uint8)
    allowed = [byte for byte in b"\n\r\t" if byte in block]
    for begin in range(0, len(data), _CACHE):
        part = data[begin : begin + _CACHE]
        low = int(np.count_nonzero(part < 32))
        if low and low != sum(int(np.count_nonzero(part == byte)) for byte in allowed):
            bad = (part < 32) & ~np.isin(part, allowed)
            return begin + int(bad.argmax())
    return None


def _control_found(text: Text, at: int, byte: int) -> DropRejectedError:
    line = 1 + _newlines(text.path, text.start + at)
    names = {0: "NUL", 0x1A: "Ctrl-Z"}
    shown = names.get(byte, f"control character 0x{byte:02x}")
    where = Location(line=line, byte=at)
    detail = f"{shown} at byte {at} of the text, line {line}"
    return DropRejectedError([Finding(Code.CTRL_CHAR, detail=detail, location=where)])
