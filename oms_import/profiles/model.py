"""The profile: one channel as a TOML file, typed.

A profile says how the channel's files are written (`format`, `rows`), where each canonical field
comes from (`order`, `line`, `party`, `charge`, `tax`, `payment`), what is right (`rules`), when an
order was seen before (`duplicates`), what is not ours (`ignore`) and where drops come from
(`source`). Columns of the source that nothing names become order attributes.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from oms_import.model import tables


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Columns = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
SeverityName = Literal["error", "hold", "warning", "info", "off"]
Transform = Literal[
    "text", "code", "number", "money", "integer", "date", "flag", "country", "currency", "json"
]


class FormatSpec(_Strict):
    """How the channel's files are written."""

    reader: str = Field(default="csv", description="The reader: csv (also TSV) or excel.")
    encoding: str = Field(
        default="auto",
        description="Encoding of the text; auto decides by BOM, then UTF-8, then cp1252.",
    )
    delimiter: str = Field(
        default="auto", description="Field delimiter; auto finds it from the header."
    )
    quote: str = Field(
        default='"', description='Quote character; "none" where quotes are ordinary text.'
    )
    sheet: str | None = Field(
        default=None, description="Sheet of a workbook; default: the first with the header."
    )
    header: Columns = Field(default=(), description="Column names, for files without a header row.")
    required_columns: Columns = Field(
        default=(), description="Columns without which the file is refused (HDR_MISSING)."
    )


class RowMatch(_Strict):
    """Rows a rule speaks of: a column (default: the first cell) matches, equals or is blank."""

    column: str | None = None
    matches: str | None = Field(
        default=None, description="Regular expression searched in the cell."
    )
    equals: Columns = ()
    blank: bool | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if self.matches is None and not self.equals and self.blank is None:
            msg = "say matches, equals or blank"
            raise ValueError(msg)
        return self


class FooterRule(_Strict):
    """A footer line, also in mid-file; it may state how many records the file holds."""

    matches: str = Field(description="Regular expression searched in the whole raw line.")
    count_group: int | None = Field(
        default=None, description="Group of the expression that holds the record count."
    )
    counts: Literal["orders", "rows"] = "orders"


class RowRules(_Strict):
    """Rows that are no order lines."""

    description_rows: int = Field(
        default=0, ge=0, description="Rows below the header that describe the columns."
    )
    skip: tuple[RowMatch, ...] = Field(default=(), description="Rows to leave out.")
    footer: tuple[FooterRule, ...] = ()
    repeated_header: Literal["reject", "skip"] = "reject"
    summary: RowMatch | None = Field(
        default=None,
        description="Rows of order values above child rows of their key; alone, an ordinary line.",
    )


class Defaults(_Strict):
    """Values for what the files do not say."""

    currency: str | None = None
    country: str | None = None
    timezone: str | None = Field(
        default=None,
        description="IANA zone of times without an offset; default: none, they stay local.",
    )
    decimal: Literal[".", ",", "auto"] = Field(
        default=".", description="Decimal separator of amounts; auto decides on the whole column."
    )
    date_order: Literal["auto", "dmy", "mdy", "ymd"] = "auto"
    price_basis: Literal["net", "gross", "unknown"] = "unknown"
    order_type: Literal["sale", "replacement", "exchange", "b2b_po", "warehouse"] = "sale"
    fulfilled_by: Literal["seller", "channel"] = "seller"
    segment: str | None = None
    uom: str = "EA"
    tax_collected_by: Literal["seller", "marketplace"] = "seller"


