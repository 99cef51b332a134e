"""A draft as a document: the JSON of `profiles new`, which its table is drawn from too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oms_import.drafting.draft import Draft, is_written
from oms_import.drafting.extending import Extension, extension_text, fitting
from oms_import.drafting.fields import field_names
from oms_import.drafting.render import profile_text


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft with the text of its profile."""

    name: str
    draft: Draft
    extension: Extension | None
    toml: str

    def as_json(self, path: str | None) -> dict[str, Any]:
        """The document of cli.md; `path` is where it was written, None: nowhere."""
        draft = self.draft
        found: dict[str, Any] = {
            "schema": 1,
            "name": self.name,
            "path": path,
            "format": _format(draft),
            "extends": self.extension.fit.name if self.extension else None,
            "fields": _fields(draft) if self.extension is None else _extending(self.extension),
            "missing": [],
            "left_over": list(draft.left_over()),
            "toml": self.toml,
        }
        if self.extension is None:
            found["missing"] = [{"field": name, "decide": told} for name, told in draft.missing()]
        else:
            found["left_over"] = list(self.extension.left_over)
        return found


def drafted(name: str, draft: Draft, *, from_scratch: bool = False) -> Drafted:
    """Write the profile: on top of a built-in one that fits, unless `from_scratch`."""
    extension = None if from_scratch else fitting(draft)
    text = extension_text(draft, extension, name) if extension else profile_text(draft, name)
    return Drafted(name, draft, extension, text)


def _format(draft: Draft) -> dict[str, Any]:
    dialect = draft.sample.dialect
    return {
        "reader": draft.sample.reader,
        "encoding": dialect.encoding if dialect else None,
        "delimiter": dialect.delimiter if dialect else None,
        "sheet": dialect.sheet if dialect else None,
        "header_line": dialect.header_line if dialect else None,
        "description_rows": draft.noise.description_rows,
        "footers": list(draft.noise.footers),
        "lines": draft.holder.setting if draft.holder else {"in": "rows"},
    }


def _fields(draft: Draft) -> list[dict[str, Any]]:
    places = {names.field: place for place, names in enumerate(field_names())}
    found = [
        _field(name, one.column, one.points, one.why, _example(draft, one.column))
        | {"taken": is_written(one)}
        for name, one in sorted(draft.chosen.items(), key=lambda item: places[item[0]])
    ]
    for one in draft.reckoning.amounts:
        table = "tax" if one.kind == "tax" else f"charge.{one.kind}"
        example = _example(draft, one.column)
        found.append(_field(table, one.column, one.points, one.why, example) | {"taken": one.sure})
    for setting in draft.settings:
        told = _field(setting.key, None, setting.points, setting.why, setting.value)
        found.append(told | {"taken": True})
    return found


def _extending(extension: Extension) -> list[dict[str, Any]]:
    found = [_field(one.field, one.column, one.points, one.why, "") for one in extension.fields]
    found += [_field(one.key, None, one.points, one.why, one.value) for one in extension.settings]
    return [one | {"taken": True} for one in found]


def _field(name: str, column: str | None, points: int, why: str, example: str) -> dict[str, Any]:
    columns = [] if column is None else [column]
    confidence = points / 100
    return {
        "field": name,
        "columns": columns,
        "confidence": confidence,
        "why": why,
        "example": example,
    }


def _example(draft: Draft, column: str) -> str:
    shape = draft.shapes.get(column)
    if shape is not None:
        return shape.example
    keys = draft.holder.keys if draft.holder else None
    if keys is None or column not in keys.columns:
        return ""
    some = keys[column].drop_nulls()
    return str(some[0]) if len(some) else ""
