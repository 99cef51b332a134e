"""Profiles from TOML: built-in ones, a workspace's channels, and what `extends` makes of both."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from oms_import.model.errors import SettingError
from oms_import.profiles.checks import problems_of
from oms_import.profiles.model import Profile
from oms_import.profiles.problems import describe, located, nearest

_SECRET = re.compile(r"(password|passwd|secret|token|api_?key)$", re.IGNORECASE)


@cache
def builtin_names() -> tuple[str, ...]:
    """Names of the profiles that ship with oms-import."""
    folder = resources.files("oms_import.profiles").joinpath("builtin")
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@cache
def builtin(name: str) -> Profile:
    """A built-in profile."""
    return parse_profile(builtin_text(name), f"built-in {name}", name)


def builtin_text(name: str) -> str:
    """The TOML of a built-in profile."""
    folder = resources.files("oms_import.profiles").joinpath("builtin")
    return folder.joinpath(f"{name}.toml").read_text("utf-8")


def load_profile(path: Path) -> Profile:
    """Read a profile and everything it extends.

    Raises:
        SettingError: names file, line and key of every problem.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(
            f"{path} cannot be read", hint="check path, permissions and encoding (UTF-8)"
        ) from error
    return parse_profile(text, str(path), path.stem)


def parse_profile(text: str, where: str, name: str) -> Profile:
    """A profile from its TOML; `name` where the text gives none."""
    table = _resolved(_table(text, where), text, where, ())
    table.setdefault("name", name)
    try:
        profile = Profile.model_validate(table)
    except ValidationError as error:
        raise _refused(describe(error, text, where, Profile), where) from None
    problems = [located(text, where, path, told) for path, told in problems_of(profile)]
    if problems:
        raise _refused(problems, where)
    return profile


def channels(directory: Path) -> list[Profile]:
    """The channels of a workspace by name.

    Raises:
        SettingError: one or more profiles are wrong; tells all problems of all of them.
    """
    found: list[Profile] = []
    problems: list[str] = []
    for path in sorted(directory.glob("*.toml")):
        try:
            found.append(load_profile(path))
        except SettingError as error:
            problems.append(error.message)
    problems += _twice(found)
    if problems:
        raise _refused(problems, str(directory))
    return sorted(found, key=lambda profile: profile.name)


def find_profile(name: str, directory: Path | None) -> Profile:
    """A profile by path, by its name in the workspace, or built in.

    Raises:
        SettingError: there is none of that name.
    """
    if name.endswith(".toml"):
        return load_profile(Path(name))
    own = sorted(directory.glob("*.toml")) if directory else []
    for path in own:
        if path.stem == name:
            return load_profile(path)
    for path in own:
        profile = load_profile(path)
        if profile.name == name:
            return profile
    if name in builtin_names():
        return builtin(name)
    known = (*(path.stem for path in own), *builtin_names())
    raise SettingError(
        f"there is no profile {name}{nearest(name, known)}",
        hint="`oms-import profiles list` shows them",
        location=name,
    )


def _table(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(
            f"{where}: not valid TOML: {error}", hint="correct that line", location=where
        ) from None


def _resolved(
    table: dict[str, Any], text: str, where: str, seen: tuple[str, ...]
) -> dict[str, Any]:
    """The table merged onto what it extends: tables merge, everything else replaces."""
    secrets = [path for path in _paths(table) if _SECRET.search(path[-1])]
    if secrets:
        told = "secrets never stand in a profile; put it into the environment or a keyring"
        raise _refused([located(text, where, path, told) for path in secrets], where)
    base = table.get("extends")
    if base is None:
        return dict(table)
    if not isinstance(base, str) or base not in builtin_names():
        told = f"there is no built-in profile {base!r}{nearest(str(base), builtin_names())}"
        raise _refused([located(text, where, ("extends",), told)], where)
    if base in seen:
        raise _refused([located(text, where, ("extends",), "profiles extend each other")], where)
    below_text = builtin_text(base)
    below = _resolved(_table(below_text, base), below_text, base, (*seen, base))
    below.pop("name", None)
    below.pop("title", None)
    return _merged(below, table)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _merged(result[key], value) if both else value
    return result


def _paths(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of keys that are names of settings; a value map's keys are data."""
    for key, value in table.items():
        if above and above[-1] == "map":
            continue
        yield (*above, key)
        if isinstance(value, dict):
            yield from _paths(value, (*above, key))


def _twice(profiles: Sequence[Profile]) -> list[str]:
    names = [profile.name for profile in profiles]
    return [
        f"two profiles are named {name}"
        for name in sorted({n for n in names if names.count(n) > 1})
    ]


def _refused(problems: Sequence[str], where: str) -> SettingError:
    return SettingError(
        "\n".join(problems),
        hint="docs/profiles.md lists every key; `oms-import profiles schema` helps editors",
        location=where,
        code="PROFILE",
    )
