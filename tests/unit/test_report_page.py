"""The page of a run: the report's numbers, and nothing of an order but text."""

from __future__ import annotations

import base64
import re
from decimal import Decimal
from hashlib import sha256

from lxml import html

from oms_import.model.report import ChannelReport, ReasonCount, RunReport, Totals
from oms_import.report.page import run_page

HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m\"'&"


def page(**changes: object) -> str:
    totals = Totals(drops=1, orders_read=3, orders_accepted=2, orders_rejected=1)
    values = {
        "run_id": "20261124T010203004-abcd", "command": "run", "status": "rejects", "exit_code": 3,
        "dry_run": False, "started_at": "2026-11-24T01:02:03Z",
        "finished_at": "2026-11-24T01:02:05Z", "seconds": 2.0, "totals": totals,
        "channels": (ChannelReport("shop-a", "rejects", totals),),
        "reasons": (ReasonCount("SKU_MISSING", "error", "catalogue", 1, {"EUR": Decimal(5)}, "x"),),
        "latency": {"p50_s": 1.0, "p95_s": 130.0},
    }  # fmt: skip
    return run_page(RunReport(**(values | changes)).as_json())


def test_it_tells_the_numbers_of_the_report() -> None:
    tree = html.document_fromstring(page())
    tiles = [" ".join(one.text_content().split()) for one in tree.cssselect(".tile")]
    assert tiles[:3] == ["2 accepted", "0 duplicate", "1 rejected"]
    assert "late: 120 s are promised" in tiles[-1]
    [row] = tree.cssselect("#channels tbody tr")
    assert [cell.text_content() for cell in row][:4] == ["shop-a", "rejects", "3", "2"]
    [bar, other] = tree.cssselect("svg")[0].cssselect("rect")
    assert abs(float(bar.get("width")) - 2 * float(other.get("width"))) < 0.5


def test_what_an_order_holds_is_text_and_stays_text() -> None:
    hostile = ReasonCount("SKU_MISSING", "error", HOSTILE, 1, {}, HOSTILE)
    text = page(reasons=(hostile,), notes=(HOSTILE,))
    tree = html.document_fromstring(text.replace("\x1b", ""))
    assert len(tree.cssselect("script")) == 1
    assert not [name for one in tree.iter() for name in one.attrib if name.startswith("on")]
    assert text.count("<script>") == 1


def test_only_its_own_style_and_script_may_run() -> None:
    text = page()
    for kind in ("style", "script"):
        inner = re.search(f"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        assert inner is not None
        digest = base64.b64encode(sha256(inner[1].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in text.replace("&#39;", "'").replace("&#43;", "+")
    assert "default-src 'none'" in text.replace("&#39;", "'")
    assert "http://" not in text
    assert "https://" not in text


def test_a_run_of_nothing_is_a_page_too() -> None:
    empty = page(channels=(), reasons=(), totals=Totals(), latency={}, status="noop")
    assert "nothing new" in empty
