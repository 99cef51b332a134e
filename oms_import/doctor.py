"""`doctor`: looks at everything a run depends on, changes nothing, and says what to do."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

from oms_import.connectors.secrets import file_of, private
from oms_import.history import journal
from oms_import.history.lock import holder
from oms_import.history.recover import verify_run
from oms_import.history.store import Store
from oms_import.model.errors import LockHeldError, OmsImportError, OutputError, StateError, gravest
from oms_import.profiles.load import channels, sound_channels
from oms_import.workspace import Settings, Workspace
from oms_import.workspace_files import load

OK, WARN, FAIL = "ok", "warn", "fail"
_GB = 1_000_000_000
_ROOM_WARN, _ROOM_FAIL = 2 * _GB, _GB // 5
_RUNS = 5  # newest runs whose outputs are compared byte by byte
_BORN = datetime(2025, 1, 1, tzinfo=UTC)  # a clock before this is wrong
_PACKAGES = ("polars", "duckdb", "pandera", "pyarrow", "fastexcel", "pydantic", "rich", "typer")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    status: str  # ok, warn, fail
    detail: str
    hint: str = ""
    exit_code: int = 0  # of a failure

    def as_json(self) -> dict[str, object]:
        """One entry of `checks`."""
        return {
            "name": self.name,
            "status": self.status,
            "detail": self.detail,
            "hint": self.hint,
        }


def verdict(checks: Sequence[Check]) -> int:
    """The exit code: 0, or of the gravest failure."""
    failed = {check.exit_code for check in checks if check.status == FAIL}
    return gravest(failed)


def checks(root: Path) -> list[Check]:
    """Look at everything; what depends on broken settings is looked at with the defaults."""
    settings, workspace = _settings(root)
    found = [settings, _profiles(workspace), _room(root), _lock(workspace), _modes(workspace)]
    found += [_keys(workspace), _clock(workspace), *_history(workspace), _versions()]
    return found


def _settings(root: Path) -> tuple[Check, Workspace]:
    try:
        workspace = load(root)
    except OmsImportError as error:
        return _failed("settings", error), Workspace(root, Settings.model_validate({}))
    zone = workspace.settings.timezone or "none, local times stay local"
    return Check("settings", OK, f"oms-import.toml is valid; time zone: {zone}"), workspace


def _profiles(workspace: Workspace) -> Check:
    try:
        found = channels(workspace.profiles)
    except OmsImportError as error:
        return _failed("profiles", error)
    if not found:
        hint = "write profiles/NAME.toml; `oms-import profiles list` shows what to extend"
        return Check("profiles", WARN, "there is no channel yet", hint)
    lost = [
        p
        for p in found
        if p.enabled
        and p.source.kind == "folder"
        and not _source(workspace, p.source.path, p.name).is_dir()
    ]
    if lost:
        names = ", ".join(profile.name for profile in lost)
        hint = "make the folder, or correct source.path in the profile"
        return Check("profiles", WARN, f"the drop folder is missing of: {names}", hint)
    return Check("profiles", OK, f"{len(found)} valid: {', '.join(p.name for p in found)}")


def _source(workspace: Workspace, path: str, name: str) -> Path:
    return workspace.root / (path or f"drops/{name}")


def _room(root: Path) -> Check:
    usage = shutil.disk_usage(root)
    detail = f"{usage.free / _GB:.1f} GB free of {usage.total / _GB:.1f} GB"
    hint = "a run needs about four times the size of its drops"
    if usage.free < _ROOM_FAIL:
        return Check("disk", FAIL, detail, hint, OutputError.exit_code)
    return Check("disk", WARN if usage.free < _ROOM_WARN else OK, detail, hint)


def _lock(workspace: Workspace) -> Check:
    held_by = holder(workspace.lock)
    if held_by is None:
        return Check("lock", OK, "free")
    return Check("lock", WARN, f"held by {held_by}", "a run is under way; ask again after it")


def _modes(workspace: Workspace) -> Check:
    """State is ours alone: personal data of customers is in it."""
    if not workspace.state.is_dir():
        return Check("state", WARN, "no state yet", "the first run makes it")
    paths = [workspace.state, workspace.database, workspace.journal, workspace.raw]
    open_ = [path for path in paths if path.exists() and path.stat().st_mode & 0o077]
    if open_:
        names = ", ".join(path.name for path in open_)
        hint = f"chmod -R go-rwx {workspace.state}"
        return Check("state", FAIL, f"others can read: {names}", hint, OutputError.exit_code)
    return Check("state", OK, f"{workspace.state} is readable by its owner alone")


def _keys(workspace: Workspace) -> Check:
    """Files of keys and passwords: there, and readable by their owner alone."""
    sound, _ = sound_channels(workspace.profiles)
    sources = [
        (f"{profile.name}: source.{key}", name)
        for profile in sound
        for key, name in profile.source.secret_files()
    ]
    targets = [
        (f"deliver {one.name}: {key}", name)
        for one in workspace.settings.deliver
        for key, name in one.secret_files()
    ]
    for key, name in (*sources, *targets):
        try:
            private(file_of(name, workspace.root), key)
        except OmsImportError as error:
            return _failed("keys", error)
    count = len(sources) + len(targets)
    told = f"{count} files of keys and passwords are readable by their owner alone"
    return Check("keys", OK, told if count else "nothing here needs a file of keys or passwords")


def _clock(workspace: Workspace) -> Check:
    now = datetime.now(UTC)
    hint = "set the clock, or run a time service: run ids and latencies come from it"
    if now < _BORN:
        return Check("clock", FAIL, f"it says {now:%Y-%m-%d %H:%M} UTC", hint, 1)
    newest = _newest(workspace.journal)
    if newest is not None and newest > now + timedelta(minutes=5):
        detail = f"it says {now:%Y-%m-%d %H:%M} UTC, before the last run at {newest:%Y-%m-%d %H:%M}"
        return Check("clock", FAIL, detail, hint, 1)
    zone = "/".join(dict.fromkeys(time.tzname))
    return Check("clock", OK, f"{now:%Y-%m-%d %H:%M:%S} UTC (system zone {zone})")


def _newest(path: Path) -> datetime | None:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else None


def _history(workspace: Workspace) -> list[Check]:
    try:
        with _store(workspace) as store:
            return [
                _told("journal", lambda: _journal(workspace, store)),
                _told("staging", lambda: _staging(workspace, store)),
                _told("outputs", lambda: _outputs(workspace, store)),
            ]
    except LockHeldError as error:
        return [Check("history", WARN, error.message, "a run is under way; ask again after it")]
    except OmsImportError as error:
        return [_failed("history", error)]


@contextmanager
def _store(workspace: Workspace) -> Generator[Store]:
    memory = workspace.settings.limits.memory_mb
    temp = workspace.state / "tmp"
    with Store.open(workspace.database, memory, temp, read_only=True) as store:
        yield store


def _told(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except OmsImportError as error:
        return _failed(name, error)


def _journal(workspace: Workspace, store: Store) -> Check:
    """The journal is the second witness: history must know every commit it saw."""
    known, seen = set(store.run_ids()), journal.committed_runs(workspace.journal)
    if seen - known:
        lost = sorted(seen - known)
        detail = f"history does not know run {lost[-1]}, which was committed ({len(lost)} in all)"
        hint = "restore .oms-import/history.duckdb with its .wal from a newer backup"
        return Check("journal", FAIL, detail, hint, StateError.exit_code)
    if known - seen:
        detail = f"{len(known - seen)} committed runs are not in it yet"
        return Check("journal", WARN, detail, "the next run adds them")
    return Check("journal", OK, f"agrees with history on {len(known)} runs")


def _staging(workspace: Workspace, store: Store) -> Check:
    known = set(store.run_ids())
    waiting = [run.run_id for run in store.unpublished()]
    if waiting:
        detail = f"committed, but not published: {', '.join(waiting)}"
        return Check("staging", WARN, detail, "the next run publishes it")
    left = [path.name for path in _folders(workspace.staging) if path.name not in known]
    if left and holder(workspace.lock) is None:
        detail = f"left by runs that ended before their commit: {', '.join(left)}"
        return Check("staging", WARN, detail, "the next run discards it")
    return Check("staging", OK, "nothing unfinished")


def _folders(path: Path) -> list[Path]:
    return sorted(one for one in path.iterdir() if one.is_dir()) if path.is_dir() else []


def _outputs(workspace: Workspace, store: Store) -> Check:
    """Every byte of the newest runs' files against their manifests."""
    runs = store.run_ids()[-_RUNS:]
    notes = [note for run_id in runs for note in verify_run(workspace, store, run_id)]
    if notes:
        detail = f"{len(notes)} folders of the newest runs were taken away"
        return Check("outputs", OK, f"{detail}; the rest is as it was written")
    return Check(
        "outputs", OK, f"the files of the newest {len(runs)} runs are as they were written"
    )


def _versions() -> Check:
    found = ", ".join(f"{name} {metadata.version(name)}" for name in _PACKAGES)
    return Check("versions", OK, f"Python {platform.python_version()}, {found}")


def _failed(name: str, error: OmsImportError) -> Check:
    return Check(name, FAIL, error.message, error.hint, error.exit_code)
