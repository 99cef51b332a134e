"""The bytes of an X12 drop as UTF-8: read where they are, or transcoded once to a scratch file.

Control characters are welcome here (partners delimit with them), and a byte order mark is kept: it
stands before the first ISA like any other junk, so that offsets are those of the drop.
"""

from __future__ import annotations

import codecs
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError, OutputError
from oms_import.model.finding import Finding, Location

_BLOCK = 4 << 20
_SNIFF = 4096
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins like that one's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


@dataclass(frozen=True, slots=True)
class Utf8:
    """UTF-8 text in a file."""

    path: Path
    encoding: str  # of the drop itself
    temporary: bool  # whether the file is ours, in the scratch folder


def open_utf8(path: Path, declared: str, scratch: Path) -> Utf8:
    """Find the encoding (declared, UTF-16/32, UTF-8, else cp1252) and make the text UTF-8.

    Raises:
        DropRejectedError: FILE_EMPTY; ENC_MISMATCH, the profile's encoding is none;
            ENC_INVALID, the bytes are not of the profile's encoding.
        OutputError: the scratch folder has no space.
    """
    if path.stat().st_size == 0:
        raise DropRejectedError([Finding(Code.FILE_EMPTY)])
    encoding = _encoding(path, declared)
    if encoding == "utf-8":
        return Utf8(path, encoding, temporary=False)
    if declared.strip().casefold() == "auto" and encoding == "cp1252":
        return _first_that_fits(path, ("cp1252", "latin-1"), scratch)
    return _first_that_fits(path, (encoding,), scratch)


def blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, some megabytes at a time."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def scratch_file(scratch: Path, suffix: str) -> tuple[int, Path]:
    """A new file in the scratch folder: its handle and path.

    Raises:
        OutputError: it could not be made.
    """
    try:
        handle, name = tempfile.mkstemp(suffix=suffix, dir=scratch)
    except OSError as error:
        raise no_space(scratch, error) from error
    return handle, Path(name)


def no_space(scratch: Path, error: OSError) -> OutputError:
    """The failure of writing to the scratch folder."""
    msg = f"the text could not be rewritten in {scratch}: {error.strerror}"
    return OutputError(msg, hint="free space on this disk and run again")


def _encoding(path: Path, declared: str) -> str:
    with path.open("rb") as file:
        head = file.read(_SNIFF)
    found = _wide(head)
    if declared.strip().casefold() == "auto":
        return found or ("utf-8" if _not_utf8(path) is None else "cp1252")
    wanted = _normal(declared)
    if wanted == "utf-8":
        at = 0 if found else _not_utf8(path)
        if at is not None:
            raise _invalid(at, "utf-8")
    return found if found and wanted.startswith(("utf-16", "utf-32")) else wanted


def _wide(head: bytes) -> str | None:
    """UTF-16 or UTF-32, by its mark or by an ISA in it."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    return None if b"ISA" in head else next((one for one in _WIDE if _holds_isa(head, one)), None)


def _holds_isa(head: bytes, encoding: str) -> bool:
    """Whether ISA stands there in code units of the encoding."""
    at = head.find("ISA".encode(encoding))
    return at >= 0 and at % len("I".encode(encoding)) == 0


def _normal(declared: str) -> str:
    try:
        name = codecs.lookup(declared.strip()).name
        b"".decode(name)
    except (LookupError, ValueError):
        detail = f'the profile\'s format.encoding "{declared}" is no encoding we know'
        raise DropRejectedError([Finding(Code.ENC_MISMATCH, detail=detail)]) from None
    return "utf-8" if name in {"utf-8-sig", "ascii"} else name


def _not_utf8(path: Path) -> int | None:
    """Offset of about the first byte that is not UTF-8; None: all are."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset, pending = 0, b""
    for block in blocks(path):
        if pending or not block.isascii():
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return offset - len(pending) + error.start
            pending = decoder.getstate()[0]
        offset += len(block)
    return offset - len(pending) if pending else None


def _first_that_fits(path: Path, encodings: tuple[str, ...], scratch: Path) -> Utf8:
    at = 0
    for encoding in encodings:
        handle, copy = scratch_file(scratch, ".utf8")
        at = _transcode(path, encoding, handle, copy)
        if at is None:
            return Utf8(copy, encoding, temporary=True)
        copy.unlink()
    raise _invalid(at, encodings[-1])


def _transcode(path: Path, encoding: str, handle: int, copy: Path) -> int | None:
    """Write the text as UTF-8; the offset where that was not possible, or None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    offset = 0
    try:
        with os.fdopen(handle, "wb") as out:
            for block in blocks(path):
                # A lone surrogate is a character of UTF-16 that UTF-8 cannot write.
                out.write(decoder.decode(block).encode("utf-8"))
                offset += len(block)
            out.write(decoder.decode(b"", final=True).encode("utf-8"))
    except UnicodeError as error:
        return offset + (error.start if isinstance(error, UnicodeDecodeError) else 0)
    except OSError as error:
        raise no_space(copy.parent, error) from error
    return None


def _invalid(at: int, encoding: str) -> DropRejectedError:
    detail = f"the bytes about offset {at} are not {encoding}"
    return DropRejectedError([Finding(Code.ENC_INVALID, detail=detail, location=Location(byte=at))])
