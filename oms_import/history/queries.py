"""Reading history: runs, their drops, and all that is known of one order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb

from oms_import.model.codes import Code
from oms_import.model.errors import SettingError
from oms_import.model.finding import Finding, Location, Severity
from oms_import.model.publishing import from_json
from oms_import.model.reasons import reasons

Row = dict[str, Any]

_DROPS = """SELECT drop_id, channel, account, name, origin, sha256, bytes, modified_at, fetched_at,
    status, encoding, profile, profile_version, stated_count, read_count, findings
FROM drops WHERE run_id = $run_id"""

_REFUSED = """SELECT run_id, name AS drop, drop_id, channel, account, status AS outcome, findings
FROM drops refused WHERE status IN ('rejected', 'failed') AND NOT EXISTS (
    SELECT 1 FROM drops later
    WHERE later.run_id > refused.run_id AND later.status IN ('imported', 'rejected', 'failed')
        AND (later.drop_id = refused.drop_id
            OR (later.channel = refused.channel AND later.name = refused.name)))
ORDER BY run_id DESC, channel, name LIMIT $limit"""

_IS_IT = """(order_key = text OR order_number = text
        OR (norm <> '' AND ends_with(order_key, '/' || norm)))"""

_TRACE = rf"""
WITH asked AS (
    SELECT $text AS text,
        upper(regexp_replace(nfc_normalize($text), '[#\s]+', '', 'g')) AS norm
), found AS (
    SELECT run_id, drop_id, channel, account, order_key, order_number, 'accepted' AS outcome,
        '' AS codes, currency, value, lines, revision, record, line, NULL AS findings,
        NULL AS status, NULL AS resolved_by
    FROM order_claims, asked WHERE {_IS_IT}
    UNION ALL
    SELECT run_id, drop_id, channel, account, order_key, order_number, outcome, codes, currency,
        value, NULL, NULL, record, line, findings, status, resolved_by
    FROM exceptions, asked WHERE {_IS_IT}
    UNION ALL
    SELECT run_id, drop_id, channel, account, order_key, order_number, outcome, codes, NULL,
        NULL, NULL, NULL, record, line, NULL, NULL, NULL
    FROM others, asked WHERE {_IS_IT}
), newest AS (
    SELECT * FROM found ORDER BY run_id DESC, line DESC, record DESC, channel LIMIT $limit
)
SELECT n.*, d.name AS drop, d.profile, d.profile_version, r.started_at, r.finished_at, r.manifest
FROM newest n
LEFT JOIN runs r USING (run_id)
LEFT JOIN (
    SELECT run_id, drop_id, any_value(name) AS name, any_value(profile) AS profile,
        any_value(profile_version) AS profile_version
    FROM drops WHERE run_id IN (SELECT run_id FROM newest) GROUP BY run_id, drop_id
) d USING (run_id, drop_id)
ORDER BY run_id DESC, line DESC, record DESC, channel
"""  # noqa: S608

_FOLDER = {"accepted": "out/accepted/", "rejected": "out/rejected/", "held": "out/rejected/"}


def list_runs(connection: duckdb.DuckDBPyConnection, limit: int) -> list[Row]:
    """The newest runs first: what each was, when, and its totals (cli.md) side by side."""
    rows = _rows(
        connection,
        """SELECT run_id, command, status, exit_code, started_at, finished_at, retry_of,
            published, report
        FROM runs ORDER BY run_id DESC LIMIT $limit""",
        {"limit": limit},
    )
    totals = [_totals(row.pop("report")) for row in rows]
    return [{**row, **its} for row, its in zip(rows, totals, strict=True)]


def get_run(connection: duckdb.DuckDBPyConnection, run: str) -> Row:
    """The report (report.json) of a run.

    Args:
        connection: an open store.
        run: a run id, the beginning of exactly one, or `last`.

    Raises:
        SettingError: there is no such run, or several begin so.
    """
    query = "SELECT run_id, report FROM runs WHERE starts_with(run_id, $run) ORDER BY run_id"
    if run == "last":
        query = "SELECT run_id, report FROM runs ORDER BY run_id DESC LIMIT 1"
    rows = _rows(connection, query, {} if run == "last" else {"run": run})
    rows = [row for row in rows if row["run_id"] == run] or rows
    if not rows:
        raise SettingError(
            "there is no run yet" if run == "last" else f"there is no run {run}",
            hint="see `oms-import runs list`",
            location=run,
        )
    if len(rows) > 1:
        first, last = rows[0]["run_id"], rows[-1]["run_id"]
        raise SettingError(
            f"{len(rows)} runs begin with {run!r}, from {first} to {last}",
            hint="give more of the run id",
            location=run,
        )
    return {"run_id": rows[0]["run_id"], **_document(rows[0]["report"])}


def trace(connection: duckdb.DuckDBPyConnection, text: str, limit: int = 1000) -> list[Row]:
    """What became of an order whenever it was seen, newest first.

    Args:
        connection: an open store.
        text: an order's key, its number as printed, or the number without `#`, spaces, case.
        limit: the most events to tell.

    Returns:
        For each event run_id, drop (name), drop_id, channel, account, order_key, order_number,
        record, line, outcome, codes (list), findings (FINDING of cli.md), profile
        (`name@version`), revision, currency, value, lines, status and resolved_by of an exception,
        started_at and finished_at of the run, outputs (files it went to).
    """
    events = _rows(connection, _TRACE, {"text": text.strip(), "limit": limit})
    return [_event(event) for event in events]


def drops_of(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[Row]:
    """The drops of a run, in the order they were read, as `drops` has them."""
    return [_drop(row) for row in _rows(connection, _DROPS, {"run_id": run_id})]


def failed_drops(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[Row]:
    """The drops of a run that a retry is about: not imported whole, for whatever reason.

    Those that were rejected or failed, and those with orders that are rejected or held still.
    """
    query = f"""{_DROPS} AND (
        status IN ('rejected', 'failed') OR drop_id IN (
            SELECT drop_id FROM exceptions WHERE run_id = $run_id AND status = 'open'))"""  # noqa: S608
    return [_drop(row) for row in _rows(connection, query, {"run_id": run_id})]


def waiting(
    connection: duckdb.DuckDBPyConnection, channel: str, code: str
) -> list[tuple[str, str, str, str, int, datetime]]:
    """Open exceptions of a channel with this code.

    Returns:
        run_id, drop_id, the drop's name and sha256, record, when the drop was first fetched (UTC),
        the oldest first.
    """
    return connection.execute(
        """SELECT e.run_id, e.drop_id, d.name, d.sha256, e.record, d.fetched_at
        FROM exceptions e JOIN (
            SELECT drop_id, any_value(name) AS name, any_value(sha256) AS sha256,
                min(fetched_at) AS fetched_at
            FROM drops WHERE channel = $channel GROUP BY drop_id
        ) d USING (drop_id)
        WHERE e.channel = $channel AND e.status = 'open'
            AND list_contains(string_split(e.codes, ' '), $code)
        ORDER BY d.fetched_at, e.drop_id, e.record""",
        {"channel": channel, "code": code},
    ).fetchall()


def settled(connection: duckdb.DuckDBPyConnection, run_id: str) -> set[str]:
    """Keys of the run's rejected and held orders that a later run accepted."""
    rows = connection.execute(
        """SELECT DISTINCT order_key FROM exceptions
        WHERE run_id = $run_id AND order_key IN (
            SELECT order_key FROM order_claims WHERE run_id > $run_id)""",
        {"run_id": run_id},
    ).fetchall()
    return {key for (key,) in rows}