class FieldRule(_Strict):
    """Where one canonical field comes from. The steps run in the order in which they stand here."""

    from_: Columns = Field(
        default=(),
        alias="from",
        description="Source columns; the first that is present and not blank wins.",
    )
    concat: Columns = Field(
        default=(),
        description="Source columns joined by `separator`, blanks left out (instead of from).",
    )
    separator: str = " "
    const: str | None = Field(default=None, description="A constant, whatever the source says.")
    strip: str | None = Field(
        default=None, description="Characters taken off both ends (beside white space)."
    )
    extract: str | None = Field(
        default=None, description="Regular expression; its first group becomes the value."
    )
    split: str | None = Field(
        default=None, description="Delimiter to split at; `index` says which piece."
    )
    index: int = 0
    map: dict[str, str] | None = Field(
        default=None, description="Table of source value → our value; case is ignored."
    )
    other: str = Field(
        default="error",
        description='What a value outside the map becomes: error, keep, blank, or "=value".',
    )
    default: str | None = Field(default=None, description="Value when the source is blank.")
    as_: Transform | None = Field(
        default=None,
        alias="as",
        description="How the text becomes a value; default: by the field's type.",
    )
    formats: Columns = Field(
        default=(),
        description="Date formats (strptime); default: the common shapes, N/N/N by date_order.",
    )
    months: str | None = Field(
        default=None, description="Language of month names in dates: en, de, fr, es, it, nl."
    )
    zone: str | None = Field(
        default=None, description="IANA zone of times without an offset, for this field."
    )
    decimal: Literal[".", ",", "auto"] | None = None
    round: int | None = Field(
        default=None,
        ge=0,
        le=6,
        description="Round half up to so many decimals; else excess digits are refused.",
    )
    level: Literal["order", "line"] | None = Field(
        default=None, description="For attributes of a charge or tax: where it stands."
    )


def _as_rule(value: object) -> object:
    return {"from": value} if isinstance(value, str | list | tuple) else value


Rule = Annotated[FieldRule, BeforeValidator(_as_rule)]
FieldMap = dict[str, Rule]


class LineSource(_Strict):
    """Where an order's lines stand: one a row (default), columns of a row, or a JSON cell."""

    in_: Literal["rows", "columns", "json"] = Field(default="rows", alias="in")
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


class Grouping(_Strict):
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


class ChargeRule(_Strict):
    """One charge (or discount) of an order or a line."""

    kind: Literal[
        "shipping",
        "handling",
        "discount",
        "gift_wrap",
        "fee",
        "cod",
        "eco",
        "surcharge",
        "rounding",
    ]
    amount: Rule
    scope: Literal["order", "line"] = "order"
    sign: Literal["as_is", "negative"] = Field(
        default="as_is", description="negative: the source shows a positive discount."
    )
    per_order: Literal["first", "sum", "max"] = Field(
        default="first",
        description="Where it stands on several rows: the first, their sum, or the largest.",
    )
    name: Rule | None = None
    code: Rule | None = None
    tax_amount: Rule | None = None
    informational: bool = Field(
        default=False, description="Already inside another amount: shown, never added."
    )


class TaxRule(_Strict):
    """One tax of an order or a line."""

    amount: Rule
    scope: Literal["order", "line"] = "order"
    per_order: Literal["first", "sum", "max"] = "first"
    kind: str = "tax"
    jurisdiction: Rule | None = None
    rate: Rule | None = None
    taxable: Rule | None = None
    included: bool = Field(
        default=False, description="Already inside the prices: shown, never added."
    )
    collected_by: Literal["seller", "marketplace"] | None = None


class PaymentRule(_Strict):
    """A payment of the order: fields of the payments table."""

    method: Rule
    gateway: Rule | None = None
    reference: Rule | None = None
    amount: Rule | None = None
    status: Rule | None = None
    paid_at: Rule | None = None
    terms: Rule | None = None
    due_date: Rule | None = None


class Limit(_Strict):
    """Bounds of a number; outside them LIMIT_EXCEEDED."""

    min: float | None = None
    max: float | None = None


class RuleSet(_Strict):
    """What an order must fulfil. Fields: `orders` by name, `line.x`, `ship_to.x`, `bill_to.x`."""

    required: Columns = Field(
        default=(), description="Fields that must be filled (FIELD_REQUIRED)."
    )
    optional: Columns = Field(
        default=(),
        description="Fields of the standard rules that may be empty here: line.sku, ship_to …",
    )
    allowed: dict[str, Columns] = Field(
        default_factory=dict, description="Field → allowed values (VALUE_NOT_ALLOWED)."
    )
    limits: dict[str, Limit] = Field(default_factory=dict)
    severity: dict[str, SeverityName] = Field(
        default_factory=dict, description="Reason code → error, hold, warning, info or off."
    )


class Rules(RuleSet):
    """The channel's rules, and by customer segment what differs."""

    total_tolerance: str = Field(
        default="0.01",
        description="Largest difference of stated and computed total still called tolerance.",
    )
    segment: dict[str, RuleSet] = Field(default_factory=dict)


