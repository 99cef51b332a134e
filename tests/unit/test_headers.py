"""Headers compared, judged by policy, and kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_import.history.headers import (
    HeaderRecord,
    header_hash,
    keep,
    known_headers,
    list_headers,
    records_of,
)
from oms_import.history.schema import VERSIONS
from oms_import.history.store import Store
from oms_import.model.errors import DropRejectedError
from oms_import.model.headers import KnownHeader, SeenHeader, header_change
from oms_import.model.values import Dialect, Drop, DropResult
from oms_import.pipeline.headers import Headers
from oms_import.profiles.header import alias, lost
from oms_import.profiles.model import Profile

NAMES = st.lists(
    st.text(alphabet="abcdefghij XYZ", min_size=1, max_size=12),
    max_size=12,
    unique_by=lambda name: " ".join(name.split()).casefold(),
)
BEFORE = ("Order", "Date", "SKU", "Qty", "Price", "Note")


def profile(**more: Any) -> Profile:
    table: dict[str, Any] = {
        "name": "shop",
        "order": {"order_number": "Order", "ordered_at": "Date"},
        "line": {"sku": "SKU", "qty_ordered": {"from": ["Qty", "Count"], "strip": "x"}},
        **more,
    }
    return Profile.model_validate(table)


@given(NAMES, st.randoms())
def test_another_order_case_or_spacing_is_no_change(names: list[str], random: Any) -> None:
    other = [f" {name.upper()} " for name in names]
    random.shuffle(other)
    assert not header_change(tuple(names), tuple(other))


@given(NAMES, NAMES)
def test_every_difference_is_told_once(before: list[str], after: list[str]) -> None:
    change = header_change(tuple(before), tuple(after))
    gone = [*change.missing, *(old for old, _ in change.renamed)]
    new = [*change.added, *(name for _, name in change.renamed)]
    was, now = ({" ".join(n.split()).casefold() for n in names} for names in (before, after))
    assert len(gone) == len(set(gone)) == len(was - now)
    assert len(new) == len(set(new)) == len(now - was)
    assert bool(change) == (was != now)


@pytest.mark.parametrize(
    ("old", "new"),
    [("Qty", "Quantity"), ("Description", "Desc."), ("Amount", "Amt"), ("Sku", "Item SKU")],
)
def test_a_short_form_or_a_longer_name_is_a_rename(old: str, new: str) -> None:
    assert header_change(("a", old), (new, "x", "a")).renamed == ((old, new),)


@pytest.mark.parametrize("new", ["Order No", "Order number", "ORDER_ID", "Orders"])
def test_a_similar_name_is_a_rename_wherever_it_stands(new: str) -> None:
    change = header_change(BEFORE, (*BEFORE[1:], "Gift", new))
    assert change.renamed == (("Order", new),)
    assert change.added == ("Gift",)


def test_the_only_new_column_in_the_place_of_the_only_one_gone_is_a_rename() -> None:
    change = header_change(BEFORE, ("Order", "Date", "SKU", "Menge", "Price", "Note"))
    assert change.renamed == (("Qty", "Menge"),)
    apart = header_change(BEFORE, ("Menge", "Order", "Date", "SKU", "Price", "Note"))
    assert (apart.missing, apart.added, apart.renamed) == (("Qty",), ("Menge",), ())


def test_headers_that_have_nothing_in_common_are_compared_quickly() -> None:
    wide = tuple(f"old {n}" for n in range(3000))
    change = header_change(wide, tuple(f"new {n}" for n in range(3000)))
    assert len(change.missing) == len(change.added) == 3000


def test_a_field_is_lost_only_when_all_its_columns_are_gone() -> None:
    before = (*BEFORE, "Count")
    assert lost(profile(), before, BEFORE) == ()
    (one,) = lost(profile(), before, ("Order", "Date", "SKU", "Price"))
    assert (one.key, one.columns) == ("line.qty_ordered", ("Qty", "Count"))


def test_a_column_without_alternative_is_lost_alone() -> None:
    rich = profile(
        party={"ship_to": {"name": {"concat": ["First", "Last"]}}},
        rows={"skip": [{"column": "Kind", "equals": "total"}]},
        charge=[{"kind": "fee", "amount": "Fee", "when": {"Type": "fee"}}],
    )
    before = (*BEFORE, "First", "Last", "Kind", "Type", "Fee")
    keys = {one.key for one in lost(rich, before, (*BEFORE, "First", "Fee"))}
    assert keys == {"party.ship_to.name Last", "rows Kind", "charge[1] Type"}


def test_the_alias_names_every_column_that_was_read_and_the_new_one() -> None:
    after = ("Order No", "Date", "SKU", "Quantity", "Price", "Note")
    change = header_change(BEFORE, after)
    written = [alias(profile(), one, change) for one in lost(profile(), BEFORE, after)]
    assert written == [
        'order.order_number = ["Order", "Order No"]',
        'line.qty_ordered.from = ["Qty", "Quantity"]',
    ]


# -- the policy


def drop(index: int = 0) -> Drop:
    at = datetime(2026, 11, 23, 3, 0, index, tzinfo=UTC)
    return Drop(index, f"d{index}", "shop", "default", "a.csv", "a", Path("a"), "s", 1, at)


def judged(policy: str, after: tuple[str, ...], **more: Any) -> list[str]:
    """The warnings of a drop with this header after one with BEFORE."""
    known = [KnownHeader("shop", "csv", BEFORE, "2026-11-20")]
    watch = Headers(profile(format={"header_change": policy}, **more), known)
    watch.judge(drop(), Dialect("csv", "utf-8", columns=after))
    return [str(finding.code) for finding in watch.accept(drop())]


ADDED = (*BEFORE, "Gift")
GONE = ("Order", "Date", "SKU", "Price", "Note")


def test_auto_warns_of_what_nothing_reads_and_refuses_what_is_lost() -> None:
    assert judged("auto", BEFORE[::-1]) == []
    assert judged("auto", ADDED) == judged("auto", BEFORE[:-1]) == ["HEADER_CHANGED"]
    with pytest.raises(DropRejectedError) as caught:
        judged("auto", (*GONE, "Quantity"))
    (finding,) = caught.value.findings
    assert finding.code == "HEADER_MISSING_MAPPED"
    assert 'line.qty_ordered.from = ["Qty", "Quantity"]' in finding.message


def test_warn_takes_reject_refuses_and_accept_is_silent() -> None:
    assert judged("warn", GONE) == ["HEADER_CHANGED"]
    assert judged("accept", GONE) == []
    with pytest.raises(DropRejectedError) as caught:
        judged("reject", ADDED)
    assert caught.value.findings[0].code == "HEADER_CHANGED"


def test_columns_that_hold_lines_may_come_and_go_but_not_all() -> None:
    lines = {"in": "columns", "columns": "item_*"}
    before = ("Order", "Date", "item_1")
    known = [KnownHeader("shop", "csv", before, "2026-11-20")]
    watch = Headers(profile(lines=lines), known)
    watch.judge(drop(), Dialect("csv", "utf-8", columns=(*before, "item_2")))
    assert watch.accept(drop()) == []
    with pytest.raises(DropRejectedError):
        watch.judge(drop(1), Dialect("csv", "utf-8", columns=("Order", "Date")))


@pytest.mark.parametrize(
    ("dialect", "spec"),
    [
        (Dialect("x12", "utf-8", columns=("BEG03",)), {}),
        (Dialect("csv", "utf-8", columns=("_line#2", "_codes", "_reasons", "_owner", "Qty")), {}),
        (Dialect("csv", "utf-8", columns=("a", "b")), {"header": ["a", "b"]}),
    ],
)
def test_what_is_no_table_of_the_channel_with_a_header_is_not_watched(
    dialect: Dialect, spec: dict[str, Any]
) -> None:
    watch = Headers(profile(format=spec), [KnownHeader("shop", "csv", BEFORE, "2026-11-20")])
    watch.judge(drop(), dialect)
    assert watch.of(drop()) is None
    assert watch.accept(drop()) == []


def test_drops_of_one_run_are_compared_with_each_other_and_old_headers_may_return() -> None:
    watch = Headers(profile(), [])
    codes: list[list[str]] = []
    for number, columns in enumerate([ADDED, BEFORE, (*BEFORE, "Count"), ADDED]):
        watch.judge(drop(number), Dialect("csv", "utf-8", columns=columns))
        codes.append([str(finding.code) for finding in watch.accept(drop(number))])
    assert codes == [[], ["HEADER_CHANGED"], ["HEADER_CHANGED"], ["HEADER_CHANGED"]]
    assert [one.columns for one in watch.known] == [BEFORE, (*BEFORE, "Count"), ADDED]


def test_a_drop_that_comes_again_is_not_judged_by_what_came_later() -> None:
    known = [
        KnownHeader("shop", "csv", GONE, "2026-11-19"),
        KnownHeader("shop", "csv", BEFORE, "2026-11-20"),
    ]
    strict = profile(format={"header_change": "reject"})
    again = Headers(strict, known, again=True)
    again.judge(drop(), Dialect("csv", "utf-8", columns=GONE))
    assert again.of(drop()) is None
    with pytest.raises(DropRejectedError):
        again.judge(drop(), Dialect("csv", "utf-8", columns=ADDED))


def test_a_companion_file_is_compared_with_companion_files_by_its_names_in_the_mapping() -> None:
    paired = profile(
        order={"order_number": "Order", "ordered_at": "other.Sale Date"},
        companion={"profile": "etsy-orders", "by": ["Order"]},
    )
    known = [
        KnownHeader("etsy-orders", "csv", ("Order", "Sale Date"), "2026-11-20"),
        KnownHeader("shop", "csv", BEFORE, "2026-11-20"),
    ]
    watch = Headers(paired, known, frozenset([0]))
    with pytest.raises(DropRejectedError) as caught:
        watch.judge(drop(), Dialect("csv", "utf-8", columns=("Order", "Date")))
    assert caught.value.findings[0].code == "HEADER_MISSING_MAPPED"
    watch.judge(drop(1), Dialect("csv", "utf-8", columns=BEFORE))


# -- the history


def record(columns: tuple[str, ...], day: int, accepted: int = 1, drops: int = 1) -> HeaderRecord:
    at = datetime(2026, 11, day)  # noqa: DTZ001 as the store has it
    return HeaderRecord(
        "shop", "shop", "csv", columns, at, at, drops, accepted, 0, 0 if accepted else None
    )


def opened(folder: Path) -> Store:
    return Store.open(folder / "history.duckdb", 128, folder / "tmp")


def test_a_thousand_drops_of_one_header_are_one_record() -> None:
    header = SeenHeader("shop", "csv", BEFORE)
    results = [
        DropResult(drop(n), "imported" if n else "rejected", header=header) for n in range(50)
    ]
    (one,) = records_of([*results, DropResult(drop(50), "imported")])
    assert (one.drops, one.accepted, one.first_drop, one.accepted_drop) == (50, 49, 0, 49)
    assert (one.first_seen.second, one.last_seen.second) == (0, 49)


def test_headers_are_kept_with_first_and_last_day(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        keep(store.connection, "r1", [record(BEFORE, 1)], retry=False)
        keep(store.connection, "r2", [record(ADDED, 2), record(BEFORE, 2, 1, 3)], retry=False)
        keep(store.connection, "r3", [record(GONE, 3, 0)], retry=False)
        rows = list_headers(store.connection, "shop")
        known = known_headers(store.connection, ["shop", "other"])
    assert [(r["first_seen"][:10], r["last_seen"][:10], r["drops"]) for r in rows] == [
        ("2026-11-01", "2026-11-02", 4),
        ("2026-11-02", "2026-11-02", 1),
        ("2026-11-03", "2026-11-03", 1),
    ]
    assert [r["accepted"] for r in rows] == [2, 1, 0]
    assert rows[0]["change"] is None
    assert rows[1]["change"] == {"added": ["Gift"], "missing": [], "renamed": []}
    assert rows[1]["header_hash"] == header_hash(ADDED)
    assert {one.columns for one in known["shop"]} == {BEFORE, ADDED}
    assert list(known) == ["shop"]


def test_a_retry_is_the_same_drop_and_does_not_make_an_old_header_the_last(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        keep(store.connection, "r1", [record(GONE, 1, 0)], retry=False)
        keep(store.connection, "r2", [record(BEFORE, 2)], retry=False)
        keep(store.connection, "r3", [record(GONE, 3)], retry=True)
        rows = list_headers(store.connection, "shop")
        last = known_headers(store.connection, ["shop"])["shop"][-1]
    assert (rows[0]["drops"], rows[0]["accepted"], rows[0]["last_run"]) == (1, 1, "r3")
    assert (last.columns, last.last_day) == (BEFORE, "2026-11-02")


def older(path: Path, version: int) -> duckdb.DuckDBPyConnection:
    """A store as an earlier version of the program made it."""
    connection = duckdb.connect(str(path))
    for number, statements in enumerate(VERSIONS[:version], 1):
        for statement in statements:
            connection.execute(statement)
        connection.execute("INSERT INTO schema_version VALUES (?, now()::TIMESTAMP)", [number])
    return connection


@pytest.mark.parametrize("read_only", [False, True])
def test_a_store_of_version_2_is_upgraded_and_knows_its_headers(
    tmp_path: Path, read_only: bool
) -> None:
    from dataclasses import asdict

    from oms_import.history.commit import DropRecord

    dialects = [
        Dialect("csv", "utf-8", columns=BEFORE),
        Dialect("csv", "utf-8", columns=BEFORE),
        Dialect("excel", "", columns=("Größe", 'a "b"')),
        Dialect("x12", "utf-8", columns=("BEG03",)),
        Dialect("csv", "utf-8", columns=("_line#2", "_codes", "_reasons", "_owner", "Qty")),
    ]
    with older(tmp_path / "history.duckdb", 2) as connection:
        for number, dialect in enumerate(dialects):
            result = DropResult(drop(number), "imported", dialect, profile="shop")
            row = asdict(DropRecord.of(result))
            values = [f"r{number}", *list(row.values())[1:]]
            marks = ", ".join("?" * len(values))
            connection.execute(f"INSERT INTO drops VALUES ({marks})", values)
        refused = replace(DropRecord.of(DropResult(drop(9), "rejected")), index=0)
        values = ["r9", *list(asdict(refused).values())[1:]]
        connection.execute(f"INSERT INTO drops VALUES ({', '.join('?' * len(values))})", values)
    with Store.open(
        tmp_path / "history.duckdb", 128, tmp_path / "tmp", read_only=read_only
    ) as store:
        rows = list_headers(store.connection, "shop")
        known = known_headers(store.connection, ["shop"])["shop"]
    assert [(r["format"], tuple(r["columns"]), r["drops"]) for r in rows] == [
        ("csv", BEFORE, 2),
        ("excel", ("Größe", 'a "b"'), 1),
    ]
    assert rows[0]["header_hash"] == header_hash(BEFORE)
    assert len(known) == 2
