"""What the values of a column look like: dates, money, codes, countries …, by whole columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from oms_import.normalize.codes import country, currency, gtin_valid

ROWS = 2_000  # rows looked at
_FEW = 300  # different values up to which a column may hold codes of countries or currencies
_SIGNS = r"(?:[A-Za-z]{0,3}\.?\p{Sc}|[A-Z]{3}|kr\.?|zł|Kč|Fr\.?)"
_DIGITS = (
    r"[0-9]{1,3}(?:[., '\u00a0\u202f][0-9]{3})*(?:[.,][0-9]+)?|[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+"
)
_NUMBER = rf"^\(?[+\-\u2212]?\s?{_SIGNS}?\s?[+\-\u2212]?(?:{_DIGITS})\s?{_SIGNS}?-?\)?$"
_MONTH = r"\p{L}{3,10}\.?"
_DATE = (
    rf"^(?:\p{{L}}{{2,10}}[,.]* )?[0-9]{{1,4}}[\-/. ]+(?:[0-9]{{1,2}}|{_MONTH})"
    rf"[\-/., ]+[0-9]{{1,4}}(?:[T ,]|$)|^{_MONTH}[\-. ][0-9]{{1,2}}[\-,. ]+[0-9]{{2,4}}(?:[ ,]|$)"
    r"|^(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:T?[0-9]{4,6}Z?)?$"
)
PATTERNS = {
    "number": _NUMBER,
    "integer": r"^[+-]?[0-9]+(?:[.,]0+)?$",
    "sign": r"\p{Sc}|zł|Kč|\bkr\b",
    "decimals": r"[.,][0-9]{1,2}(?:[^0-9]|$)",
    "rate": r"^[0-9]+(?:[.,][0-9]+)?\s?%?$",
    "email": r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    "postal": r"^'?[A-Za-z]{0,2}-?[0-9][A-Za-z0-9]{0,5}(?:[ \-][A-Za-z0-9]{1,5})?$"
    r"|^'?[A-Za-z][0-9][A-Za-z](?: ?[0-9][A-Za-z][0-9])?$"
    r"|^'?[A-Za-z]{1,2}[0-9][A-Za-z0-9]?(?: ?[0-9][A-Za-z]{2})?$",
    "phone": r"^'?\+?[0-9 ()./\-]{5,24}(?:(?:x|ext\.?) ?[0-9]+)?$",
    "code": r"^['#]?[^\s,;]*[0-9][^\s,;]*$|^[A-Z][A-Z0-9_\-./]*$",
    "flag": r"^(?i:true|false|yes|no|y|n|0|1|ja|nein|oui|non)$",
    "letters": r"\p{L}",
    "spaced": r"\p{L}+ \p{L}",
    "json": r"^\s*[\[{].*[\]}]\s*$",
    "pairs": r"^\s*[A-Za-z_][\w ]{0,40}:.*\|\s*[A-Za-z_][\w ]{0,40}:",
    "epoch": r"^1[0-9]{9}(?:[0-9]{3})?$",
    "date": _DATE,
    "hash": r"^#",
    "apostrophe": r"^'",
    "serial": r"^[3-5][0-9]{4}(?:\.[0-9]+)?$",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """A column's values: how many are filled, how many differ, the share that looks like each."""

    filled: int
    rows: int
    unique: int
    shares: dict[str, float]
    example: str

    def share(self, kind: str) -> float:
        """The share of filled cells that look like it, 0 to 1; a blank column: 0."""
        return self.shares.get(kind, 0.0)

    def fits(self, kind: str) -> float:
        """How well the values suit a field of this kind, 0 to 1."""
        number, date = self.share("number"), self.share("date")
        of_kind = {
            "money": number,
            "number": max(self.share("integer"), number * 0.95),
            "date": max(date, self.share("epoch"), self.share("serial") * 0.9),
            "text": self.share("letters") or (0.2 if self.share("decimals") > 0.5 else 0.4),
            "gtin": max(self.share("gtin"), 0.7 * self.share("integer")),
            "code": self._code(),
        }
        return of_kind.get(kind, self.share(kind))

    def _code(self) -> float:
        prose = max(self.share("spaced"), self.share("email"), self.share("date"))
        number = self.share("number")
        money = max(self.share("sign"), self.share("decimals") * number)
        if prose > 0.7 or (number > 0.8 and money > 0.8):
            return 0.0
        return 1.0 if self.share("code") > 0.7 else max(0.6, self.share("code"))


def shapes(frame: pl.DataFrame, columns: Sequence[str]) -> dict[str, Shape]:
    """The shape of each column, all of text with blank cells null, by its first ROWS rows."""
    rows = frame.head(ROWS)
    asked = [_test(name, kind) for name in columns for kind in PATTERNS]
    asked += [pl.col(name).null_count().alias(f"{name}\0null") for name in columns]
    asked += [pl.col(name).drop_nulls().n_unique().alias(f"{name}\0unique") for name in columns]
    asked += [pl.col(name).drop_nulls().first().alias(f"{name}\0first") for name in columns]
    seen = rows.select(asked).row(0, named=True)
    return {name: _shape(name, seen, rows) for name in columns}


def share_like(frame: pl.DataFrame, columns: Sequence[str], kind: str) -> dict[str, float]:
    """For each column the share of filled cells that look like one kind; blank columns: 0."""
    seen = frame.select(_test(name, kind) for name in columns).row(0)
    return {name: float(share or 0) for name, share in zip(columns, seen, strict=True)}


def _test(name: str, kind: str) -> pl.Expr:
    return pl.col(name).str.contains(PATTERNS[kind]).mean().alias(f"{name}\0{kind}")


def _shape(name: str, seen: Mapping[str, Any], rows: pl.DataFrame) -> Shape:
    filled = rows.height - seen[f"{name}\0null"]
    if not filled:
        return Shape(0, rows.height, 0, {}, "")
    shares = {kind: float(seen[f"{name}\0{kind}"]) for kind in PATTERNS}
    unique = int(seen[f"{name}\0unique"])
    raw = rows.select(pl.col(name).drop_nulls().alias("raw"))
    tests = {"gtin": gtin_valid(pl.col("raw"))} if shares["integer"] > 0.5 else {}
    if unique <= _FEW and shares["number"] < 0.5:
        tests["country"] = country(pl.col("raw")).value.is_not_null()
        tests["currency"] = currency(pl.col("raw")).value.is_not_null()
    if tests:
        told = raw.select(test.mean().alias(kind) for kind, test in tests.items())
        shares |= {kind: float(share) for kind, share in told.row(0, named=True).items()}
    return Shape(filled, rows.height, unique, shares, str(seen[f"{name}\0first"]))
