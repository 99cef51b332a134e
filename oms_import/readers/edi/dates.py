"""Dates of DTM segments: EDIFACT's made ISO by their own format code, X12's given their century."""

from __future__ import annotations

import re

import polars as pl

_DAY = r"(\d{4})(\d\d)(\d\d)"
_TO_DAY = "$1-$2-$3"

_FORMATS = {
    "102": (rf"^{_DAY}$", _TO_DAY),
    "203": (rf"^{_DAY}(\d\d)(\d\d)$", f"{_TO_DAY} $4:$5"),
    "204": (rf"^{_DAY}(\d\d)(\d\d)(\d\d)$", f"{_TO_DAY} $4:$5:$6"),
    "205": (rf"^{_DAY}(\d\d)(\d\d)([+-]\d\d)(\d\d)$", f"{_TO_DAY} $4:$5$6:$7"),
    "101": (r"^(\d\d)(\d\d)(\d\d)$", f"20{_TO_DAY}"),
    "201": (r"^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$", f"20{_TO_DAY} $4:$5"),
    "202": (r"^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$", f"20{_TO_DAY} $4:$5:$6"),
    "718": (rf"^{_DAY}-?(\d{{4}})(\d\d)(\d\d)$", f"{_TO_DAY}/$4-$5-$6"),
    "719": (
        rf"^{_DAY}(\d\d)(\d\d)-?(\d{{4}})(\d\d)(\d\d)(\d\d)(\d\d)$",
        f"{_TO_DAY} $4:$5/$6-$7-$8 $9:$10",
    ),
}
"""UN/EDIFACT code list 2379: what the text looks like and how it reads as ISO 8601."""


def edifact_dates(texts: pl.Series, formats: pl.Series) -> pl.Series:
    """2380 as ISO dates by 2379; a text that is not as its format says, or of another, stays.

    A week (616) and a month (610) are periods: from their first day to their last.

    >>> edifact_dates(pl.Series(["20050819", "200533"]), pl.Series(["102", "616"])).to_list()
    ['2005-08-19', '2005-08-15/2005-08-21']
    """
    if texts.null_count() == len(texts):
        return texts
    text, form = pl.col("text"), pl.col("form")
    frame = pl.DataFrame({"text": texts, "form": formats}, schema_overrides={"form": pl.String})
    used = [name for name in form_codes(formats) if name in _FORMATS]
    result = text
    for name in used:
        pattern, iso = _FORMATS[name]
        written = text.str.replace(pattern, _braced(iso))
        result = pl.when(form == name).then(written).otherwise(result)
    for name in set(form_codes(formats)) & _PERIODS.keys():
        period = _period(text, *_PERIODS[name])
        result = pl.when(form == name).then(pl.coalesce(period, text)).otherwise(result)
    return frame.select(result.alias(texts.name)).to_series()


_PERIODS = {"610": (r"^\d{6}$", "%Y%m%d", "01", "1mo"), "616": (r"^\d{6}$", "%G%V%u", "1", "7d")}
"""Months and weeks: how the text looks, how its first day is read and made, how long it is."""


def _period(text: pl.Expr, pattern: str, form: str, first: str, length: str) -> pl.Expr:
    whole = pl.when(text.str.contains(pattern)).then(text)
    begin = (whole + first).str.to_date(form, strict=False)
    end = begin.dt.offset_by(length).dt.offset_by("-1d")
    return pl.format("{}/{}", begin.dt.to_string("%F"), end.dt.to_string("%F"))


def x12_dates(texts: pl.Series, centuries: pl.Series) -> pl.Series:
    """DTM02 with the century that versions before 004010 say in DTM05: 980115 and 19."""
    if centuries.null_count() == len(centuries):
        return texts
    text, century = pl.col("text"), pl.col("century")
    frame = pl.DataFrame({"text": texts, "century": centuries})
    short = text.str.contains(r"^\d{6}$") & century.str.contains(r"^(19|20)$")
    whole = pl.when(short).then(century + text).otherwise(text)
    return frame.select(whole.alias(texts.name)).to_series()


def form_codes(formats: pl.Series) -> list[str]:
    """The format codes that occur."""
    return formats.unique().drop_nulls().to_list()


def _braced(iso: str) -> str:
    """`$1` as `${1}`, which may stand before digits and letters."""
    return re.sub(r"\$(\d+)", r"${\1}", iso)