def open_exceptions(connection: duckdb.DuckDBPyConnection, limit: int) -> list[Row]:
    """Orders and whole files that wait for somebody, newest run first, with their findings.

    A file was refused, or failed; its order_number is None. It waits until it is imported itself,
    or another of its channel and name.
    """
    rows = _rows(
        connection,
        """SELECT e.run_id, d.name AS drop, e.drop_id, e.channel, e.account, e.order_key,
            e.order_number, e.outcome, e.codes, e.currency, e.value, e.record, e.line, e.findings
        FROM exceptions e LEFT JOIN (
            SELECT run_id, drop_id, any_value(name) AS name FROM drops GROUP BY run_id, drop_id
        ) d USING (run_id, drop_id)
        WHERE e.status = 'open'
        ORDER BY e.run_id DESC, e.channel, d.name, e.line, e.record LIMIT $limit""",
        {"limit": limit},
    )
    for row in rows:
        row["codes"] = (row["codes"] or "").split()
        row["findings"] = _findings(row["findings"], row)
    files = [_refused(row) for row in _rows(connection, _REFUSED, {"limit": limit})]
    return sorted([*files, *rows], key=lambda row: row["run_id"], reverse=True)[:limit]


def _refused(row: Row) -> Row:
    """A file that was refused whole, told as an order is."""
    findings = json.loads(row.pop("findings") or "[]")
    nothing = dict.fromkeys(("order_key", "order_number", "currency", "value", "record"))
    lines = [finding["location"]["line"] for finding in findings]
    return {
        **row,
        **nothing,
        "line": next(iter(lines), None),
        "codes": list(dict.fromkeys(finding["code"] for finding in findings)),
        "findings": findings,
    }


def _event(row: Row) -> Row:
    """One row of _TRACE as people and machines read it."""
    home = _FOLDER.get(row["outcome"])
    files = from_json(row.pop("manifest") or "[]")
    names = [file.target for file in files if home and file.target.startswith(home)]
    version = row.pop("profile_version")
    profile = f"{row['profile']}@{version}" if row["profile"] else None
    findings = _findings(row["findings"], row) or _bare(row["codes"] or "", row)
    codes = (row["codes"] or "").split()
    return {**row, "codes": codes, "findings": findings, "profile": profile, "outputs": names}


def _drop(row: Row) -> Row:
    return {**row, "findings": json.loads(row["findings"] or "[]")}


def _findings(text: str | None, row: Mapping[str, Any]) -> list[dict[str, object]]:
    """Stored findings as FINDING of cli.md."""
    stored: Sequence[Mapping[str, Any]] = json.loads(text or "[]")
    return [
        Finding(
            Code(one["code"]),
            field=one.get("field"),
            value=one.get("value"),
            detail=one.get("detail"),
            severity=Severity(one["severity"]) if one.get("severity") else None,
            location=Location(
                row["drop"], one.get("record"), one.get("line"), pointer=one.get("pointer")
            ),
        ).as_json()
        for one in stored
        if one["code"] in reasons()
    ]


def _bare(codes: str, row: Mapping[str, Any]) -> list[dict[str, object]]:
    """What is known where only the codes were kept: duplicates and ignored orders."""
    where = Location(row["drop"], row["record"], row["line"])
    known = [code for code in codes.split() if code in reasons()]
    return [Finding(Code(code), location=where).as_json() for code in known]


def _rows(
    connection: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, object]
) -> list[Row]:
    """Rows by column name: instants as ISO 8601 in UTC, decimals as text."""
    cursor = connection.execute(query, dict(values))
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds") + "Z"
    return f"{value:f}" if isinstance(value, Decimal) else value


def _totals(report: str | None) -> Row:
    found = _document(report).get("totals")
    return found if isinstance(found, dict) else {}


def _document(text: str | None) -> Row:
    """A stored report; one that is damaged reads as empty, and `history verify` tells of it."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
