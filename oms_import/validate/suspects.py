"""The rows and rules that are in doubt: Pandera sees these alone, since most rows are sound.

One pass with the very expressions of Pandera's checks finds them; its verdicts on what is left
decide. Every rule looks at one row at a time, so sound rows may be left out.
"""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from oms_import.validate.rules import Rule


def suspects(data: pl.DataFrame, rules: tuple[Rule, ...]) -> tuple[pl.DataFrame, tuple[Rule, ...]]:
    """The rows of `data`, in order, that break a rule, and the rules that they break.

    All rows and rules, where the rules cannot be weighed: Pandera then says what is wrong.
    """
    if data.is_empty() or not rules:
        return data.clear(), ()
    try:
        return _doubtful(data, rules)
    except pl.exceptions.PolarsError:
        return data, rules


def _doubtful(data: pl.DataFrame, rules: tuple[Rule, ...]) -> tuple[pl.DataFrame, tuple[Rule, ...]]:
    empty = tuple(column.name for column in data if column.null_count() == data.height)
    weighed = _in_question(rules, empty, tuple(data.schema.items()))
    if not weighed:
        return data.clear(), ()
    rows = data.filter(~pl.all_horizontal(_ok(rule) for rule in weighed))
    if rows.is_empty():
        return rows, ()
    held = rows.select(_ok(rule).all().alias(str(at)) for at, rule in enumerate(weighed)).row(0)
    return rows, tuple(rule for rule, all_well in zip(weighed, held, strict=True) if not all_well)


def _ok(rule: Rule) -> pl.Expr:
    return rule.ok.fill_null(value=False)


@lru_cache(maxsize=1024)
def _in_question(
    rules: tuple[Rule, ...], empty: tuple[str, ...], schema: tuple[tuple[str, pl.DataType], ...]
) -> tuple[Rule, ...]:
    """Without the rules that read only columns without any value, and are content with that."""
    idle = [rule for rule in rules if set(rule.ok.meta.root_names()).issubset(empty)]
    if not idle:
        return rules
    nothing = pl.DataFrame(schema=dict(schema)).clear(1)
    told = nothing.select(_ok(rule).alias(str(at)) for at, rule in enumerate(idle)).row(0)
    content = {id(rule) for rule, ok in zip(idle, told, strict=True) if ok}
    return tuple(rule for rule in rules if id(rule) not in content)
