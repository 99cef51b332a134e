"""Countries by ISO code and by the names that channels write."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import polars as pl


@cache
def country_codes() -> dict[str, str]:
    """Alpha-2, alpha-3 and names, folded as by `folded_name` → ISO 3166-1 alpha-2 code."""
    table: dict[str, str] = {}
    text = files("oms_import.normalize").joinpath("countries.csv").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        alpha2, alpha3, names = line.split(";")
        table |= dict.fromkeys((alpha2.lower(), alpha3.lower(), *names.split("|")), alpha2)
    return table


def folded_name(raw: pl.Expr) -> pl.Expr:
    """A country's name as the table has it: lower case, no dots, single spaces. String → String."""
    plain = raw.str.to_lowercase().str.normalize("NFC").str.replace_all(".", "", literal=True)
    straight = plain.str.replace_all("\u2019", "'", literal=True)
    return straight.str.replace_all(r"\s+", " ").str.strip_chars()
