"""The SQL of dedupe. Temporary tables are named dd_…; `who` is an order's identity in the run.

dd_claims    the run's claims as spooled (view); `_order` is their place in the run: see PLACED
dd_orders    candidates: claims that may be accepted, hashed, with their channel's policy
dd_maybe_past rows of history whose hash begins like a candidate's
dd_past_rows those of them whose hash is a candidate's
dd_past      what history holds under the candidates' keys
dd_copies    candidates whose key stands more than once in the run, or in history
dd_reps      of those, one a file (the first copy), unless the file contradicts itself; and
             candidates that may have near-duplicates
dd_near_past candidates near an order of history, with the order they are near to
"""

from __future__ import annotations

from oms_import.history.keys import hex_hash, key_hash, key_part

NO_CLAIMS = """SELECT NULL::BIGINT AS _order, NULL::UINTEGER AS _drop, NULL::VARCHAR AS channel,
    NULL::VARCHAR AS account, NULL::VARCHAR AS key, NULL::VARCHAR AS order_number,
    NULL::VARCHAR AS content, NULL::VARCHAR AS fingerprint, NULL::TIMESTAMP AS ordered_at,
    NULL::BIGINT AS line, NULL::UINTEGER AS interchange, NULL::VARCHAR AS outcome WHERE false"""

POLICIES = """CREATE TEMP TABLE dd_policies (
    channel VARCHAR, policy VARCHAR, near VARCHAR, near_window INTERVAL)"""

_PLACES = 1 << 40

PLACED = f"SELECT * REPLACE (_drop::BIGINT * {_PLACES} + _order AS _order) FROM ({{source}})"  # noqa: S608
"""Batches hold drops of one shape each, so numbers of orders do not rise with the drops. What came
first is told by the drop, then by the number; both are in one integer."""

DROP_NAMES = "CREATE TEMP TABLE dd_drops (_drop UINTEGER, name VARCHAR)"

ORDERS = f"""CREATE TEMP TABLE dd_orders AS
SELECT _order, _drop, p.channel, policy, near, near_window, key_part, key_hash,
    CASE WHEN key_hash IS NULL THEN md5('no key' || chr(0) || _order)::UUID ELSE key_hash END
        AS who,
    {hex_hash("content")} AS content,
    CASE WHEN near <> 'off' AND ordered_at IS NOT NULL
        THEN {hex_hash("fingerprint")} END AS fingerprint,
    ordered_at
FROM (
    SELECT *, {key_part()} AS key_part, {key_hash()} AS key_hash
    FROM dd_claims WHERE outcome = 'accepted'
)
JOIN dd_policies p USING (channel)
"""  # noqa: S608

MAYBE_PAST = """CREATE TEMP TABLE dd_maybe_past AS
SELECT rowid AS row FROM order_claims
WHERE key_part IN (SELECT key_part FROM dd_orders WHERE key_part IS NOT NULL)
"""
"""Only four bytes of each known order are read, so that many cost little more than few."""

PAST_ROWS = """CREATE TEMP TABLE dd_past_rows AS
SELECT rowid AS row FROM order_claims
WHERE rowid IN (SELECT row FROM dd_maybe_past)
    AND key_hash IN (SELECT key_hash FROM dd_orders WHERE key_hash IS NOT NULL)
"""
"""Hits by chance lie everywhere; they go before the wide columns are read."""

PAST = """CREATE TEMP TABLE dd_past AS
SELECT key_hash, key, channel, account, content, order_number, revision, run_id, drop_id, line
FROM order_claims WHERE rowid IN (SELECT row FROM dd_past_rows)
"""

NOT_OF_THIS_RUN = "DELETE FROM dd_past WHERE run_id = $run_id"

COPIES = """CREATE TEMP TABLE dd_copies AS
WITH often AS (
    SELECT key_hash FROM dd_orders WHERE key_hash IS NOT NULL GROUP BY key_hash HAVING count(*) > 1
), touched AS (
    SELECT o.* FROM dd_orders o
    WHERE key_hash IN (FROM often) OR key_hash IN (SELECT key_hash FROM dd_past)
), named AS (
    SELECT t.*, c.account, c.key, c.order_number, c.line
    FROM touched t JOIN dd_claims c USING (_order)
), identified AS (
    SELECT *, struct_pack(channel := channel, account := account, key := key) AS identity FROM named
), firsts AS (
    SELECT *, first_value(identity) OVER (PARTITION BY key_hash ORDER BY _order) AS first_identity
    FROM identified
)
SELECT f.* EXCLUDE (identity, first_identity),
    identity <> first_identity OR key_hash IN (
        SELECT p.key_hash FROM dd_past p
        WHERE p.key_hash = f.key_hash
            AND (p.channel <> f.channel OR p.account <> f.account OR p.key <> f.key)
    ) AS collides
FROM firsts f
"""
"""A hash is believed only where the key's text agrees."""

