"""Rules merged: what a policy says, and what goes before it.

Each statement is about one thing (a field's being required, its allowed values, one bound, a code's
severity), and of each the last that is said counts. So it does not matter in which groups policies
are merged, only in which order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_import.profiles.policies import Limit, Rules, RuleSet


def merged(below: Rules, above: Rules) -> Rules:
    """Rules of a channel, or of a policy, on top of others, segments with segments."""
    segment = dict(below.segment)
    for name, own in above.segment.items():
        # Case does not matter in the names of segments: the first way of writing one is kept.
        known = next((one for one in segment if one.casefold() == name.casefold()), name)
        segment[known] = merged_set(segment.get(known, RuleSet()), own)
    parts: dict[str, Any] = _parts(below, above)
    for one in (above, below):
        if "total_tolerance" in one.model_fields_set:
            parts.setdefault("total_tolerance", one.total_tolerance)
    return Rules(**parts, segment=segment)


def merged_set(below: RuleSet, above: RuleSet) -> RuleSet:
    """Rules of one scope on top of others."""
    return RuleSet(**_parts(below, above))


def _parts(below: RuleSet, above: RuleSet) -> dict[str, Any]:
    """What both say: a field that is optional above is taken out of the required below."""
    return {
        "include": _united(below.include, above.include, ()),
        "required": _united(below.required, above.required, above.optional),
        "optional": _united(below.optional, above.optional, above.required),
        "allowed": {**below.allowed, **above.allowed},
        "limits": _limits(below.limits, above.limits),
        "severity": {**below.severity, **above.severity},
    }


def _united(
    below: tuple[str, ...], above: tuple[str, ...], gone: tuple[str, ...]
) -> tuple[str, ...]:
    left = [name for name in below if name not in gone]
    return tuple(dict.fromkeys([*left, *above]))


def _limits(below: Mapping[str, Limit], above: Mapping[str, Limit]) -> dict[str, Limit]:
    """Bound by bound: a maximum above leaves the minimum from below."""
    found = dict(below)
    for name, own in above.items():
        said = own.model_dump(exclude_none=True)
        found[name] = found.get(name, Limit()).model_copy(update=said)
    return found
