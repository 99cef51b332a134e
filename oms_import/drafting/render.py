"""A draft as the text of a profile: what is sure as lines, what is not as comments."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from oms_import.drafting.draft import Draft, is_written
from oms_import.drafting.fields import field_names
from oms_import.drafting.matching import Candidate
from oms_import.drafting.statuses import fulfilled_rule, status_rule
from oms_import.drafting.sums import Amount
from oms_import.drafting.toml_text import Value, line, wrapped

_PARTIES = ("party.ship_to", "party.bill_to", "party.buyer")
_MARKS = (
    "order.order_number", "order.ordered_at", "line.sku", "line.qty_ordered", "line.unit_price",
    "line.line_amount", "party.ship_to.postal_code", "order.stated_total",
)  # fmt: skip
_MOST_MARKS = 5
_SHOWN = 40


def profile_text(draft: Draft, title: str) -> str:
    """The TOML of the profile; load_profile takes it as it is."""
    parts = [
        _top(draft, title),
        _section("detect", _detect(draft)),
        _section("format", _format(draft)),
        _section("group", line("by", "DOCUMENT") if draft.sample.lines else []),
        _section("rows", _rows(draft)),
        _section("lines", _lines(draft)),
        _section("defaults", _defaults(draft)),
        _section("order", _fields(draft, "order")),
        _section("order.status", status_rule(draft)),
        _section("order.fulfilled_by", fulfilled_rule(draft)),
        _section("line", _fields(draft, "line")),
        *(_section(role, _fields(draft, role)) for role in _PARTIES),
        *_amounts(draft),
        _payment(draft),
        list(_bottom(draft)),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _top(draft: Draft, title: str) -> list[str]:
    sample = draft.sample
    rows = f"{draft.frame.height:,} rows looked at"
    parts = "paths" if sample.orders else "columns"
    lines = [
        *wrapped(f"Drafted from {sample.name}: {len(sample.columns)} {parts}, {rows}."),
        "# The percent say how sure a line is. Check what is below 70 %, and what is missing: see",
        "# the end of this file. Then try it: oms-import preview FILE --profile THIS.",
        *line("name", title),
        *line("title", f"{title} (drafted)"),
        *line("version", 1),
    ]
    if draft.secrets:
        lines += line("drop_columns", draft.secrets, "never kept: card or account data")
    return lines


def _section(name: str, lines: list[str]) -> list[str]:
    return [f"[{name}]", *lines] if lines else []


def _detect(draft: Draft) -> list[str]:
    """The columns that tell this channel's files from others."""
    own = {one.column for one in (draft.lines.chosen.values() if draft.lines else ())}
    found = [
        draft.written[name].column
        for name in _MARKS
        if name in draft.written and draft.written[name].column not in own
    ]
    found += list(draft.holder.columns[:1]) if draft.holder else []
    marks = tuple(dict.fromkeys(found))[:_MOST_MARKS]
    return line("columns", marks, "the mark of this channel's files") if len(marks) > 1 else []


def _format(draft: Draft) -> list[str]:
    dialect = draft.sample.dialect
    lines: list[str] = []
    if draft.sample.reader != "csv":
        lines += line("reader", draft.sample.reader)
    if draft.sample.orders:
        lines += line("orders", [draft.sample.orders], "where the orders stand")
        if draft.sample.lines:
            lines += line("lines", [draft.sample.lines], "where their lines stand, below an order")
        return lines
    if dialect is None:
        return lines
    if dialect.delimiter:
        lines += line("delimiter", dialect.delimiter, "as found")
    if dialect.sheet and draft.sample.tables > 1:
        lines += line("sheet", dialect.sheet, "the sheet that has the header")
    if dialect.delimiter and not dialect.encoding.startswith("utf-8"):
        lines += line("encoding", dialect.encoding, "as found; auto decides anew", active=False)
    head = f"the header is on line {dialect.header_line}; what is above it is left out"
    return [*lines, *(wrapped(head) if (dialect.header_line or 1) > 1 else [])]


def _rows(draft: Draft) -> list[str]:
    noise = draft.noise
    lines: list[str] = []
    if noise.description_rows:
        why = "below the header: text where all other rows have values"
        lines += line("description_rows", noise.description_rows, why)
    if draft.sample.repeated_header:
        lines += line("repeated_header", "skip", "the header stands in mid-file too")
    if noise.total_rows:
        lines += line("skip", [{"matches": noise.total_rows}], "rows of sums")
    if noise.footers:
        told = [{"matches": pattern} for pattern in noise.footers]
        lines += line("footer", told, "lines below the table")
    if draft.summary:
        why = "a row of order values above the rows of its items"
        lines += line("summary", {"column": draft.summary, "blank": True}, why)
    return lines


