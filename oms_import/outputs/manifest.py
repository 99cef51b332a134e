"""manifest.json: what a finished folder holds. A folder without it is not finished."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from oms_import.durable import create, plain_os_errors, sync_file, sync_folder
from oms_import.model.errors import StateError
from oms_import.model.publishing import MANIFEST, PublishFile, digest
from oms_import.model.values import WrittenFile


@dataclass(frozen=True, slots=True)
class Manifest:
    """A read manifest.json; the files' paths are relative to its folder."""

    run_id: str
    folder: str  # accepted, rejected, reports
    files: tuple[WrittenFile, ...]


def stage(
    staging: Path, folder: str, run_id: str, files: Sequence[WrittenFile]
) -> list[PublishFile]:
    """Write staging/<folder>/manifest.json and promise the folder's files, the manifest last.

    `files` are named relative to the folder and already durable; they will stand in
    out/<folder>/<run_id>/.

    Raises:
        OutputError: no space or no permission.
    """
    ordered = sorted(files, key=lambda file: file.path)
    manifest = {
        "schema": 1,
        "run_id": run_id,
        "folder": folder,
        "files": [file.as_json() for file in ordered],
    }
    path = staging / folder / MANIFEST
    _write(path, json.dumps(manifest, indent=1, ensure_ascii=False).encode() + b"\n")
    with plain_os_errors(staging):
        sync_folder(staging)
        sync_folder(staging.parent)
    own = WrittenFile(MANIFEST, len(ordered), path.stat().st_size, digest(path))
    return [
        PublishFile(
            staged=f"{folder}/{file.path}",
            target=f"out/{folder}/{run_id}/{file.path}",
            rows=file.rows,
            bytes=file.bytes,
            sha256=file.sha256,
        )
        for file in (*ordered, own)
    ]


def stage_file(staging: Path, staged: str, target: str, rows: int = 0) -> PublishFile:
    """Make a file of staging durable and promise it alone, under no manifest (lineage).

    Raises:
        OutputError: it cannot be read or synced.
    """
    path = staging / staged
    with plain_os_errors(path):
        sync_file(path)
        sync_folder(path.parent)
        return PublishFile(staged, target, rows, path.stat().st_size, digest(path))


def stage_bytes(staging: Path, staged: str, content: bytes) -> WrittenFile:
    """Write a small file (report.json) durably; named relative to the staging's first folder."""
    path = staging / staged
    _write(path, content)
    return WrittenFile(staged.partition("/")[2], 1, len(content), digest(path))


def read(folder: Path) -> Manifest | None:
    """The folder's manifest; None where the folder is not finished.

    Raises:
        StateError: it is there but cannot be read.
    """
    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_bytes())
        files = tuple(WrittenFile(**entry) for entry in found["files"])
        return Manifest(found["run_id"], found["folder"], files)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateError(
            f"{path} cannot be read",
            hint="it was changed or damaged after it was written; see `oms-import doctor`",
            location=str(path),
        ) from error


def verify(folder: Path) -> None:
    """Whether every file of a finished folder is as its manifest says.

    Raises:
        StateError: it has no manifest, or a file is missing or changed; names the file.
    """
    manifest = read(folder)
    if manifest is None:
        raise StateError(
            f"{folder} is not finished: it has no {MANIFEST}",
            hint="run oms-import again, which completes what a crash left",
            location=str(folder),
        )
    for file in manifest.files:
        _verify_file(folder / file.path, file)


def _verify_file(path: Path, promised: WrittenFile) -> None:
    try:
        same = path.stat().st_size == promised.bytes and digest(path) == promised.sha256
    except OSError:
        same = False
    if not same:
        raise StateError(
            f"{path} is not as it was written: output tampered",
            hint="someone changed or removed it; restore it, or take the orders from history",
            location=str(path),
        )


def _write(path: Path, content: bytes) -> None:
    with plain_os_errors(path):
        with create(path) as file:
            file.write(content)
        sync_file(path)
        sync_folder(path.parent)
