"""Two profiles, everything they extend filled in, key by key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from oms_import.profiles.model import Profile

_ABSENT = object()


def differences(a: Profile, b: Profile) -> list[dict[str, Any]]:
    """What differs: `path` (dotted), and the values of `a` and `b`; None: not said there.

    Entries of lists of tables count from 1: `charge[2].amount.from`.
    """
    left, right = (dict(_flat("", _dumped(one))) for one in (a, b))
    paths = [*left, *(path for path in right if path not in left)]
    return [
        {"path": path, "a": left.get(path), "b": right.get(path)}
        for path in sorted(paths, key=_section)
        if left.get(path, _ABSENT) != right.get(path, _ABSENT)
    ]


def _dumped(profile: Profile) -> dict[str, Any]:
    return profile.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _section(path: str) -> int:
    """Sections in the order of the model; inside one, the order of the keys stays."""
    first = re.split(r"[.\[]", path, maxsplit=1)[0]
    names = list(Profile.model_fields)
    return names.index(first) if first in names else len(names)


def _flat(prefix: str, value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), inner)
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for number, item in enumerate(value, 1):
            yield from _flat(f"{prefix}[{number}]", item)
    else:
        yield prefix, value
