"""What every remote source does for us: list what it has, bring it, put it away after the commit.

A connector knows its protocol and nothing of orders. It never writes anywhere but below the folder
it is given, and it is asked to put files away only when what they held is committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from oms_import.model.errors import OmsImportError


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that a source has for us."""

    name: str  # as people see it; bytes that are not UTF-8 are shown as \\xNN
    origin: str  # URL without secrets: sftp://user@host:22/out/orders.csv
    remote_id: str  # how the source itself knows it, as plain text; names it again in `settle`
    size: int | None = None
    modified_at: datetime | None = None
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Pulled:
    """What came of bringing one file."""

    file: RemoteFile
    path: Path | None = None  # its bytes, complete and durable; None: it could not be brought
    sha256: str = ""
    size: int = 0
    error: OmsImportError | None = None
    lost: bool = False  # the source was lost: the file is not to blame
    attempts: int = 1
    waited: float = 0.0  # seconds between attempts
    seconds: float = 0.0  # in all


class Connector(Protocol):
    """An open source; `close` it."""

    def listing(self, now: datetime) -> list[RemoteFile]:
        """What is ready to be taken, sorted by name; nothing is brought.

        Raises:
            SourceUnreachableError: try again later.
            AuthenticationError: credentials or host key are refused.
            SettingError: the profile asks for what there is not.
        """
        ...

    def pull(self, files: Sequence[RemoteFile], folder: Path) -> Iterator[Pulled]:
        """Bring files into a folder, several at a time, each told as it is done.

        What an earlier pull left there of the same version of a file is gone on with.

        A file that cannot be brought is told with its error and stops no other.

        Raises:
            OutputError: our own disk failed.
        """
        ...

    def settle(self, files: Sequence[RemoteFile]) -> dict[str, str]:
        """After the commit: move, rename or delete what was taken.

        A file that is gone already, or is another one by now, is left alone.

        Returns:
            What could not be done, in words, by the file's origin.
        """
        ...

    def close(self) -> None:
        """Let go of all connections."""
        ...
