"""A draft on top of a built-in profile: what it is, and what this sample has beside it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from oms_import.drafting.draft import Draft
from oms_import.drafting.matching import SURE, Candidate
from oms_import.drafting.toml_text import line, wrapped
from oms_import.drafting.written import Setting
from oms_import.profiles.check import coverage
from oms_import.profiles.detect import Candidate as Fit
from oms_import.profiles.detect import detect
from oms_import.profiles.load import builtin, builtin_names
from oms_import.profiles.model import Profile
from oms_import.readers.registry import reader_named

_PROVEN = 90
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Extension:
    """A built-in profile that fits, and what the sample needs beside it."""

    fit: Fit
    fields: tuple[Candidate, ...]  # of columns that it does not know
    settings: tuple[Setting, ...]
    left_over: tuple[str, ...]


def fitting(draft: Draft) -> Extension | None:
    """The one built-in profile whose marks are all in the header; None: none, or two alike."""
    sample = draft.sample
    marked = [
        one
        for one in map(builtin, builtin_names())
        if one.detect.columns and _reads(one.format.reader, sample.reader)
    ]
    fits = detect(sample.columns, sample.name, marked)
    if not fits or (len(fits) > 1 and fits[0].score == fits[1].score):
        return None
    return _extension(draft, fits[0], builtin(fits[0].name))


def _reads(reader: str, of_sample: str) -> bool:
    """Whether a profile of this reader may fit; a table may be written in any way."""
    both_tables = reader_named(reader).tables and reader_named(of_sample).tables
    return both_tables or reader == of_sample


def _extension(draft: Draft, fit: Fit, base: Profile) -> Extension:
    held = coverage(base, sample_columns := draft.sample.columns)
    fields = tuple(
        one
        for name, one in draft.chosen.items()
        if one.column in held.attributes and name not in held.filled and one.points >= SURE
    )
    settings = tuple(one for one in draft.settings if _differs(one, base))
    taken = {one.column for one in fields}
    left = tuple(name for name in sample_columns if name in held.attributes and name not in taken)
    return Extension(fit, fields, settings, left)


def _differs(one: Setting, base: Profile) -> bool:
    said = getattr(base.defaults, one.key.removeprefix("defaults."), None)
    if one.key == "defaults.currency":
        return said is None or (one.points >= _PROVEN and said != one.value)
    return one.points >= _PROVEN and one.key != "defaults.price_basis" and said != one.value


def extension_text(draft: Draft, extension: Extension, title: str) -> str:
    """The TOML of a profile that extends the built-in one."""
    fit = extension.fit
    known = f"{len(fit.matched)} of {len(draft.sample.columns)} columns"
    parts = [
        [
            *wrapped(
                f"{draft.sample.name} fits the built-in profile {fit.name}: it knows {known}. "
                "Everything below comes on top of it; --from-scratch drafts without it."
            ),
            *line("name", title),
            *line("title", f"{title} ({fit.name})"),
            *line("extends", fit.name),
        ],
        _settings(extension),
        *_fields(extension),
        _told("Kept as attributes, since nothing reads them", extension.left_over),
        _told(f"{fit.name} also reads these, which the sample lacks", fit.missing),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _settings(extension: Extension) -> list[str]:
    if not extension.settings:
        return []
    lines = ["[defaults]"]
    for one in extension.settings:
        lines += line(one.key.removeprefix("defaults."), one.value, f"{one.points} %: {one.why}")
    return lines


def _fields(extension: Extension) -> list[list[str]]:
    """Fields by section; those of payments are rules of their own and are only told."""
    found: list[list[str]] = []
    ordered = sorted(extension.fields, key=lambda one: one.field.rpartition(".")[0])
    for section, several in groupby(ordered, lambda one: one.field.rpartition(".")[0]):
        active = section != "payment"
        lines = [f"[{section}]" if active else "# [[payment]]"]
        for one in several:
            short = one.field.rpartition(".")[2]
            lines += line(short, one.column, f"{one.points} %: {one.why}", active=active)
        found.append(lines)
    return found


def _told(what: str, names: tuple[str, ...]) -> list[str]:
    if not names:
        return []
    shown = ", ".join(f'"{name}"' for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return wrapped(f"{what}: {shown}{more}")
