"""TOML files that people write: read, parsed, refused with file and line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from oms_import.model.errors import SettingError


def text_of(path: Path) -> str:
    """The text of a file.

    Raises:
        SettingError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise SettingError(
            f"{path} cannot be read: {why}",
            hint="check path, permissions and encoding (UTF-8)",
            location=str(path),
        ) from error


def table_of(text: str, where: str) -> dict[str, Any]:
    """What a TOML text says.

    Raises:
        SettingError: it is not TOML; names the line.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        told = re.sub(r"\s*\(at (?:line \d+, )?(.*)\)$", r" (\1)", str(error))
        at = re.search(r"at line (\d+)", str(error))
        place = f"{where}, line {at[1]}" if at else where
        raise SettingError(
            f"{place}: not valid TOML: {told}", hint="correct that line", location=where
        ) from None


def refused(problems: Sequence[str], where: str) -> SettingError:
    """All that is wrong, each problem once, a line each."""
    return SettingError(
        "\n".join(dict.fromkeys(problems)),
        hint="docs/profiles.md lists every key; `oms-import profiles schema` helps editors",
        location=where,
        code="PROFILE",
    )