class NearDuplicates(_Strict):
    """Same buyer, same items, same total, other number, within a window."""

    window_hours: float = 24
    action: Literal["hold", "warn", "off"] = "off"


class Duplicates(_Strict):
    """When an order was seen before, and what to do then."""

    key: Columns = Field(
        default=("order_number_norm",),
        description="Fields of orders that identify one, within channel and account.",
    )
    ignore: Columns = Field(
        default=(),
        description="Parts not compared: status, payment, dates, addresses, prices, shipping.",
    )
    revision: Literal["hold", "replace", "ignore"] = "hold"
    near: NearDuplicates = NearDuplicates()


class IgnoreRule(_Strict):
    """Orders that are not ours to process."""

    field: str = Field(description="A field of orders.")
    equals: Columns
    code: Literal["IGNORED_BY_RULE", "ORDER_CANCELLED", "ORDER_CLOSED", "FULFILLED_BY_CHANNEL"] = (
        "IGNORED_BY_RULE"
    )


class Detect(_Strict):
    """How `preview` recognises the channel's files."""

    columns: Columns = Field(
        default=(), description="Columns that together are this channel's mark."
    )
    names: Columns = Field(default=(), description="Globs of file names.")


class SourceSpec(_Strict):
    """Where the channel's drops come from."""

    kind: Literal["folder"] = "folder"
    path: str = Field(
        default="", description="Folder, relative to the workspace; default drops/<channel>."
    )
    pattern: Columns = Field(default=("*",), description="Globs of the names to take.")
    exclude: Columns = Field(default=("*.part", "*.tmp", ".*"), description="Globs never taken.")
    recursive: bool = False
    min_age_seconds: float = Field(
        default=0, ge=0, description="Take a file only when it has not changed for so long."
    )
    done_suffix: str | None = Field(
        default=None, description="Take NAME only when NAME<suffix> is there."
    )
    after: Literal["keep", "move", "delete"] = Field(
        default="keep", description="What happens to the file after the commit."
    )
    move_to: str = "done"


class Profile(_Strict):
    """One channel."""

    name: str = Field(default="", description="Name of the channel; default: the file's name.")
    title: str = ""
    version: int = Field(default=1, ge=1, description="Raise it when the mapping changes.")
    extends: str | None = Field(default=None, description="A built-in profile this one builds on.")
    account: str = Field(
        default="default",
        description="Shop or seller account: the same number in two accounts is two orders.",
    )
    enabled: bool = True
    source: SourceSpec = SourceSpec()
    detect: Detect = Detect()
    format: FormatSpec = FormatSpec()
    rows: RowRules = RowRules()
    defaults: Defaults = Defaults()
    group: Grouping = Grouping()
    lines: LineSource = LineSource.model_validate({})
    order: FieldMap = Field(default_factory=dict)
    line: FieldMap = Field(default_factory=dict)
    party: dict[str, FieldMap] = Field(default_factory=dict)
    charge: tuple[ChargeRule, ...] = ()
    tax: tuple[TaxRule, ...] = ()
    payment: tuple[PaymentRule, ...] = ()
    drop_columns: Columns = Field(
        default=(), description="Columns never kept, not even as attributes: secrets, card data."
    )
    rules: Rules = Rules()
    duplicates: Duplicates = Duplicates()
    ignore: tuple[IgnoreRule, ...] = (
        IgnoreRule(field="status", equals=("cancelled",), code="ORDER_CANCELLED"),
        IgnoreRule(field="fulfilled_by", equals=("channel",), code="FULFILLED_BY_CHANNEL"),
    )

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        _check_fields("order", self.order, MAPPABLE["order"])
        _check_fields("line", self.line, MAPPABLE["line"])
        for role, fields in self.party.items():
            if role not in tables.ROLES:
                raise UnknownFieldError("party", role, tables.ROLES)
            _check_fields(f"party.{role}", fields, MAPPABLE["party"])
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
        "channel_account",
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
    "party": (frozenset(tables.PARTIES) | {"first_name", "last_name"}) - _DERIVED - {"role"},
}
"""Fields a mapping may fill. A party's name may also be given as first_name and last_name."""
