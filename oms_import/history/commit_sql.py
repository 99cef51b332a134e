"""The SQL of a commit. Inputs are the temporary views run_claims, run_decisions, run_findings."""

from __future__ import annotations

from oms_import.history.keys import hex_hash, key_hash, key_part

NO_CLAIMS = """SELECT NULL::BIGINT AS _order, NULL::UINTEGER AS _drop, NULL::VARCHAR AS channel,
    NULL::VARCHAR AS account, NULL::VARCHAR AS order_key, NULL::VARCHAR AS key,
    NULL::VARCHAR AS order_number, NULL::VARCHAR AS content, NULL::VARCHAR AS fingerprint,
    NULL::TIMESTAMP AS ordered_at, NULL::VARCHAR AS currency, NULL::DECIMAL(18,4) AS value,
    NULL::BIGINT AS lines, NULL::BIGINT AS record, NULL::BIGINT AS line,
    NULL::VARCHAR AS outcome, NULL::VARCHAR AS codes WHERE false"""

NO_DECISIONS = """SELECT NULL::BIGINT AS _order, NULL::VARCHAR AS outcome, NULL::VARCHAR AS code,
    NULL::BIGINT AS revision, NULL::BIGINT AS file_row_number WHERE false"""

NO_FINDINGS = """SELECT NULL::BIGINT AS _order, NULL::BIGINT AS record, NULL::BIGINT AS line,
    NULL::VARCHAR AS code, NULL::VARCHAR AS severity, NULL::VARCHAR AS field,
    NULL::VARCHAR AS value, NULL::VARCHAR AS detail, NULL::VARCHAR AS pointer,
    NULL::BIGINT AS file_row_number WHERE false"""

JUDGED = """
CREATE TEMP VIEW run_orders AS
WITH last_word AS (
    SELECT _order, first(outcome ORDER BY file_row_number) AS outcome, max(revision) AS revision
    FROM run_decisions GROUP BY _order
), why AS (
    SELECT _order, string_agg(code, ' ' ORDER BY place) AS codes
    FROM (
        SELECT _order, code, min(file_row_number) AS place
        FROM run_decisions WHERE code IS NOT NULL GROUP BY _order, code
    )
    GROUP BY _order
)
SELECT c.* EXCLUDE (outcome, codes),
    coalesce(w.outcome, c.outcome) AS outcome,
    CASE WHEN w.outcome <> c.outcome THEN why.codes ELSE c.codes END AS codes,
    coalesce(w.revision, 1)::INTEGER AS revision,
    d.drop_id
FROM run_claims c
LEFT JOIN last_word w USING (_order)
LEFT JOIN why USING (_order)
LEFT JOIN run_drops d USING (_drop)
"""
"""Every order of the run with its last word: what dedupe said, else what was said before it."""

ACCEPTED = f"""
INSERT INTO order_claims BY NAME
SELECT {key_part()} AS key_part, {key_hash()} AS key_hash, key, channel, account, order_key,
    order_number,
    {hex_hash("content")} AS content, {hex_hash("fingerprint")} AS fingerprint,
    ordered_at, currency, value, lines, revision, $run_id AS run_id, drop_id, record, line
FROM run_orders WHERE outcome = 'accepted'
"""  # noqa: S608

EXCEPTIONS = """
INSERT INTO exceptions BY NAME
WITH back AS (SELECT * FROM run_orders WHERE outcome IN ('rejected', 'held')),
told AS (
    SELECT f._order, to_json(list({
        'code': f.code, 'severity': f.severity, 'field': f.field, 'value': f.value,
        'detail': f.detail, 'record': f.record, 'line': f.line, 'pointer': f.pointer
    } ORDER BY f.file_row_number))::VARCHAR AS findings
    FROM run_findings f SEMI JOIN back USING (_order)
    GROUP BY f._order
)
SELECT $run_id AS run_id, drop_id, channel, account, order_key, order_number, outcome, codes,
    currency, value, record, line, coalesce(findings, '[]') AS findings, 'open' AS status
FROM back LEFT JOIN told USING (_order)
ORDER BY _order
"""

OTHERS = """
INSERT INTO others BY NAME
SELECT $run_id AS run_id, drop_id, channel, account, order_key, order_number, outcome, codes,
    record, line
FROM run_orders WHERE outcome IN ('duplicate', 'ignored')
"""

SUPERSEDED = """
UPDATE exceptions SET status = 'superseded', resolved_by = $run_id
WHERE status IN ('open', 'archived') AND run_id <> $run_id
    AND order_key IN (SELECT order_key FROM run_orders WHERE outcome IN ('rejected', 'held'))
"""
"""An order that comes back again is one exception, the newest."""

RESOLVED = """
UPDATE exceptions SET status = 'resolved', resolved_by = $run_id
WHERE status IN ('open', 'archived') AND run_id <> $run_id
    AND order_key IN (SELECT order_key FROM run_orders WHERE outcome = 'accepted')
"""
"""An order that waited in an earlier run and was accepted now waits no longer."""