JUDGED_COPIES = """CREATE TEMP TABLE dd_judged_copies AS
SELECT *,
    row_number() OVER (PARTITION BY who, _drop ORDER BY _order) AS nth,
    min(content) OVER (PARTITION BY who, _drop) <> max(content) OVER (PARTITION BY who, _drop)
        AS conflicting,
    min(line) OVER (PARTITION BY who, _drop) AS first_line
FROM dd_copies WHERE NOT collides
"""

REPS = """CREATE TEMP TABLE dd_reps AS
WITH latest AS (
    SELECT key_hash, max(revision) AS last_revision FROM dd_past GROUP BY key_hash
), kept AS (
    SELECT _order, _drop, channel, policy, near, near_window, key_hash, who, content, fingerprint,
        ordered_at
    FROM dd_judged_copies WHERE nth = 1 AND NOT conflicting
), shared AS (
    SELECT channel, fingerprint FROM dd_orders WHERE fingerprint IS NOT NULL
    GROUP BY channel, fingerprint HAVING count(*) > 1
), single AS (
    SELECT _order, _drop, channel, policy, near, near_window, key_hash, who, content, fingerprint,
        ordered_at
    FROM dd_orders o WHERE fingerprint IS NOT NULL
        AND NOT EXISTS (FROM dd_copies c WHERE c._order = o._order)
        AND (EXISTS (FROM dd_near_past p WHERE p._order = o._order)
            OR EXISTS (FROM shared s WHERE s.channel = o.channel
                AND s.fingerprint = o.fingerprint))
)
SELECT r.*, last_revision,
    EXISTS (FROM dd_past p WHERE p.key_hash = r.key_hash AND p.content = r.content) AS known,
    false AS near_held, false AS settled
FROM (FROM kept UNION ALL FROM single) r LEFT JOIN latest USING (key_hash)
"""


def verdicts(table: str) -> str:
    """SQL of each rep's verdict by its key alone: what the file order of its copies makes of it.

    The first of a key is accepted; the same content again is a duplicate; other content goes by
    policy. Reps held as near-duplicates claim nothing. Adds `verdict`, `revision` (when accepted),
    `twin` (the rep whose content it repeats) and `before` (the rep accepted last before it); null
    twin or before: look in history.
    """
    return f"""
WITH ranked AS (
    SELECT *, row_number() OVER key AS nth, row_number() OVER same AS nth_same,
        min(_order) OVER (PARTITION BY who, content) AS first_same,
        min(_order) OVER (PARTITION BY who) AS first_order
    FROM {table} WHERE NOT near_held
    WINDOW key AS (PARTITION BY who ORDER BY _order),
        same AS (PARTITION BY who, content ORDER BY _order)
), told AS (
    SELECT *, CASE
        WHEN known THEN 'duplicate'
        WHEN last_revision IS NULL AND nth = 1 THEN 'accepted'
        WHEN nth_same > 1 AND (policy = 'replace'
            OR (last_revision IS NULL AND first_same = first_order)) THEN 'duplicate'
        WHEN policy = 'replace' THEN 'accepted'
        WHEN policy = 'ignore' THEN 'ignored'
        ELSE 'held' END AS verdict
    FROM ranked
)
SELECT * EXCLUDE (nth, nth_same, first_same, first_order),
    coalesce(last_revision, 0)
        + count(*) FILTER (verdict = 'accepted') OVER (PARTITION BY who ORDER BY _order)
        AS revision,
    CASE WHEN verdict = 'duplicate' AND NOT known THEN first_same END AS twin,
    max(_order) FILTER (verdict = 'accepted') OVER (
        PARTITION BY who ORDER BY _order ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
FROM told
"""  # noqa: S608


VERDICTS = f"CREATE TEMP TABLE dd_verdicts AS {verdicts('dd_reps')}"

_ELSEWHERE = """'accepted in run ' || {0}.run_id || coalesce(' from ' || {0}_drop.name, '')
    || coalesce(', line ' || {0}.line, '')"""
_EARLIER = """'accepted earlier in this run'
    || coalesce(' from ' || {0}_drop.name, ', file ' || ({0}._drop + 1))
    || coalesce(', line ' || {0}.line, '')"""

