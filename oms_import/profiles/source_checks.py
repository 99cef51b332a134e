"""What types cannot check of a source: where it is, how we log in, and secrets written out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from oms_import.profiles.expecting import expectation
from oms_import.profiles.files import SourceSpec
from oms_import.profiles.model import Profile
from oms_import.profiles.rule_checks import Problem
from oms_import.profiles.walk import Path

WRITTEN_OUT = (
    "secrets never stand in a profile; put it into the environment, a keyring or a file "
    "and write ${NAME}, keyring:SERVICE/USER or file:PATH here"
)
_SECRET = re.compile(r"(password|passwd|passphrase|secret|token|api_?key)$", re.IGNORECASE)
_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}|keyring:[^/]+/.+|file:.+")
_KEY_ITSELF = "PRIVATE KEY"


def literal_secrets(table: Mapping[str, Any]) -> list[Path]:
    """Keys that hold a secret itself; references to one are no secrets."""
    return [path for path, value in _pairs(table) if _literal(path[-1], value)]


def source_problems(profile: Profile) -> Iterator[Problem]:
    """What is wrong in `[source]`."""
    source = profile.source
    if source.after == "rename" and not source.rename_suffix.strip("/"):
        yield ("source", "rename_suffix"), "is missing: what `rename` puts behind the name"
    if source.after == "rename" and source.rename_suffix == source.done_suffix:
        yield ("source", "rename_suffix"), "must differ from done_suffix"
    if "/" in source.rename_suffix:
        yield ("source", "rename_suffix"), "is put behind a name; `move` is for folders"
    if source.expect:
        try:
            expectation(source.expect)
        except ValueError as error:
            yield ("source", "expect"), f"is not understood: {error}"
    of_kind = {
        "portal": _http_problems,
        "rest": _http_problems,
        "sftp": _sftp_problems,
        "webhook": _hook_problems,
    }
    if source.kind in of_kind:
        yield from of_kind[source.kind](source)


def _sftp_problems(source: SourceSpec) -> Iterator[Problem]:
    server = source.sftp
    if source.path:
        yield ("source", "path"), "is for folders; the server's folder is source.sftp.path"
    for name in ("host", "user"):
        if not getattr(server, name):
            yield ("source", "sftp", name), "is missing"
    if set(server.host) & set("@/: ") and server.host.count(":") < 2:
        yield ("source", "sftp", "host"), "is a name or an address alone"
    if not (server.key or server.password or server.agent):
        yield ("source", "sftp"), "has no way to log in: say key, password or agent"


def _hook_problems(source: SourceSpec) -> Iterator[Problem]:
    hook = source.webhook
    if hook.verify != "none" and not hook.secrets:
        yield ("source", "webhook", "secrets"), "is missing: references to the signing secret"
    if hook.path and not hook.path.startswith("/"):
        yield ("source", "webhook", "path"), "begins with /"
    for one in hook.secrets:
        if not _REFERENCE.fullmatch(one):
            yield ("source", "webhook", "secrets"), WRITTEN_OUT
    if source.after != "keep":
        yield ("source", "after"), "keep: what was imported leaves the spool by itself"


_NEEDED = {
    "basic": ("user", "password"),
    "bearer": ("token",),
    "header": ("name", "token"),
    "query": ("name", "token"),
    "oauth2": ("token_url", "client_id"),
    "form": ("login_url", "user", "password", "success"),
}


def _http_problems(source: SourceSpec) -> Iterator[Problem]:
    http, auth, pages = source.http, source.http.auth, source.http.pages
    above = ("source", "http")
    if not http.url.startswith(("https://", "http://")):
        yield (*above, "url"), "is missing: it begins with https:// or http://"
    for name in _NEEDED.get(auth.kind, ()):
        if not getattr(auth, name):
            yield (*above, "auth", name), f"is missing: {auth.kind} needs it"
    if pages.by in {"page", "offset", "cursor"} and not pages.param:
        yield (*above, "pages", "param"), f"is missing: {pages.by} needs it"
    if pages.by == "cursor" and not pages.cursor:
        yield (*above, "pages", "cursor"), "is missing: where the cursor stands in an answer"
    if source.kind == "portal" and bool(http.files.links) == bool(http.files.items):
        yield (*above, "files"), "needs links (of a page) or items (of JSON)"
    if source.after != "keep":
        yield ("source", "after"), "keep: nothing is moved or deleted at such a source"


def _literal(key: object, value: object) -> bool:
    if isinstance(value, str) and _KEY_ITSELF in value:
        return True
    named = _SECRET.search(str(key)) is not None
    return named and not (isinstance(value, str) and _REFERENCE.fullmatch(value))


def _pairs(value: object, above: Path = ()) -> Iterator[tuple[Path, object]]:
    """Keys that are names of settings; a value map's keys are data."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield (*above, key), below
            if key != "map":
                yield from _pairs(below, (*above, key))
    if isinstance(value, list):
        for number, below in enumerate(value):
            yield from _pairs(below, (*above, number))
