"""The profile: one channel as a TOML file, typed.

A profile says how the channel's files are written (`format`, `rows`), where each canonical field
comes from (`order`, `line`, `party`, `charge`, `tax`, `payment` …), what is right (`rules`), when
an order was seen before (`duplicates`), what is not ours (`ignore`) and where drops come from
(`source`). Columns of the source that nothing names become order attributes.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from oms_import.model import tables
from oms_import.profiles.amounts import AllocationRule, ChargeRule, PaymentRule, TaxRule
from oms_import.profiles.companions import Companion
from oms_import.profiles.fields import Columns, FieldMap, FieldRule, Rule, Strict
from oms_import.profiles.files import (
    Detect,
    FooterRule,
    FormatSpec,
    RowMatch,
    RowRules,
    SourceSpec,
)
from oms_import.profiles.partners import EdiPolicy, Partner
from oms_import.profiles.policies import (
    Duplicates,
    IgnoreRule,
    Limit,
    NearDuplicates,
    Rules,
    RuleSet,
    SeverityName,
)

__all__ = [
    "MAPPABLE",
    "AllocationRule",
    "ChargeRule",
    "Columns",
    "Companion",
    "Defaults",
    "Detect",
    "Duplicates",
    "EdiPolicy",
    "FieldMap",
    "FieldRule",
    "FooterRule",
    "FormatSpec",
    "Grouping",
    "IgnoreRule",
    "Limit",
    "LineSource",
    "NearDuplicates",
    "Partner",
    "PaymentRule",
    "Profile",
    "RowMatch",
    "RowRules",
    "Rule",
    "RuleSet",
    "Rules",
    "SeverityName",
    "SourceSpec",
    "TaxRule",
    "UnknownFieldError",
]


class Defaults(Strict):
    """Values for what the files do not say."""

    currency: str | None = Field(
        default=None, description="ISO 4217 code, where the file names no currency."
    )
    country: str | None = Field(
        default=None, description="ISO 3166 code of addresses, where the file names no country."
    )
    timezone: str | None = Field(
        default=None,
        description="IANA zone of times without an offset; default: none, they stay local.",
    )
    decimal: Literal[".", ",", "auto", "either", "plain"] = Field(
        default=".",
        description="Decimal separator of amounts; auto decides on the whole column; either: point "
        "and comma both, never thousands (EDIFACT); plain: a point, and no commas (X12).",
    )
    date_order: Literal["auto", "dmy", "mdy", "ymd"] = Field(
        default="auto",
        description="What 03/01/19 means; auto decides on the whole column and refuses to guess.",
    )
    price_basis: Literal["net", "gross", "unknown"] = Field(
        default="unknown", description="Whether prices are without tax (net) or with it (gross)."
    )
    order_type: Literal["sale", "replacement", "exchange", "b2b_po", "warehouse"] = Field(
        default="sale", description="Type of orders that no rule gives one."
    )
    fulfilled_by: Literal["seller", "channel"] = Field(
        default="seller", description="Who ships; what the channel ships itself is ignored."
    )
    segment: str | None = Field(
        default=None, description="Customer segment, which rules may tell apart."
    )
    uom: str = Field(default="EA", description="Unit of measure of quantities.")
    tax_collected_by: Literal["seller", "marketplace"] = Field(
        default="seller", description="Who remits taxes whose rule does not say."
    )


class LineSource(Strict):
    """Where an order's lines stand: one a row (default), columns of a row, or a JSON cell."""

    in_: Literal["rows", "columns", "json"] = Field(
        default="rows",
        alias="in",
        description="One line a row; or lines in several columns of a row; or in a JSON cell.",
    )
    columns: str | None = Field(
        default=None, description="columns: pattern of the columns, e.g. line_item_*."
    )
    pairs: str = Field(
        default="|", description="columns: what separates key:value pairs in a cell."
    )
    key_value: str = Field(default=":", description="columns: what separates key and value.")
    column: str | None = Field(
        default=None,
        description="json: the column whose cell holds an object or an array of objects.",
    )


class Grouping(Strict):
    """Which rows make one order."""

    by: Columns = Field(
        default=(),
        description="Source columns; default: those of order.order_number, else one order a row.",
    )
    fill_down: bool = Field(
        default=True, description="A row whose key is blank continues the order above."
    )
    copies: bool = Field(
        default=True,
        description="Rows that repeat a whole order exactly are copies, not further lines.",
    )


