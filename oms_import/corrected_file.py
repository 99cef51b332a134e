"""A rejected file that somebody corrected: which run and channel it came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from oms_import.model.errors import SettingError
from oms_import.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a corrected file belongs."""

    channel: str
    run_id: str | None  # None: the file is not of any run we know


def origin_of(workspace: Workspace, file: Path, channel: str | None) -> Origin:
    """Find out by the file's place in out/rejected, else by its name there.

    Args:
        workspace: where.
        file: the corrected file, in its place or copied elsewhere under its own name.
        channel: the channel, where the person names it.

    Raises:
        SettingError: the channel cannot be told.
    """
    rejected = workspace.out / "rejected"
    places = [_within(rejected, file.absolute())]
    places += sorted(
        (_within(rejected, twin) for twin in rejected.glob(f"*/*/{_literal(file.name)}")),
        reverse=True,
        key=lambda parts: parts or (),
    )
    found = [Origin(parts[1], parts[0]) for parts in places if parts and len(parts) == 3]
    mine = [origin for origin in found if channel in {None, origin.channel}]
    if channel is not None:
        return mine[0] if mine else Origin(channel, None)
    if len({origin.channel for origin in mine}) == 1:
        return mine[0]
    raise SettingError(
        f"it cannot be told which channel {file} belongs to",
        hint="keep the name it has in out/rejected, or say --channel NAME",
        location="--from",
    )


def _within(folder: Path, path: Path) -> tuple[str, ...] | None:
    """The path's parts below the folder: run, channel, name; None: it lies elsewhere."""
    return path.relative_to(folder).parts if path.is_relative_to(folder) else None


def _literal(name: str) -> str:
    """The name as a glob that matches only itself."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)
