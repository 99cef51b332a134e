"""`exceptions`: orders, and whole files, that wait for somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from oms_import.cli import output, queue
from oms_import.cli.options import AsJson, Where, opened
from oms_import.cli.stores import reading

if TYPE_CHECKING:
    import polars as pl

app = typer.Typer(help="The queue of rejected and held orders.", no_args_is_help=True)
queue.register(app)


_FILTERED = 100_000  # orders looked through for those that fit

Filter = Annotated[str, typer.Option(metavar="GLOB", help="Only those that fit.")]


@app.command("list")
def list_(
    context: typer.Context,
    flat: Annotated[bool, typer.Option("--flat", help="Orders, newest first, not groups.")] = False,
    code: Filter = "",
    channel: Filter = "",
    owner: Filter = "",
    run: Annotated[str, typer.Option(metavar="RUN", help="Only those of this run.")] = "",
    status: Annotated[
        str,
        typer.Option(help="open, archived, dismissed, resolved, superseded or all."),
    ] = "open",
    limit: Annotated[int, typer.Option(min=1, help="At most so many orders.")] = 50,
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """List what waits for somebody: orders of one cause as a group, the costliest first.

    With --flat rejected and held orders, and refused files, that no later run accepted.

    \b
    Example:
        oms-import exceptions list
        oms-import exceptions list --code 'SKU_*' --owner ann
    """
    from oms_import.history.queries import open_exceptions
    from oms_import.queueing import Wanted, queue
    from oms_import.report.listed import exceptions_list
    from oms_import.report.queue import groups_list

    space = opened(context, workspace)
    with reading(space) as connection:
        orders = queue(connection, space, Wanted(status, code, channel, owner, run))
        groups = _groups(orders)
        filtered = bool(code or channel or owner or run or status != "open")
        asked = flat or json or not groups  # the groups need no more than was read already
        most = _FILTERED if filtered else limit
        found = open_exceptions(connection, most) if asked else []
    rows = _told(found, orders, filtered=filtered) if found else []
    if json:
        output.document({"schema": 1, "groups": groups, "exceptions": rows[:limit]})
    elif flat or (rows and not groups):
        output.show(exceptions_list(rows[:limit], output.look()))
    else:
        output.show(groups_list(groups, output.look()))


def _told(
    found: list[dict[str, Any]], orders: pl.DataFrame, *, filtered: bool
) -> list[dict[str, Any]]:
    """Open exceptions with ids, groups and owners; whole files only where nothing is filtered."""
    known = {
        (one["run_id"], one["drop_id"], one["order_key"], one["line"]): one
        for one in orders.select(
            "run_id", "drop_id", "order_key", "line", "id", "group", "owner", "status"
        ).to_dicts()
    }
    rows: list[dict[str, Any]] = []
    for row in found:
        mine = known.get((row["run_id"], row["drop_id"], row["order_key"], row["line"]))
        if mine is not None:
            rows.append({**{key: mine[key] for key in ("id", "group", "owner", "status")}, **row})
        elif not filtered and row["order_key"] is None and row["record"] is None:
            rows.append(row)
    return rows


def _groups(orders: pl.DataFrame) -> list[dict[str, Any]]:
    """Groups as they are now, the most urgent first."""
    from datetime import UTC, datetime

    from oms_import.exceptions.groups import grouped

    rows = grouped(orders, datetime.now(UTC)).to_dicts()
    for row in rows:
        row["oldest"] = row["oldest"].isoformat(timespec="seconds") + "Z"
    return rows


@app.command("show")
def show(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="An order number, an exception or a group.")
    ],
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Show the findings of a rejected or held order, or a group, and what to do about them.

    \b
    Example:
        oms-import exceptions show 1004
        oms-import exceptions show G-3f2a91c07d
    """
    import polars as pl

    from oms_import.history.queries import trace
    from oms_import.history.queue import touches
    from oms_import.queueing import Wanted, named, queue
    from oms_import.report.queue import history_of
    from oms_import.report.told import story

    space = opened(context, workspace)
    with reading(space) as connection:
        orders = queue(connection, space, Wanted("all"))
        if name.upper().startswith("G-"):
            _show_group(named(orders.filter(pl.col("status") == "open"), [name]), json)
            return
        known = orders.filter(
            (pl.col("order_number") == name) | pl.col("id").str.starts_with(name.lower())
        )
        number = known["order_number"][0] if known["id"].n_unique() == 1 else name
        events = [
            event
            for event in trace(connection, number or name)
            if event.get("outcome") in {"rejected", "held"}
        ]
        done = touches(connection, known["id"].to_list())
    if json:
        output.document({"schema": 1, "order": name, "exceptions": events, "touches": done})
    else:
        output.show([*story(name, events, output.look()), *history_of(done)])


def _show_group(orders: pl.DataFrame, json: bool) -> None:
    from oms_import.report.queue import group_shown

    [group] = _groups(orders)
    rows = orders.to_dicts()
    if json:
        keys = ("id", "run_id", "order_number", "outcome", "codes", "currency", "value", "owner")
        told = [{key: row[key] for key in keys} for row in rows]
        output.document({"schema": 1, "group": group, "exceptions": told})
    else:
        output.show(group_shown(group, rows, output.look()))
