"""The demo: profiles, reference data and drops, good and bad, that come with the package."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

from oms_import.model.errors import OutputError

_PARTS = ("profiles", "reference", "drops")


def install(root: Path) -> list[Path]:
    """Copy the demo into a workspace; returns the copied files. Existing files stay.

    Raises:
        OutputError: the package came without its demo, or the workspace cannot be written.
    """
    source = _source()
    made: list[Path] = []
    try:
        for part in _PARTS:
            made += _copied(source / part, root / part)
    except OSError as error:
        raise OutputError(
            f"the demo cannot be copied: {error.strerror}",
            hint="choose a directory you may write to",
            location=str(error.filename or root),
        ) from error
    return made


def _source() -> Path:
    """Inside the installed package, else beside it in a checkout."""
    package = Path(str(resources.files("oms_import")))
    for place in (package / "demo", package.parent / "sample_data"):
        if (place / "profiles").is_dir():
            return place
    raise OutputError("this installation came without the demo", hint="install the whole package")


def _copied(source: Path, target: Path) -> list[Path]:
    made: list[Path] = []
    for path in sorted(source.rglob("*")) if source.is_dir() else []:
        copy = target / path.relative_to(source)
        if path.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
        elif not copy.exists() and not _expected(path, source):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            made.append(copy)
    return made


def _expected(path: Path, source: Path) -> bool:
    """Golden files stand beside the drops in `<name>.expected/`; they are not part of the demo."""
    return any(part.endswith(".expected") for part in path.relative_to(source).parts)
