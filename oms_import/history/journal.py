"""The second witness of every commit: a file of JSON lines beside the history store.

A store whose last commits are lost opens without complaint, so what was committed is also told
here; the next start compares. Lines are only ever appended, each durable before the run goes on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from oms_import.durable import sync_folder
from oms_import.model.errors import OutputError, StateError

COMMITTED = "committed"
PUBLISHED = "published"


def append(path: Path, entry: Mapping[str, object]) -> None:
    """Add one line, durably. A line that could not be written whole is taken back.

    Raises:
        OutputError: no space, or no permission.
    """
    line = json.dumps(dict(entry), ensure_ascii=False).encode() + b"\n"
    try:
        fresh = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _write_whole(descriptor, line)
        finally:
            os.close(descriptor)
        if fresh:
            sync_folder(path.parent)
    except OSError as error:
        raise OutputError(
            f"cannot write the journal {path}: {error.strerror}",
            hint="free disk space or fix permissions; the next run completes this one",
            location=str(path),
        ) from error


def entries(path: Path) -> Iterator[dict[str, object]]:
    """Every whole line, in order, one at a time; none when there is no journal yet.

    Raises:
        StateError: a line before the last cannot be read.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        number, unread = 0, 0
        for number, line in enumerate(file, start=1):
            if unread:
                raise _damaged(path, unread)
            entry = _parsed(line)
            if entry is None:
                unread = number  # fine if it is the last: a crash while appending
            else:
                yield entry


def cut_torn_line(path: Path) -> bool:
    """Cut a last line that a crash left unfinished; whether there was one."""
    if not path.exists():
        return False
    whole = 0
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - 65536)
        file.seek(start)
        tail = file.read()
        if tail.endswith(b"\n") and _parsed(tail[tail.rfind(b"\n", 0, -1) + 1 :]) is not None:
            return False
        if size == 0:
            return False
        whole = start + tail.rfind(b"\n", 0, len(tail) - 1) + 1
        file.truncate(whole)
        file.flush()
        os.fsync(file.fileno())
    return True


def committed_runs(path: Path) -> set[str]:
    """The run ids the journal saw committed."""
    return {str(e.get("run_id")) for e in entries(path) if e.get("event") == COMMITTED}


def _parsed(line: bytes) -> dict[str, object] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _write_whole(descriptor: int, line: bytes) -> None:
    before = os.fstat(descriptor).st_size
    try:
        written = os.write(descriptor, line)
        if written != len(line):
            os.write(descriptor, line[written:])
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def _damaged(path: Path, line: int) -> StateError:
    return StateError(
        f"line {line} of the journal {path} cannot be read",
        hint="restore the journal from a backup, or look at the line: each is one JSON object",
        location=f"{path}:{line}",
    )
