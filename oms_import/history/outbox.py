"""What was accepted and has to go on: a row for each piece and receiver, made by the commit itself.

So a crash between the commit and the delivery loses nothing, and a piece that a receiver has taken
is known as delivered and never sent again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import duckdb

from oms_import.history.store import utc
from oms_import.model.delivery import Piece, Sent

_FILL = """
INSERT INTO outbox
WITH taken AS (
    SELECT order_key, row_number() OVER (ORDER BY _order) - 1 AS place
    FROM run_orders WHERE outcome = 'accepted'
)
SELECT $run_id, $target, (place // $batch)::INTEGER, count(*), arg_min(order_key, place),
    'pending', 0, NULL, NULL
FROM taken GROUP BY place // $batch ORDER BY place // $batch
"""


def fill(
    connection: duckdb.DuckDBPyConnection, run_id: str, targets: Iterable[tuple[str, int | None]]
) -> None:
    """Within a commit, where run_orders stands: a row for each piece of the accepted orders.

    Args:
        connection: in the commit's transaction.
        run_id: the run.
        targets: name and orders a piece; None: all orders of the run are one piece.
    """
    for target, batch in targets:
        values = {"run_id": run_id, "target": target, "batch": batch or 2**31 - 1}
        connection.execute(_FILL, values)


def due(
    connection: duckdb.DuckDBPyConnection, target: str, *, refused: bool = False
) -> list[Piece]:
    """Pieces that a receiver has not taken yet, oldest first; refused ones if asked for."""
    wanted = ["pending", "failed", *(["refused"] if refused else [])]
    rows = connection.execute(
        """SELECT run_id, target, part, orders, first_order FROM outbox
        WHERE target = ? AND status IN (SELECT unnest(?::VARCHAR[])) ORDER BY run_id, part""",
        [target, wanted],
    ).fetchall()
    return [Piece(*row) for row in rows]


def remember(connection: duckdb.DuckDBPyConnection, sent: Sequence[Sent]) -> None:
    """Keep what came of some pieces, in one transaction."""
    if not sent:
        return
    columns: list[Any] = [
        [one.piece.run_id for one in sent], [one.piece.target for one in sent],
        [one.piece.part for one in sent], [one.state for one in sent],
        [one.answer for one in sent], [utc(one.at) for one in sent],
    ]  # fmt: skip
    connection.execute(
        """UPDATE outbox SET status = s.state, answer = s.answer, last_at = s.at,
            attempts = attempts + 1
        FROM (SELECT unnest($1::VARCHAR[]) AS run_id, unnest($2::VARCHAR[]) AS target,
            unnest($3::INTEGER[]) AS part, unnest($4::VARCHAR[]) AS state,
            unnest($5::VARCHAR[]) AS answer, unnest($6::TIMESTAMP[]) AS at) s
        WHERE outbox.run_id = s.run_id AND outbox.target = s.target AND outbox.part = s.part""",
        columns,
    )


_OF_RUN = """
SELECT target, status, count(*) AS pieces, sum(orders)::BIGINT AS orders, max(attempts) AS attempts,
    max(last_at) AS last_at, arg_max(answer, last_at) AS answer,
    list(first_order ORDER BY part)[:5] AS examples
FROM outbox WHERE run_id = ? GROUP BY target, status ORDER BY target, status
"""


def deliveries(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[dict[str, object]]:
    """What became of a run's orders, for each receiver and status: pieces, orders, the last answer.

    `examples` are keys of the first orders of the first pieces.
    """
    found = connection.execute(_OF_RUN, [run_id])
    names = [column[0] for column in found.description]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    for row in rows:
        row["last_at"] = None if row["last_at"] is None else row["last_at"].isoformat() + "Z"
    return rows
