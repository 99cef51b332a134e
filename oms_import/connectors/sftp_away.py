"""What happens to a file on an SFTP server after the commit: moved, renamed or deleted."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from oms_import.connectors.remote import RemoteFile
from oms_import.connectors.sftp_download import is_same, path_of
from oms_import.profiles.files import SourceSpec


def put_away(files: Any, file: RemoteFile, root: bytes, spec: SourceSpec) -> None:
    """Do what the profile wants done with a file; nothing where it is another one by now, or gone.

    The done-file goes first: left behind, it would call the next file of that name complete.

    Args:
        files: an SFTP session (paramiko.SFTPClient).
        file: the version that was taken.
        root: the source's folder on the server.
        spec: the channel's source.

    Raises:
        OSError: it may not be done.
    """
    path = path_of(file)
    try:
        if not is_same(file, files.lstat(path)):
            return
    except FileNotFoundError:
        return
    marker = (path + os.fsencode(spec.done_suffix),) if spec.done_suffix else ()
    for one in (*marker, path):
        with suppress(FileNotFoundError):
            _one_away(files, one, root, spec)


def _one_away(files: Any, path: bytes, root: bytes, spec: SourceSpec) -> None:
    if spec.after == "delete":
        files.remove(path)
        return
    if spec.after == "rename":
        target, tail = path, os.fsencode(spec.rename_suffix)
    else:
        target, tail = _target(path, root, os.fsencode(spec.move_to)), b""
    try:
        files.rename(path, _free(files, target, tail))  # plain rename never replaces (SFTP v3)
    except FileNotFoundError:
        _make_folder(files, target.rpartition(b"/")[0])
        files.rename(path, _free(files, target, tail))


def _target(path: bytes, root: bytes, move_to: bytes) -> bytes:
    """Where `move` moves to; sub-folders stay as they are."""
    at_root = root in {b".", b""}
    below = path if at_root else path.removeprefix(root.rstrip(b"/") + b"/")
    if move_to.startswith(b"/") or at_root:
        return move_to.rstrip(b"/") + b"/" + below
    return root.rstrip(b"/") + b"/" + move_to.rstrip(b"/") + b"/" + below


def _make_folder(files: Any, folder: bytes) -> None:
    parts = folder.split(b"/")
    for count in range(1, len(parts) + 1):
        with suppress(OSError):  # it is there; what it really lacks, the rename tells
            files.mkdir(b"/".join(parts[:count]) or b"/")


def _free(files: Any, target: bytes, tail: bytes) -> bytes:
    """A name that nothing has yet; a number is put before its tail."""
    number, name = 0, target + tail
    while True:
        try:
            files.lstat(name)
        except FileNotFoundError:
            return name
        number += 1
        name = target + b"." + str(number).encode() + tail
