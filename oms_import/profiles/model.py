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
    strict: bool = Field(
        default=True,
        description="EDI: refuse orders whose envelopes do not add up; false takes them and warns.",
    )
    test: Literal["hold", "release"] = Field(
        default="hold", description="EDI: what becomes of interchanges marked as a test."
    )


class RowMatch(_Strict):
    """Rows a rule speaks of: a column (default: the first cell) matches, equals or is blank."""

    column: str | None = Field(default=None, description="The column; default: the first.")
    matches: str | None = Field(
        default=None, description="Regular expression searched in the cell."
    )
    equals: Columns = Field(default=(), description="Values, one of which the cell is.")
    blank: bool | None = Field(default=None, description="Whether the cell is blank.")

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
    counts: Literal["orders", "rows"] = Field(
        default="orders", description="What that count counts."
    )


class RowRules(_Strict):
    """Rows that are no order lines."""

    description_rows: int = Field(
        default=0, ge=0, description="Rows below the header that describe the columns."
    )
    skip: tuple[RowMatch, ...] = Field(default=(), description="Rows to leave out.")
    footer: tuple[FooterRule, ...] = Field(
        default=(), description="Footer lines, left out wherever they stand."
    )
    repeated_header: Literal["reject", "skip"] = Field(
        default="reject",
        description="The header again in mid-file, where exports were joined: reject or skip.",
    )
    summary: RowMatch | None = Field(
        default=None,
        description="Rows of order values above child rows of their key; alone, an ordinary line.",
    )


class Defaults(_Strict):
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
    decimal: Literal[".", ",", "auto"] = Field(
        default=".", description="Decimal separator of amounts; auto decides on the whole column."
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
    separator: str = Field(default=" ", description="What stands between the joined columns.")
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
    index: int = Field(default=0, description="Which piece; 0 is the first, -1 the last.")
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
    decimal: Literal[".", ",", "auto"] | None = Field(
        default=None, description="Decimal separator, where it is not that of defaults."
    )
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
    ] = Field(description="What it is for.")
    amount: Rule = Field(description="The amount; blank and zero make no charge.")
    scope: Literal["order", "line"] = Field(
        default="order", description="Whether the amount is the order's or its line's."
    )
    sign: Literal["as_is", "negative"] = Field(
        default="as_is", description="negative: the source shows a positive discount."
    )
    per_order: Literal["first", "sum", "max"] = Field(
        default="first",
        description="Where it stands on several rows: the first, their sum, or the largest.",
    )
    name: Rule | None = Field(default=None, description="Its name, as people read it.")
    code: Rule | None = Field(default=None, description="Its code: a coupon, a method.")
    tax_amount: Rule | None = Field(
        default=None, description="The tax on it; shown here, counted only where `tax` names it."
    )
    informational: bool = Field(
        default=False, description="Already inside another amount: shown, never added."
    )


class TaxRule(_Strict):
    """One tax of an order or a line."""

    amount: Rule = Field(description="The amount; blank and zero make no tax.")
    scope: Literal["order", "line"] = Field(
        default="order", description="Whether the amount is the order's or its line's."
    )
    per_order: Literal["first", "sum", "max"] = Field(
        default="first",
        description="Where it stands on several rows: the first, their sum, or the largest.",
    )
    kind: str = Field(default="tax", description="What kind of tax: sales, vat, shipping.")
    jurisdiction: Rule | None = Field(default=None, description="Whose tax it is.")
    rate: Rule | None = Field(default=None, description="The rate: 0.19 and 19 % are the same.")
    taxable: Rule | None = Field(default=None, description="The amount that it was taken of.")
    included: bool = Field(
        default=False, description="Already inside the prices: shown, never added."
    )
    collected_by: Literal["seller", "marketplace"] | None = Field(
        default=None, description="Who remits it; default: defaults.tax_collected_by."
    )


class PaymentRule(_Strict):
    """A payment of the order: fields of the payments table."""

    method: Rule = Field(description="How it is paid: card, invoice. Never a card number.")
    gateway: Rule | None = Field(default=None, description="Who processes it.")
    reference: Rule | None = Field(default=None, description="Its reference there.")
    amount: Rule | None = Field(default=None, description="How much.")
    status: Rule | None = Field(default=None, description="What became of it, as the source says.")
    paid_at: Rule | None = Field(default=None, description="When it was paid.")
    terms: Rule | None = Field(default=None, description="Terms: net 30.")
    due_date: Rule | None = Field(default=None, description="When it is due.")


class Limit(_Strict):
    """Bounds of a number; outside them LIMIT_EXCEEDED."""

    min: float | None = Field(default=None, description="The least that is allowed.")
    max: float | None = Field(default=None, description="The most that is allowed.")


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
    limits: dict[str, Limit] = Field(
        default_factory=dict, description="Number field → its bounds (LIMIT_EXCEEDED)."
    )
    severity: dict[str, SeverityName] = Field(
        default_factory=dict, description="Reason code → error, hold, warning, info or off."
    )


class Rules(RuleSet):
    """The channel's rules, and by customer segment what differs."""

    total_tolerance: str = Field(
        default="0.01",
        description="Largest difference of stated and computed total still called tolerance.",
    )
    segment: dict[str, RuleSet] = Field(
        default_factory=dict, description="Segment → what differs for its customers."
    )


class NearDuplicates(_Strict):
    """Same buyer, same items, same total, other number, within a window."""

    window_hours: float = Field(
        default=24, description="How far apart two orders may lie to be called near."
    )
    action: Literal["hold", "warn", "off"] = Field(
        default="off", description="hold for a person, warn, or off: not looked for."
    )


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
    revision: Literal["hold", "replace", "ignore"] = Field(
        default="hold",
        description="A known order with other content: hold for a person, replace it, or ignore.",
    )
    near: NearDuplicates = Field(
        default=NearDuplicates(), description="Orders that look like another one's repetition."
    )


class IgnoreRule(_Strict):
    """Orders that are not ours to process."""

    field: str = Field(description="A field of orders.")
    equals: Columns = Field(description="Values, one of which it has.")
    code: Literal["IGNORED_BY_RULE", "ORDER_CANCELLED", "ORDER_CLOSED", "FULFILLED_BY_CHANNEL"] = (
        Field(default="IGNORED_BY_RULE", description="The reason that reports give.")
    )


class Detect(_Strict):
    """How `preview` recognises the channel's files."""

    columns: Columns = Field(
        default=(), description="Columns that together are this channel's mark."
    )
    any: Columns = Field(
        default=(), description="Columns one of which must be there too: names in two languages."
    )
    names: Columns = Field(default=(), description="Globs of file names.")


class SourceSpec(_Strict):
    """Where the channel's drops come from."""

    kind: Literal["folder"] = Field(default="folder", description="What kind of source it is.")
    path: str = Field(
        default="", description="Folder, relative to the workspace; default drops/<channel>."
    )
    pattern: Columns = Field(default=("*",), description="Globs of the names to take.")
    exclude: Columns = Field(default=("*.part", "*.tmp", ".*"), description="Globs never taken.")
    recursive: bool = Field(default=False, description="Also folders inside the folder.")
    min_age_seconds: float = Field(
        default=0, ge=0, description="Take a file only when it has not changed for so long."
    )
    done_suffix: str | None = Field(
        default=None, description="Take NAME only when NAME<suffix> is there."
    )
    after: Literal["keep", "move", "delete"] = Field(
        default="keep", description="What happens to the file after the commit."
    )
    move_to: str = Field(
        default="done", description="Where `move` moves to, relative to the source's folder."
    )


class Profile(_Strict):
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
