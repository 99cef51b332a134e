"""Accepted files to an SFTP server: a run's folder appears whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from oms_import.connectors.deliver_folder import placed
from oms_import.connectors.sftp_session import Login, Session, connect, explained
from oms_import.model.delivery import Piece, Sent
from oms_import.model.errors import SourceUnreachableError
from oms_import.model.publishing import MANIFEST


@dataclass(slots=True)
class SftpDeliverer:
    """See model.delivery.Deliverer."""

    login: Login
    path: str
    _session: Session | None = field(default=None)

    def send(self, pieces: Sequence[Piece], folder: Path) -> Iterator[Sent]:
        """Put a run's files into a folder of a passing name, then rename it."""
        for piece in pieces:
            now = datetime.now(UTC)
            try:
                told = self._put(piece.run_id, folder)
            except Exception as error:  # noqa: BLE001 paramiko raises what sockets and servers do
                known = explained(error, self.login)
                self.close()
                yield Sent(piece, "failed", known.message, now, known.exit_code, lost=True)
                return
            yield placed(piece, told, now)

    def close(self) -> None:
        """Leave the server."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _put(self, run_id: str, folder: Path) -> str | None:
        """What to tell; None: there is another folder of this name."""
        if self._session is None:
            self._session = connect(self.login)
        files: Any = self._session.files
        root = self.path.rstrip("/") or "."
        target, part = f"{root}/{run_id}", f"{root}/.{run_id}.part"
        there = _manifest(files, target)
        if there is not None:
            same = there == (folder / MANIFEST).read_bytes()
            return "it was there already" if same else None
        with suppress(OSError):  # of an earlier try; what it really lacks, the files tell
            files.mkdir(part, 0o700)
        mine = sorted(folder.iterdir())
        for file in mine:
            _sent(files, file, f"{part}/{file.name}", self.login)
        files.posix_rename(part, target)
        return f"{len(mine)} files"


def _manifest(files: Any, target: str) -> bytes | None:
    """The manifest of a folder that is there; None: there is no such folder."""
    try:
        files.stat(target)
    except FileNotFoundError:
        return None
    try:
        with files.open(f"{target}/{MANIFEST}", "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def _sent(files: Any, source: Path, target: str, login: Login) -> None:
    """One file, and its size looked at afterwards."""
    size = source.stat().st_size
    if files.put(str(source), target, confirm=True).st_size != size:
        raise SourceUnreachableError(f"{login.place} kept only a part of {source.name}")
