"""How long a batch of orders takes against few and against many known orders.

    python scripts/bench/known_keys.py --rows 1000000 50000000 --batch 100000

Builds a history of each size in a temporary folder (50M: 2.7 GB, twice while it is imported into).
Times `decide` alone with a fresh connection (a tenth of the batch is known, a hundredth revised)
and the whole `import` of a file of as many orders, and prints the ratios of the last size to the
first. A batch shall take at most twice the time: its import does. `decide` alone does not (about
3 times): its floor is one look at four bytes of every known order.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter

import duckdb

sys.path.insert(0, str(Path(__file__).parents[2]))

from bulk import workspace
from generate import write
from measure import measured

from oms_import.history.decide import decide
from oms_import.history.keys import key_hash, key_part
from oms_import.history.schema import VERSIONS
from oms_import.profiles.model import Duplicates

HOUSE = Path(__file__).parents[2]
CHUNK = 5_000_000

HISTORY = """INSERT INTO order_claims BY NAME
SELECT {part} AS key_part, {hash} AS key_hash, key, channel, account,
    'shop/main/' || key AS order_key, key AS order_number, md5('content ' || n)::UUID AS content,
    CASE WHEN {near} THEN md5('fingerprint ' || n)::UUID END AS fingerprint,
    TIMESTAMP '2026-11-01' - to_seconds((10 * ({rows} - n))::BIGINT) AS ordered_at,
    'USD' AS currency, 19.99 AS value, 3 AS lines, 1 AS revision,
    'run' || lpad((n // 100000)::VARCHAR, 6, '0') AS run_id,
    'drop' || lpad((n // 100000)::VARCHAR, 6, '0') AS drop_id, n % 100000 AS record,
    n % 100000 + 1 AS line
FROM (SELECT range AS n, 'SO-' || range AS key, 'shop' AS channel, 'main' AS account
    FROM range({first}, {last}))"""

BATCH = """COPY (SELECT n AS _order, 0::UINTEGER AS _drop, 'shop' AS channel, 'main' AS account,
    'shop/main/' || key AS order_key, key, key AS order_number,
    md5(CASE WHEN n % 100 = 0 THEN 'revised ' ELSE 'content ' END || known) AS content,
    md5('fingerprint new ' || n) AS fingerprint,
    TIMESTAMP '2026-11-01' + to_seconds(n) AS ordered_at, 'USD' AS currency,
    19.99::DECIMAL(18,4) AS value, 3::BIGINT AS lines, n AS record, n + 1 AS line,
    'accepted' AS outcome, '' AS codes
    FROM (SELECT range AS n, range * 7 % {rows} AS known,
        CASE WHEN range % 10 = 0 THEN 'SO-' || known ELSE 'NEW-' || range END AS key
        FROM range({batch}))
) TO '{path}' (FORMAT parquet)"""


def build(database: Path, rows: int, *, near: bool) -> None:
    """A history of so many accepted orders, in runs of 100,000."""
    with duckdb.connect(str(database), config={"memory_limit": "1GiB", "threads": 2}) as connection:
        for statements in VERSIONS:
            for statement in statements:
                connection.execute(statement)
        connection.execute("INSERT INTO schema_version VALUES (?, now())", [len(VERSIONS)])
        for first in range(0, rows, CHUNK):
            last = min(first + CHUNK, rows)
            connection.execute(
                HISTORY.format(
                    part=key_part(), hash=key_hash(), near=near, rows=rows, first=first, last=last
                )
            )


def measure(database: Path, batch: Path, *, near: bool, times: int) -> tuple[float, float]:
    """Wall and CPU seconds of the quickest `decide`, each with a connection of its own."""
    policy = Duplicates.model_validate({"near": {"action": "hold" if near else "off"}})
    found: list[tuple[float, float]] = []
    for _ in range(times):
        config = {"memory_limit": "512MiB", "threads": 2}
        with duckdb.connect(str(database), config=config) as connection:
            wall, cpu = perf_counter(), _cpu()
            decide(connection, [batch], {"shop": policy}, "run", batch.with_suffix(".out"))
            found.append((perf_counter() - wall, _cpu() - cpu))
    return min(found)


def imported(database: Path, orders: Path) -> tuple[float, float]:
    """Wall and CPU seconds of `oms-import import` of a file of new orders into that history."""
    root = workspace(database.parent / "whole")
    try:
        (root / ".oms-import").mkdir()
        shutil.copy(database, root / ".oms-import" / "history.duckdb")
        command = [sys.executable, "-m", "oms_import.cli", "-w", str(root)]
        cost = measured([*command, "import", "bench", str(orders), "-q"], PYTHONPATH=str(HOUSE))
    finally:
        shutil.rmtree(root.parent)
    if cost.code not in (0, 3):
        sys.exit(f"the import ended with exit code {cost.code}")
    return cost.wall, cost.cpu


def main() -> None:
    """Build, measure, print, clean up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 50_000_000])
    parser.add_argument("--batch", type=int, default=100_000, help="orders, three lines each")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--near", action="store_true", help="with the near-duplicate rule")
    parser.add_argument("--folder", type=Path, help="keep the histories here for the next time")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="known-keys-"))
    folder.mkdir(exist_ok=True, parents=True)
    try:
        orders = folder / "orders.csv"
        write(orders, 3 * options.batch, 7)
        costs = [_one(folder, rows, orders, options) for rows in options.rows]
    finally:
        if options.folder is None:
            shutil.rmtree(folder)
    for name, few, many in zip(("decide", "import"), costs[0], costs[-1], strict=True):
        print(f"{name}: {many / few:.2f} times the time")


def _one(folder: Path, rows: int, orders: Path, options: argparse.Namespace) -> tuple[float, float]:
    database = folder / f"known-{rows}-{int(options.near)}.duckdb"
    batch = folder / f"batch-{rows}.parquet"
    if not database.exists():
        build(database, rows, near=options.near)
    duckdb.sql(BATCH.format(rows=rows, batch=options.batch, path=batch))
    size = database.stat().st_size / 1e6
    decided = measure(database, batch, near=options.near, times=options.times)
    whole = min(imported(database, orders) for _ in range(options.times))
    for name, (wall, cpu) in (("decide", decided), ("import", whole)):
        print(f"{rows:>12,} known ({size:,.0f} MB), {name}: {wall:.2f} s wall, {cpu:.2f} s CPU")
    return decided[0], whole[0]


def _cpu() -> float:
    used = getrusage(RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
