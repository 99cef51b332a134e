"""A channel's policy: its rules and severities, compiled once from the profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from oms_import.model import tables
from oms_import.model.errors import SettingError
from oms_import.model.finding import Severity
from oms_import.model.reasons import reasons
from oms_import.profiles.model import IgnoreRule, Profile, Rules
from oms_import.profiles.values import UnfitValueError
from oms_import.validate import standard
from oms_import.validate.own import allowed_rules, limit_rules, required_rules
from oms_import.validate.rules import Rule
from oms_import.validate.values import is_one_of


@dataclass(frozen=True, slots=True)
class Policy:
    """What a channel's orders must fulfil, and what failing means, by default and by segment."""

    rules: tuple[Rule, ...]
    severity: Mapping[str, str] = field(default_factory=dict[str, str])
    by_segment: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def of(self, frame: str) -> tuple[Rule, ...]:
        """The rules of one frame, in the order in which they were declared."""
        return tuple(rule for rule in self.rules if rule.frame == frame)

    @property
    def roles(self) -> tuple[str, ...]:
        """The parties that rules read."""
        read = {rule.frame for rule in self.rules}
        return tuple(role for role in tables.ROLES if role in read)


def compile_policy(profile: Profile) -> Policy:
    """The policy of a profile: standard rules, the channel's own, and its segments'.

    Raises:
        SettingError: a rule asks of a field what it can never hold.
    """
    _check_ignore(profile.ignore)
    priced = "unit_price" in profile.line or "line_amount" in profile.line
    return policy_of(profile.rules, priced=priced)


def policy_of(rules: Rules, *, priced: bool = True) -> Policy:
    """The policy of these rules; `priced`: each line must have a price."""
    compiled = [
        *required_rules(rules, priced=priced),
        *standard.always(),
        *allowed_rules(rules),
        *limit_rules(rules),
    ]
    by_segment = {name: dict(own.severity) for name, own in rules.segment.items() if own.severity}
    policy = Policy(tuple(compiled), dict(rules.severity), by_segment)
    return Policy(_heard(policy), policy.severity, policy.by_segment)


def severity_table(policy: Policy) -> pl.DataFrame:
    """What each code means here: `code`, `segment` (null: by default), `severity`."""
    default = {code: entry.severity for code, entry in reasons().items()} | dict(policy.severity)
    rows = [(code, None, severity) for code, severity in default.items()]
    rows += [
        (code, segment, severity)
        for segment, own in policy.by_segment.items()
        for code, severity in own.items()
    ]
    schema = {"code": pl.String, "segment": pl.String, "severity": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _heard(policy: Policy) -> tuple[Rule, ...]:
    """The rules whose code is not off everywhere: nobody would hear of the others."""
    table = severity_table(policy)
    heard = set(table.filter(pl.col("severity") != Severity.OFF)["code"])
    return tuple(rule for rule in policy.rules if rule.code in heard)


def _check_ignore(ignore: tuple[IgnoreRule, ...]) -> None:
    for rule in ignore:
        try:
            is_one_of(rule.field, tables.ORDERS[rule.field], rule.equals)
        except UnfitValueError as error:
            raise SettingError(
                f"ignore rule for {rule.field}: {error}",
                hint="correct `equals` of the ignore rule in the channel's profile",
                location="ignore",
            ) from error
        except KeyError:
            raise SettingError(
                f"ignore rule for {rule.field}: orders have no such field", location="ignore"
            ) from None