def _lines(draft: Draft) -> list[str]:
    if draft.holder is None:
        return []
    told = f"95 %: {draft.holder.why}"
    lines = wrapped(told)
    for name, text in draft.holder.setting.items():
        lines += line(name, text)
    return lines


def _defaults(draft: Draft) -> list[str]:
    lines: list[str] = []
    for one in draft.settings:
        lines += line(one.key.removeprefix("defaults."), one.value, f"{one.points} %: {one.why}")
    for name, told in draft.missing():
        if name.startswith("defaults."):
            example = "EUR" if name.endswith("currency") else "DE"
            short = name.removeprefix("defaults.")
            lines += line(short, example, f"MISSING: {told}", active=False)
    return lines


def _fields(draft: Draft, section: str) -> list[str]:
    lines: list[str] = []
    places = {names.field: place for place, names in enumerate(field_names())}
    for name, one in sorted(draft.chosen.items(), key=lambda item: places[item[0]]):
        above, _, short = name.rpartition(".")
        if above == section and name not in ("order.fulfilled_by",):
            lines += _field(draft, short, one)
    for name, told in draft.missing():
        above, _, short = name.rpartition(".")
        if above == section:
            lines += _missing(draft, name, short, told)
    return lines


def _missing(draft: Draft, name: str, short: str, told: str) -> list[str]:
    """A commented-out line with the best column that is free, if there is one."""
    taken = {one.column for one in draft.written.values()}
    best = next((one for one in draft.candidates(name) if one.column not in taken), None)
    value: Value = best.column if best else "COLUMN"
    if best is None and name == "line.qty_ordered":
        value, told = {"const": "1"}, f"{told} If each row is one piece:"
    hint = f" Perhaps ({best.points} %): {best.why}" if best else ""
    return line(short, value, f"MISSING: {told}{hint}", active=False)


def _field(draft: Draft, short: str, one: Candidate) -> list[str]:
    rule: dict[str, Value] = {"from": one.column}
    if one.field in draft.formats:
        rule["formats"] = draft.formats[one.field]
    shape = draft.shapes.get(one.column)
    if shape and shape.share("apostrophe") > 0.5:
        rule["strip"] = "'"  # a spreadsheet's mark of text
    told: Value = one.column if len(rule) == 1 else rule
    unsure = "" if is_written(one) else "; not sure enough, so it stays an attribute"
    return line(short, told, f"{one.points} %: {one.why}{unsure}", active=is_written(one))


def _amounts(draft: Draft) -> Iterator[list[str]]:
    amounts = sorted(draft.reckoning.amounts, key=lambda one: one.kind == "tax")
    for _, several in groupby(amounts, lambda one: one.kind == "tax"):
        for one in several:
            yield _amount(one)


def _amount(one: Amount) -> list[str]:
    table = "tax" if one.kind == "tax" else "charge"
    rule: dict[str, Value] = {} if table == "tax" else {"kind": one.kind}
    rule["amount"] = one.column
    if one.negative:
        rule["sign"] = "negative"
    if one.scope == "line":
        rule["scope"] = "line"
    if one.included:
        rule["included"] = True
    doubt = "" if one.sure else "; not taken: say so if it counts"
    lines = wrapped(f"{one.points} %: {one.why}{doubt}")
    mark = "" if one.sure else "# "
    lines.append(f"{mark}[[{table}]]")
    for name, told in rule.items():
        lines += line(name, told, active=one.sure)
    return lines


def _payment(draft: Draft) -> list[str]:
    method = draft.written.get("payment.method")
    if method is None:
        return []
    lines = ["[[payment]]"]
    for name in ("method", "reference", "paid_at"):
        one = draft.chosen.get(f"payment.{name}")
        if one is not None:
            lines += _field(draft, name, one)
    return lines


def _bottom(draft: Draft) -> Iterator[str]:
    missing = draft.missing()
    if missing:
        yield "# Missing, to be decided:"
        for name, told in missing:
            yield from wrapped(f"- {name}: {told}")
    left = draft.left_over()
    if left:
        shown = ", ".join(f'"{name}"' for name in left[:_SHOWN])
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        yield from wrapped(f"Kept as attributes, since nothing above reads them: {shown}{more}")
