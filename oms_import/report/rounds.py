"""A round of `watch` in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_import.model.report import OUTCOMES, PROMISED
from oms_import.report.amounts import count, seconds


def round_line(report: Mapping[str, Any]) -> str:
    """`3 files, 120 orders accepted, 2 rejected; from drop to output 1.3 s (promised: 120 s)`.

    Args:
        report: the document of cli.md for `run`.
    """
    totals = report["totals"]
    told = [
        count(totals["drops"], "file"),
        f"{count(totals['orders_accepted'], 'order')} accepted",
        *(
            f"{totals[f'orders_{outcome}']:,} {outcome}"
            for outcome in OUTCOMES[1:]
            if totals[f"orders_{outcome}"]
        ),
    ]
    return "; ".join((f"{report['run_id']}: {', '.join(told)}", *_latency(report["latency"])))


def _latency(latency: Mapping[str, float | None]) -> tuple[str, ...]:
    slowest = latency.get("p95_s")
    if slowest is None:
        return ()
    late = ", LATE" if slowest > PROMISED else ""
    return (f"from drop to output {seconds(slowest)} s (promised: {PROMISED:.0f} s{late})",)
