"""Workspaces on disk: find one, read its settings, make a new one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import available_timezones

from pydantic import ValidationError

from oms_import.model.errors import OutputError, SettingError
from oms_import.profiles.included import FOLDER as POLICIES
from oms_import.profiles.problems import describe
from oms_import.workspace import SETTINGS_FILE, Settings, Workspace

VARIABLE = "OMS_IMPORT_WORKSPACE"
_FORMATS = ("csv", "parquet")
_FOLDERS = ("profiles", "reference", "drops", "out")

SETTINGS_TEXT = """\
# Settings of this oms-import workspace. Every line is optional.

# IANA zone of times that carry none, where a profile names none either.
# timezone = "Europe/Berlin"

[outputs]
# What is written for accepted orders: csv, parquet or both.
formats = ["csv", "parquet"]

[owners]
# Who a reason's owner role is here; shown in reports.
# channel = "Ann (channel manager)"
# catalogue = "Catalogue desk"
# integration = "Integration team"

# Whose an exception is, where its role is not enough; the first rule that fits.
# [[owner]]
# codes = ["SKU_*"]
# channels = ["shop-*"]
# min_value = 500
# owner = "Ann"

[limits]
# Bounds on memory and disk; the defaults suit a machine with 2 GB of memory.
# batch_rows = 100000
# field_bytes = 1000000
# archive_bytes = 10000000000
# archive_ratio = 200
# archive_members = 10000
# memory_mb = 512

[retries]
# When a run gives up: on a file (a dead letter) and on a source (left alone for a while).
# file_runs = 5
# source_runs = 5
# rest_minutes = 10

# Receivers of everything that is accepted; docs/delivery.md has an example of each kind.
# [[deliver]]
# name = "oms"
# kind = "http"
# http = { url = "https://oms.example/orders", token = "${OMS_TOKEN}" }
"""


POLICY_TEXT = """\
# A policy: rules that several channels share. A profile takes them with
#
#     [rules]
#     include = ["house"]          # this file's name, or a built-in one: b2b-strict, b2c-strict …
#
# for one customer segment with [rules.segment.b2b] include = [...]. What the profile says itself
# goes before it. `oms-import profiles policies` lists them. Every line is optional.
title = "House rules"

# Policies that apply before this one.
# include = ["marketplace-lenient"]

# Fields that must be filled; "a | b" asks for one of them. `optional` excuses from what an included
# policy, or every order, is asked for.
# required = ["ship_to", "ship_to.email | ship_to.phone"]
# optional = ["line.unit_price"]

[allowed]
# "ship_to.country" = ["DE", "AT", "CH"]

[limits]
# stated_total = { max = 5000 }

[severity]
# POSTCODE_FORMAT = "hold"

[segment.b2b]
# include = ["b2b-strict"]
"""


def find(start: Path, explicit: str | None, environ: Mapping[str, str]) -> Path:
    """The workspace's directory: the named one, the environment's, or upwards from `start`.

    Raises:
        SettingError: there is none.
    """
    named = explicit or environ.get(VARIABLE)
    if named:
        return _named(named, "--workspace" if explicit else VARIABLE)
    start = start.absolute()
    for folder in (start, *start.parents):
        if (folder / SETTINGS_FILE).is_file():
            return folder
    raise SettingError(
        f"no workspace here: neither {start} nor any folder above it has {SETTINGS_FILE}",
        hint="make one with `oms-import init`, or name one with --workspace DIR",
        location=str(start),
    )


def _named(name: str, said_by: str) -> Path:
    root = Path(name).expanduser().absolute()
    if (root / SETTINGS_FILE).is_file():
        return root
    raise SettingError(
        f"{root} is no workspace: it has no {SETTINGS_FILE}",
        hint=f"make one with `oms-import init {name}`, or correct {said_by}",
        location=said_by,
    )


def load(root: Path) -> Workspace:
    """Read and check the settings of the workspace in `root`.

    Raises:
        SettingError: oms-import.toml cannot be read, or says what we do not know.
    """
    path = root / SETTINGS_FILE
    text = _text(path)
    try:
        settings = Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingError(
            f"not valid TOML: {error}", hint="correct that line", location=str(path)
        ) from None
    except ValidationError as error:
        problems = describe(error, text, path, Settings)
        raise SettingError(
            "\n".join(problems),
            hint="the settings are listed in docs/operations.md and in every new workspace",
            location=str(path),
        ) from None
    _check_words(settings, path)
    return Workspace(root, settings)


def create(root: Path) -> list[Path]:
    """Make a workspace in `root`, or complete one; returns what was made, in order.

    What is there already is left as it is.

    Raises:
        OutputError: the directory cannot be written.
    """
    state = Workspace(root, Settings.model_validate({})).state
    made: list[Path] = []
    try:
        for folder in (root, *(root / name for name in _FOLDERS)):
            made += _folder(folder, 0o777)
        made += _policies(root / POLICIES)
        made += _folder(state, 0o700)
        state.chmod(0o700)
        settings = root / SETTINGS_FILE
        if not settings.exists():
            settings.write_text(SETTINGS_TEXT, "utf-8")
            made.append(settings)
    except OSError as error:
        raise OutputError(
            f"the workspace cannot be made: {error.strerror}",
            hint="choose a directory you may write to",
            location=str(error.filename or root),
        ) from error
    return made


def _policies(folder: Path) -> list[Path]:
    """The folder with an example, once: who deletes the example does not want it again."""
    made = _folder(folder, 0o777)
    if made:
        example = folder / "house.toml"
        example.write_text(POLICY_TEXT, "utf-8")
        made.append(example)
    return made


def _folder(path: Path, mode: int) -> list[Path]:
    if path.is_dir():
        return []
    path.mkdir(parents=True, mode=mode)
    return [path]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise SettingError(
            f"not UTF-8: byte {error.start}", hint="save the file as UTF-8", location=str(path)
        ) from None
    except OSError as error:
        raise SettingError(
            f"cannot be read: {error.strerror}",
            hint="check the file's permissions",
            location=str(path),
        ) from error


def _check_words(settings: Settings, path: Path) -> None:
    """Words that the types cannot check: formats and the time zone."""
    for word in settings.outputs.formats:
        if word not in _FORMATS:
            raise _unknown(f"outputs.formats: {word!r}", word, _FORMATS, path)
    zone = settings.timezone
    if zone is not None and zone not in available_timezones():
        raise _unknown(f"timezone: {zone!r}", zone, sorted(available_timezones()), path)


def _unknown(what: str, word: str, known: tuple[str, ...] | list[str], path: Path) -> SettingError:
    near = get_close_matches(word, known, 1, 0.4)
    return SettingError(
        f"{what} is not known",
        hint=f"did you mean {near[0]}?" if near else f"one of: {', '.join(known[:20])}",
        location=f"{path}:{_line_of(word, path)}",
    )


def _line_of(word: str, path: Path) -> int:
    lines = path.read_text("utf-8").splitlines()
    return next((n for n, line in enumerate(lines, 1) if word in line and line[:1] != "#"), 1)
