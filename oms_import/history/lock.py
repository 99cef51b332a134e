"""The workspace's lock: one run at a time, and who holds it.

The lock is the kernel's (flock on a file of its own), so it ends with its process, however that
ends. The file's text only tells people who holds it.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep

from oms_import.model.errors import LockHeldError, OutputError

_GRACE = 0.3  # seconds: `holder` of another process touches the lock for a moment
_POLL = 0.1


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock."""

    pid: int
    run_id: str
    since: str  # ISO 8601, UTC
    host: str

    def __str__(self) -> str:
        """For messages: run 2026…, PID 17 on host since …."""
        return f"run {self.run_id}, PID {self.pid} on {self.host}, since {self.since}"


@contextmanager
def hold(lock_path: Path, run_id: str, wait_seconds: float = 0.0) -> Generator[None]:
    """Hold the lock while the block runs.

    Raises:
        LockHeldError: another run holds it still after `wait_seconds`.
        OutputError: the lock file cannot be written.
    """
    descriptor = _open(lock_path)
    try:
        _acquire(descriptor, lock_path, wait_seconds)
        _write(descriptor, _me(run_id))
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def holder(lock_path: Path) -> Holder | None:
    """Who holds the lock now; None when nobody does."""
    try:
        descriptor = os.open(lock_path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _read(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def held_error(found: Holder | None) -> LockHeldError:
    """The refusal, naming the holder."""
    who = str(found) if found else "a run that has not said which"
    return LockHeldError(
        f"another run holds this workspace: {who}",
        hint="wait for it to end, or let this command wait with --lock-wait 10m; "
        "the lock ends by itself with the process that holds it",
    )


def _open(lock_path: Path) -> int:
    try:
        lock_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OutputError(
            f"cannot write the lock file {lock_path}: {error.strerror}",
            hint="fix the permissions of the workspace's .oms-import folder",
            location=str(lock_path),
        ) from error


def _acquire(descriptor: int, lock_path: Path, wait_seconds: float) -> None:
    deadline = monotonic() + max(wait_seconds, _GRACE)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() >= deadline:
                raise held_error(_read(descriptor)) from None
            sleep(_POLL)
        except OSError as error:
            raise OutputError(
                f"cannot lock {lock_path}: {error.strerror}",
                hint="put the workspace on a file system that knows locks",
                location=str(lock_path),
            ) from error
        else:
            return


def _me(run_id: str) -> Holder:
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Holder(os.getpid(), run_id, since, socket.gethostname())


def _write(descriptor: int, found: Holder) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(found)).encode(), 0)


def _read(descriptor: int) -> Holder | None:
    try:
        return Holder(**json.loads(os.pread(descriptor, 4096, 0)))
    except (OSError, ValueError, TypeError):
        return None
