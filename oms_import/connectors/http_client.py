"""HTTP as portals and APIs need it: patience, a pace, and secrets that stay with their own server.

Redirects are followed by us: credentials go to the origin the profile names (scheme, host, port;
RFC 6454) and to no other, and never from https to http.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep
from typing import Protocol

import httpx2

from oms_import.connectors.patience import backoff, wait_for
from oms_import.connectors.tls import trusted
from oms_import.model.errors import (
    AuthenticationError,
    OmsImportError,
    OutputError,
    SettingError,
    SourceUnreachableError,
)
from oms_import.profiles.http_sources import HttpSpec

_PAGE_BYTES = 64_000_000  # a page is held in memory
_HOPS = 5
_LONGEST_WAIT = 120.0  # seconds; a server that asks for more is asked by the next run
_AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))


class _TornError(SourceUnreachableError):
    """An answer ended before it was whole: only then is a download begun again, since a request
    that was not answered at all has been tried often enough already."""


class Credentials(Protocol):
    """Says who we are; see http_auth."""

    def apply(self, request: httpx2.Request) -> None:
        """Put what is needed on a request to the profile's own server."""
        ...

    def renew(self) -> bool:
        """The server does not know us any more: get new ones; False: there are no others."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """An answer that was read whole."""

    url: str
    body: bytes
    headers: httpx2.Headers

    @property
    def is_html(self) -> bool:
        """Whether it is a page for people."""
        return looks_like_page(self.headers.get("Content-Type", ""), self.body[:512])


@dataclass(slots=True)
class HttpClient:
    """A server and how we talk to it; `close` it."""

    spec: HttpSpec
    client: httpx2.Client
    credentials: Credentials | None = None
    attempts: int = 0  # requests made
    waited: float = 0.0  # seconds between tries
    _last: float = field(default=0.0)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def get(self, url: str) -> Page:
        """Read a page.

        Raises:
            SourceUnreachableError: no answer, or none that helps, also after several tries.
            AuthenticationError: the server refuses us.
            SettingError: the server says that the request is wrong.
        """
        with self.opened("GET", url) as answer:
            return Page(str(answer.url), _whole(answer), answer.headers)

    def post(self, url: str, form: dict[str, str], headers: dict[str, str]) -> Page:
        """Send a form and read what comes; a redirect is followed by GET."""
        with self.opened("POST", url, form, headers) as answer:
            return Page(str(answer.url), _whole(answer), answer.headers)

    def download(self, url: str, part: Path) -> tuple[str, int, httpx2.Headers]:
        """Stream a file to disk, durably; returns its sha256, size and the answer's headers.

        Raises:
            OutputError: our disk failed.
            As `get`; also where less came than was announced, or more than may come.
        """
        for attempt in range(1, self.spec.tries + 1):
            try:
                return self._streamed(url, part)
            except _TornError:
                if attempt == self.spec.tries:
                    raise
            self._rest(backoff(attempt))
        raise AssertionError("there is at least one try")

    def _streamed(self, url: str, part: Path) -> tuple[str, int, httpx2.Headers]:
        with self.opened("GET", url) as answer:
            digest, size = sha256(), 0
            with written(part) as file:
                for block in _blocks(answer):
                    size += len(block)
                    if size > self.spec.most_bytes:
                        raise SettingError(
                            f"{shown(url)} is larger than {self.spec.most_bytes:,} bytes",
                            hint="raise source.http.most_bytes if that is right",
                        )
                    digest.update(block)
                    file.write(block)
            return digest.hexdigest(), size, answer.headers

    @contextmanager
    def opened(
        self,
        method: str,
        url: str,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Generator[httpx2.Response]:
        """An answer with status 2xx, its body unread."""
        answer = self._answered(method, url, form, headers or {})
        try:
            yield answer
        except httpx2.HTTPError as error:
            known = _unreachable(url, error)
            raise _TornError(known.message, hint=known.hint, location=known.location) from None
        finally:
            answer.close()

    def _answered(
        self, method: str, url: str, form: dict[str, str] | None, headers: dict[str, str]
    ) -> httpx2.Response:
        renewed = False
        for attempt in range(1, self.spec.tries + 1):
            last = attempt == self.spec.tries
            try:
                answer = self._followed(method, url, form, headers)
            except httpx2.HTTPError as error:
                if last:
                    raise _unreachable(url, error) from None
                self._rest(backoff(attempt))
                continue
            if answer.is_success:
                return answer
            status, wait = answer.status_code, wait_for(answer.headers, attempt)
            answer.close()
            if status == 401 and not renewed and self.credentials and self.credentials.renew():
                renewed = True
                continue
            if status not in _AGAIN or last or wait > _LONGEST_WAIT:
                raise _refused(url, status)
            self._rest(wait)
        raise _refused(url, 401)

    def _followed(
        self, method: str, url: str, form: dict[str, str] | None, headers: dict[str, str]
    ) -> httpx2.Response:
        for _ in range(_HOPS):
            answer = self._sent(method, url, form, headers)
            if answer.status_code not in _REDIRECTS or "Location" not in answer.headers:
                return answer
            answer.close()
            further = str(answer.url.join(answer.headers["Location"]))
            if url.startswith("https:") and not further.startswith("https:"):
                raise SettingError(f"{shown(url)} leads to an unprotected page, {shown(further)}")
            if answer.status_code not in {307, 308}:
                method, form, headers = "GET", None, {}
            elif not self.is_own(further):
                raise SettingError(f"{shown(url)} would have us send a form to {shown(further)}")
            url = further
        raise SettingError(f"{shown(url)} goes round in circles")

    def _sent(
        self, method: str, url: str, form: dict[str, str] | None, headers: dict[str, str]
    ) -> httpx2.Response:
        self._pace()
        own = self.is_own(url)
        more = {**self.spec.headers, **headers} if own else {}
        request = self.client.build_request(method, url, data=form, headers=more)
        if own and self.credentials is not None:
            self.credentials.apply(request)
        self.attempts += 1
        return self.client.send(request, stream=True)

    def is_own(self, url: str) -> bool:
        """Whether a URL is of the server that the profile names; no other sees credentials."""
        return origin(url) == origin(self.spec.url)

    def _pace(self) -> None:
        if self.spec.per_minute:
            pause = self._last + 60 / self.spec.per_minute - monotonic()
            if pause > 0:
                sleep(pause)
        self._last = monotonic()

    def _rest(self, wait: float) -> None:
        self.waited += wait
        sleep(wait)


def open_client(spec: HttpSpec, root: Path) -> HttpClient:
    """A client without credentials yet.

    Raises:
        SettingError: the certificates cannot be read.
    """
    context = trusted(spec.ca_file, root, "source.http.ca_file")
    return HttpClient(spec, httpx2.Client(timeout=spec.timeout_seconds, verify=context))


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host, port."""
    parts = httpx2.URL(url)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.host, parts.port or default


