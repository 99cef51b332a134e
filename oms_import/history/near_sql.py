"""The SQL of near-duplicates: same buyer, items and total, other number, within a window.

Only accepted orders count, and whether an order is accepted may hang on earlier ones being held
as near-duplicates themselves. Reps that have any neighbour at all are few (dd_uncertain); they are
settled in rounds, in each of which every rep that waits for nobody gets its verdict.
"""

from __future__ import annotations

from oms_import.history.decide_sql import verdicts

BOUNDS = """SELECT min(ordered_at - near_window), max(ordered_at + near_window)
FROM dd_orders WHERE fingerprint IS NOT NULL"""

PAST = """CREATE TEMP TABLE dd_near_past AS
SELECT o._order,
    arg_min(
        struct_pack(order_number := p.order_number, run_id := p.run_id, drop_id := p.drop_id,
            line := p.line),
        struct_pack(run_id := p.run_id, line := p.line, order_number := p.order_number)) AS other
FROM dd_orders o JOIN order_claims p
    ON p.fingerprint = o.fingerprint AND p.channel = o.channel
    AND p.ordered_at BETWEEN o.ordered_at - o.near_window AND o.ordered_at + o.near_window
WHERE p.ordered_at BETWEEN TIMESTAMP '{low}' AND TIMESTAMP '{high}'
    AND p.run_id <> $run_id
    AND (p.key_hash <> o.key_hash OR p.key_hash IS NULL OR o.key_hash IS NULL)
GROUP BY o._order
"""
"""The literal bounds let DuckDB skip all of history that is too old or too new."""

NO_PAST = """CREATE TEMP TABLE dd_near_past AS
SELECT NULL::BIGINT AS _order, NULL::STRUCT(
    order_number VARCHAR, run_id VARCHAR, drop_id VARCHAR, line BIGINT) AS other WHERE false"""

_WINDOW = """(PARTITION BY channel, fingerprint ORDER BY ordered_at
    RANGE BETWEEN near_window PRECEDING AND near_window FOLLOWING)"""

UNCERTAIN = f"""CREATE TEMP TABLE dd_uncertain AS
WITH shared AS (
    SELECT r.* FROM dd_reps r SEMI JOIN (
        SELECT channel, fingerprint FROM dd_reps WHERE fingerprint IS NOT NULL
        GROUP BY channel, fingerprint HAVING min(who) <> max(who)
    ) USING (channel, fingerprint)
    WHERE near = 'hold'
), neighbours AS (
    SELECT who FROM (
        SELECT who, min(who) OVER near <> max(who) OVER near AS found
        FROM shared WINDOW near AS {_WINDOW}
    ) WHERE found
    UNION
    SELECT who FROM dd_reps WHERE near = 'hold' AND _order IN (SELECT _order FROM dd_near_past)
)
SELECT * FROM dd_reps WHERE who IN (FROM neighbours)
"""  # noqa: S608
"""All reps of every key that has a neighbour, in the run or in history."""

TENTATIVE = f"""CREATE OR REPLACE TEMP TABLE dd_tentative AS {verdicts("dd_uncertain")}"""

HOLD = """UPDATE dd_uncertain SET near_held = true, settled = true
WHERE NOT settled
    AND _order IN (SELECT _order FROM dd_tentative WHERE verdict = 'accepted')
    AND (
        _order IN (SELECT _order FROM dd_near_past)
        OR _order IN (
            SELECT u._order FROM dd_uncertain u JOIN dd_tentative a
                ON a.channel = u.channel AND a.fingerprint = u.fingerprint AND a.who <> u.who
                AND a.ordered_at BETWEEN u.ordered_at - u.near_window
                    AND u.ordered_at + u.near_window
            WHERE NOT u.settled AND a.settled AND a.verdict = 'accepted'))
"""
"""Accepted by its key, but near an order that is surely accepted: held."""

