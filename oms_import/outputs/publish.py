"""Staged files to where consumers read them: by link, never over other bytes, manifests last.

Publishing again what is already in place changes nothing, so a crash in the middle is repaired by
doing it once more.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path, PurePosixPath

from oms_import.durable import make_folder, plain_os_errors, sync_file, sync_folder
from oms_import.model.errors import StateError
from oms_import.model.publishing import MANIFEST, PublishFile, digest
from oms_import.workspace import Workspace

_NO_LINKS = {
    errno.EXDEV,
    errno.EPERM,
    errno.EACCES,
    errno.EMLINK,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
}
"""What file systems say that have no hard links, or that are not the staging's own."""


def publish(workspace: Workspace, run_id: str, files: Sequence[PublishFile]) -> None:
    """Put every file of a committed run in its place, durably.

    Raises:
        StateError: a target holds other bytes, or a file is in neither place; names it.
        OutputError: no space or no permission; publishing again goes on from there.
    """
    staging = workspace.staging / run_id
    ordered = sorted(files, key=_place)
    for folder, group in groupby(ordered, key=lambda file: PurePosixPath(file.target).parent):
        with plain_os_errors(workspace.root / folder):
            _publish_folder(workspace.root, staging, list(group))


def _place(file: PublishFile) -> tuple[str, bool, str]:
    """Folder by folder from the deepest (rejected/<run>/<channel>) up, manifests last in each."""
    parts = PurePosixPath(file.target).parts
    top = "/".join(parts[:3])
    return (top, parts[-1] == MANIFEST, file.target)


def _publish_folder(root: Path, staging: Path, files: list[PublishFile]) -> None:
    folder = (root / files[0].target).parent
    make_folder(folder)
    for file in files:
        if PurePosixPath(file.target).name == MANIFEST:
            _sync_up(folder, root)  # whoever sees the manifest finds every file
        _place_file(staging / file.staged, root / file.target, file)
    _sync_up(folder, root)


def _place_file(staged: Path, target: Path, file: PublishFile) -> None:
    if target.exists():
        _must_match(target, file)
        return
    if not staged.exists():
        raise StateError(
            f"{target} was committed but is neither in its place nor in staging",
            hint="restore it from a backup, or see `oms-import doctor`",
            location=str(target),
        )
    try:
        os.link(staged, target)
    except FileExistsError:
        _must_match(target, file)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _copy(staged, target)


def _must_match(target: Path, file: PublishFile) -> None:
    if target.stat().st_size != file.bytes or digest(target) != file.sha256:
        raise StateError(
            f"{target} holds other bytes than this run wrote",
            hint="move it away if it is not ours; oms-import never writes over it",
            location=str(target),
        )


def _copy(staged: Path, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    shutil.copyfile(staged, part)
    part.chmod(0o600)
    sync_file(part)
    part.rename(target)


def _sync_up(folder: Path, root: Path) -> None:
    """The folder and each folder above it, up to the workspace: new folders are entries too."""
    sync_folder(folder)
    for parent in folder.parents:
        sync_folder(parent)
        if parent == root:
            return