def shown(url: str) -> str:
    """A URL as it may be told: without query, user and fragment, which may hold secrets."""
    parts = httpx2.URL(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.host}{port}{parts.path}"


def looks_like_page(content_type: str, begin: bytes) -> bool:
    """Whether bytes are a page for people, whatever they are said to be."""
    start = begin.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html")) or (
        "html" in content_type and not start.startswith(b"<?xml")
    )


def _whole(answer: httpx2.Response) -> bytes:
    blocks: list[bytes] = []
    size = 0
    for block in _blocks(answer):
        size += len(block)
        if size > _PAGE_BYTES:
            raise SettingError(
                f"{shown(str(answer.url))} is larger than {_PAGE_BYTES:,} bytes",
                hint="ask for smaller pages (source.http.pages.size)",
            )
        blocks.append(block)
    return b"".join(blocks)


def _blocks(answer: httpx2.Response) -> Generator[bytes]:
    """The body; httpx2 itself tells where less comes than was announced."""
    yield from answer.iter_bytes(1 << 18)


@contextmanager
def written(part: Path) -> Generator[_File]:
    """A file that only we may read, durable when the block ends.

    Raises:
        OutputError: our disk failed.
    """
    try:
        with part.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            yield file
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(
            f"{part} cannot be written: {error.strerror or type(error).__name__}",
            hint="free disk space, then run again",
            location=str(part),
        ) from error


class _File(Protocol):
    def write(self, data: bytes, /) -> int: ...


def _unreachable(url: str, error: Exception) -> OmsImportError:
    kinds = {
        "ConnectError": "cannot be reached",
        "ConnectTimeout": "cannot be reached in time",
        "ReadTimeout": "does not answer in time",
        "RemoteProtocolError": "ended its answer too early",
    }
    what = kinds.get(type(error).__name__, f"failed ({type(error).__name__})")
    if "CERTIFICATE" in str(error).upper():
        return AuthenticationError(
            f"{shown(url)} shows a certificate that nobody we trust has signed",
            hint="check the URL; an own authority goes into source.http.ca_file",
            location=shown(url),
        )
    return SourceUnreachableError(f"{shown(url)} {what}", hint="try again", location=shown(url))


def _refused(url: str, status: int) -> OmsImportError:
    place = shown(url)
    if status in {401, 403}:
        return AuthenticationError(
            f"{place} refuses us (HTTP {status})",
            hint="check source.http.auth, and with the server's owner that we may",
            location=place,
        )
    if status in _AGAIN or status >= 500:
        return SourceUnreachableError(
            f"{place} is not available (HTTP {status})", hint="try again", location=place
        )
    return SettingError(
        f"{place} says that the request is wrong (HTTP {status})",
        hint="check source.http.url and its parameters",
        location=place,
    )
