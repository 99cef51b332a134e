"""Events on disk until a run takes them: segments of NDJSON, durable before anyone is told so.

A segment is written as NAME.open and renamed to NAME.ndjson when it is full or old enough; only
then it is a drop. What a crash left open is cut after its last whole event (what follows was never
acknowledged) and sealed by whoever comes next.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from time import monotonic

from oms_import.durable import sync_folder
from oms_import.model.errors import LockHeldError, OutputError

SEALED = ".ndjson"
_OPEN = ".open"
_LOCK = "listener.lock"
_FULL = 16_000_000  # bytes of a segment


@dataclass(slots=True)
class Segment:
    """The segment of one channel that is being written."""

    folder: Path
    path: Path
    descriptor: int
    begun: float
    size: int = 0

    @classmethod
    def begin(cls, folder: Path) -> Segment:
        """A new one; its name sorts by time."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        now = datetime.now(UTC)
        path = folder / f"{now:%Y%m%dT%H%M%S}{now.microsecond:06}{_OPEN}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        segment = cls(folder, path, os.open(path, flags, 0o600), monotonic())
        sync_folder(folder)
        return segment

    def append(self, events: Iterable[bytes]) -> None:
        """Write events durably, all of them with one sync."""
        data = b"".join(event + b"\n" for event in events)
        view = memoryview(data)
        while view:
            view = view[os.write(self.descriptor, view) :]
        os.fsync(self.descriptor)
        self.size += len(data)

    def seal(self) -> None:
        """From now on it is a drop."""
        os.close(self.descriptor)
        self.path.rename(self.path.with_suffix(SEALED))
        sync_folder(self.folder)

    def abandon(self) -> None:
        """After a failed write: what is whole in it stays, for the next recovery."""
        with suppress(OSError):
            os.close(self.descriptor)


@dataclass(slots=True)
class Spool:
    """All channels' events below a folder."""

    folder: Path
    seal_seconds: float
    _open: dict[str, Segment] = field(default_factory=dict[str, Segment])
    _lock: Lock = field(default_factory=Lock)  # one thread writes, another seals

    def append(self, events: dict[str, list[bytes]]) -> None:
        """Keep events by channel; when this returns they are durable.

        Raises:
            OSError: they are not.
        """
        with self._lock:
            for channel, bodies in events.items():
                self._append(channel, bodies)

    def _append(self, channel: str, bodies: list[bytes]) -> None:
        segment = self._open.get(channel) or Segment.begin(self.folder / channel)
        self._open[channel] = segment
        try:
            segment.append(bodies)
        except OSError:
            self._open.pop(channel).abandon()
            recover(self.folder / channel)
            raise
        if segment.size >= _FULL:
            self._open.pop(channel).seal()

    def tend(self) -> None:
        """Seal what is old enough."""
        with self._lock:
            for channel, segment in list(self._open.items()):
                if monotonic() - segment.begun >= self.seal_seconds:
                    self._open.pop(channel).seal()

    def close(self) -> None:
        """Seal everything."""
        with self._lock:
            for channel in list(self._open):
                self._open.pop(channel).seal()

    def size(self) -> int:
        """Bytes that wait for a run."""
        total = 0
        for path in self.folder.glob("*/*"):
            with suppress(FileNotFoundError):  # a run has taken it meanwhile
                total += path.stat().st_size
        return total


def one_line(body: bytes) -> bytes:
    """A JSON text on one line: in JSON a line end only ever stands between tokens (RFC 8259)."""
    return body.strip().replace(b"\r", b" ").replace(b"\n", b" ")


@contextmanager
def listener(folder: Path) -> Generator[None]:
    """Hold the spool while we listen; what an earlier listener left open is sealed.

    Raises:
        LockHeldError: another listener holds it.
        OutputError: the spool cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written: {error.strerror}", location=str(folder)
        ) from error
    try:
        if not _locked(descriptor):
            raise LockHeldError("another `oms-import listen` is running in this workspace")
        for channel in folder.iterdir():
            if channel.is_dir():
                recover(channel)
        yield
    finally:
        os.close(descriptor)


def recover_unheld(folder: Path, channel: str) -> None:
    """Look after a channel's spool for a run; segments of a living listener are left alone."""
    own = folder / channel
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if _locked(descriptor):
            recover(own)
    finally:
        os.close(descriptor)


def recover(folder: Path) -> None:
    """Cut open segments after their last whole event and seal them; empty ones go."""
    for path in sorted(folder.glob(f"*{_OPEN}")):
        data = path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if not whole:
            path.unlink()
            continue
        with path.open("rb+") as file:
            file.truncate(whole)
            os.fsync(file.fileno())
        path.rename(path.with_suffix(SEALED))
    sync_folder(folder)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
