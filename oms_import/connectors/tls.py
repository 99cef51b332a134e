"""Whom we trust over TLS: the system's authorities, or one of the house's own."""

from __future__ import annotations

import ssl
from pathlib import Path

from oms_import.model.errors import SettingError


def trusted(ca_file: str | None, root: Path, key: str) -> ssl.SSLContext:
    """What certificates are checked against.

    Args:
        ca_file: certificates of an own authority, relative to the workspace.
        root: the workspace.
        key: where the setting stands, for errors.

    Raises:
        SettingError: the file cannot be read as certificates.
    """
    try:
        return ssl.create_default_context(cafile=str(root / ca_file) if ca_file else None)
    except OSError:
        raise SettingError(
            f"{key}: {ca_file} cannot be read as certificates",
            hint="name a file in PEM form",
            location=ca_file or "",
        ) from None
