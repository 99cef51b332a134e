"""The raw store: every drop's bytes, once, named by their sha256, durable before they are used."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO

from oms_import.durable import sync_folder
from oms_import.model.errors import OutputError, SourceUnreachableError

_BLOCK = 1 << 20
_PART = ".part"


@dataclass(frozen=True, slots=True)
class Landed:
    """A file of the raw store."""

    sha256: str
    size: int
    path: Path


def drop_id(channel: str, account: str, sha256: str) -> str:
    """32 hex digits that name the drop: the same bytes of another account are another drop."""
    return hashlib.sha256(f"{channel}\0{account}\0{sha256}".encode()).hexdigest()[:32]


def land(path: Path, raw: Path) -> Landed:
    """Copy a file into the store while hashing it.

    Args:
        path: the file, as the source has it.
        raw: the store's folder; made when missing, mode 0700.

    Raises:
        SourceUnreachableError: the file is gone, may not be read, or changed while it was copied.
        OutputError: the store has no space or may not be written.
    """
    try:
        with path.open("rb") as source:
            before = os.fstat(source.fileno())

            def unchanged(copied: int) -> None:
                _require_unchanged(path, before, source, copied)

            return _landed(source, raw, before.st_size, unchanged)
    except OSError as error:
        raise _unreachable(path, error) from error


def adopt(path: Path, sha256: str, size: int, raw: Path) -> Landed:
    """Take a file into the store that is ours already: whole, durable, on the store's disk.

    Args:
        path: the file; it is gone afterwards.
        sha256: of its bytes.
        size: their number.
        raw: the store's folder; made when missing, mode 0700.

    Raises:
        OutputError: the store may not be written.
    """
    try:
        raw.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _failed(raw, error) from error
    landed = _settle(path, raw, sha256, size)
    path.unlink(missing_ok=True)
    return landed


def land_stream(stream: BinaryIO, raw: Path) -> Landed:
    """Copy a stream, such as standard input, into the store.

    Raises:
        OutputError: the store has no space or may not be written.
        OSError: the stream could not be read.
    """
    return _landed(stream, raw, None, None)


def _landed(
    stream: BinaryIO, raw: Path, expected: int | None, check: Callable[[int], None] | None
) -> Landed:
    part = _new_part(raw)
    try:
        sha256, size = _copy(stream, part, expected)
        if check is not None:
            check(size)
        return _settle(part, raw, sha256, size)
    finally:
        part.unlink(missing_ok=True)


def clean_parts(raw: Path) -> int:
    """Remove what interrupted landings left; returns how many files. Only under the run's lock."""
    parts = list(raw.glob(f"*{_PART}")) if raw.is_dir() else []
    for part in parts:
        part.unlink(missing_ok=True)
    return len(parts)


def _new_part(raw: Path) -> Path:
    try:
        raw.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=_PART, dir=raw)  # mode 0600
    except OSError as error:
        raise _failed(raw, error) from error
    os.close(handle)
    return Path(name)


def _copy(stream: BinaryIO, part: Path, expected: int | None) -> tuple[str, int]:
    """Copy to the end, or until more came than expected: a file that grows has no end."""
    digest, size = hashlib.sha256(), 0
    with _writable(part) as out:
        while block := stream.read(_BLOCK):
            digest.update(block)
            size += len(block)
            try:
                _write(out, block)
            except OSError as error:
                raise _failed(part.parent, error) from error
            if expected is not None and size > expected:
                break
        try:
            os.fsync(out.fileno())
        except OSError as error:
            raise _failed(part.parent, error) from error
    return digest.hexdigest(), size


def _write(out: RawIOBase, block: bytes) -> None:
    """Write all of a block; an unbuffered file may take less at a time."""
    rest = memoryview(block)
    while rest:
        rest = rest[out.write(rest) or 0 :]


def _writable(part: Path) -> RawIOBase:
    try:
        return part.open("wb", buffering=0)
    except OSError as error:
        raise _failed(part.parent, error) from error


def _settle(part: Path, raw: Path, sha256: str, size: int) -> Landed:
    """Give the copy its name; an equal file that is there already is kept."""
    target = raw / sha256
    try:
        if not (target.is_file() and target.stat().st_size == size):
            part.replace(target)
            sync_folder(raw)
    except OSError as error:
        raise _failed(raw, error) from error
    return Landed(sha256, size, target)


def _require_unchanged(path: Path, before: os.stat_result, source: BinaryIO, copied: int) -> None:
    opened = os.fstat(source.fileno())
    named = path.stat()
    same = (before.st_size, before.st_mtime_ns)
    still = all((now.st_size, now.st_mtime_ns) == same for now in (opened, named))
    if copied != before.st_size or named.st_ino != before.st_ino or not still:
        raise SourceUnreachableError(
            f"{path.name} is still being written",
            hint="it is taken by the next run; source.min_age_seconds makes the run wait for it",
            location=str(path),
        )


def _unreachable(path: Path, error: OSError) -> SourceUnreachableError:
    known = {
        errno.ENOENT: f"{path.name} is gone",
        errno.EACCES: f"{path.name} may not be read",
        errno.EISDIR: f"{path.name} is a folder",
    }
    message = known.get(error.errno or 0, f"{path.name} cannot be read: {error.strerror}")
    hint = "check the file and its permissions, then run again"
    return SourceUnreachableError(message, hint=hint, location=str(path))


def _failed(folder: Path, error: OSError) -> OutputError:
    known = {
        errno.ENOSPC: ("no space is left on the disk", "free space and run again"),
        errno.EDQUOT: ("the disk quota is used up", "free space and run again"),
        errno.EACCES: ("the folder may not be written", "correct its permissions and run again"),
        errno.EPERM: ("the folder may not be written", "correct its permissions and run again"),
        errno.EROFS: ("the disk is read-only", "mount it writable and run again"),
    }
    other = (error.strerror or "it cannot be written", "check the disk and run again")
    what, hint = known.get(error.errno or 0, other)
    return OutputError(f"storing raw files failed: {what}", hint=hint, location=str(folder))
