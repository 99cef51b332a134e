"""What the history store tells of runs and orders, and whether it agrees with itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import md5
from pathlib import Path

import polars as pl
import pytest

from oms_import.history.commit import CommitRequest, DropRecord, commit
from oms_import.history.queries import (
    drops_of,
    failed_drops,
    get_run,
    list_runs,
    open_exceptions,
    trace,
)
from oms_import.history.store import Store
from oms_import.history.verify import stats, verify
from oms_import.model.errors import SettingError
from oms_import.model.finding import FINDINGS
from oms_import.model.publishing import PublishFile
from oms_import.model.tables import CLAIMS
from oms_import.model.values import Dialect, Drop, DropResult

NOW = datetime(2026, 11, 23, 3, 15, tzinfo=UTC)
COUNTED = ("accepted", "duplicate", "rejected", "held", "ignored")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "history.duckdb", 256, tmp_path / "tmp") as opened:
        yield opened


def claim(order: int, number: str, outcome: str, codes: str) -> dict[str, object]:
    key = number.removeprefix("#")
    return {
        "_order": order,
        "_drop": 0,
        "channel": "shop",
        "account": "main",
        "order_key": f"shop/main/{key}",
        "key": key,
        "order_number": number,
        "content": md5(number.encode()).hexdigest(),
        "currency": "USD",
        "value": Decimal("12.50"),
        "lines": 2,
        "record": order + 1,
        "line": order + 2,
        "outcome": outcome,
        "codes": codes,
    }


def drop(run_id: str, index: int, name: str, status: str) -> DropRecord:
    landed = Drop(
        index, md5(name.encode()).hexdigest(), "shop", "main", name, name, Path(name), "e" * 64,
        9, NOW,
    )  # fmt: skip
    result = DropResult(landed, status, Dialect("csv", "utf-8"), 3, (), "shop", 4)
    return DropRecord.of(result)


def imported(store: Store, folder: Path, run_id: str, orders: dict[str, str]) -> None:
    """Commit a run of one file: order number → outcome and codes."""
    told = [(number, *what.partition(" ")[::2]) for number, what in orders.items()]
    rows = [claim(n, number, outcome, codes) for n, (number, outcome, codes) in enumerate(told)]
    claims = folder / f"{run_id}.parquet"
    pl.DataFrame(rows, schema=CLAIMS).write_parquet(claims)
    findings = folder / f"{run_id}-findings.parquet"
    back = [row for row in rows if row["outcome"] in {"rejected", "held"}]
    pl.DataFrame(
        [
            {
                "_drop": 0,
                "_order": row["_order"],
                "record": row["record"],
                "line": row["line"],
                "code": row["codes"],
                "severity": "error",
                "field": "line.qty_ordered",
                "value": "abc",
                "detail": "column Qty",
            }
            for row in back
        ],
        schema={**FINDINGS, "pointer": pl.String},
    ).write_parquet(findings)
    totals = {f"orders_{name}": sum(row["outcome"] == name for row in rows) for name in COUNTED} | {
        "orders_read": len(rows)
    }
    files = [
        PublishFile(f"{home}/a.csv", f"out/{home}/{run_id}/a.csv", 1, 2, "ab")
        for home in ("accepted", "rejected")
    ]
    commit(
        store,
        CommitRequest(
            run_id=run_id,
            command="run",
            status="rejects",
            exit_code=3,
            started_at=NOW,
            finished_at=NOW,
            drops=[drop(run_id, 0, f"{run_id}.csv", "imported")],
            claims=[claims],
            decisions=None,
            findings=[findings],
            files=files,
            report=json.dumps({"run_id": run_id, "totals": totals}),
        ),
    )


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Store:
    first = {"#1001": "accepted", "#1002": "rejected QTY_INVALID", "#1003": "held TOTAL_MISMATCH"}
    imported(store, tmp_path, "20261101T0-aa", first)
    imported(
        store, tmp_path, "20261102T0-ab", {"#1001": "duplicate DUP_ORDER", "#1002": "accepted"}
    )
    return store


def test_runs_are_listed_newest_first_with_their_totals(filled: Store) -> None:
    newest, oldest = list_runs(filled.connection, 10)
    assert (newest["run_id"], oldest["run_id"]) == ("20261102T0-ab", "20261101T0-aa")
    assert newest["orders_accepted"] == 1
    assert newest["orders_duplicate"] == 1
    assert newest["finished_at"] == "2026-11-23T03:15:00.000Z"
    assert len(list_runs(filled.connection, 1)) == 1


def test_a_run_is_found_by_its_id_its_beginning_or_as_the_last(filled: Store) -> None:
    assert get_run(filled.connection, "last")["run_id"] == "20261102T0-ab"
    assert get_run(filled.connection, "20261101")["run_id"] == "20261101T0-aa"
    assert get_run(filled.connection, "20261101T0-aa")["totals"]["orders_read"] == 3


@pytest.mark.parametrize("run", ["2026", "2027", "%"])
def test_an_unknown_or_ambiguous_run_is_told(filled: Store, run: str) -> None:
    with pytest.raises(SettingError):
        get_run(filled.connection, run)


def test_there_is_no_last_run_in_an_empty_store(store: Store) -> None:
    with pytest.raises(SettingError, match="no run yet"):
        get_run(store.connection, "last")


@pytest.mark.parametrize("text", ["1001", "#1001", " # 1001", "shop/main/1001"])
def test_an_order_is_traced_however_its_number_is_written(filled: Store, text: str) -> None:
    events = trace(filled.connection, text)
    assert [event["outcome"] for event in events] == ["duplicate", "accepted"]
    assert events[1]["drop"] == "20261101T0-aa.csv"
    assert events[1]["line"] == 2
    assert events[1]["value"] == "12.5000"
    assert events[1]["profile"] == "shop@4"
    assert events[1]["outputs"] == ["out/accepted/20261101T0-aa/a.csv"]
    assert events[0]["findings"][0]["code"] == "DUP_ORDER"


def test_a_rejected_order_is_traced_with_its_findings_and_what_became_of_it(filled: Store) -> None:
    accepted, rejected = trace(filled.connection, "1002")
    assert accepted["outcome"] == "accepted"
    assert rejected["codes"] == ["QTY_INVALID"]
    assert rejected["resolved_by"] == "20261102T0-ab"
    (finding,) = rejected["findings"]
    assert finding["severity"] == "error"
    assert finding["value"] == "abc"
    assert finding["location"]["line"] == 3
    assert finding["owner"]


def test_nothing_is_known_of_an_order_never_seen(filled: Store) -> None:
    assert trace(filled.connection, "99") == []
    assert trace(filled.connection, "") == []
    assert trace(filled.connection, "%") == []


def test_open_exceptions_leave_out_what_was_resolved(filled: Store) -> None:
    (row,) = open_exceptions(filled.connection, 10)
    assert row["order_number"] == "#1003"
    assert row["drop"] == "20261101T0-aa.csv"
    assert row["findings"][0]["code"] == "TOTAL_MISMATCH"


def test_a_refused_file_is_open_until_it_or_its_successor_is_imported(filled: Store) -> None:
    refuse = "UPDATE drops SET status = 'rejected', name = 'a.csv', findings = $told"
    place = {"drop": "a.csv", "record": None, "line": 3}
    told = json.dumps([{"code": "ENC_INVALID", "location": place}])
    filled.connection.execute(refuse, {"told": told})
    row, _order = open_exceptions(filled.connection, 10)
    assert (row["drop"], row["order_number"], row["line"]) == ("a.csv", None, 3)
    assert (row["outcome"], row["codes"]) == ("rejected", ["ENC_INVALID"])
    assert len(open_exceptions(filled.connection, 1)) == 1
    filled.connection.execute("UPDATE drops SET status = 'imported' WHERE run_id > '20261102'")
    (row,) = open_exceptions(filled.connection, 10)
    assert row["order_number"] == "#1003"


def test_a_retry_is_about_drops_that_failed_or_have_open_orders(filled: Store) -> None:
    assert [row["name"] for row in drops_of(filled.connection, "20261101T0-aa")] == [
        "20261101T0-aa.csv"
    ]
    assert len(failed_drops(filled.connection, "20261101T0-aa")) == 1
    assert failed_drops(filled.connection, "20261102T0-ab") == []
    filled.connection.execute("UPDATE drops SET status = 'failed'")
    assert len(failed_drops(filled.connection, "20261102T0-ab")) == 1


def test_a_sound_store_has_no_problems(filled: Store) -> None:
    assert verify(filled.connection) == []


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("INSERT INTO order_claims SELECT * FROM order_claims", "accepted twice"),
        ("UPDATE order_claims SET key = 'x' || key", "does not match its hash"),
        ("UPDATE order_claims SET key_part = key_part + 1", "does not match its hash"),
        (
            "UPDATE order_claims SET key_hash = (SELECT min(key_hash) FROM order_claims)",
            "share one hash",
        ),
        ("DELETE FROM runs WHERE run_id LIKE '%aa'", "run that is not there"),
        ("DELETE FROM drops", "drop that is not there"),
        ("DELETE FROM others", "its report says 1 accepted, 0 rejected or held, 1 duplicate"),
        ("UPDATE runs SET report = 'no'", "its report is not JSON"),
    ],
)
def test_a_damaged_store_tells_what_is_wrong(filled: Store, damage: str, told: str) -> None:
    filled.connection.execute(damage)
    assert any(told in problem for problem in verify(filled.connection))


def test_many_problems_of_a_kind_are_counted_not_listed(store: Store, tmp_path: Path) -> None:
    imported(store, tmp_path, "20261101T0-aa", {f"#{n}": "accepted" for n in range(25)})
    store.connection.execute("UPDATE order_claims SET key = 'x'")
    problems = [p for p in verify(store.connection) if "match its hash" in p]
    assert len(problems) == 11
    assert problems[-1] == "a key does not match its hash: 15 more"


def test_stats_count_what_is_there(filled: Store) -> None:
    found = stats(filled.connection)
    assert found["runs"] == 2
    assert found["orders"] == 2
    assert found["exceptions_open"] == 1
    assert found["exceptions_resolved"] == 1
    assert found["duplicates_and_ignored"] == 1
    assert found["last_run"] == "20261102T0-ab"
    assert isinstance(found["bytes"], int)
    assert stats(filled.connection, 17)["bytes"] == 17


def test_stats_of_an_empty_store(store: Store) -> None:
    found = stats(store.connection)
    assert found["runs"] == 0
    assert found["first_run"] is None