BY_KEY = f"""
WITH latest AS (
    SELECT * FROM dd_past QUALIFY row_number() OVER (
        PARTITION BY key_hash ORDER BY revision DESC, run_id DESC, line DESC) = 1
), same AS (
    SELECT * FROM dd_past QUALIFY row_number() OVER (
        PARTITION BY key_hash, content ORDER BY revision DESC, run_id DESC, line DESC) = 1
), names AS (
    SELECT run_id, drop_id, any_value(name) AS name FROM drops
    WHERE run_id IN (SELECT run_id FROM dd_past) GROUP BY run_id, drop_id
), told AS (
    SELECT v.*, coalesce(
        CASE WHEN known THEN {_ELSEWHERE.format("same")} END,
        CASE WHEN twin IS NOT NULL THEN {_EARLIER.format("twin")} END,
        CASE WHEN before IS NOT NULL THEN {_EARLIER.format("before")} END,
        {_ELSEWHERE.format("latest")}) AS detail
    FROM dd_verdicts v
    LEFT JOIN same ON known AND same.key_hash = v.key_hash AND same.content = v.content
    LEFT JOIN names same_drop
        ON same_drop.run_id = same.run_id AND same_drop.drop_id = same.drop_id
    LEFT JOIN latest ON latest.key_hash = v.key_hash
    LEFT JOIN names latest_drop
        ON latest_drop.run_id = latest.run_id AND latest_drop.drop_id = latest.drop_id
    LEFT JOIN dd_copies twin ON twin._order = v.twin
    LEFT JOIN dd_drops twin_drop ON twin_drop._drop = twin._drop
    LEFT JOIN dd_copies before ON before._order = v.before
    LEFT JOIN dd_drops before_drop ON before_drop._drop = before._drop
    WHERE verdict <> 'accepted' OR v.revision > 1
)
SELECT _order, 1 AS rank, verdict AS outcome,
    CASE verdict WHEN 'duplicate' THEN 'DUP_ORDER' WHEN 'ignored' THEN 'REVISION_IGNORED'
        ELSE 'ORDER_REVISED' END AS code,
    detail,
    CASE verdict WHEN 'held' THEN 'hold' WHEN 'accepted' THEN 'warning' ELSE 'info' END AS severity,
    CASE WHEN verdict = 'accepted' THEN revision END AS revision
FROM told
"""  # noqa: S608
"""Decisions about reps that their key makes."""

_SHOWN = 10

IN_ONE_FILE = f"""
WITH others AS (
    SELECT who, _drop, list(line ORDER BY _order) AS lines
    FROM (
        SELECT who, _drop, line, _order FROM dd_judged_copies WHERE conflicting
        QUALIFY row_number() OVER (PARTITION BY who, _drop ORDER BY _order) <= {_SHOWN + 1}
    )
    GROUP BY who, _drop
)
SELECT _order, 1 AS rank, CASE WHEN conflicting THEN 'held' ELSE 'duplicate' END AS outcome,
    CASE WHEN conflicting THEN 'DUP_CONFLICT' ELSE 'DUP_ORDER' END AS code,
    CASE WHEN conflicting
        THEN 'other copies at line '
            || array_to_string(list_filter(lines, lambda n: n <> line)[:{_SHOWN}], ', ')
            || CASE WHEN len(lines) > {_SHOWN} THEN ', …' ELSE '' END || ' of the same file'
        ELSE 'same order at line ' || first_line || ' of the same file' END AS detail,
    CASE WHEN conflicting THEN 'hold' ELSE 'info' END AS severity, NULL AS revision
FROM dd_judged_copies LEFT JOIN others USING (who, _drop)
WHERE conflicting OR nth > 1
"""  # noqa: S608
"""Decisions about copies that stand in one file."""

COLLIDING = """
SELECT c._order, 1 AS rank, 'held' AS outcome, 'KEY_COLLISION' AS code,
    'order ' || c.order_number || ' and order ' || coalesce(
        (SELECT min(p.order_number) FROM dd_past p WHERE p.key_hash = c.key_hash),
        (SELECT arg_min(o.order_number, o._order) FROM dd_copies o WHERE o.key_hash = c.key_hash)
    ) AS detail,
    'hold' AS severity, NULL AS revision
FROM dd_copies c WHERE collides
"""
"""Decisions about keys that share a hash with another key."""


SEEN = "CREATE TEMP TABLE dd_seen (_drop UINTEGER, interchange UINTEGER, detail VARCHAR)"

OF_SEEN = """
SELECT c._order, 0 AS rank, 'held' AS outcome, 'EDI_INTERCHANGE_SEEN' AS code, s.detail,
    'hold' AS severity, NULL AS revision
FROM dd_claims c JOIN dd_seen s USING (_drop, interchange)
WHERE c.outcome = 'accepted' AND c._order NOT IN (
    SELECT _order FROM dd_verdicts WHERE verdict <> 'accepted'
    UNION ALL SELECT _order FROM dd_judged_copies WHERE conflicting OR nth > 1)
"""
"""Orders that no key caught, in an interchange that its partner has sent before."""


def written(parts: list[str], out: str) -> str:
    """SQL that writes the decisions as Parquet (model.tables.DECISIONS), sorted by `_order`."""
    every = " UNION ALL ".join(f"SELECT * FROM ({part})" for part in parts)  # noqa: S608
    return f"""COPY (
    SELECT (_order % {_PLACES})::BIGINT AS _order, outcome::VARCHAR AS outcome,
        code::VARCHAR AS code, detail::VARCHAR AS detail, severity::VARCHAR AS severity,
        revision::BIGINT AS revision
    FROM ({every}) told ORDER BY told._order % {_PLACES}, rank
) TO '{out}' (FORMAT parquet)"""  # noqa: S608
