"""Files that are on the disk when we say so."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from oms_import.model.errors import OutputError


@contextmanager
def plain_os_errors(path: Path) -> Generator[None]:
    """A failed write inside the block leaves it as OutputError naming the path."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot write {error.filename or path}: {error.strerror or error}",
            hint="free disk space or fix permissions, then run again",
            location=str(error.filename or path),
        ) from error


def make_folder(path: Path) -> None:
    """Make a folder and its parents, each only ours to read."""
    if not path.exists():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def create(path: Path) -> BinaryIO:
    """A new file that only we may read; it must not exist yet."""
    make_folder(path.parent)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "w+b")


def sync_file(path: Path) -> None:
    """Its bytes are on the disk."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Its entries are on the disk."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
