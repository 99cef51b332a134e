"""Who we are, for portals and APIs: keys, tokens that expire, and login forms."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import httpx2
from lxml import html

from oms_import.connectors.http_client import Credentials, HttpClient, Page, shown
from oms_import.connectors.secrets import resolved
from oms_import.model.errors import AuthenticationError, SettingError
from oms_import.profiles.http_sources import HttpAuth, HttpSpec

_EARLY = 60.0  # seconds before a token's end at which it is renewed
_CHALLENGES = ("captcha", "one-time", "otp", "two-factor", "2fa", "mfa", "verification code")


def credentials(spec: HttpSpec, client: HttpClient, root: Path) -> Credentials | None:
    """What a profile's `[source.http.auth]` asks for; None: nothing.

    Raises:
        SettingError: a reference names nothing.
    """
    auth = spec.auth

    def secret(key: str) -> str:
        reference = getattr(auth, key)
        return resolved(reference, f"source.http.auth.{key}", root) if reference else ""

    if auth.kind == "none":
        return None
    if auth.kind == "oauth2":
        return OAuth2(auth, client, secret("client_secret"), secret("refresh_token"))
    if auth.kind == "form":
        return Form(auth, client, secret("password"))
    if auth.kind == "query":
        token = secret("token")
        return Fixed(lambda request: _with_query(request, auth.name, token))
    name, value = {
        "basic": lambda: ("Authorization", basic(auth.user, secret("password"))),
        "bearer": lambda: ("Authorization", f"Bearer {secret('token')}"),
        "header": lambda: (auth.name, secret("token")),
    }[auth.kind]()
    return Fixed(lambda request: request.headers.__setitem__(name, value))


def basic(user: str, password: str) -> str:
    """The header's value (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def _with_query(request: httpx2.Request, name: str, token: str) -> None:
    request.url = request.url.copy_merge_params({name: token})


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same on every request."""

    put: Callable[[httpx2.Request], None]

    def apply(self, request: httpx2.Request) -> None:
        """See Credentials."""
        self.put(request)

    def renew(self) -> bool:
        """There are no others."""
        return False


@dataclass(slots=True)
class OAuth2:
    """Access tokens by client credentials or a refresh token (RFC 6749, sections 4.4 and 6)."""

    auth: HttpAuth
    client: HttpClient
    secret: str
    refresh: str
    _token: str = ""
    _until: float = 0.0

    def apply(self, request: httpx2.Request) -> None:
        """A token that is good for a while yet."""
        if monotonic() >= self._until:
            self._fetch()
        request.headers["Authorization"] = f"Bearer {self._token}"

    def renew(self) -> bool:
        """A new token."""
        self._fetch()
        return True

    def _fetch(self) -> None:
        form = {"grant_type": "client_credentials"}
        if self.refresh:
            form = {"grant_type": "refresh_token", "refresh_token": self.refresh}
        if self.auth.scope:
            form["scope"] = self.auth.scope
        headers: dict[str, str] = {}
        if self.auth.client_auth == "basic":
            headers["Authorization"] = basic(self.auth.client_id, self.secret)
        else:
            form |= {"client_id": self.auth.client_id, "client_secret": self.secret}
        where = shown(self.auth.token_url)
        try:
            answer = self.client.client.post(self.auth.token_url, data=form, headers=headers)
        except httpx2.HTTPError as error:
            raise AuthenticationError(
                f"{where} gives no token ({type(error).__name__})", hint="try again", location=where
            ) from None
        told = _document(answer)
        token = told.get("access_token")
        if not answer.is_success or not isinstance(token, str):
            reason = str(told.get("error", ""))[:80]
            raise AuthenticationError(
                f"{where} gives no token (HTTP {answer.status_code} {reason})".replace(" )", ")"),
                hint="check client_id, client_secret and scope of source.http.auth",
                location=where,
            )
        self._token = token
        lasts = told.get("expires_in", 3600)
        lasts = float(lasts) if isinstance(lasts, int | float) else 3600.0
        self._until = monotonic() + max(1.0, lasts - _EARLY)
        self.refresh = str(told.get("refresh_token") or self.refresh)


def _document(answer: httpx2.Response) -> dict[str, Any]:
    try:
        told = json.loads(answer.content)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


@dataclass(slots=True)
class Form:
    """A login page: its hidden fields are sent back, and a page after it proves the success."""

    auth: HttpAuth
    client: HttpClient
    password: str
    _inside: bool = False
    _headers: dict[str, str] = field(default_factory=dict[str, str])

    def apply(self, request: httpx2.Request) -> None:
        """Log in before the first request; the session is a cookie of the client's."""
        if not self._inside and str(request.url) != self.auth.login_url:
            self.login()
            jar = self.client.client.cookies
            pairs = "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar.jar)
            if pairs:
                request.headers["Cookie"] = pairs
        request.headers.update(self._headers)

    def renew(self) -> bool:
        """Log in again."""
        self.login()
        return True

    def login(self) -> None:
        """Fetch the form, fill it, send it, and look for the declared proof.

        Raises:
            AuthenticationError: the login failed, or asks for more than a password.
        """
        self._inside = True  # the login's own pages need no login
        self._headers = {}
        page = self.client.get(self.auth.login_url)
        form = self._form(page)
        fields = {name: str(value) for name, value in form.form_values()}
        fields |= {self.auth.user_field: self.auth.user, self.auth.password_field: self.password}
        self._headers = self._csrf(page)
        target = str(httpx2.URL(page.url).join(form.action or page.url))
        if not self.client.is_own(target):
            self._fail("its form leads to another server", "check source.http.auth.login_url")
        after = self.client.post(target, fields, self._headers)
        self._headers = self._csrf(after) or self._headers
        self._prove(after)

    def _form(self, page: Page) -> Any:
        forms: list[Any] = _tree(page).forms
        for form in forms:
            if self.auth.password_field in form.fields:
                return form
        self._challenged(page)
        self._fail(
            f"it has no form with a field {self.auth.password_field}",
            "check login_url and password_field of source.http.auth",
        )
        raise AssertionError

    def _csrf(self, page: Page) -> dict[str, str]:
        """A token of a <meta> or of a cookie, which scripts would send as a header."""
        value = ""
        if self.auth.csrf_meta:
            metas = _tree(page).xpath("//meta[@name=$name]/@content", name=self.auth.csrf_meta)
            value = str(metas[0]) if metas else ""
        if self.auth.csrf_cookie:
            value = self.client.client.cookies.get(self.auth.csrf_cookie) or value
        return {self.auth.csrf_header: value} if value else {}

    def _prove(self, page: Page) -> None:
        if _tree(page).cssselect(self.auth.success):
            return
        self._inside = False
        self._challenged(page)
        self._fail(
            f"nothing on the page after it fits {self.auth.success}",
            "check user and password; or correct source.http.auth.success",
        )

    def _challenged(self, page: Page) -> None:
        text = page.body.decode("utf-8", "replace").casefold()
        if any(word in text for word in _CHALLENGES):
            self._fail(
                "it asks for a code or a captcha, which only a person can answer",
                "ask the portal's owner for an account for machines, an API or SFTP",
            )

    def _fail(self, why: str, hint: str) -> None:
        self._inside = False
        where = shown(self.auth.login_url)
        raise AuthenticationError(f"the login at {where} failed: {why}", hint=hint, location=where)


def _tree(page: Page) -> Any:
    """The page as lxml sees it.

    Raises:
        SettingError: it is empty.
    """
    if not page.body.strip():
        raise SettingError(f"{shown(page.url)} is an empty page", location=shown(page.url))
    return html.document_fromstring(page.body, base_url=page.url)
