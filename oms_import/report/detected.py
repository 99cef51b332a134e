"""What `preview` says of a file before its orders: format, fitting profiles, and the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType

from oms_import.report.amounts import count
from oms_import.report.look import indented, plain

Document = Mapping[str, Any]

_NAMES = 8  # of columns shown


def detection(found: Document) -> list[RenderableType]:
    """The value of `detection` in cli.md: a line, and what speaks for and against each profile."""
    if not found["format"]:
        return []
    fits: Sequence[Document] = found["candidates"]
    best = [one for one in fits if one["score"] == fits[0]["score"]]
    begins = f"{str(found['format']).upper()} ({found['format_reason']})"
    shown = fits or found["nearest"]
    if shown and _known(shown[0])[1]:
        begins += f": {count(_known(shown[0])[1], 'column')}"
    if found["chosen"]:
        return _fitting(begins, next(one for one in fits if one["profile"] == found["chosen"]))
    if len(best) > 1:
        told = f"{begins}; {len(best)} profiles fit alike, so none is chosen"
        how = f"To choose, name one: --profile {best[0]['profile']}"
        return [plain(told), *(indented(_evidence(one)) for one in best), indented(how)]
    near = [indented(_evidence(one)) for one in found["nearest"]]
    return [plain(f"{begins}; no profile fits{', the nearest are' if near else ''}"), *near]


def _fitting(begins: str, one: Document) -> list[RenderableType]:
    known, all_ = _known(one)
    if not all_:
        return [plain(f"{begins}; fits {one['profile']}")]
    told = f"{begins}; fits {one['profile']} ({known} of {all_} header names known"
    unknown = f"; not known: {_named(one['unknown'])}" if one["unknown"] else ""
    return [plain(f"{told}{unknown})")]


def _evidence(one: Document) -> str:
    """`shop-a: 4 of 5 header names known; not known: X; missing: A, B`."""
    known, all_ = _known(one)
    parts = [f"{one['profile']}: {known} of {all_} header names known" if all_ else one["profile"]]
    parts += [f"not known: {_named(one['unknown'])}"] if one["unknown"] else []
    parts += [f"missing: {_named(one['missing'])}"] if one["missing"] else []
    return "; ".join(parts)


def _known(one: Document) -> tuple[int, int]:
    """Header names the profile knows, and how many there are."""
    known = len(one["matched"])
    return known, known + len(one["unknown"])


def _named(names: Sequence[str]) -> str:
    more = len(names) - _NAMES
    return ", ".join(names[:_NAMES]) + (f" and {more} more" if more > 0 else "")
