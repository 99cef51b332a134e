"""SFTP as a source: what is there and ready, fetched over several connections, put away after.

Nothing is trusted: not names, not that a file is complete, not that what was read is what is there.
"""

from __future__ import annotations

import logging
import os
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import stamina
from stamina.instrumentation import set_on_retry_hooks

from oms_import.connectors.names import enters, wanted
from oms_import.connectors.remote import Pulled, RemoteFile
from oms_import.connectors.sftp_away import put_away
from oms_import.connectors.sftp_download import FileError, download, part_of, prepare
from oms_import.connectors.sftp_names import entries
from oms_import.connectors.sftp_session import Login, Session, connect, explained
from oms_import.model.errors import OmsImportError, OutputError, SourceUnreachableError
from oms_import.profiles.files import SourceSpec

_ATTEMPTS = 4  # without a byte more, after which a file is left
_GOES = 25  # so many attempts each, of a file of which every time a little more comes
_GIVEN_UP = 12  # failures of the network in a row, after which the server is left alone


@dataclass(slots=True)
class _Effort:
    """What one file took."""

    attempts: int = 0
    waited: float = 0.0
    lost: bool = False  # there was no connection at all


@dataclass(slots=True)
class SftpSource:
    """An SFTP folder; see remote.Connector. Connections are lent to threads and used again."""

    spec: SourceSpec
    login: Login
    _idle: list[Session] = field(default_factory=list[Session])
    _open: list[Session] = field(default_factory=list[Session])
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _failures: int = 0  # of the network, one after the other
    _given_up: OmsImportError | None = None

    def listing(self, now: datetime) -> list[RemoteFile]:
        """What is ready to be taken; see remote.Connector.listing."""
        found = self._seen()
        if self.spec.stable_seconds and found:
            time.sleep(self.spec.stable_seconds)
            before = set(found)
            found = [one for one in self._seen() if one in before]
        oldest = now.timestamp() - self.spec.min_age_seconds
        found = [one for one in found if not self.spec.min_age_seconds or _before(one, oldest)]
        return sorted(found, key=lambda one: one.remote_id)

    def pull(self, files: Sequence[RemoteFile], folder: Path) -> Iterator[Pulled]:
        """Bring files; see remote.Connector.pull."""
        prepare(folder)
        complete = False
        with ThreadPoolExecutor(self.spec.sftp.connections, "sftp") as pool:
            asked = [pool.submit(self._pulled, one, folder) for one in files]
            try:
                for done in as_completed(asked):
                    yield done.result()
                complete = True
            finally:
                if not complete:  # a signal, or our disk: nobody waits for the rest
                    self._leave(SourceUnreachableError("stopped", code="STOPPED"))
                    pool.shutdown(wait=False, cancel_futures=True)
                    self.close()

    def settle(self, files: Sequence[RemoteFile]) -> dict[str, str]:
        """Put files away; see remote.Connector.settle."""
        if self.spec.after == "keep":
            return {}
        with ThreadPoolExecutor(self.spec.sftp.connections, "sftp") as pool:
            told = pool.map(self._settled, files)
            return {one.origin: why for one, why in zip(files, told, strict=True) if why}

    def close(self) -> None:
        """Hang up everywhere."""
        with self._guard:
            sessions, self._open, self._idle = self._open, [], []
        for one in sessions:
            with suppress(Exception):
                one.close()

    def _borrowed(self) -> Session:
        """A connection for one thread alone."""
        with self._guard:
            if self._given_up is not None:
                raise self._given_up
            if self._idle:
                return self._idle.pop()
        try:
            session = connect(self.login)
        except SourceUnreachableError as error:
            self._failed(error)
            raise
        except OmsImportError as error:
            self._leave(error)
            raise
        with self._guard:
            self._open.append(session)
        if self._given_up is not None:
            self._dropped(session)
            raise self._given_up
        return session

    def _returned(self, session: Session) -> None:
        with self._guard:
            self._failures = 0
            self._idle.append(session)

    def _dropped(self, session: Session) -> None:
        with self._guard:
            if session in self._open:
                self._open.remove(session)
        with suppress(Exception):
            session.close()

    def _failed(self, error: OmsImportError, *, in_a_row: bool = True) -> None:
        """The network failed; where it does so again and again, the server is left alone."""
        with self._guard:
            self._failures = self._failures + 1 if in_a_row else 0
            many = self._failures >= _GIVEN_UP
        if many:
            self._leave(error)

    def _leave(self, error: OmsImportError) -> None:
        with self._guard:
            self._given_up = self._given_up or error

    def _seen(self) -> list[RemoteFile]:
        """What the patterns and the done-files let through."""
        session = self._borrowed()
        try:
            found = list(_walk(session.files, self._root, b"", self.spec))
        except Exception as error:  # noqa: BLE001 paramiko has many kinds
            self._dropped(session)
            raise explained(error, self.login) from None
        self._returned(session)
        names = {name for name, _ in found}
        suffix = os.fsencode(self.spec.done_suffix or "")
        return [
            self._remote(name, about)
            for name, about in found
            if wanted(self.spec, os.fsdecode(name)) and (not suffix or name + suffix in names)
        ]

    @property
    def _root(self) -> bytes:
        path = self.spec.sftp.path
        return os.fsencode(path.rstrip("/") or ("/" if path.startswith("/") else "."))

    def _remote(self, name: bytes, about: Any) -> RemoteFile:
        path = _below(self._root, name)
        modified = None if about.st_mtime is None else datetime.fromtimestamp(about.st_mtime, UTC)
        return RemoteFile(
            name=_shown(name),
            origin=f"{self._place}/{_shown(path).lstrip('/')}",
            remote_id=quote(path),
            size=about.st_size,
            modified_at=modified,
        )

    @property
    def _place(self) -> str:
        return f"sftp://{self.login.place}"

    def _pulled(self, file: RemoteFile, folder: Path) -> Pulled:
        """One file, tried again as long as that helps."""
        begun = time.monotonic()
        part, effort = part_of(file, folder), _Effort()
        error: OmsImportError | None = None
        for _ in range(_GOES):
            had = _size(part)
            try:
                path, sha256, size = self._tried(file, part, effort)
            except OutputError:
                raise
            except OmsImportError as failure:
                error = failure
                if not self._may_help(failure) or _size(part) <= had:
                    break
            else:
                took = time.monotonic() - begun
                told = (effort.attempts, effort.waited, took)
                return Pulled(file, path, sha256, size, None, False, *told)
        told = (effort.attempts, effort.waited, time.monotonic() - begun)
        return Pulled(file, None, "", 0, error, effort.lost, *told)

    def _tried(self, file: RemoteFile, part: Path, effort: _Effort) -> tuple[Path, str, int]:
        for attempt in stamina.retry_context(
            on=self._may_help,
            attempts=_ATTEMPTS,
            timeout=None,
            wait_initial=0.2,
            wait_max=5,
            wait_jitter=0.5,
        ):
            effort.attempts += 1
            with attempt:
                return self._fetched(file, part, effort)
            effort.waited += attempt.next_wait
        raise AssertionError

    def _may_help(self, error: Exception) -> bool:
        """Whether to try again: not where the file itself is not ready."""
        network = isinstance(error, SourceUnreachableError) and not isinstance(error, FileError)
        return network and self._given_up is None

    def _fetched(self, file: RemoteFile, part: Path, effort: _Effort) -> tuple[Path, str, int]:
        effort.lost = True
        session = self._borrowed()
        effort.lost = False
        had = _size(part)
        try:
            found = download(session.files, file, part)
        except (OutputError, FileError):
            self._dropped(session)  # answers may be on their way that no one reads
            raise
        except Exception as error:  # noqa: BLE001 paramiko has many kinds
            self._dropped(session)
            failure = explained(error, self.login)
            self._failed(failure, in_a_row=_size(part) <= had)
            raise failure from None
        self._returned(session)
        return found

    def _settled(self, file: RemoteFile) -> str:
        """Put one file away; returns why it could not be done."""
        if not file.origin.startswith(f"{self._place}/"):
            return ""  # of a server that the profile named before
        why = ""
        for _ in range(2):  # a connection may have died meanwhile
            session: Session | None = None
            try:
                session = self._borrowed()
                put_away(session.files, file, self._root, self.spec)
            except PermissionError as error:
                self._returned(session) if session else None
                return explained(error, self.login).message
            except Exception as error:  # noqa: BLE001 one file never keeps the others
                if session is not None:
                    self._dropped(session)
                why = explained(error, self.login).message
            else:
                self._returned(session)
                return ""
        return why


