"""Accepted files into a folder of somebody else: a run's folder appears whole, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from oms_import.durable import sync_folder
from oms_import.model.delivery import Piece, Sent
from oms_import.model.errors import OutputError
from oms_import.model.publishing import MANIFEST


@dataclass(frozen=True, slots=True)
class FolderDeliverer:
    """See model.delivery.Deliverer. Files are readable by their owner alone."""

    path: Path

    def send(self, pieces: Sequence[Piece], folder: Path) -> Iterator[Sent]:
        """Copy a run's folder beside its place, then rename it there."""
        for piece in pieces:
            now = datetime.now(UTC)
            try:
                told = self._copied(piece.run_id, folder)
            except OSError as error:
                said = f"{self.path}: {error.strerror or type(error).__name__}"
                yield Sent(piece, "failed", said, now, OutputError.exit_code, lost=True)
                return
            yield placed(piece, told, now)

    def close(self) -> None:
        """Nothing is open."""

    def _copied(self, run_id: str, folder: Path) -> str | None:
        """What to tell; None: there is another folder of this name."""
        target, part = self.path / run_id, self.path / f".{run_id}.part"
        manifest = (folder / MANIFEST).read_bytes()
        if target.exists():
            there = target / MANIFEST
            same = there.is_file() and there.read_bytes() == manifest
            return "it was there already" if same else None
        self.path.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        files = sorted(folder.iterdir())
        for file in files:
            _copy(file, part / file.name)
        part.rename(target)
        sync_folder(self.path)
        return f"{len(files)} files"


def placed(piece: Piece, told: str | None, at: datetime) -> Sent:
    """What came of placing a run's folder; None: another one of its name was there."""
    if told is None:
        other = "a folder of this name is there, and it is another one"
        return Sent(piece, "refused", other, at)
    return Sent(piece, "delivered", told, at)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as bytes_, target.open("xb") as copy:
        os.fchmod(copy.fileno(), 0o600)
        shutil.copyfileobj(bytes_, copy, 1 << 20)
        copy.flush()
        os.fsync(copy.fileno())