class Profile(Strict):
    """One channel."""

    name: str = Field(default="", description="Name of the channel; default: the file's name.")
    title: str = Field(default="", description="What people call it.")
    version: int = Field(default=1, ge=1, description="Raise it when the mapping changes.")
    extends: str | None = Field(default=None, description="A built-in profile this one builds on.")
    account: str = Field(
        default="default",
        description="Shop or seller account: the same number in two accounts is two orders.",
    )
    enabled: bool = Field(default=True, description="Whether `run` takes it.")
    source: SourceSpec = Field(
        default=SourceSpec(), description="Where the channel's drops come from."
    )
    detect: Detect = Field(default=Detect(), description="How its files are recognised.")
    format: FormatSpec = Field(default=FormatSpec(), description="How its files are written.")
    rows: RowRules = Field(default=RowRules(), description="Rows that are no order lines.")
    defaults: Defaults = Field(
        default=Defaults(), description="Values for what the files do not say."
    )
    group: Grouping = Field(default=Grouping(), description="Which rows make one order.")
    lines: LineSource = Field(
        default=LineSource.model_validate({}), description="Where an order's lines stand."
    )
    companion: Companion = Field(
        default=Companion(), description="The other file, where orders come in two."
    )
    order: FieldMap = Field(
        default_factory=dict, description="Field of the order → where it comes from."
    )
    line: FieldMap = Field(
        default_factory=dict, description="Field of its lines → where it comes from."
    )
    party: dict[str, FieldMap] = Field(
        default_factory=dict, description="Role → field of the party → where it comes from."
    )
    charge: tuple[ChargeRule, ...] = Field(
        default=(), description="Charges and discounts of the order or of its lines."
    )
    tax: tuple[TaxRule, ...] = Field(default=(), description="Taxes of the order or of its lines.")
    payment: tuple[PaymentRule, ...] = Field(default=(), description="Payments of the order.")
    allocation: tuple[AllocationRule, ...] = Field(
        default=(), description="How lines are split by store or by date."
    )
    line_party: dict[str, FieldMap] = Field(
        default_factory=dict,
        description="Role → field of the party → where it comes from, for parties of single lines.",
    )
    control: FieldMap = Field(
        default_factory=dict,
        description="Control totals the order states (lines, quantity, goods), to be compared.",
    )
    partner: tuple[Partner, ...] = Field(
        default=(), description="EDI: the partners whose interchanges are taken; none: everyone's."
    )
    edi: EdiPolicy = Field(default=EdiPolicy(), description="EDI: whole interchanges.")
    drop_columns: Columns = Field(
        default=(), description="Columns never kept, not even as attributes: secrets, card data."
    )
    rules: Rules = Field(default=Rules(), description="What an order must fulfil.")
    duplicates: Duplicates = Field(
        default=Duplicates(), description="When an order was seen before, and what to do then."
    )
    ignore: tuple[IgnoreRule, ...] = Field(
        default=(
            IgnoreRule(field="status", equals=("cancelled",), code="ORDER_CANCELLED"),
            IgnoreRule(field="fulfilled_by", equals=("channel",), code="FULFILLED_BY_CHANNEL"),
        ),
        description="Orders that are not ours to process.",
    )

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        _check_fields("order", self.order, MAPPABLE["order"])
        _check_fields("line", self.line, MAPPABLE["line"])
        for role, fields in self.party.items():
            if role not in tables.ROLES:
                raise UnknownFieldError("party", role, tables.ROLES)
            _check_fields(f"party.{role}", fields, MAPPABLE["party"])
        for role, fields in self.line_party.items():
            if role not in tables.ROLES:
                raise UnknownFieldError("line_party", role, tables.ROLES)
            _check_fields(f"line_party.{role}", fields, MAPPABLE["party"])
        _check_fields("control", self.control, MAPPABLE["control"])
        return self


class UnknownFieldError(ValueError):
    """A mapping names a field that the canonical order does not have."""

    def __init__(self, table: str, field: str, known: tuple[str, ...] | frozenset[str]) -> None:
        super().__init__(f"{table}.{field} is not a field")
        self.path = (*table.split("."), field)
        self.known = tuple(known)


def _check_fields(table: str, fields: FieldMap, known: frozenset[str]) -> None:
    for field in fields:
        if field not in known:
            raise UnknownFieldError(table, field, known)


_DERIVED = frozenset(
    (
        "order_key",
        "channel",
        "order_number_norm",
        "ordered_at_raw",
        "ordered_at_precision",
        "computed_total",
        "total_delta",
        "total_check",
        "line_count",
        "qty_total",
        "content_hash",
        "line_no",
        "sku_raw",
        "qty_each",
        "unit_price_origin",
        "country_raw",
        "party_no",
        "drop_id",
        "record_no",
        "profile_version",
    )
)

MAPPABLE: dict[str, frozenset[str]] = {
    "order": frozenset(tables.ORDERS) - _DERIVED,
    "line": frozenset(tables.ORDER_LINES) - _DERIVED,
    "control": frozenset(("lines", "quantity", "goods")),
    "party": (frozenset(tables.PARTIES) | {"first_name", "last_name"}) - _DERIVED - {"role"},
}
"""Fields a mapping may fill. A party's name may also be given as first_name and last_name."""
