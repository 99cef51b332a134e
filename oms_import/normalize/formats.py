"""Date formats that a profile names, compiled to shapes."""

from __future__ import annotations

import re
from functools import cache, partial
from itertools import pairwise

import polars as pl

from oms_import.model.errors import SettingError
from oms_import.normalize import shapes
from oms_import.normalize.months import language
from oms_import.normalize.shapes import DATE, INSTANT, LOCAL, Shape, outcome

_DIRECTIVES = {
    "Y": r"(?P<y>[0-9]{4})",
    "y": r"(?P<y>[0-9]{2})",
    "m": r"(?P<m>[0-9]{1,2})",
    "d": r"(?P<d>[0-9]{1,2})",
    "e": r"(?P<d>[0-9]{1,2})",
    "b": r"(?P<n>\p{L}{3,12}\.?)",
    "B": r"(?P<n>\p{L}{3,12}\.?)",
    "h": r"(?P<n>\p{L}{3,12}\.?)",
    "H": r"(?P<H>[0-9]{1,2})",
    "I": r"(?P<H>[0-9]{1,2})",
    "M": r"(?P<M>[0-5][0-9])",
    "S": r"(?P<S>[0-5][0-9])",
    "f": r"(?P<f>[0-9]{1,9})",
    ".f": r"(?:\.(?P<f>[0-9]{1,9}))?",
    "p": r"(?P<p>[AaPp])\.?[Mm]\.?",
    "P": r"(?P<p>[AaPp])\.?[Mm]\.?",
    "z": rf"(?P<z>{shapes.OFFSET})",
    ":z": rf"(?P<z>{shapes.OFFSET})",
    "#z": rf"(?P<z>{shapes.OFFSET})",
    "Z": rf"(?P<z>{shapes.OFFSET})",
    "a": r"\p{L}{2,12}\.?",
    "A": r"\p{L}{2,12}\.?",
    "%": "%",
}
_SHORT = {"%F": "%Y-%m-%d", "%T": "%H:%M:%S", "%R": "%H:%M", "%D": "%m/%d/%y"}
_ENGINE = frozenset("YmdHMS")
_EPOCHS = {"epoch": (r"^-?[0-9]{1,11}(?:\.[0-9]+)?$", 6), "epoch_ms": (r"^-?[0-9]{1,14}$", 3)}


@cache
def compiled(formats: tuple[str, ...], months: str | None) -> tuple[Shape, ...]:
    """The shapes of the formats, in their order; two formats of one shape: the first counts.

    Raises SettingError for a directive or language that is not known.
    """
    known = language(months)
    return tuple(_shape(form, known) for form in formats)


def _shape(form: str, months: str | None) -> Shape:
    if form in _EPOCHS:
        pattern, exponent = _EPOCHS[form]
        return Shape(pattern, partial(_epoch, exponent))
    if form == "excel":
        return Shape(r"^[0-9]{1,6}(?:\.[0-9]+)?$", _excel)
    for short, long in _SHORT.items():
        form = form.replace(short, long)
    pattern, directives = _pattern(form)
    if _by_engine(directives):
        return Shape(pattern, partial(shapes.native, form))
    return Shape(pattern, shapes.by_groups(pattern, months))


def _by_engine(directives: list[str]) -> bool:
    """Whether the engine's own strptime does it: it has a fast way for such formats."""
    clock = {"H", "M"} <= set(directives) or not set(directives) & {"H", "M", "S"}
    return set(directives) <= _ENGINE and clock


def _pattern(form: str) -> tuple[str, list[str]]:
    """The regular expression of a strptime format, and its directives."""
    parts: list[str] = []
    directives: list[str] = []
    for literal, directive in re.findall(r"([^%]+)|%([.:#]?[A-Za-z%])", form):
        if literal:
            parts.append(re.sub(r"\s+", r"\\s+", re.escape(literal).replace(r"\ ", " ")))
            continue
        if directive not in _DIRECTIVES or (directive != "%" and directive in directives):
            raise _unknown(form, directive)
        directives.append(directive)
        parts.append(_DIRECTIVES[directive])
    _widened(parts)
    pattern = f"^{''.join(parts)}$"
    groups = re.findall(r"\(\?P<(\w)>", pattern)
    once = len(groups) == len(set(groups))
    if not once or not {"y", "d"} <= set(groups) or not {"m", "n"} & set(groups):
        raise _unknown(form, "")
    return pattern, directives


def _widened(parts: list[str]) -> None:
    """Numbers without anything between them have all their digits: 040317 is no year 0403."""
    numbers = [part.startswith("(?P<") and "[0-9]" in part for part in parts]
    for at, (left, right) in enumerate(pairwise(numbers)):
        if left and right:
            parts[at : at + 2] = [part.replace("{1,2}", "{2}") for part in parts[at : at + 2]]


def _unknown(form: str, directive: str) -> SettingError:
    what = f"%{directive} is not known" if directive else "it needs day, month and year, each once"
    hint = 'use strptime directives such as "%d.%m.%Y %H:%M", or "epoch", "epoch_ms", "excel"'
    return SettingError(f'the date format "{form}" cannot be used: {what}', hint=hint)


def _epoch(exponent: int, some: pl.Series) -> pl.DataFrame:
    """Seconds or milliseconds since 1970, an instant."""
    exact = pl.col("raw").cast(pl.Decimal(38, 6), strict=False)
    wall = (exact * 10**exponent).cast(pl.Int64, strict=False).cast(shapes.TIME)
    return outcome(some, wall=wall, kind=INSTANT, zone=pl.lit("UTC"))


def _excel(some: pl.Series) -> pl.DataFrame:
    """Days since 1899-12-30, as spreadsheets count; milliseconds are the best they hold."""
    days = pl.col("raw").cast(pl.Float64, strict=False)
    milliseconds = (days * 86_400_000).round().cast(pl.Int64, strict=False)
    wall = pl.lit(-2_209_161_600_000_000) + milliseconds * 1_000
    whole = pl.col("raw").str.contains(".", literal=True).not_()
    kind = pl.when(whole).then(DATE).otherwise(LOCAL)
    return outcome(some, wall=wall.cast(shapes.TIME), kind=kind)
