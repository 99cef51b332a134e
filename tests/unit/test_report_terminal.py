"""The report people read: complete, within its width, and safe whatever the data says."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_import.model.codes import Code
from oms_import.model.finding import Finding, Location
from oms_import.model.report import ChannelReport, DropReport, ReasonCount, RunReport, Totals
from oms_import.model.values import WrittenFile
from oms_import.report.look import Look, drawn, safe
from oms_import.report.terminal import run_report

RUN = "20261123T031500123-1f3a"


def totals(
    accepted: int = 0, rejected: int = 0, held: int = 0, value: dict[str, Decimal] | None = None
) -> Totals:
    return Totals(
        drops=1,
        orders_read=accepted + rejected + held,
        orders_accepted=accepted,
        orders_rejected=rejected,
        orders_held=held,
        value_accepted=value or {},
    )


def report(
    channels: dict[str, Totals], drops: tuple[DropReport, ...] = (), example: str = ""
) -> RunReport:
    total = sum(channels.values(), Totals())
    return RunReport(
        run_id=RUN,
        command="run",
        status="rejects",
        exit_code=3,
        dry_run=False,
        started_at="2026-11-23T03:15:00.123Z",
        finished_at="2026-11-23T03:15:12.400Z",
        seconds=12.277,
        totals=total,
        channels=tuple(ChannelReport(name, "rejects", t, 0.4) for name, t in channels.items()),
        drops=drops,
        reasons=(
            ReasonCount("SKU_MISSING", "error", "catalogue", 2, {"USD": Decimal("9.90")}, example),
        ),
        outputs=(WrittenFile(f"out/rejected/{RUN}/exceptions.csv", 2, 10, "0"),),
        notes=("an earlier run was published",),
    )


def shown(value: RunReport, look: Look | None = None) -> str:
    owners = {"catalogue": "Catalogue desk"}
    return drawn(
        run_report(value.as_json(), Path("/space"), owners, look or Look()), look or Look()
    )


BIG = {
    "shop-a": totals(979_000, 15_000, 4_000, {"USD": Decimal("123456789.5"), "EUR": Decimal(20)}),
    "a-very-long-channel-name-of-a-marketplace": totals(1, 1, 0, {"GBP": Decimal("12.3456")}),
}


@pytest.mark.parametrize("width", [40, 80, 120, 200])
@pytest.mark.parametrize("lines", [True, False])
def test_no_line_is_wider_than_the_terminal(width: int, lines: bool) -> None:
    text = shown(report(BIG, example="x" * 300), Look(width, lines))
    assert max(len(line) for line in text.splitlines()) <= width


@pytest.mark.parametrize("width", [80, 200])
def test_every_number_of_the_run_is_there_at_any_width(width: int) -> None:
    text = shown(report(BIG), Look(width))
    for number in (
        "998,000",
        "979,000",
        "15,000",
        "USD 123,456,789.50",
        "EUR 20.00",
        "GBP 12.3456",
    ):
        assert number in text


def test_the_invariant_is_printed_with_its_numbers() -> None:
    text = shown(report({"a": totals(7, 2, 1)}))
    assert "read 10 = accepted 7 + duplicate 0 + rejected 2 + held 1 + ignored 0" in text
    assert "bug" not in text


def test_an_order_that_vanished_is_said_aloud() -> None:
    lost = Totals(orders_read=3, orders_accepted=2)
    assert "does not add up" in shown(report({"a": lost}))


def test_a_reason_tells_its_owner_remedy_and_example() -> None:
    text = shown(report({"a": totals(1, 2)}, example="a.csv line 17: 1004"))
    assert "2 orders, USD 9.90 - catalogue (Catalogue desk)" in text
    assert "To do: Add the SKU to the listing" in text
    assert "a.csv line 17: 1004" in text


def test_what_to_do_next_names_the_run() -> None:
    text = shown(report({"a": totals(1, 2)}))
    assert f"oms-import retry {RUN}" in text
    assert "oms-import explain SKU_MISSING" in text
    assert f"/space/out/rejected/{RUN}/" in text


def test_a_refused_file_is_told_with_its_remedy() -> None:
    finding = Finding(Code.FILE_EMPTY, location=Location(drop="bad.csv"))
    drop = DropReport("x", "a", "bad.csv", "0", 0, "rejected", "a", 1, Totals(), (finding,))
    text = shown(report({"a": totals(1)}, (drop,)))
    assert "rejected a/bad.csv" in text
    assert "FILE_EMPTY: The file is empty" in text
    assert "Ask the sender" in text


def test_a_thousand_known_files_take_two_lines() -> None:
    finding = Finding(Code.DUP_FILE, detail="imported by run x")
    drops = tuple(
        DropReport("x", "a", f"{n}.csv", "0", 0, "duplicate", "a", 1, Totals(), (finding,))
        for n in range(1000)
    )
    text = shown(report({"a": totals(1)}, drops))
    assert "and 999 more files imported before" in text
    assert "1.csv" not in text


def test_without_a_terminal_there_is_nothing_but_ascii() -> None:
    text = shown(report(BIG, example="plain"))
    assert text.isascii()
    assert "\x1b" not in text
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_colours_come_only_where_they_are_wanted() -> None:
    assert "\x1b[" in shown(report(BIG), Look(80, lines=True, colour=True))
    assert "\x1b" not in shown(report(BIG), Look(80, lines=True))


@given(st.text())
def test_no_value_can_steer_the_terminal(text: str) -> None:
    clean = safe(text)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in clean)
    assert not set(clean) & set(
        "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


@pytest.mark.parametrize(
    "name", ["[/etc]", "[bold]x[/bold]", ":smile:", "\x1b[31mred", "\u202egnp"]
)
def test_data_is_never_read_as_markup(name: str) -> None:
    drop = DropReport("x", "a", f"{name}.csv", "0", 0, "failed", "a", 1, Totals(), ())
    text = shown(report({name: totals(1)}, (drop,), example=name))
    assert safe(name) in text
    assert "\x1b" not in text