SETTLE = f"""UPDATE dd_uncertain SET settled = true
WHERE _order IN (
    WITH waiting AS (
        SELECT t.*, u.near_held AS just_held
        FROM dd_tentative t JOIN dd_uncertain u USING (_order) WHERE NOT t.settled
    )
    SELECT _order FROM (
        SELECT _order, verdict,
            fingerprint IS NULL OR min(_order) FILTER (NOT just_held) OVER near = _order AS alone,
            min(_order) OVER (PARTITION BY who) = _order AS first_of_key
        FROM waiting WINDOW near AS {_WINDOW}
    )
    WHERE CASE WHEN verdict = 'accepted' THEN alone ELSE first_of_key END)
"""  # noqa: S608
"""An accepted rep waits for earlier neighbours, any other for earlier copies of its own key; what
was held a moment ago has not told its later copies yet."""

LEFT = "SELECT count(*) FROM dd_uncertain WHERE NOT settled"

HELD = """UPDATE dd_reps SET near_held = true
WHERE _order IN (SELECT _order FROM dd_uncertain WHERE near_held)"""

_OTHER = """'order ' || {0}.order_number || ' accepted in run ' || {0}.run_id
    || coalesce(' from ' || d.name, '') || coalesce(', line ' || {0}.line, '')"""

DECISIONS = f"""
WITH accepted AS (
    SELECT _order, who, channel, fingerprint, ordered_at, near_window, near, revision
    FROM dd_verdicts WHERE verdict = 'accepted' AND fingerprint IS NOT NULL
), held AS (
    SELECT r._order, min(a._order) AS other
    FROM dd_reps r JOIN accepted a
        ON a.channel = r.channel AND a.fingerprint = r.fingerprint AND a.who <> r.who
        AND a.ordered_at BETWEEN r.ordered_at - r.near_window AND r.ordered_at + r.near_window
    WHERE r.near_held AND a._order < r._order GROUP BY r._order
), warned AS (
    SELECT *, min(_order) OVER near AS other, arg_min(who, _order) OVER near AS other_who
    FROM accepted WHERE near = 'warn' WINDOW near AS {_WINDOW}
), behind_itself AS (
    SELECT w._order, min(a._order) AS other
    FROM warned w JOIN accepted a
        ON a.channel = w.channel AND a.fingerprint = w.fingerprint AND a.who <> w.who
        AND a.ordered_at BETWEEN w.ordered_at - w.near_window AND w.ordered_at + w.near_window
    WHERE w.other_who = w.who AND w.other < w._order AND a._order < w._order GROUP BY w._order
), hits AS (
    SELECT r._order, 'held' AS outcome, h.other, NULL AS revision
    FROM dd_reps r LEFT JOIN held h USING (_order) WHERE r.near_held
    UNION ALL
    SELECT w._order, 'accepted', coalesce(b.other, w.other), w.revision
    FROM warned w LEFT JOIN behind_itself b USING (_order)
    WHERE b.other IS NOT NULL OR (w.other < w._order AND w.other_who <> w.who)
        OR w._order IN (SELECT _order FROM dd_near_past)
), names AS (
    SELECT run_id, drop_id, any_value(name) AS name FROM drops
    WHERE run_id IN (SELECT other.run_id FROM dd_near_past) GROUP BY run_id, drop_id
)
SELECT h._order, 2 AS rank, h.outcome, 'NEAR_DUPLICATE' AS code,
    coalesce(
        CASE WHEN p._order IS NOT NULL THEN {_OTHER.format("p.other")} END,
        'order ' || c.order_number || ' accepted earlier in this run'
            || coalesce(' from ' || mine.name, ', file ' || (c._drop + 1))
            || coalesce(', line ' || c.line, '')
    ) AS detail,
    CASE h.outcome WHEN 'held' THEN 'hold' ELSE 'warning' END AS severity, h.revision
FROM hits h
LEFT JOIN dd_near_past p USING (_order)
LEFT JOIN names d ON d.run_id = p.other.run_id AND d.drop_id = p.other.drop_id
LEFT JOIN dd_claims c ON c._order = h.other
LEFT JOIN dd_drops mine ON mine._drop = c._drop
"""  # noqa: S608
"""Decisions about near-duplicates: held reps, and accepted ones that come with a warning."""
