"""Portals and REST APIs as sources: files of a list, or the pages of an API kept raw as drops."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path, PurePosixPath
from time import monotonic
from urllib.parse import unquote

import httpx2

from oms_import.connectors.http_auth import credentials
from oms_import.connectors.http_client import (
    HttpClient,
    looks_like_page,
    open_client,
    shown,
    written,
)
from oms_import.connectors.http_pages import Listed, at, entries, filled, found, pages
from oms_import.connectors.names import wanted
from oms_import.connectors.remote import Pulled, RemoteFile
from oms_import.model.errors import (
    AuthenticationError,
    OmsImportError,
    OutputError,
    SettingError,
    SourceUnreachableError,
)
from oms_import.profiles.files import SourceSpec

_NAMED = re.compile(r"filename\*\s*=\s*utf-8''([^;]+)|filename\s*=\s*\"?([^\";]+)", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")


@dataclass(slots=True)
class HttpSource:
    """See remote.Connector. `since`: how far back lists go."""

    spec: SourceSpec
    client: HttpClient
    since: datetime
    _bodies: dict[str, bytes] = field(default_factory=dict[str, bytes])  # pages, by origin

    def listing(self, now: datetime) -> list[RemoteFile]:
        """Files of the list that the channel takes; of an API, its pages, which are read now."""
        url = filled(self.spec.http.url, self.since, now)
        if self.spec.kind == "rest":
            return list(self._pages(url, now))
        files = {one.origin: one for one in self._files(url) if wanted(self.spec, one.name)}
        return sorted(files.values(), key=lambda one: (one.name, one.origin))

    def pull(self, files: Sequence[RemoteFile], folder: Path) -> Iterator[Pulled]:
        """One after the other, at the server's pace."""
        lost: OmsImportError | None = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in files:
            if lost is not None:
                yield Pulled(file, error=lost, lost=True)
                continue
            begun, tries, waited = monotonic(), self.client.attempts, self.client.waited
            part = folder / f"{sha256(file.origin.encode()).hexdigest()[:32]}.http"
            try:
                file_, digest, size = self._brought(file, part)
            except OutputError:
                raise
            except OmsImportError as error:
                lost = (
                    error
                    if isinstance(error, SourceUnreachableError | AuthenticationError)
                    else None
                )
                part.unlink(missing_ok=True)
                told = (max(1, self.client.attempts - tries), self.client.waited - waited)
                yield Pulled(file, None, "", 0, error, lost is not None, *told)
                continue
            told = (max(1, self.client.attempts - tries), self.client.waited - waited)
            yield Pulled(file_, part, digest, size, None, False, *told, monotonic() - begun)

    def settle(self, files: Sequence[RemoteFile]) -> dict[str, str]:
        """Nothing is changed at the server."""
        del files
        return {}

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def _pages(self, url: str, now: datetime) -> Iterator[RemoteFile]:
        """Pages that hold something, each a file."""
        spec, stem = self.spec.http, PurePosixPath(httpx2.URL(url).path).name or "orders"
        for listed in pages(self.client, spec, url, as_json=True):
            if spec.pages.items and at(listed.document, spec.pages.items) is None:
                raise SettingError(
                    f"{shown(url)} has no {spec.pages.items} in its answer",
                    hint="check source.http.pages.items",
                    location=shown(url),
                )
            if not listed.document or (
                isinstance(at(listed.document, spec.pages.items), list)
                and not entries(listed.document, spec.pages)
            ):
                continue
            body = listed.page.body
            digest = sha256(body).hexdigest()
            name = f"{stem}-{now:%Y%m%dT%H%M%S}-{listed.number:04}.json"
            origin = f"{shown(url)}#{digest[:32]}"
            self._bodies[origin] = body
            yield RemoteFile(name, origin, origin, len(body), None, digest)

    def _files(self, url: str) -> Iterator[RemoteFile]:
        spec = self.spec.http
        for listed in pages(self.client, spec, url, as_json=bool(spec.files.items)):
            self._not_the_login(listed)
            yield from self._of_json(listed) if spec.files.items else self._of_links(listed)

    def _not_the_login(self, listed: Listed) -> None:
        marker = self.spec.http.login_marker.encode()
        if marker and marker in listed.page.body:
            raise _login_page(listed.page.url)

    def _of_links(self, listed: Listed) -> Iterator[RemoteFile]:
        for element in found(listed.page, self.spec.http.files.links):
            target = element if isinstance(element, str) else element.get("href")
            if not target:
                continue
            url = str(httpx2.URL(listed.page.url).join(str(target).strip()))
            yield RemoteFile(_file_name(url), _plain(url), url)

    def _of_json(self, listed: Listed) -> Iterator[RemoteFile]:
        files = self.spec.http.files
        items = at(listed.document, files.items)
        if not isinstance(items, list):
            raise SettingError(
                f"{shown(listed.page.url)} has no list {files.items} in its answer",
                hint="check source.http.files.items",
                location=shown(listed.page.url),
            )
        for item in items:
            target = at(item, files.url)
            if not isinstance(target, str) or not target:
                continue
            url = str(httpx2.URL(listed.page.url).join(target))
            name = at(item, files.name) if files.name else None
            mark = at(item, files.id) if files.id else None
            origin = _plain(url) if mark is None else f"{shown(listed.page.url)}#{mark}"
            yield RemoteFile(_safe(str(name)) if name else _file_name(url), origin, url)

    def _brought(self, file: RemoteFile, part: Path) -> tuple[RemoteFile, str, int]:
        body = self._bodies.get(file.origin)
        if body is not None:
            with written(part) as page:
                page.write(body)
            return file, file.etag or "", len(body)
        for again in (False, True):
            digest, size, headers = self.client.download(file.remote_id, part)
            if not self._is_login(part, headers):
                break
            renewed = not again and self.client.credentials and self.client.credentials.renew()
            if not renewed:
                raise _login_page(file.remote_id)
        return _renamed(file, headers), digest, size

    def _is_login(self, part: Path, headers: httpx2.Headers) -> bool:
        """Whether a page came instead of a file; a session that ended is answered with 200."""
        with part.open("rb") as bytes_:
            begin = bytes_.read(65_536)
        marker = self.spec.http.login_marker.encode()
        if marker:
            return marker in begin
        return looks_like_page(headers.get("Content-Type", ""), begin)


