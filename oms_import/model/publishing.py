"""What a commit promises to publish: one value, kept in history, carried out by outputs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from oms_import.model.values import WrittenFile

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class PublishFile:
    """A finished file in staging and where it goes; both paths with `/`."""

    staged: str  # relative to staging/<run_id>
    target: str  # relative to the workspace
    rows: int
    bytes: int
    sha256: str

    def as_written(self) -> WrittenFile:
        """The entry of the report's `outputs`."""
        return WrittenFile(self.target, self.rows, self.bytes, self.sha256)


def to_json(files: Sequence[PublishFile]) -> str:
    """The promise as history keeps it; the same files always give the same text."""
    return json.dumps([asdict(file) for file in files], ensure_ascii=False, sort_keys=True)


def from_json(text: str) -> list[PublishFile]:
    """What `to_json` was given."""
    return [PublishFile(**entry) for entry in json.loads(text)]


def digest(path: Path) -> str:
    """The sha256 of a file, in hex.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
