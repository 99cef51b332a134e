"""Lists that go on over several pages, and what stands where in an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2
from lxml import html

from oms_import.connectors.http_client import HttpClient, Page, shown
from oms_import.model.errors import AuthenticationError, SettingError
from oms_import.profiles.http_sources import HttpPages, HttpSpec

_LINK = re.compile(r"<([^>]*)>([^<]*)")
_TIME = re.compile(r"\{(since|now)(?::([^{}]+))?\}")


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list: its number from 1, the answer, and its JSON where it is such."""

    number: int
    page: Page
    document: Any = None


def filled(url: str, since: datetime, now: datetime) -> str:
    """A URL with its times.

    >>> filled("https://a.example/o?from={since:%Y-%m-%d}", datetime(2026, 1, 2), datetime.now(UTC))
    'https://a.example/o?from=2026-01-02'
    """
    times = {"since": since, "now": now}

    def text(found: re.Match[str]) -> str:
        return times[found[1]].strftime(found[2] or "%Y-%m-%dT%H:%M:%SZ")

    return _TIME.sub(text, url)


def pages(client: HttpClient, spec: HttpSpec, url: str, *, as_json: bool) -> Iterator[Listed]:
    """The pages of a list, in order.

    Args:
        client: the server.
        spec: how the list goes on.
        url: the first page, without the parameters that turn pages.
        as_json: whether every page must be JSON.

    Raises:
        SettingError: there are more pages than pages.most, or one is not what it should be.
        SourceUnreachableError, AuthenticationError: as HttpClient.get.
    """
    how = spec.pages
    first = _first(url, how)
    further: str | None = first
    seen: set[str] = set()
    for number in range(1, how.most + 1):
        page = client.get(further)
        document = _document(page) if as_json else None
        listed = Listed(number, page, document)
        yield listed
        further = _next(first, listed, how)
        if further is None:
            return
        if further in seen:
            raise SettingError(
                f"{shown(url)} gives the same page again and again",
                hint="check source.http.pages",
                location=shown(url),
            )
        seen.add(further)
    raise SettingError(
        f"{shown(url)} has more than {how.most} pages",
        hint="raise source.http.pages.most, or ask for a shorter time",
        location=shown(url),
    )


def at(document: Any, path: str) -> Any:
    """What stands at a path `data.orders.0.id` of JSON; None: nothing. Empty: the top."""
    for part in path.split(".") if path else ():
        if isinstance(document, Mapping):
            document = document.get(part)
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document


def found(page: Page, selector: str) -> list[Any]:
    """Elements of a page that fit a CSS selector, or an XPath (it begins with / or a bracket).

    Raises:
        SettingError: the selector is none, or the page is empty.
    """
    try:
        tree = html.document_fromstring(page.body, base_url=page.url)
        if selector.startswith(("/", "(", ".//")):
            return list(tree.xpath(selector))
        return list(tree.cssselect(selector))
    except (ValueError, SyntaxError, AssertionError) as error:
        raise SettingError(
            f"{shown(page.url)} cannot be searched for {selector} ({type(error).__name__})",
            hint="check source.http.files.links and source.http.pages.next",
            location=shown(page.url),
        ) from None


def _document(page: Page) -> Any:
    try:
        return json.loads(page.body)
    except ValueError:
        pass
    where = shown(page.url)
    if page.is_html:
        raise AuthenticationError(
            f"{where} answers with a page for people, most likely its login",
            hint="check source.http.auth",
            location=where,
        )
    raise SettingError(
        f"{where} does not answer with JSON",
        hint="check source.http.url; its documentation names the API's address",
        location=where,
    )


def _with(url: str, **params: str | int) -> str:
    return str(httpx2.URL(url).copy_merge_params({k: str(v) for k, v in params.items() if k}))


def _first(url: str, how: HttpPages) -> str:
    if how.by == "none":
        return url
    url = _with(url, **{how.size_param: how.size})
    numbers = {"page": how.start, "offset": 0}
    return _with(url, **{how.param: numbers[how.by]}) if how.by in numbers else url


def _next(first: str, listed: Listed, how: HttpPages) -> str | None:
    """The URL of the page after this one; None: it was the last."""
    if how.by == "cursor":
        cursor = at(listed.document, how.cursor)
        return None if cursor in {None, "", False} else _with(first, **{how.param: cursor})
    if how.by == "next":
        further = _following(listed, how)
        return str(httpx2.URL(listed.page.url).join(further)) if further else None
    if how.by == "none" or entries(listed.document, how) < how.size:
        return None
    place = listed.number * how.size if how.by == "offset" else how.start + listed.number
    return _with(first, **{how.param: place})


def entries(document: Any, how: HttpPages) -> int:
    """How many entries a page of JSON has."""
    items = at(document, how.items)
    return len(items) if isinstance(items, list) else 0


def _following(listed: Listed, how: HttpPages) -> str | None:
    if how.next == "link":
        return _linked(listed.page.headers.get("Link", ""))
    if listed.document is not None:
        further = at(listed.document, how.next)
        return further if isinstance(further, str) and further else None
    links = found(listed.page, how.next)
    return links[0].get("href") if links else None


def _linked(header: str) -> str | None:
    """The target of rel="next" (RFC 8288)."""
    for target, parameters in _LINK.findall(header):
        if re.search(r';\s*rel\s*=\s*"?([^";]*\s)?next[\s";]?', parameters + ";"):
            return target
    return None
