"""The commit point: all of a run or nothing of it."""

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
from oms_import.history.store import Store
from oms_import.model.errors import OmsImportError
from oms_import.model.finding import FINDINGS
from oms_import.model.publishing import PublishFile
from oms_import.model.tables import CLAIMS, DECISIONS
from oms_import.model.values import Dialect, Drop, DropResult

NOW = datetime(2026, 11, 23, 3, 15, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "history.duckdb", 256, tmp_path / "tmp") as opened:
        yield opened


def hexed(text: str) -> str:
    return md5(text.encode()).hexdigest()


def claim(
    order: int, outcome: str = "accepted", codes: str | None = None, **more: object
) -> dict[str, object]:
    return {
        "_order": order,
        "_drop": 0,
        "channel": "shop",
        "account": "default",
        "order_key": f"shop/default/{order}",
        "key": str(order),
        "order_number": f"#{order}",
        "content": hexed(f"c{order}"),
        "fingerprint": hexed(f"f{order}"),
        "ordered_at": NOW.replace(tzinfo=None),
        "currency": "USD",
        "value": Decimal("12.5000"),
        "lines": 1,
        "record": order + 1,
        "line": order + 2,
        "outcome": outcome,
        "codes": codes,
        **more,
    }


def part(folder: Path, name: str, rows: list[dict[str, object]], schema: pl.Schema) -> Path:
    path = folder / f"{name}.parquet"
    pl.DataFrame(rows, schema=schema).write_parquet(path)
    return path


def drop_record(folder: Path, index: int = 0) -> DropRecord:
    drop = Drop(
        index, "d" * 32, "shop", "default", "a.csv", "drops/a.csv", folder, "e" * 64, 9, NOW
    )
    return DropRecord.of(
        DropResult(drop, "imported", Dialect("csv", "utf-8", columns=("a", "b")), 3)
    )


def request(folder: Path, run_id: str, claims: list[Path], **more: object) -> CommitRequest:
    values: dict[str, object] = {
        "run_id": run_id,
        "command": "run",
        "status": "ok",
        "exit_code": 0,
        "started_at": NOW,
        "finished_at": NOW,
        "drops": [drop_record(folder)],
        "claims": claims,
        "decisions": None,
        "findings": [],
        "files": [PublishFile("accepted/orders.csv", "out/accepted/r/orders.csv", 1, 2, "ab")],
        "report": "{}",
        **more,
    }
    return CommitRequest(**values)  # type: ignore[arg-type]


def column(store: Store, query: str) -> list[object]:
    return [row[0] if len(row) == 1 else row for row in store.connection.execute(query).fetchall()]


def test_every_order_of_a_run_goes_to_the_table_of_its_outcome(
    store: Store, tmp_path: Path
) -> None:
    rows = [
        claim(0),
        claim(1, "rejected", "QTY_INVALID"),
        claim(2, "held", "TOTAL_MISMATCH"),
        claim(3, "ignored", "ORDER_CANCELLED"),
        claim(4),
    ]
    parts = [part(tmp_path, "p0", rows[:2], CLAIMS), part(tmp_path, "p1", rows[2:], CLAIMS)]
    decided = [
        {
            "_order": 4,
            "outcome": "duplicate",
            "code": "DUP_ORDER",
            "detail": "x",
            "severity": "info",
            "revision": None,
        }
    ]
    decisions = part(tmp_path, "decisions", decided, DECISIONS)
    commit(store, request(tmp_path, "r1", parts, decisions=decisions))
    assert column(store, "SELECT order_key FROM order_claims") == ["shop/default/0"]
    assert column(store, "SELECT outcome, codes, status FROM exceptions ORDER BY record") == [
        ("rejected", "QTY_INVALID", "open"),
        ("held", "TOTAL_MISMATCH", "open"),
    ]
    assert column(store, "SELECT outcome, codes FROM others ORDER BY record") == [
        ("ignored", "ORDER_CANCELLED"),
        ("duplicate", "DUP_ORDER"),
    ]
    assert column(store, "SELECT DISTINCT drop_id FROM order_claims") == ["d" * 32]
    assert store.has_run("r1")
    assert [run.files[0].target for run in store.unpublished()] == ["out/accepted/r/orders.csv"]


