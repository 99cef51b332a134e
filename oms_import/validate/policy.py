"""A channel's policy: its rules and severities, compiled once from the profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from oms_import.model import tables
from oms_import.model.codes import Code
from oms_import.profiles.model import Limit, Profile, Rules, RuleSet
from oms_import.validate import standard
from oms_import.validate.rules import ORDERS, Rule, filled, table_of


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules of a channel, and what breaking them means, by default and by segment."""

    rules: tuple[Rule, ...]
    severity: Mapping[str, str] = field(default_factory=dict[str, str])
    by_segment: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, dict[str, str]])

    @property
    def roles(self) -> tuple[str, ...]:
        """Parties whose columns the order rules read."""
        named = {rule.field.partition(".")[0] for rule in self.rules if rule.table == ORDERS}
        return tuple(role for role in tables.ROLES if role in named or role == "ship_to")


def compile_policy(profile: Profile) -> Policy:
    """The policy of a profile: standard rules, the channel's own, and its segments'."""
    rules = profile.rules
    priced = "unit_price" in profile.line or "line_amount" in profile.line
    compiled = _standard(rules, priced=priced)
    compiled += standard.always()
    compiled += _own(rules)
    for segment, own in rules.segment.items():
        compiled += [rule.only([segment]) for rule in _own(own)]
    return Policy(
        rules=tuple(compiled),
        severity=dict(rules.severity),
        by_segment={
            name: dict(own.severity) for name, own in rules.segment.items() if own.severity
        },
    )


def _standard(rules: Rules, *, priced: bool) -> list[Rule]:
    """Standard rules without those the profile excuses, for all or for some segments."""
    found: list[Rule] = []
    for name, rule in standard.required(priced=priced).items():
        if name in rules.optional:
            continue
        excused = [segment for segment, own in rules.segment.items() if name in own.optional]
        found.append(rule.but(excused) if excused else rule)
    return found


def _own(rules: RuleSet) -> list[Rule]:
    found: list[Rule] = []
    for name in rules.required:
        if name == "ship_to":
            found += standard.ship_to(required_parts=True)
        else:
            table, column = table_of(name)
            found.append(Rule(table, Code.FIELD_REQUIRED, name, filled(column)))
    for name, values in rules.allowed.items():
        table, column = table_of(name)
        ok = pl.col(column).is_null() | pl.col(column).is_in(list(values))
        told = "allowed: " + ", ".join(values)
        found.append(Rule(table, Code.VALUE_NOT_ALLOWED, name, ok, column, told))
    found += [_limit(name, limit) for name, limit in rules.limits.items()]
    return found


def _limit(name: str, limit: Limit) -> Rule:
    table, column = table_of(name)
    ok = pl.col(column).is_null()
    inside = pl.lit(value=True)
    if limit.min is not None:
        inside = inside & (pl.col(column) >= limit.min)
    if limit.max is not None:
        inside = inside & (pl.col(column) <= limit.max)
    low = "" if limit.min is None else f"at least {limit.min:g}"
    high = "" if limit.max is None else f"at most {limit.max:g}"
    told = ", ".join(part for part in (low, high) if part)
    return Rule(table, Code.LIMIT_EXCEEDED, name, ok | inside, column, told)
