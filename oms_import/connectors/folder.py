"""A folder as a source: what is there for us, and what happens to it after the commit."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from oms_import.connectors.names import enters, wanted
from oms_import.model.errors import SourceUnreachableError
from oms_import.model.values import Offer
from oms_import.profiles.model import SourceSpec


def list_offers(spec: SourceSpec, root: Path, now: datetime) -> list[Offer]:
    """The files of a folder that the channel takes, by name.

    Args:
        spec: patterns, age and done-file of the channel's source.
        root: the folder.
        now: the moment by which a file's age is measured; aware.

    Raises:
        SourceUnreachableError: the folder is missing or cannot be read.
    """
    offers: list[Offer] = []
    for path, status in _files(spec, root):
        name = path.relative_to(root).as_posix()
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        if not wanted(spec, name) or _too_young(spec, now, modified):
            continue
        if spec.done_suffix and not os.path.lexists(f"{path}{spec.done_suffix}"):
            continue
        shown = _printable(name)
        origin = _printable(str(path.absolute()))
        offers.append(Offer(shown, origin, path, status.st_size, modified))
    return sorted(offers, key=lambda offer: (offer.name, os.fsencode(offer.path)))


def acknowledge(spec: SourceSpec, offer: Offer, root: Path) -> None:
    """Put a taken file away: keep, move, rename (never over another file) or delete it.

    The file with the done-suffix goes the same way. A file that is gone already is no error.

    Raises:
        OSError: the file cannot be moved or deleted.
    """
    if spec.after == "keep":
        return
    marker = Path(f"{offer.path}{spec.done_suffix}") if spec.done_suffix else None
    for path in (offer.path, marker):
        if path is None or not os.path.lexists(path):
            continue
        if spec.after == "delete":
            path.unlink(missing_ok=True)
        elif spec.after == "rename":
            _move(path, path.with_name(path.name + spec.rename_suffix))
        else:
            _move(path, root / spec.move_to / path.relative_to(root))


def _files(spec: SourceSpec, root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Regular files below the folder; links are not followed."""
    try:
        entries = sorted(os.scandir(root), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        raise _unreadable(root, error) from error
    for entry in entries:
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue  # gone since it was listed
        if stat.S_ISREG(status.st_mode):
            yield Path(entry.path), status
        elif spec.recursive and stat.S_ISDIR(status.st_mode) and enters(spec, entry.name):
            yield from _files(spec, Path(entry.path))


def _too_young(spec: SourceSpec, now: datetime, modified: datetime) -> bool:
    """Whether the file may still be written to; without a minimum age its clock does not matter."""
    return spec.min_age_seconds > 0 and (now - modified).total_seconds() < spec.min_age_seconds


def _printable(name: str) -> str:
    """A name as text: bytes that are not UTF-8 are shown as \\xNN."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _unreadable(root: Path, error: OSError) -> SourceUnreachableError:
    if isinstance(error, FileNotFoundError):
        message, hint = f"the folder {root} does not exist", "create it, or correct source.path"
    elif isinstance(error, NotADirectoryError):
        message, hint = f"{root} is not a folder", "correct source.path in the profile"
    elif isinstance(error, PermissionError):
        message, hint = f"the folder {root} may not be read", "allow this user to read it"
    else:
        message, hint = f"the folder {root} cannot be read: {error.strerror}", "try again later"
    return SourceUnreachableError(message, hint=hint, location=str(root))


def _move(path: Path, target: Path) -> None:
    """Move a file; where the name is taken, a number is added to it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    number = 0
    while True:
        name = target.name if number == 0 else f"{target.stem}.{number}{target.suffix}"
        try:
            _rename(path, target.with_name(name))
        except FileExistsError:
            number += 1
        else:
            return


def _rename(path: Path, target: Path) -> None:
    """Rename without ever replacing: a link fails where the name is taken."""
    try:
        os.link(path, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # no hard links here, or another file system
        with target.open("xb") as out, path.open("rb") as source:
            while block := source.read(1 << 20):
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
    path.unlink()
