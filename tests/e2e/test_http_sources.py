"""Drops from portals and REST APIs, from outside: `run` logs in, turns pages, fetches, imports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_process import HEADER, PROFILE, Answer, make, row, run
from portal_server import Portal

SECRETS = {"PORTAL_SECRET": "let-me-in", "API_KEY": "k-9"}
FORM = """
[source.http.auth]
kind = "form"
login_url = "{url}/login"
user = "me"
password = "${{PORTAL_SECRET}}"
csrf_meta = "csrf"
success = "a.logout"
"""
PORTAL = (
    """
[source]
kind = "portal"
pattern = "*.csv"
[source.http]
url = "{url}/orders"
[source.http.files]
links = "a.file"
[source.http.pages]
by = "next"
next = "a[rel=next]"
"""
    + FORM
)
OAUTH = """
[source.http.auth]
kind = "oauth2"
token_url = "{url}/token"
client_id = "me"
client_secret = "${{PORTAL_SECRET}}"
"""
REST = """
title = "API"
version = 1
[format]
reader = "json"
orders = "data.orders"
lines = "lines"
[group]
by = "DOCUMENT"
copies = false
[defaults]
currency = "EUR"
[source]
kind = "rest"
[source.http]
url = "{url}/api/orders?since={{since:%Y-%m-%dT%H:%M:%SZ}}"
[source.http.pages]
by = "cursor"
param = "after"
cursor = "meta.next"
items = "data.orders"
size_param = "size"
size = 2
[order]
order_number = "number"
ordered_at = "updated"
[line]
sku = "lines.sku"
qty_ordered = "lines.quantity"
unit_price = "lines.price"
[rules]
optional = ["ship_to"]
"""


WRITTEN_OUT = """
[source]
kind = "rest"
[source.http]
url = "https://a.example"
[source.http.auth]
kind = "bearer"
token = "abc"
"""


@pytest.fixture
def portal() -> Iterator[Portal]:
    server = Portal()
    yield server
    server.close()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make(tmp_path / "shop")


def profile(root: Path, portal: Portal, text: str, base: str = PROFILE) -> None:
    (root / "profiles/shop-a.toml").write_text(base + text.format(url=portal.url))


def imported(root: Path, code: int = 0, *more: str) -> Answer:
    answer = run("run", "--json", "-w", str(root), *more, **SECRETS)
    assert answer.code == code, answer.out + answer.err
    assert "Traceback" not in answer.err
    return answer


def accepted(answer: Answer) -> int:
    return answer.json["totals"]["orders_accepted"]


def order(number: int, updated: str = "2026-11-20T10:00:00Z") -> dict[str, Any]:
    line = {"sku": f"S-{number}", "quantity": 1, "price": "9.95"}
    return {"number": f"R{number}", "updated": updated, "lines": [line]}


def test_a_portal_is_logged_into_and_every_file_of_its_pages_is_taken_once(
    shop: Path, portal: Portal
) -> None:
    profile(shop, portal, PORTAL)
    for number in range(5):
        portal.files[f"o{number}.csv"] = (HEADER + row(f"P{number}")).encode()
    portal.files["readme.txt"] = b"no drop"
    first = imported(shop)
    assert accepted(first) == 5
    assert {one["name"] for one in first.json["drops"]} == {f"o{n}.csv" for n in range(5)}
    portal.files["o9.csv"] = (HEADER + row("P9")).encode()
    before = len(portal.asked)
    assert accepted(imported(shop)) == 1
    fetched = [one for one in portal.asked[before:] if "/files/" in one]
    assert fetched == ["GET /files/o9.csv"]
    kept = [path for path in shop.rglob("*") if path.is_file()]
    assert not any(b"let-me-in" in path.read_bytes() for path in kept)


def test_a_session_that_ends_amid_the_files_is_begun_again_and_no_page_is_taken_for_a_file(
    shop: Path, portal: Portal
) -> None:
    profile(shop, portal, PORTAL)
    for number in range(4):
        portal.files[f"o{number}.csv"] = (HEADER + row(f"P{number}")).encode()
    portal.session_lasts = 5  # home, two pages, two files
    assert accepted(imported(shop)) == 4
    assert portal.asked.count("POST /session") == 2


def test_a_wrong_password_and_a_question_for_a_code_are_told_in_plain_words(
    shop: Path, portal: Portal
) -> None:
    profile(shop, portal, PORTAL.replace("PORTAL_SECRET", "API_KEY"))
    told = imported(shop, 6).json["channels"][0]["error"]
    assert "nothing on the page after it fits a.logout" in told
    portal.challenge = True
    run("channels", "retry", "shop-a", "-w", str(shop))
    assert "asks for a code or a captcha" in imported(shop, 6).json["channels"][0]["error"]


def test_a_download_that_is_cut_is_made_again_and_half_a_file_is_never_taken(
    shop: Path, portal: Portal
) -> None:
    profile(shop, portal, PORTAL)
    portal.files["o1.csv"] = (HEADER + "".join(row(f"P{n}") for n in range(500))).encode()
    portal.cut.add("/files/o1.csv")
    answer = imported(shop)
    assert accepted(answer) == 500
    assert any("o1.csv took 2 attempts" in note for note in answer.json["notes"])


def test_an_api_is_read_page_by_page_and_asked_only_for_what_is_new(
    shop: Path, portal: Portal
) -> None:
    profile(shop, portal, REST + OAUTH, base="")
    portal.orders = [order(n) for n in range(5)]
    first = imported(shop)
    assert accepted(first) == 5
    assert len(first.json["drops"]) == 3
    assert imported(shop).json["status"] == "noop"
    portal.orders.append(order(9, "2099-01-01T00:00:00Z"))
    portal.expire_token()
    assert accepted(imported(shop)) == 1
    asked = [one for one in portal.asked if "/api/orders" in one]
    assert "since=2026-11" in asked[0]
    assert asked[0].partition("since=")[2][:10] < asked[-1].partition("since=")[2][:10]


def test_a_dry_run_and_a_run_that_is_cut_move_no_watermark(shop: Path, portal: Portal) -> None:
    profile(shop, portal, REST + OAUTH, base="")
    portal.orders = [order(1)]
    imported(shop, 0, "--dry-run")
    portal.faults["/api/orders"] = [(500, {}, b"")] * 4
    imported(shop, 5)
    first = [one for one in portal.asked if "/api/orders" in one]
    assert accepted(imported(shop)) == 1
    last = [one for one in portal.asked if "/api/orders" in one][-1]
    assert first[0].partition("since=")[2][:12] == last.partition("since=")[2][:12]


def test_a_server_that_asks_for_patience_is_given_it(shop: Path, portal: Portal) -> None:
    key = '[source.http.auth]\nkind = "query"\nname = "key"\ntoken = "${{API_KEY}}"\n'
    profile(shop, portal, REST + key, base="")
    portal.orders = [order(1)]
    portal.faults["/api/orders"] = [(429, {"Retry-After": "0"}, b""), (503, {}, b"")]
    assert accepted(imported(shop)) == 1
    report = "".join(path.read_text() for path in shop.glob("out/reports/*/report.json"))
    assert "k-9" not in report


def test_credentials_go_to_no_other_server(shop: Path, portal: Portal) -> None:
    listed = """
