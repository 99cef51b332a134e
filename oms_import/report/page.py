"""The report of a run as a page: one file that needs nothing else, and runs nothing but its own.

Every value is escaped, and the content security policy names the page's own style and script by
their hashes, so that an order that holds a script is text and stays text.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from oms_import.model.report import OUTCOMES, PROMISED
from oms_import.report.amounts import amount, moment

if TYPE_CHECKING:
    from jinja2 import Environment

Document = Mapping[str, Any]

_SAID = {
    "ok": "done", "noop": "nothing new", "rejects": "some rejected or held",
    "partial": "done in part", "failed": "failed",
}  # fmt: skip
_LEFT, _WIDTH = 160, 460  # of the bars, in units of the drawing
_MOST_ROWS = 1_000  # of a table; report.json has all
_MOST_BARS = 12


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    number: bool = False


_CHANNELS = (
    Column("channel"), Column("state"), Column("read", number=True),
    *(Column(name, number=True) for name in OUTCOMES), Column("value accepted"), Column("problem"),
)  # fmt: skip
_REASONS = (
    Column("code"), Column("severity"), Column("owner"), Column("orders", number=True),
    Column("value"), Column("example"),
)  # fmt: skip
_DROPS = (
    Column("channel"), Column("file"), Column("state"), Column("records", number=True),
    *(Column(name, number=True) for name in OUTCOMES), Column("findings"),
)  # fmt: skip


def run_page(report: Document) -> str:
    """The page of a run.

    Args:
        report: the document of cli.md for `run`.
    """
    environment, style, script = _environment(), _own("page.css"), _own("page.js")
    totals, slowest = report["totals"], report["latency"].get("p95_s")
    template = environment.get_template("page.html.j2")
    return template.render(
        run=report,
        said=_SAID.get(report["status"], report["status"]),
        began=moment(report["started_at"]),
        tiles=[(name, f"{totals[f'orders_{name}']:,}") for name in OUTCOMES],
        latency="none" if slowest is None else f"{slowest:,.1f} s",
        late=slowest is not None and slowest > PROMISED,
        outcomes=OUTCOMES,
        channels=_bars(report["channels"]),
        channel_columns=_CHANNELS,
        channel_rows=[_channel(one) for one in report["channels"]],
        reasons=[_reason(one) for one in report["reasons"]],
        reason_columns=_REASONS,
        pareto=_pareto(report["reasons"]),
        drops=[_drop(one) for one in report["drops"][:_MOST_ROWS]],
        drop_columns=_DROPS,
        more_drops=max(0, len(report["drops"]) - _MOST_ROWS),
        outputs=[_output(one) for one in report["outputs"]],
        table=_table,
        style=_safe(style),
        script=_safe(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - only for pages

    loader = PackageLoader("oms_import.report", "")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)


@cache
def _own(name: str) -> str:
    return (files("oms_import.report") / name).read_text("utf-8")


def _safe(text: str) -> Any:
    """Text of ours, which is not escaped."""
    from markupsafe import Markup  # noqa: PLC0415

    return Markup(text)  # noqa: S704 - files of this package, no data


def _hash(text: str) -> str:
    return base64.b64encode(sha256(text.encode()).digest()).decode("ascii")


def _table(name: str, title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Any:
    template = _environment().get_template("table.html.j2")
    return _safe(template.render(name=name, title=title, columns=columns, rows=rows))


def _bars(channels: Sequence[Document]) -> list[dict[str, Any]]:
    """A bar a channel, as long as its share of the largest, in pieces by outcome."""
    most = max((one["orders_read"] for one in channels), default=0) or 1
    drawn: list[dict[str, Any]] = []
    for one in channels:
        x, bars = float(_LEFT), list[dict[str, Any]]()
        for name in OUTCOMES:
            width = round(one[f"orders_{name}"] / most * _WIDTH, 1)
            if width:
                bars.append({"name": name, "orders": one[f"orders_{name}"], "x": x, "width": width})
                x = round(x + width, 1)
        drawn.append({"short": _short(one["channel"]), "bars": bars})
    return drawn


def _pareto(reasons: Sequence[Document]) -> list[dict[str, Any]]:
    ranked = sorted(reasons, key=lambda one: -one["orders"])[:_MOST_BARS]
    most = max((one["orders"] for one in ranked), default=0) or 1
    return [{**one, "width": round(one["orders"] / most * 360, 1)} for one in ranked]


def _short(name: str) -> str:
    return name if len(name) <= 20 else f"{name[:19]}\u2026"


def _amounts(values: Mapping[str, str]) -> str:
    return ", ".join(f"{currency} {amount(number)}" for currency, number in values.items())


def _channel(one: Document) -> list[str]:
    numbers = [f"{one[f'orders_{name}']:,}" for name in ("read", *OUTCOMES)]
    worth = _amounts(one["value_accepted"])
    return [one["channel"], one["status"], *numbers, worth, one["error"] or ""]


def _reason(one: Document) -> list[str]:
    return [
        one["code"], one["severity"], one["owner"], f"{one['orders']:,}", _amounts(one["value"]),
        one["example"],
    ]  # fmt: skip


def _drop(one: Document) -> list[str]:
    numbers = [f"{one['records']:,}", *(f"{one[f'orders_{name}']:,}" for name in OUTCOMES)]
    said = "; ".join(f"{finding['code']}: {finding['message']}" for finding in one["findings"][:3])
    return [one["channel"], one["name"], one["status"], *numbers, said]


def _output(one: Document) -> dict[str, Any]:
    """A file, linked from out/reports/<run_id>/."""
    path = str(one["path"])
    return {**one, "rows": f"{one['rows']:,}", "href": quote(f"../../{path.removeprefix('out/')}")}
