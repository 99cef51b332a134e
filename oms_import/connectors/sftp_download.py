"""One file over SFTP, with proof that it is whole and stayed the same while it was read.

What was begun is gone on with after a cut, if the file is still the same version.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from oms_import.connectors.remote import RemoteFile
from oms_import.connectors.sftp_read import blocks
from oms_import.model.errors import OutputError, SourceUnreachableError

_BLOCK = 1 << 18
_WEEK = 7 * 86_400
_BEING_WRITTEN = "it is taken by the next run; source.min_age_seconds makes the run wait for it"


class FileError(SourceUnreachableError):
    """The file itself is the matter: to try again at once does not help."""

    code = "SOURCE_CHANGED"


def path_of(file: RemoteFile) -> bytes:
    """The server's name of a file, as the bytes it is."""
    return unquote_to_bytes(file.remote_id)


def part_of(file: RemoteFile, folder: Path) -> Path:
    """Where the bytes of this version of the file are gathered; the server's name is not used."""
    version = f"{file.origin}\0{file.remote_id}\0{file.size}\0{_seconds(file)}"
    return folder / f"{hashlib.sha256(version.encode()).hexdigest()}.part"


def is_same(file: RemoteFile, about: Any) -> bool:
    """Whether the attributes are those of the version that was listed."""
    return (about.st_size, about.st_mtime) == (file.size, _seconds(file))


def prepare(folder: Path) -> None:
    """The folder of parts: what no one took is begun again, what no one wants any more is gone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for whole in folder.glob("*.whole"):
        whole.replace(whole.with_suffix(".part"))
    for part in folder.glob("*.part"):
        if not _usable(part):
            part.unlink(missing_ok=True)


def _usable(part: Path) -> bool:
    """Not old, and not from before the machine last started: bytes may be missing inside then."""
    written = part.stat().st_mtime
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    started = time.time() - time.clock_gettime(clock)
    return written > max(started, time.time() - _WEEK)


def download(files: Any, file: RemoteFile, part: Path) -> tuple[Path, str, int]:
    """Fetch a file, or what of it is not there yet.

    Args:
        files: an SFTP session (paramiko.SFTPClient).
        file: the version that is wanted.
        part: where its bytes are gathered; what is there is gone on with.

    Returns:
        Where the whole file is, durable; its sha256; its size.

    Raises:
        FileError: it is another version by now, or gone, or may not be read.
        OutputError: our own disk failed.
    """
    size = int(file.size or 0)
    sha256, have = _hashed(part, size)
    try:
        remote = files.open(path_of(file), "rb")
        try:
            have = _copied(blocks(files, remote.handle, have, size), part, sha256, have)
            same = is_same(file, remote.stat())
        finally:
            remote._close(async_=True)  # its answer is not waited for
    except FileNotFoundError:
        raise _spoilt(file, "is gone", "SOURCE_GONE", "it was taken by someone else") from None
    except PermissionError:
        why = "ask the server's owner for the right to read it"
        raise _spoilt(file, "may not be read", "SOURCE_DENIED", why) from None
    if not same or have != size:
        part.unlink(missing_ok=True)
        raise _spoilt(file, "is being written, or was replaced")
    return _finished(part), sha256.hexdigest(), size


def _copied(data: Iterable[bytes], part: Path, sha256: Any, have: int) -> int:
    """Append what is missing; returns how much is there."""
    local = _appending(part)
    try:
        for block in data:
            try:
                _write(local, block)
            except OSError as error:
                raise _no_room(part, error) from error
            sha256.update(block)
            have += len(block)
        try:
            os.fsync(local)
        except OSError as error:
            raise _no_room(part, error) from error
    finally:
        os.close(local)
    return have


def _appending(part: Path) -> int:
    try:
        return os.open(part, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _no_room(part, error) from error


def _write(local: int, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(local, rest) :]


def _hashed(part: Path, size: int) -> tuple[Any, int]:
    """What is there of an earlier attempt; more than there can be is thrown away."""
    sha256, have = hashlib.sha256(), 0
    if part.is_file() and part.stat().st_size > size:
        part.unlink()
    if part.is_file():
        with part.open("rb") as file:
            while block := file.read(_BLOCK):
                sha256.update(block)
                have += len(block)
    return sha256, have


def _finished(part: Path) -> Path:
    whole = part.with_suffix(".whole")
    try:
        part.replace(whole)
    except OSError as error:
        raise _no_room(part, error) from error
    return whole


def _seconds(file: RemoteFile) -> int | None:
    return None if file.modified_at is None else int(file.modified_at.timestamp())


def _spoilt(
    file: RemoteFile, what: str, code: str = "SOURCE_CHANGED", hint: str = _BEING_WRITTEN
) -> FileError:
    return FileError(f"{file.origin} {what}", hint=hint, location=file.origin, code=code)


def _no_room(part: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot write to {part.parent}: {error.strerror}",
        hint="free disk space or fix permissions, then run again; what was fetched is kept",
        location=str(part.parent),
    )