def test_a_claim_keeps_its_key_as_hash_and_text_and_its_place(store: Store, tmp_path: Path) -> None:
    commit(store, request(tmp_path, "r1", [part(tmp_path, "p", [claim(7)], CLAIMS)]))
    row = store.connection.execute(
        "SELECT key_hash, key, content, fingerprint, value, record, line, revision "
        "FROM order_claims"
    ).fetchone()
    assert row is not None
    assert row[0].hex == hexed("shop\0default\0007")
    assert row[2].hex == hexed("c7")
    assert row[3].hex == hexed("f7")
    assert row[1] == "7"
    assert row[4:] == (Decimal("12.5000"), 8, 9, 1)


def test_a_replacing_revision_is_accepted_with_its_number(store: Store, tmp_path: Path) -> None:
    decided = [
        {
            "_order": 0,
            "outcome": "accepted",
            "code": "ORDER_REVISED",
            "detail": "",
            "severity": "info",
            "revision": 2,
        }
    ]
    decisions = part(tmp_path, "decisions", decided, DECISIONS)
    claims = part(tmp_path, "p", [claim(0)], CLAIMS)
    commit(store, request(tmp_path, "r1", [claims], decisions=decisions))
    assert column(store, "SELECT revision FROM order_claims") == [2]


def test_an_exception_carries_its_findings_in_order_and_others_none(
    store: Store, tmp_path: Path
) -> None:
    found = [
        {
            "_drop": 0,
            "_order": 1,
            "record": 2,
            "line": 3,
            "code": code,
            "severity": "error",
            "field": "qty",
            "value": 'a "b"',
            "detail": None,
        }
        for code in ("QTY_INVALID", "NUM_FORMAT")
    ]
    found.append({**found[0], "_order": 0})
    schema = {**FINDINGS, "pointer": pl.String}
    findings = part(tmp_path, "f", found, schema)
    claims = part(tmp_path, "p", [claim(0), claim(1, "rejected", "QTY_INVALID")], CLAIMS)
    commit(store, request(tmp_path, "r1", [claims], findings=[findings]))
    told = json.loads(str(column(store, "SELECT findings FROM exceptions")[0]))
    assert [entry["code"] for entry in told] == ["QTY_INVALID", "NUM_FORMAT"]
    assert told[0]["value"] == 'a "b"'


def test_an_order_accepted_later_resolves_its_earlier_exceptions(
    store: Store, tmp_path: Path
) -> None:
    first = part(
        tmp_path, "a", [claim(1, "rejected", "QTY_INVALID"), claim(2, "held", "X")], CLAIMS
    )
    commit(store, request(tmp_path, "r1", [first]))
    commit(store, request(tmp_path, "r2", [part(tmp_path, "b", [claim(1)], CLAIMS)]))
    assert column(store, "SELECT status, resolved_by FROM exceptions ORDER BY record") == [
        ("resolved", "r2"),
        ("open", None),
    ]


def test_a_run_of_refused_drops_only_is_committed_too(store: Store, tmp_path: Path) -> None:
    commit(store, request(tmp_path, "r1", [], drops=[drop_record(tmp_path, -1)]))
    assert column(store, "SELECT name, header_hash IS NOT NULL FROM drops") == [("a.csv", True)]
    assert column(store, "SELECT count(*) FROM order_claims") == [0]


def test_a_commit_that_fails_leaves_nothing_and_quotes_no_value(
    store: Store, tmp_path: Path
) -> None:
    secret = claim(0, content="Erika Mustermann")
    claims = part(tmp_path, "p", [secret], CLAIMS)
    with pytest.raises(OmsImportError) as caught:
        commit(store, request(tmp_path, "r1", [claims]))
    assert "Erika" not in str(caught.value)
    assert not store.has_run("r1")
    assert column(store, "SELECT count(*) FROM drops") == [0]
    commit(store, request(tmp_path, "r2", [part(tmp_path, "q", [claim(0)], CLAIMS)]))
    assert store.run_ids() == ["r2"]


def test_a_missing_key_has_no_hash(store: Store, tmp_path: Path) -> None:
    claims = part(tmp_path, "p", [claim(0, key=None, fingerprint=None)], CLAIMS)
    commit(store, request(tmp_path, "r1", [claims]))
    assert column(store, "SELECT key_hash FROM order_claims") == [None]
