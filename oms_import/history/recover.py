"""What the start of a run does about the end of an earlier one: roll forward, discard, or refuse.

Three witnesses are compared: the history store, the journal, and the manifests under out/. Where
they contradict each other nothing is touched and a person decides.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from oms_import.history import journal
from oms_import.history.store import Store, Unpublished
from oms_import.model.errors import OutputError, StateError
from oms_import.model.publishing import MANIFEST, PublishFile, digest, from_json
from oms_import.workspace import Workspace

Publish = Callable[[Workspace, str, Sequence[PublishFile]], None]

_RUN_ID = re.compile(r"\d{8}T\d{9}-[0-9a-f]{4}")


def recover(workspace: Workspace, store: Store, publish: Publish) -> list[str]:
    """Bring the workspace to a state in which every committed run is published and nothing else is.

    To be called under the lock, before anything else. Returns what was done, in plain words.

    Raises:
        StateError: the witnesses contradict each other, or files are missing or changed.
        OutputError: no space or no permission.
    """
    notes: list[str] = []
    known = set(store.run_ids())
    _compare(workspace, known)
    if journal.cut_torn_line(workspace.journal):
        notes.append("cut a journal line that a crash had left unfinished")
    notes += _complete_journal(workspace, store, known)
    for run in store.unpublished():
        notes.append(_roll_forward(workspace, store, run, publish))
    notes += _discard(workspace, known)
    last = store.last_run()
    if last is not None:
        verify_run(workspace, store, last)
    return notes


def finish(workspace: Workspace, store: Store, run_id: str, publish: Publish) -> None:
    """Everything after a commit: journal, publish, journal, mark published, clear staging.

    Cut off anywhere, `recover` does the rest at the next start.

    Raises:
        StateError, OutputError: as `publish` does; the run stays committed.
    """
    manifest = store.manifest(run_id)
    if run_id not in journal.committed_runs(workspace.journal):
        _witness(workspace, run_id, journal.COMMITTED, manifest)
    publish(workspace, run_id, from_json(manifest))
    _witness(workspace, run_id, journal.PUBLISHED, manifest)
    store.mark_published(run_id)
    _remove(workspace.staging / run_id)


def verify_outputs(workspace: Workspace, store: Store) -> list[str]:
    """Compare every committed file of every run with the disk; for `doctor`, `history verify`.

    A run's folder that is gone as a whole was taken by its consumer: a note. Reads every byte.

    Raises:
        StateError: journal, history or manifests contradict each other, or a file is missing or
            changed; names it.
    """
    _compare(workspace, set(store.run_ids()))
    notes: list[str] = []
    for run_id in store.run_ids():
        notes += verify_run(workspace, store, run_id)
    return notes


def verify_run(workspace: Workspace, store: Store, run_id: str) -> list[str]:
    """`verify_outputs` for one run."""
    files = from_json(store.manifest(run_id))
    homes = {_home(file): (workspace.root / _home(file)).exists() for file in files}
    for file in files:
        if homes[_home(file)] and not _as_promised(workspace.root / file.target, file):
            raise StateError(
                f"{workspace.root / file.target} is not as run {run_id} wrote it: output tampered",
                hint="someone changed or removed it; restore it from a backup before it is used",
                location=str(workspace.root / file.target),
            )
    return [f"{home} is no longer there" for home, there in homes.items() if not there]


def _compare(workspace: Workspace, known: set[str]) -> None:
    """No witness may know of a commit that history does not know."""
    lost = sorted(journal.committed_runs(workspace.journal) - known)
    if lost:
        raise StateError(
            f"history is behind its journal: run {lost[-1]} was committed, but the history store "
            f"does not know it ({len(lost)} in all)",
            hint="restore .oms-import/history.duckdb (with its .wal) from a backup that is newer "
            "than that run; see `oms-import doctor`. Importing now could import orders twice",
            location=str(workspace.database),
        )
    for folder in _run_folders(workspace):
        if folder.name not in known and (folder / MANIFEST).exists():
            raise StateError(
                f"{folder} is finished, but the history store does not know run {folder.name}",
                hint="restore the .oms-import folder from a backup, or move that output away if "
                "it comes from elsewhere. Importing now could import orders twice",
                location=str(folder),
            )


def _complete_journal(workspace: Workspace, store: Store, known: set[str]) -> list[str]:
    missing = sorted(known - journal.committed_runs(workspace.journal))
    for run_id in missing:
        _witness(workspace, run_id, journal.COMMITTED, store.manifest(run_id))
    return [f"run {run_id} was committed but not in the journal: added" for run_id in missing]


def _roll_forward(workspace: Workspace, store: Store, run: Unpublished, publish: Publish) -> str:
    for file in run.files:
        _must_be_somewhere(workspace, run.run_id, file)
    finish(workspace, store, run.run_id, publish)
    return f"run {run.run_id} had been committed but not published: published it now"


def _must_be_somewhere(workspace: Workspace, run_id: str, file: PublishFile) -> None:
    target = workspace.root / file.target
    staged = workspace.staging / run_id / file.staged
    if _as_promised(target, file) or (not target.exists() and _as_promised(staged, file)):
        return
    raise StateError(
        f"run {run_id} was committed, but {target} is neither in its place nor whole in staging",
        hint="restore the workspace from a backup; the orders of that run are in history, so "
        "importing the drop again would call them duplicates",
        location=str(target),
    )


def _discard(workspace: Workspace, known: set[str]) -> list[str]:
    """Remove what runs left that never came to their commit, and staging of finished ones."""
    notes: list[str] = []
    for folder in _subfolders(workspace.staging):
        _remove(folder)
        if folder.name not in known:
            notes.append(f"run {folder.name} ended before its commit: discarded what it had staged")
    for folder in _run_folders(workspace):
        if folder.name not in known:  # without a manifest, else _compare had refused
            _remove(folder)
            notes.append(f"removed {folder}, which no run finished")
    for left in workspace.raw.rglob("*.part"):
        left.unlink(missing_ok=True)
    for left in (workspace.state / "tmp").glob("duckdb_temp*"):
        left.unlink(missing_ok=True)
    return notes


def _run_folders(workspace: Workspace) -> list[Path]:
    """out/<kind>/<run_id> of every kind; other folders there are not ours."""
    kinds = _subfolders(workspace.out)
    return [run for kind in kinds for run in _subfolders(kind) if _RUN_ID.fullmatch(run.name)]


def _subfolders(folder: Path) -> list[Path]:
    if not folder.exists():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(
            f"cannot remove {folder}: {error.strerror}",
            hint="fix the permissions of the workspace, then run again",
            location=str(folder),
        ) from error


def _home(file: PublishFile) -> str:
    """The folder that a consumer takes as a whole: out/<kind>/<run_id>; else the file itself."""
    parts = file.target.split("/")
    return "/".join(parts[:3])


def _as_promised(path: Path, file: PublishFile) -> bool:
    try:
        return path.stat().st_size == file.bytes and digest(path) == file.sha256
    except OSError:
        return False


def _witness(workspace: Workspace, run_id: str, event: str, manifest: str) -> None:
    files = from_json(manifest)
    entry = {
        "event": event,
        "run_id": run_id,
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "manifest_sha256": sha256(manifest.encode()).hexdigest(),
        "files": len(files),
        "bytes": sum(file.bytes for file in files),
    }
    journal.append(workspace.journal, entry)
