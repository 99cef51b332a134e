"""EDI from outside: orders in, acknowledgements out, and what is kept from being released."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from cli_process import Command, make

from oms_import.model.values import Limits
from oms_import.readers.edi.opening import open_edifact, open_x12
from oms_import.readers.spec import ReadSpec


def x12(
    number: str,
    orders: dict[str, int],
    *,
    sender: str = "RETAILER",
    usage: str = "P",
    sets: int | None = None,
) -> str:
    """An interchange of 850s: order number → quantity of its one line."""
    segments = [
        (
            f"ISA*00*          *00*          *ZZ*{sender:15}*ZZ*{'US':15}*260115*1200*U*00401*"
            f"{number:0>9}*1*{usage}*>"
        ),
        f"GS*PO*{sender}*US*20260115*1200*{number}*X*004010",
    ]
    for place, (order, quantity) in enumerate(orders.items(), 1):
        segments += [
            f"ST*850*{place:04}",
            f"BEG*00*SA*{order}**20260115",
            "CUR*BY*USD",
            "REF*DP*0123",
            "N1*ST*STORE 7*92*0007",
            "N1*BY*RETAILER INC*92*0001",
            f"PO1*1*{quantity}*EA*2.50**VN*SKU-1*UP*012345678905",
            "SDQ*EA*92*0007*1*0008*1",
            "CTT*1",
            f"SE*10*{place:04}",
        ]
    segments += [f"GE*{len(orders) if sets is None else sets}*{number}", f"IEA*1*{number:0>9}"]
    return "~".join(segments) + "~"


@pytest.fixture
def trade(tmp_path: Path) -> Path:
    root = make(tmp_path / "trade")
    (root / "profiles/shop-a.toml").unlink(missing_ok=True)
    (root / "profiles/retail.toml").write_text(
        'extends = "x12-850"\n[edi]\nacknowledge = ["997", "TA1", "855"]\n'
    )
    (root / "drops/retail").mkdir(parents=True)
    return root


def ran(command: Command, root: Path, code: int = 0, **files: str) -> dict[str, Any]:
    for name, text in files.items():
        (root / f"drops/retail/{name}.x12").write_text(text)
    answer = command("run", "--json", "-w", str(root))
    assert answer.code == code, answer.out + answer.err
    return answer.json


def folder(root: Path, kind: str, report: dict[str, Any]) -> Path:
    return root / "out" / kind / report["run_id"]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_an_850_is_accepted_with_its_splits_and_what_nobody_mapped(
    command: Command, trade: Path
) -> None:
    report = ran(command, trade, a=x12("1", {"0012": 2}))
    accepted = folder(trade, "accepted", report)
    [order] = rows(accepted / "orders.csv")
    assert (order["order_number"], order["currency"], order["purpose"]) == ("0012", "USD", "new")
    [line] = rows(accepted / "order_lines.csv")
    assert (line["sku"], line["gtin"], line["qty_ordered"]) == ("SKU-1", "012345678905", "2.0000")
    splits = rows(accepted / "line_allocations.csv")
    assert [(one["party"], one["quantity"]) for one in splits] == [
        ("0007", "1.0000"),
        ("0008", "1.0000"),
    ]
    kept = {one["name"]: one["value"] for one in rows(accepted / "order_attributes.csv")}
    assert kept["REF[DP]"] == "REF*DP*0123"


def test_acknowledgements_are_published_and_our_own_reader_reads_them(
    command: Command, trade: Path, tmp_path: Path
) -> None:
    report = ran(command, trade, a=x12("1", {"A1": 1, "A2": 1}))
    acks = folder(trade, "acks", report)
    manifest = json.loads((acks / "manifest.json").read_text())
    names = [file["path"] for file in manifest["files"]]
    assert names == [f"retail/a.x12.1.{kind}.edi" for kind in ("855", "997", "TA1")]
    types: list[str] = []
    controls: list[str] = []
    for name in names:
        source = open_x12(acks / name, ReadSpec(), tmp_path, Limits())
        assert source.envelopes.faults == ()
        [interchange] = source.envelopes.interchanges
        assert (interchange.sender, interchange.receiver) == ("US", "RETAILER")
        controls.append(interchange.control)
        types += source.envelopes.messages["type"].to_list()
    assert types == ["855", "855", "997"]
    assert len(set(controls)) == 3
    assert "AK9*A*2*2*2" in (acks / "retail/a.x12.1.997.edi").read_text()


def test_control_numbers_are_never_used_twice(command: Command, trade: Path) -> None:
    used: set[str] = set()
    for number in ("1", "2", "3"):
        report = ran(command, trade, **{f"f{number}": x12(number, {f"N{number}": 1})})
        for path in folder(trade, "acks", report).glob("*/*.edi"):
            control = path.read_text().split("*")[13]
            assert control not in used
            used.add(control)
    assert len(used) == 9


def test_a_wrong_count_rejects_the_orders_and_the_997_says_so(
    command: Command, trade: Path
) -> None:
    report = ran(command, trade, 3, a=x12("1", {"A1": 1}, sets=2))
    assert report["totals"]["orders_rejected"] == 1
    [reason] = [one for one in report["reasons"] if one["code"] == "EDI_COUNT"]
    assert "GE" in reason["example"]
    text = (folder(trade, "acks", report) / "retail/a.x12.1.997.edi").read_text()
    assert "AK9*R*2*1*0*5" in text


def test_a_lenient_channel_takes_them_with_a_warning(command: Command, trade: Path) -> None:
    with (trade / "profiles/retail.toml").open("a") as file:
        file.write("[format]\nstrict = false\n")
    report = ran(command, trade, a=x12("1", {"A1": 1}, sets=2))
    assert report["totals"]["orders_accepted"] == 1
    [told] = [one for one in report["drops"][0]["findings"] if one["code"] == "EDI_COUNT"]
    assert told["severity"] == "warning"
    assert told["location"]["pointer"].startswith("interchange 1, group 1")


def test_a_test_interchange_waits_unless_the_partner_is_released(
    command: Command, trade: Path
) -> None:
    first = ran(command, trade, 3, a=x12("1", {"A1": 1}, usage="T"))
    assert first["totals"]["orders_held"] == 1
    with (trade / "profiles/retail.toml").open("a") as file:
        file.write('[[partner]]\nsender = "ZZ:TESTER"\ntest = "release"\naccount = "lab"\n')
        file.write('[[partner]]\nsender = "RETAILER"\n')
    second = ran(command, trade, b=x12("2", {"A1": 1}, usage="T", sender="TESTER"))
    assert second["totals"]["orders_accepted"] == 1
    [order] = rows(folder(trade, "accepted", second) / "orders.csv")
    assert order["order_key"] == "retail/lab/A1"


def test_an_unknown_partner_is_refused_by_name(command: Command, trade: Path) -> None:
    with (trade / "profiles/retail.toml").open("a") as file:
        file.write('[[partner]]\nsender = "RETAILER"\n')
    report = ran(command, trade, 3, a=x12("1", {"A1": 1}, sender="STRANGER"))
    [reason] = [one for one in report["reasons"] if one["code"] == "PARTNER_UNKNOWN"]
    assert "ZZ:STRANGER" in reason["example"]


def test_a_control_number_again_holds_new_orders_and_known_ones_are_duplicates(
    command: Command, trade: Path
) -> None:
    ran(command, trade, a=x12("7", {"A1": 1}))
    report = ran(command, trade, 3, b=x12("7", {"A1": 1, "A2": 1}))
    assert report["totals"]["orders_duplicate"] == 1
    assert report["totals"]["orders_held"] == 1
    [reason] = [one for one in report["reasons"] if one["code"] == "EDI_INTERCHANGE_SEEN"]
    assert "control number 000000007 of RETAILER" in reason["example"]


def test_a_retry_reads_the_same_interchange_again_and_holds_nothing(
    command: Command, trade: Path
) -> None:
    first = ran(command, trade, 3, a=x12("1", {"A1": 1}, sets=2))
    assert first["totals"]["orders_rejected"] == 1
    with (trade / "profiles/retail.toml").open("a") as file:
        file.write("[format]\nstrict = false\n")
    again = command("retry", "--json", "-w", str(trade))
    assert again.code == 0, again.out + again.err
    assert again.json["totals"]["orders_accepted"] == 1
    held = ran(command, trade, 3, b=x12("1", {"A2": 1}))
    assert held["totals"]["orders_held"] == 1


def test_other_documents_are_told_and_no_error(command: Command, trade: Path) -> None:
    invoice = x12("1", {"A1": 1}).replace("ST*850*", "ST*810*").replace("GS*PO*", "GS*IN*")
    report = ran(command, trade, a=invoice + x12("2", {"A2": 1}))
    assert report["totals"]["orders_accepted"] == 1
    told = [one["code"] for one in report["drops"][0]["findings"]]
    assert "EDI_DOCUMENT_IGNORED" in told


def test_rejected_rows_come_back_corrected_as_a_table(command: Command, trade: Path) -> None:
    report = ran(command, trade, 3, a=x12("1", {"A1": 0, "A2": -1}))
    [file] = folder(trade, "rejected", report).glob("retail/*.csv")
    text = file.read_text().replace("-1", "1")
    file.chmod(0o600)
    corrected = trade / file.name
    corrected.write_text(text)
    answer = command("retry", "--from", str(corrected), "--json", "-w", str(trade))
    assert answer.code == 0, answer.out
    assert answer.json["totals"]["orders_accepted"] == 1


def test_a_csv_channel_says_so_when_it_is_sent_edi(command: Command, trade: Path) -> None:
    (trade / "profiles/table.toml").write_text('extends = "csv-generic"\n')
    path = trade / "a.x12"
    path.write_text(x12("1", {"A1": 1}))
    answer = command("import", "table", str(path), "--json", "-w", str(trade))
    assert answer.code == 4
    [finding] = answer.json["drops"][0]["findings"]
    assert finding["code"] == "FORMAT_UNKNOWN"
    assert "x12" in finding["message"]


EDIFACT = (
    "UNA:+.? 'UNB+UNOC:3+4000000000001:14+5000000000002:14+260115:1200+77++++1'"
    "UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+PO?+1+9'DTM+137:20260115:102'"
    "NAD+BY+4000000000001::9'NAD+DP+4000000000018::9'CUX+2:EUR:9'"
    "LIN+1++4000862141404:EN'PIA+5+ABC1:SA'QTY+21:5'PRI+AAA:2.5'"
    "LOC+7+3312345502000::9'QTY+11:5'UNS+S'CNT+2:1'UNT+15+1'UNZ+1+77'"
)


def test_edifact_is_answered_with_contrl_and_ordrsp(
    command: Command, trade: Path, tmp_path: Path
) -> None:
    (trade / "profiles/euro.toml").write_text(
        'extends = "edifact-orders"\n[edi]\nacknowledge = ["CONTRL", "ORDRSP"]\n'
    )
    path = trade / "orders.edi"
    path.write_text(EDIFACT)
    answer = command("import", "euro", str(path), "--json", "-w", str(trade))
    assert answer.code == 0, answer.out
    accepted = folder(trade, "accepted", answer.json)
    [order] = rows(accepted / "orders.csv")
    assert (order["order_number"], order["currency"]) == ("PO+1", "EUR")
    [split] = rows(accepted / "line_allocations.csv")
    assert (split["party"], split["quantity"]) == ("3312345502000", "5.0000")
    acks = folder(trade, "acks", answer.json) / "euro"
    for kind in ("CONTRL", "ORDRSP"):
        source = open_edifact(acks / f"orders.edi.1.{kind}.edi", ReadSpec(), tmp_path, Limits())
        assert source.envelopes.faults == ()
        assert source.envelopes.messages["type"].to_list() == [kind]


def test_a_number_that_comes_twice_in_one_file_is_held_the_second_time(
    command: Command, trade: Path
) -> None:
    report = ran(command, trade, 3, a=x12("9", {"A1": 1}) + x12("9", {"A2": 1}))
    assert (report["totals"]["orders_accepted"], report["totals"]["orders_held"]) == (1, 1)


def test_an_interchange_of_which_nothing_was_taken_may_be_sent_again(
    command: Command, trade: Path
) -> None:
    whole = x12("9", {"A1": 1})
    ran(command, trade, 3, a=whole.replace("IEA*1", "IEA*2"))
    report = ran(command, trade, b=whole)
    assert report["totals"]["orders_accepted"] == 1


def test_answers_follow_the_partner_s_own_strictness(command: Command, trade: Path) -> None:
    with (trade / "profiles/retail.toml").open("a") as file:
        file.write('[[partner]]\nsender = "ZZ:RETAILER"\nstrict = false\n')
    report = ran(command, trade, a=x12("1", {"A1": 1}, sets=2))
    assert report["totals"]["orders_accepted"] == 1
    acks = folder(trade, "acks", report) / "retail"
    assert "AK9*E*2*1*1*5" in (acks / "a.x12.1.997.edi").read_text()
    assert "BAK*00*A" in (acks / "a.x12.1.855.edi").read_text()


def test_nobody_is_answered_who_is_no_partner(command: Command, trade: Path) -> None:
    with (trade / "profiles/retail.toml").open("a") as file:
        file.write('[[partner]]\nsender = "RETAILER"\n')
    report = ran(command, trade, 3, a=x12("1", {"A1": 1}, sender="STRANGER"))
    assert not list(trade.glob(f"out/acks/{report['run_id']}/**/*.edi"))


def test_orders_that_a_retry_accepts_are_answered(command: Command, trade: Path) -> None:
    profile = trade / "profiles/retail.toml"
    before = profile.read_text()
    profile.write_text(before + '[rules]\nrequired = ["line.title"]\n')
    first = ran(command, trade, 3, a=x12("1", {"A1": 1, "A2": 1}))
    told = (folder(trade, "acks", first) / "retail/a.x12.1.855.edi").read_text()
    assert "BAK*00*R" in told
    profile.write_text(before)
    again = command("retry", "--json", "-w", str(trade)).json
    assert again["totals"]["orders_accepted"] == 2
    acks = folder(trade, "acks", again) / "retail"
    assert [one.name for one in acks.iterdir()] == ["a.x12.1.855.edi"]
    assert (acks / "a.x12.1.855.edi").read_text().count("BAK*00*A") == 2


def test_an_order_without_its_beginning_segment_is_refused_in_the_997(
    command: Command, trade: Path
) -> None:
    text = x12("1", {"A1": 1, "A2": 1}).replace("BEG*00*SA*A1**20260115~", "")
    text = text.replace("SE*10*0001", "SE*9*0001")
    report = ran(command, trade, 3, a=text)
    assert (report["totals"]["orders_accepted"], report["totals"]["orders_rejected"]) == (1, 1)
    answer = (folder(trade, "acks", report) / "retail/a.x12.1.997.edi").read_text()
    assert "AK5*R*5" in answer
    assert "AK9*P*2*2*1" in answer


def test_a_cancellation_without_lines_waits_for_a_person(command: Command, trade: Path) -> None:
    text = x12("1", {"A1": 1}).replace("BEG*00*", "BEG*01*")
    text = "~".join(s for s in text.split("~") if not s.startswith(("PO1", "SDQ", "CTT")))
    report = ran(command, trade, 3, a=text.replace("SE*10*", "SE*7*"))
    assert report["totals"]["orders_held"] == 1
    assert [one["code"] for one in report["reasons"]] == ["PURPOSE_NOT_NEW"]


@pytest.mark.parametrize(
    ("basis", "price"),
    [("", "250.000000"), ("PE", "250.000000"), ("HP", "2.500000"), ("TP", "0.250000")],
)
def test_a_price_for_many_is_the_price_of_one(
    command: Command, trade: Path, basis: str, price: str
) -> None:
    text = x12("1", {"A1": 1}).replace("*EA*2.50**", f"*EA*250*{basis}*")
    report = ran(command, trade, a=text)
    assert rows(folder(trade, "accepted", report) / "order_lines.csv")[0]["unit_price"] == price


def test_an_855_repeats_ids_units_prices_and_parties_as_the_order_wrote_them(
    command: Command, trade: Path
) -> None:
    (trade / "profiles/retail.toml").write_text(
        'extends = "x12-850"\n[edi]\nacknowledge = ["855"]\n'
        '[line.uom]\nfrom = "PO1[*].PO103"\nmap = { CA = "CASE" }\nother = "keep"\n'
    )
    text = x12("1", {"A1": 3, "A2": 4})
    asked = "PO1*007*3*CA*250*HP*SK*B-9*VA*SKU-1*UP*012345678905"
    text = text.replace("PO1*1*3*EA*2.50**VN*SKU-1*UP*012345678905", asked)
    report = ran(command, trade, a=text)
    [line, _] = rows(folder(trade, "accepted", report) / "order_lines.csv")
    assert (line["uom"], line["sku"]) == ("CASE", "SKU-1")
    told = (folder(trade, "acks", report) / "retail/a.x12.1.855.edi").read_text().split("~")
    assert asked in told
    assert "ACK*IA*3*CA" in told
    assert "PO1*1*4*EA*2.50**VN*SKU-1*UP*012345678905" in told
    assert told.count("CUR*BY*USD") == 2
    assert told.count("N1*ST**92*0007") == told.count("N1*BY**92*0001") == 2


def test_an_ordrsp_repeats_ids_prices_and_parties_as_the_order_wrote_them(
    command: Command, trade: Path
) -> None:
    (trade / "profiles/euro.toml").write_text(
        'extends = "edifact-orders"\n[edi]\nacknowledge = ["ORDRSP"]\n'
    )
    path = trade / "orders.edi"
    text = EDIFACT.replace("QTY+21:5'", "QTY+21:5:PCE'").replace("AAA:2.5", "AAB:2,50:CA::10:PCE")
    path.write_text(
        text.replace("NAD+BY+4000000000001::9", "NAD+BY+B7::92").replace(":SA'", ":MF'")
    )
    answer = command("import", "euro", str(path), "--json", "-w", str(trade))
    told = (folder(trade, "acks", answer.json) / "euro/orders.edi.1.ORDRSP.edi").read_text()
    for segment in (
        "LIN+1+5+4000862141404:EN'", "PIA+1+ABC1:MF'", "QTY+21:5:PCE'", "PRI+AAB:2.50:CA::10:PCE'",
        "NAD+BY+B7::92'", "NAD+DP+4000000000018::9'", "CUX+2:EUR:9'",
    ):  # fmt: skip
        assert segment in told, told


def test_every_line_of_long_and_short_drops_is_answered_with_its_own_ids(
    command: Command, trade: Path
) -> None:
    settings = trade / "oms-import.toml"
    settings.write_text(settings.read_text().replace("[limits]", "[limits]\nbatch_rows = 40"))
    long = x12("1", {f"L{n}": n for n in range(1, 30)})
    for n in range(1, 30):
        long = long.replace(f"PO1*1*{n}*EA*2.50**VN*SKU-1", f"PO1*1*{n}*EA*2.50**MG*M-{n}")
    report = ran(command, trade, a=long, b=x12("2", {"S1": 7}), c=x12("3", {"S2": 8}))
    acks = folder(trade, "acks", report) / "retail"
    told = (acks / "a.x12.1.855.edi").read_text()
    assert all(f"PO1*1*{n}*EA*2.50**MG*M-{n}*UP" in told for n in range(1, 30))
    assert "PO1*1*7*EA*2.50**VN*SKU-1" in (acks / "b.x12.1.855.edi").read_text()
    assert "PO1*1*8*EA*2.50**VN*SKU-1" in (acks / "c.x12.1.855.edi").read_text()


def test_a_tax_of_a_line_is_the_lines_own(command: Command, trade: Path) -> None:
    text = x12("1", {"A1": 2}).replace("SDQ*", "TXI*ST*0.41~SDQ*").replace("SE*10", "SE*11")
    report = ran(command, trade, a=text)
    [tax] = rows(folder(trade, "accepted", report) / "order_taxes.csv")
    assert (tax["scope"], tax["line_no"], tax["amount"]) == ("line", "1", "0.4100")
