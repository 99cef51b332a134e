"""Which names a channel takes: patterns, done-files, and what was put away already."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from oms_import.profiles.files import SourceSpec


def wanted(spec: SourceSpec, name: str) -> bool:
    """Whether the channel takes a file of this name.

    Args:
        spec: patterns speak of the file's name, those with a slash of its path in the folder.
        name: the path in the source's folder, with slashes.
    """
    if spec.done_suffix and name.endswith(spec.done_suffix):
        return False
    if spec.after == "rename" and name.endswith(spec.rename_suffix):
        return False
    return _fits(spec.pattern, name) and not _fits(spec.exclude, name)


def enters(spec: SourceSpec, name: str) -> bool:
    """Whether a sub-folder is looked into: not a hidden one, nor where files are put away."""
    away = spec.after == "move" and name == spec.move_to.strip("/").split("/")[0]
    return not away and not name.startswith(".")


def _fits(patterns: Iterable[str], name: str) -> bool:
    whole = name.casefold()
    last = whole.rpartition("/")[2]
    return any(fnmatchcase(whole if "/" in p else last, p.casefold()) for p in patterns)
