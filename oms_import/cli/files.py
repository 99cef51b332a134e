"""File arguments of a command line: paths, globs, directories and `-` as offers."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from glob import glob, has_magic
from pathlib import Path
from tempfile import TemporaryDirectory

from oms_import.cli import diagnostics
from oms_import.model.errors import SettingError
from oms_import.model.values import Offer

STANDARD_INPUT = "-"


@contextmanager
def offers(arguments: Sequence[str]) -> Generator[tuple[Offer, ...]]:
    """Every file that the arguments name, each once, in their order (a directory's by name).

    Raises:
        SettingError: an argument names nothing.
    """
    with TemporaryDirectory(prefix="oms-import-") as folder:
        found: dict[str, Offer] = {}
        for argument in arguments:
            for offer in _offers(argument, Path(folder)):
                found.setdefault(offer.origin, offer)
        yield tuple(found.values())


def _offers(argument: str, folder: Path) -> list[Offer]:
    if argument == STANDARD_INPUT:
        return [_standard_input(folder)]
    path = Path(argument).expanduser()
    if path.is_dir():
        _tell_left_out(path)
        return _all_in(path)
    if path.exists():
        return [_file(path)]
    matches = sorted(glob(str(path), recursive=True)) if has_magic(argument) else []  # noqa: PTH207
    if not matches:
        raise SettingError(
            f"there is no file {argument}",
            hint="check the path, or quote the glob",
            location="FILE",
        )
    return [offer for match in matches for offer in _matched(Path(match))]


def _matched(path: Path) -> list[Offer]:
    return _all_in(path) if path.is_dir() else [_file(path)]


def _all_in(folder: Path) -> list[Offer]:
    """The directory's files by name, hidden ones and subdirectories left out."""
    return [_file(path) for path in _visible(folder) if path.is_file()]


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _tell_left_out(folder: Path) -> None:
    below = [path.name for path in _visible(folder) if path.is_dir()]
    if below:
        names = ", ".join(below[:3]) + (", …" if len(below) > 3 else "")
        diagnostics.say(
            f"{folder}: only its own files are taken, not what is below it in {names}; "
            f"quote a glob for all: '{folder / '**' / '*'}'"
        )


def _file(path: Path) -> Offer:
    try:
        about = path.stat()
    except OSError as error:
        raise SettingError(
            f"{path} cannot be read: {error.strerror}",
            hint="check its permissions",
            location="FILE",
        ) from error
    modified = datetime.fromtimestamp(about.st_mtime, UTC)
    return Offer(path.name, str(path.absolute()), path, about.st_size, modified)


def _standard_input(folder: Path) -> Offer:
    path = folder / "stdin"
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return Offer("stdin", STANDARD_INPUT, path, path.stat().st_size)
