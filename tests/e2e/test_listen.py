"""Webhooks from outside: a real receiver over real sockets, and what survives its death."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cli_process import COMMAND, Answer, environment, make, run

SECRETS = {"HOOK_SECRET": "let-me-in", "OLD_SECRET": "long-ago"}
PROFILE = """
title = "Hooks"
version = 1
[format]
reader = "json"
lines = "lines"
[group]
by = "DOCUMENT"
copies = false
[defaults]
currency = "EUR"
[order]
order_number = "number"
ordered_at = "at"
buyer_note = "note"
[line]
sku = "lines.sku"
qty_ordered = "lines.quantity"
unit_price = "lines.price"
[rules]
optional = ["ship_to"]
[source]
kind = "webhook"
[source.webhook]
secrets = ["${HOOK_SECRET}", "${OLD_SECRET}"]
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make(tmp_path / "shop")


class Listener:
    """A running `listen`, and a sender to it."""

    def __init__(self, root: Path, port: int, *options: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [*COMMAND, "listen", "--port", str(port), "--seal", "0.3s", *options, "-w", str(root)],
            env=environment(**SECRETS),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.wait()

    def wait(self) -> None:
        for _ in range(600):
            try:
                httpx2.get(f"{self.url}/health")
            except httpx2.HTTPError:
                assert self.process.poll() is None, self.process.communicate()
                time.sleep(0.1)
            else:
                return
        raise AssertionError("it does not listen")

    def post(self, body: bytes, path: str = "/hooks/shop-a", **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx2.post(self.url + path, content=body, headers=named).status_code

    def signed(self, body: bytes, secret: str = "let-me-in", **headers: str) -> int:
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return self.post(body, X_Signature=digest, **headers)

    def end(self) -> tuple[str, str]:
        self.process.terminate()
        return self.process.communicate(timeout=30)


@contextmanager
def listening(root: Path, *options: str) -> Iterator[Listener]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    listener = Listener(root, port, *options)
    try:
        yield listener
    finally:
        listener.process.kill()
        listener.process.communicate()


def profile(root: Path, more: str = "") -> None:
    (root / "profiles/shop-a.toml").write_text(PROFILE + more)


def event(number: object, **more: Any) -> bytes:
    line = {"sku": "A-1", "quantity": 1, "price": "9.95"}
    order = {"number": f"H{number}", "at": "2026-11-20T10:00:00Z", "lines": [line], **more}
    return json.dumps(order, indent=1, ensure_ascii=False).encode()


def imported(root: Path, code: int = 0) -> Answer:
    answer = run("run", "--json", "-w", str(root), **SECRETS)
    assert answer.code == code, answer.out + answer.err
    return answer


def accepted(answer: Answer) -> int:
    return answer.json["totals"]["orders_accepted"]


def test_a_signed_event_is_an_order_of_the_next_run(shop: Path) -> None:
    profile(shop)
    with listening(shop) as listener:
        assert listener.signed(event(1, note="zwei\nZeilen, ä")) == 200
        assert listener.signed(event(2), secret="long-ago") == 200
        out, err = listener.end()
    assert "2 events taken, 0 refused" in out + err or "stopped by SIGTERM" in err
    answer = imported(shop)
    assert accepted(answer) == 2
    [drop] = answer.json["drops"]
    assert drop["name"].endswith(".ndjson")
    orders = (shop / "out/accepted" / answer.json["run_id"] / "orders.csv").read_text()
    assert "zwei" in orders
    assert not list((shop / ".oms-import/spool/shop-a").iterdir())
    assert imported(shop).json["status"] == "noop"


def test_what_nobody_signed_is_too_large_or_no_json_is_refused(shop: Path) -> None:
    profile(shop, "max_bytes = 500\n")
    with listening(shop) as listener:
        assert listener.post(event(1)) == 401
        assert listener.post(event(1), X_Signature="00") == 401
        assert listener.signed(event(1), secret="guess") == 401
        assert listener.signed(event(1, note="x" * 600)) == 413
        assert listener.signed(b"{half") == 400
        assert listener.post(event(1), path="/hooks/other") == 404
        assert httpx2.get(f"{listener.url}/health").json() == {
            "status": "ok",
            "taken": 0,
            "refused": 4,
        }
        _, err = listener.end()
    assert "H1" not in err
    assert imported(shop).json["status"] == "noop"


def test_shops_sign_in_their_own_way_and_a_repeated_event_is_taken_once(shop: Path) -> None:
    profile(shop, 'verify = "shopify"\ntopics = ["orders/create"]\n')
    with listening(shop) as listener:
        body = event(1)
        digest = base64.b64encode(hmac.digest(b"let-me-in", body, "sha256")).decode()
        headers = {
            "X_Shopify_Hmac_Sha256": digest,
            "X_Shopify_Webhook_Id": "e-1",
            "X_Shopify_Topic": "orders/create",
        }
        assert listener.post(body, **headers) == 200
        assert listener.post(body, **headers) == 200
        assert listener.post(body, **headers | {"X_Shopify_Topic": "carts/update"}) == 200
        assert listener.post(body, **headers | {"X_Shopify_Hmac_Sha256": "AAAA"}) == 401
    answer = imported(shop)
    assert answer.json["totals"]["orders_read"] == 1


def test_an_old_event_is_no_new_one(shop: Path) -> None:
    profile(shop, 'timestamp_header = "X-Time"\nprefix = "v1="\nreplay_seconds = 60\n')
    with listening(shop) as listener:

        def sent(at: int) -> int:
            signed = f"{at}.".encode() + event(1)
            digest = hmac.new(b"let-me-in", signed, hashlib.sha256).hexdigest()
            return listener.post(event(1), X_Time=str(at), X_Signature=f"v1={digest}")

        assert sent(int(time.time())) == 200
        assert sent(int(time.time()) - 120) == 401
        assert sent(int(time.time()) + 120) == 401


def test_a_full_spool_asks_senders_to_wait_until_a_run_has_taken_it(shop: Path) -> None:
    profile(shop)
    with listening(shop, "--spool-mb", "1") as listener:
        big = [event(number, note="x" * 400_000) for number in range(3)]
        assert [listener.signed(one) for one in big] == [200, 200, 200]
        time.sleep(1.2)
        assert listener.signed(event(9)) == 429
        time.sleep(0.5)
        assert accepted(imported(shop)) == 3
        time.sleep(1.2)
        assert listener.signed(event(9)) == 200
        time.sleep(1)
        assert accepted(imported(shop)) == 1


def test_a_torn_event_at_the_end_of_a_segment_was_never_acknowledged(shop: Path) -> None:
    profile(shop)
    folder = shop / ".oms-import/spool/shop-a"
    folder.mkdir(parents=True)
    whole = event(1).replace(b"\n", b" ")
    (folder / "20260101T000000000000.open").write_bytes(whole + b"\n" + whole[:20])
    assert accepted(imported(shop)) == 1


def test_one_listener_at_a_time_and_wrong_settings_are_told(shop: Path) -> None:
    profile(shop)
    with listening(shop):
        second = run("listen", "--port", "0", "-w", str(shop), **SECRETS)
        assert second.code == 11
    assert run("listen", "-w", str(shop)).code == 2
    profile(shop, 'path = "hooks"\n')
    assert "begins with /" in run("listen", "-w", str(shop), **SECRETS).err


def storm(root: Path, events: int) -> None:
    """Bursts from several senders while the receiver is killed twice and runs go on."""
    profile(root)
    acknowledged: set[int] = set()
    left = list(range(events))
    rng = random.Random(7)
    for phase in range(3):
        share = left[: max(1, events // 3)] if phase < 2 else left
        with listening(root) as listener, ThreadPoolExecutor(8) as senders, httpx2.Client() as http:

            def send(
                number: int, http: httpx2.Client = http, url: str = listener.url
            ) -> int | None:
                body = event(number)
                digest = hmac.new(b"let-me-in", body, hashlib.sha256).hexdigest()
                headers = {"X-Signature": digest}
                try:
                    answer = http.post(f"{url}/hooks/shop-a", content=body, headers=headers)
                except httpx2.HTTPError:
                    return None
                return number if answer.status_code == 200 else None

            sent = [senders.submit(send, number) for number in share]
            if phase < 2:
                while sum(one.done() for one in sent) < len(share) * rng.uniform(0.3, 0.8):
                    time.sleep(0.005)
                listener.process.kill()
            acknowledged |= {one for one in (each.result() for each in sent) if one is not None}
        imported(root)
        left = [number for number in left if number not in acknowledged]
    imported(root)
    assert not left
    found = [
        line.split(",")[3]
        for path in root.glob("out/accepted/*/orders.csv")
        for line in path.read_text().splitlines()[1:]
    ]
    assert sorted(found) == sorted(f"H{number}" for number in range(events))
    assert run("history", "verify", "-w", str(root)).code == 0


def test_every_acknowledged_event_is_in_history_once_though_the_receiver_was_killed(
    shop: Path,
) -> None:
    storm(shop, 600)


@pytest.mark.nightly
def test_ten_thousand_events_and_two_deaths(shop: Path) -> None:
    storm(shop, 10_000)
