"""Profiles from TOML: built-in ones, a workspace's channels, and what `extends` makes of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from oms_import.model.errors import SettingError
from oms_import.profiles.checks import Problem, problems_of, unknown_fields
from oms_import.profiles.included import FOLDER, Policies, Written
from oms_import.profiles.model import Profile, Rules
from oms_import.profiles.problems import located, nearest
from oms_import.profiles.sound import Remains, sound
from oms_import.profiles.source_checks import WRITTEN_OUT, literal_secrets, source_problems
from oms_import.profiles.texts import refused, table_of, text_of

_LACKING = ("is missing", "has no source")  # what a base that is not known may have had


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


def load_profile(path: Path, policies: Path | None = None) -> Profile:
    """Read a profile and everything it extends and includes.

    Args:
        path: the profile.
        policies: the folder of policies; default: the one beside the profile's own folder.

    Raises:
        SettingError: names file, line and key of every problem.
    """
    folder = path.absolute().parent.parent / FOLDER if policies is None else policies
    return parse_profile(text_of(path), str(path), path.stem, folder)


def parse_profile(text: str, where: str, name: str, policies: Path | None = None) -> Profile:
    """A profile from its TOML.

    Args:
        text: the TOML.
        where: how people know it, normally its path.
        name: the channel's name where the text gives none.
        policies: a folder of policies; None: only the built-in ones can be included.

    Raises:
        SettingError: names `where`, line and key of every problem.
    """
    own = table_of(text, where)
    problems: list[str] = []
    table = _resolved(own, text, where, problems)
    table.setdefault("name", name)
    unknown = unknown_fields(table)
    problems += [located(text, where, path, told) for path, told in unknown]
    remains = Remains(table)
    remains.take_out([*literal_secrets(table), *(path for path, _ in unknown)])
    read = sound(remains, text, where, Profile)
    problems += read.problems
    if read.value is None:
        raise refused(problems, where)
    profile = read.value
    wrong = (
        (remains.original(path), told)
        for path, told in (*problems_of(profile), *source_problems(profile), *_companion(profile))
    )
    based = ("extends" in own) == ("extends" in table)
    problems += [
        located(text, where, path, told)
        for path, told in wrong
        if not remains.caused(path) and (based or not told.startswith(_LACKING))
    ]
    included = Policies(policies)
    own_rules = sound(Remains(own.get("rules", {})), text, where, Rules).value or Rules()
    rules = included.into(profile.rules, own_rules, Written(text, where), ("rules",))
    problems += included.problems
    if problems:
        raise refused(problems, where)
    return profile.model_copy(update={"rules": rules})


def _companion(profile: Profile) -> Iterator[Problem]:
    """What is wrong with the other file of a channel whose orders come in two."""
    wanted = profile.companion.profile
    if wanted and wanted not in builtin_names():
        told = f"there is no built-in profile {wanted!r}{nearest(wanted, builtin_names())}"
        yield ("companion", "profile"), told
    if wanted and not profile.companion.by:
        yield ("companion", "by"), "is missing: the columns that hold the order's number"


def channels(directory: Path) -> list[Profile]:
    """The channels of a workspace, sorted by name.

    Raises:
        SettingError: one or more profiles are wrong; tells all problems of all of them.
    """
    found, broken = sound_channels(directory)
    if broken:
        told = dict.fromkeys(error.message for error in broken.values())
        raise refused(list(told), str(directory))
    return found


def sound_channels(directory: Path) -> tuple[list[Profile], dict[str, SettingError]]:
    """The channels that can run, sorted by name, and what is wrong with each of the others.

    A profile that cannot be read is known by its file's name.
    """
    found: dict[Path, Profile] = {}
    broken: dict[str, SettingError] = {}
    for path in sorted(directory.glob("*.toml")):
        try:
            found[path] = load_profile(path)
        except SettingError as error:
            broken[path.stem] = error
    for problem, paths in _twice(found).items():
        broken[found[paths[0]].name] = refused([problem], str(directory))
        for path in paths:
            del found[path]
    return sorted(found.values(), key=lambda profile: profile.name), broken


def find_profile(name: str, directory: Path | None) -> Profile:
    """A profile by path, by its name in the workspace, or built in; in this order.

    Args:
        name: ends in .toml where it is a path.
        directory: the workspace's profiles; None: there is no workspace.

    Raises:
        SettingError: there is none of that name, or it is wrong.
    """
    if name.endswith(".toml"):
        return load_profile(Path(name), _policies_for(Path(name), directory))
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


def _policies_for(path: Path, directory: Path | None) -> Path | None:
    """A profile from anywhere includes the policies beside it, or else the workspace's."""
    beside = path.absolute().parent.parent / FOLDER
    return beside if beside.is_dir() or directory is None else directory.parent / FOLDER


def _resolved(
    table: Mapping[str, Any], text: str, where: str, problems: list[str], seen: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The table merged onto what it extends: tables merge, everything else replaces.

    A base that there is not is told, and the nearest is taken, to find what else is wrong.
    """
    problems += [located(text, where, path, WRITTEN_OUT) for path in literal_secrets(table)]
    base = table.get("extends")
    if base is None:
        return dict(table)
    if base in seen:
        raise refused([located(text, where, ("extends",), "profiles extend each other")], where)
    if base not in builtin_names():
        told = f"there is no built-in profile {base!r}{nearest(str(base), builtin_names())}"
        problems.append(located(text, where, ("extends",), told))
        base = next(iter(get_close_matches(str(base), builtin_names(), 1)), None)
        if base is None:
            return {key: value for key, value in table.items() if key != "extends"}
    below_text = builtin_text(base)
    below = _resolved(table_of(below_text, base), below_text, base, problems, (*seen, base))
    below.pop("name", None)
    below.pop("title", None)
    return _merged(below, {**table, "extends": base})


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _merged(result[key], value) if both else value
    return result


def _twice(found: Mapping[Path, Profile]) -> dict[str, list[Path]]:
    """Channels of one name, as file systems see it: their orders and files would be mixed up."""
    by_name: dict[str, list[Path]] = {}
    for path, profile in found.items():
        by_name.setdefault(profile.name.casefold(), []).append(path)
    return {
        f"{' and '.join(map(str, paths))}: name: both are the channel {found[paths[0]].name}; "
        "give each its own name": paths
        for paths in by_name.values()
        if len(paths) > 1
    }
