"""Profiles, part eight: portals and REST APIs from which drops are fetched."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from oms_import.profiles.fields import Strict


class HttpAuth(Strict):
    """How we say who we are. Secrets stand here by reference: ${NAME}, keyring:…, file:PATH."""

    kind: Literal["none", "basic", "bearer", "header", "query", "oauth2", "form"] = Field(
        default="none",
        description="basic (user, password), bearer (token), header or query (name, token), "
        "oauth2 (client credentials or a refresh token), form (a login page).",
    )
    user: str = Field(default="", description="basic, form: the user.")
    password: str | None = Field(default=None, description="Reference to the password.")
    token: str | None = Field(default=None, description="Reference to the token or API key.")
    name: str = Field(default="", description="header, query: what the API key is called.")
    token_url: str = Field(default="", description="oauth2: where access tokens are given.")
    client_id: str = Field(default="", description="oauth2: the client's id.")
    client_secret: str | None = Field(default=None, description="oauth2: reference to its secret.")
    client_auth: Literal["basic", "body"] = Field(
        default="basic", description="oauth2: whether id and secret go as Basic or in the body."
    )
    scope: str = Field(default="", description="oauth2: the scope asked for.")
    refresh_token: str | None = Field(
        default=None, description="oauth2: reference to a refresh token, instead of credentials."
    )
    login_url: str = Field(default="", description="form: the page with the login form.")
    user_field: str = Field(default="username", description="form: name of the user's field.")
    password_field: str = Field(default="password", description="form: name of the other.")
    csrf_meta: str = Field(
        default="", description="form: name of a <meta> whose content is sent as csrf_header."
    )
    csrf_cookie: str = Field(
        default="", description="form: name of a cookie whose value is sent as csrf_header."
    )
    csrf_header: str = Field(default="X-CSRF-Token", description="form: the header's name.")
    success: str = Field(
        default="", description="form: CSS selector that only a page after the login has."
    )


class HttpPages(Strict):
    """How a list goes on over several pages."""

    by: Literal["none", "page", "offset", "cursor", "next"] = Field(
        default="none",
        description="page: a number; offset: of the first entry; cursor: a value of the last "
        "answer; next: a URL in the answer, or its Link header.",
    )
    param: str = Field(default="", description="The query's parameter: page, offset, cursor.")
    start: int = Field(default=1, ge=0, description="page: the first number.")
    size_param: str = Field(default="", description="The parameter for the size of a page.")
    size: int = Field(default=100, ge=1, description="Entries a page.")
    items: str = Field(
        default="", description="Path of the list in the answer: data.orders; empty: the top."
    )
    cursor: str = Field(default="", description="cursor: its path in the answer: meta.next.")
    next: str = Field(
        default="link",
        description="next: path in the answer, CSS selector of a link, or `link`: the header.",
    )
    most: int = Field(default=200, ge=1, description="More pages than this are a fault.")


class HttpFiles(Strict):
    """portal: how the list names its files."""

    links: str = Field(
        default="", description="CSS selector or XPath of the links: table.orders a.download."
    )
    items: str = Field(default="", description="JSON: path of the list of files: documents.")
    url: str = Field(default="url", description="JSON: path of the file's URL in its entry.")
    name: str = Field(
        default="", description="JSON: path of the name; else the last part of the URL."
    )
    id: str = Field(
        default="",
        description="JSON: path of the file's id, where URLs change from list to list.",
    )


class HttpSpec(Strict):
    """A portal or REST API. In URLs {since:%Y-%m-%d} and {now:%Y-%m-%d} are times in UTC."""

    url: str = Field(default="", description="The list, or the API's first page.")
    headers: dict[str, str] = Field(default_factory=dict, description="Further headers.")
    auth: HttpAuth = Field(default=HttpAuth(), description="How we say who we are.")
    pages: HttpPages = Field(default=HttpPages(), description="How the list goes on.")
    files: HttpFiles = Field(default=HttpFiles(), description="portal: how files are named.")
    login_marker: str = Field(
        default="", description="Text that only the login page has, where files are HTML too."
    )
    first_days: float = Field(
        default=7, gt=0, description="How far back {since} goes the first time."
    )
    overlap_minutes: float = Field(
        default=60, ge=0, description="How far {since} goes back behind the last run's beginning."
    )
    per_minute: float = Field(default=0, ge=0, description="Most requests a minute; 0: no limit.")
    tries: int = Field(default=4, ge=1, le=20, description="Tries of a request in one run.")
    timeout_seconds: float = Field(
        default=30, gt=0, description="How long the server may say nothing."
    )
    most_bytes: int = Field(
        default=2_000_000_000, ge=1, description="A larger file or page is refused."
    )
    ca_file: str | None = Field(
        default=None, description="Certificates of an own authority, relative to the workspace."
    )

    def references(self) -> list[tuple[str, str]]:
        """Keys that name secrets, and the references."""
        auth = self.auth
        named = {
            "password": auth.password, "token": auth.token, "client_secret": auth.client_secret,
            "refresh_token": auth.refresh_token,
        }  # fmt: skip
        return [(f"auth.{key}", value) for key, value in named.items() if value]

    def secret_files(self) -> list[tuple[str, str]]:
        """Files that others may not read: the key of the table that names each, and its path."""
        return [(key, one) for key, one in self.references() if one.startswith("file:")]
