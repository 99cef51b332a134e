"""Secrets by reference: from the environment, a keyring, or a file that only its owner reads.

A profile says where a secret is, never what it is. What is resolved here goes to the server and
nowhere else: not into logs, reports, errors or arguments of processes.
"""

from __future__ import annotations

import importlib
import os
import re
import stat
from pathlib import Path
from typing import Any

from oms_import.model.errors import SettingError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def resolved(reference: str, key: str, root: Path) -> str:
    """The secret that a reference names.

    Args:
        reference: `${NAME}` (environment), `keyring:SERVICE/USER`, or `file:PATH` (mode 0600,
            relative to the workspace; its first line).
        key: where the reference stands in the profile, for errors.
        root: the workspace.

    Raises:
        SettingError: there is no such secret, or others may read its file.
    """
    variable = _VARIABLE.fullmatch(reference)
    if variable:
        return _from_environment(variable[1], key)
    if reference.startswith("keyring:"):
        return _from_keyring(reference.removeprefix("keyring:"), key)
    if reference.startswith("file:"):
        return _from_file(file_of(reference, root), key)
    raise SettingError(
        f"{key} is no reference to a secret",
        hint="write ${NAME}, keyring:SERVICE/USER or file:PATH; never the secret itself",
        location=key,
    )


def file_of(reference: str, root: Path) -> Path:
    """The file of a reference `file:PATH`."""
    return root / Path(reference.removeprefix("file:")).expanduser()


def _from_environment(name: str, key: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SettingError(
            f"{key}: the environment variable {name} is not set",
            hint=f"set {name} where oms-import is started (crontab, unit file)",
            location=key,
        )
    return value


def _from_keyring(name: str, key: str) -> str:
    try:
        keyring: Any = importlib.import_module("keyring")
    except ImportError:
        raise SettingError(
            f"{key}: no keyring is installed",
            hint="pip install 'oms-import[keyring]', or use the environment",
            location=key,
        ) from None
    service, _, user = name.partition("/")
    try:
        value: object = keyring.get_password(service, user)
    except Exception as error:  # noqa: BLE001 each backend has errors of its own
        raise SettingError(
            f"{key}: the keyring cannot be read ({type(error).__name__})",
            hint="unlock it for the user who runs oms-import, or use the environment",
            location=key,
        ) from None
    if not isinstance(value, str) or not value:
        raise SettingError(
            f"{key}: the keyring has nothing for {service}/{user}",
            hint=f"keyring set {service} {user}",
            location=key,
        )
    return value


def _from_file(path: Path, key: str) -> str:
    private(path, key)
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(
            f"{key}: {path} cannot be read ({type(error).__name__})",
            hint="check path and permissions",
            location=str(path),
        ) from None
    if not lines or not lines[0].strip():
        raise SettingError(f"{key}: {path} is empty", location=str(path))
    return lines[0].strip()


def private(path: Path, key: str) -> None:
    """Require that only its owner may read a file.

    Raises:
        SettingError: it is not there, or others may read it.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        raise SettingError(
            f"{key}: there is no file {path}", hint="check the path", location=str(path)
        ) from None
    if stat.S_IMODE(mode) & 0o077:
        raise SettingError(
            f"{key}: {path} may be read by others (mode {stat.S_IMODE(mode):04o})",
            hint=f"chmod 600 {path}",
            location=str(path),
        )