def _walk(files: Any, root: bytes, below: bytes, spec: SourceSpec) -> Iterator[tuple[bytes, Any]]:
    """Regular files below a folder, by their path in it; links are not followed."""
    for name, about in entries(files, _below(root, below)):
        if b"/" in name or b"\\" in name or b"\0" in name:
            continue
        path = _below(below, name)
        if stat.S_ISREG(about.st_mode or 0):
            yield path, about
        elif spec.recursive and stat.S_ISDIR(about.st_mode or 0) and enters(spec, _shown(name)):
            yield from _walk(files, root, path, spec)


def _before(file: RemoteFile, oldest: float) -> bool:
    return file.modified_at is not None and file.modified_at.timestamp() <= oldest


def _below(folder: bytes, name: bytes) -> bytes:
    if not name or folder in {b"", b"."}:
        return name or folder
    return folder.rstrip(b"/") + b"/" + name


def _shown(name: bytes) -> str:
    """A name as text: bytes that are not UTF-8 are shown as \\xNN."""
    return name.decode("utf-8", "backslashreplace")


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def open_sftp(spec: SourceSpec, root: Path) -> SftpSource:
    """The source of a profile; connects when it is first asked.

    Raises:
        SettingError: what it takes to log in is not there.
    """
    logging.getLogger("paramiko").addHandler(logging.NullHandler())  # we tell failures ourselves
    set_on_retry_hooks([])
    return SftpSource(spec, Login.of(spec.sftp, root))