[source]
kind = "portal"
[source.http]
url = "{url}/api/documents"
headers = {{ X-Own = "1" }}
[source.http.files]
items = "documents"
id = "id"
name = "name"
"""
    other = Portal()
    portal.elsewhere = other.url
    portal.files["o1.csv"] = other.files["o1.csv"] = (HEADER + row("P1")).encode()
    profile(shop, portal, listed + OAUTH)
    assert accepted(imported(shop)) == 1
    assert imported(shop).json["status"] == "noop"  # another signature, the same file
    assert other.seen_headers
    assert not any({"Authorization", "X-Own"} & set(one) for one in other.seen_headers)
    other.close()


def test_channels_check_lists_without_fetching_and_a_login_page_is_no_list(
    shop: Path, portal: Portal
) -> None:
    profile(shop, portal, PORTAL)
    portal.files["o1.csv"] = (HEADER + row("P1")).encode()
    told = run("channels", "check", "--json", "-w", str(shop), **SECRETS)
    assert told.code == 0, told.out
    assert told.json["channels"][0]["ready"] == 1
    assert not any("/files/" in one for one in portal.asked)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('[source]\nkind = "rest"\n', "begins with https:// or http://"),
        ('[source]\nkind = "portal"\n[source.http]\nurl = "https://a.example"\n', "needs links"),
        (WRITTEN_OUT, "secrets never stand in a profile"),
    ],
)
def test_a_profile_that_cannot_work_is_refused_before_the_run(
    shop: Path, text: str, what: str
) -> None:
    (shop / "profiles/shop-a.toml").write_text(PROFILE + text)
    answer = run("run", "-w", str(shop))
    assert answer.code == 2
    assert what in answer.err