def _renamed(file: RemoteFile, headers: httpx2.Headers) -> RemoteFile:
    """The file by the name the server gives it, where the list had none that says its kind."""
    named = _NAMED.search(headers.get("Content-Disposition", ""))
    if named is None or "." in PurePosixPath(file.name).name:
        return file
    name = _safe(unquote(named[1]) if named[1] else named[2])
    return RemoteFile(name or file.name, file.origin, file.remote_id, None, None, file.etag)


def _login_page(url: str) -> AuthenticationError:
    place = shown(url)
    return AuthenticationError(
        f"{place} answers with a page for people, most likely its login, and not with a file",
        hint="check source.http.auth; for a form, what proves the login (success)",
        location=place,
    )


def _plain(url: str) -> str:
    """A URL without user and fragment; its query may name the file."""
    parts = httpx2.URL(url)
    return f"{shown(url)}?{parts.query.decode()}" if parts.query else shown(url)


def _file_name(url: str) -> str:
    parts = httpx2.URL(url)
    return _safe(unquote(PurePosixPath(parts.path).name)) or "file"


def _safe(name: str) -> str:
    """A name without folders and signs that no file may have."""
    return _UNSAFE.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip(". ")[:200]


def open_http(spec: SourceSpec, root: Path, since: datetime) -> HttpSource:
    """The source of a profile.

    Args:
        spec: of kind portal or rest.
        root: the workspace.
        since: how far back lists go.

    Raises:
        SettingError: what it takes to log in is not there.
    """
    client = open_client(spec.http, root)
    client.credentials = credentials(spec.http, client, root)
    return HttpSource(spec, client, since)
