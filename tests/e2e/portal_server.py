"""A portal and an API with the habits of real ones: login, sessions that end, pages, limits."""

from __future__ import annotations

import json
import threading
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

LOGIN = """<!DOCTYPE html><html><head><meta name="csrf" content="meta-7"></head><body>
<form action="/session" method="post"><input type="hidden" name="nonce" value="n-42">
<input name="username"><input type="password" name="password"></form></body></html>"""
HOME = '<html><body><a class="logout" href="/logout">out</a></body></html>'


class Portal:
    """Files behind a login form at /orders, an API at /api/orders, tokens at /token."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.orders: list[dict[str, Any]] = []
        self.asked: list[str] = []  # method and path with query of every request
        self.seen_headers: list[dict[str, str]] = []
        self.faults: dict[str, list[tuple[int, dict[str, str], bytes]]] = {}
        self.cut: set[str] = set()  # paths whose first answer ends too early
        self.session_lasts = 1000  # requests
        self.challenge = False
        self.elsewhere = ""  # where /api/documents says the files are
        self._sessions: dict[str, int] = {}
        self._tokens = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(  # noqa: PLR0911 - a line each page
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], form: str
    ) -> tuple[int, dict[str, str], bytes]:
        if self.faults.get(path):
            return self.faults[path].pop(0)
        if path == "/login":
            return 200, {"Content-Type": "text/html"}, LOGIN.encode()
        if path == "/session" and method == "POST":
            return self._log_in(parse_qs(form), headers)
        if path == "/token":
            return self._token(headers)
        if path.startswith("/api/"):
            return self._api(path, query, headers)
        if path.startswith("/open/"):
            return 200, {"Content-Type": "text/csv"}, self.files[path.removeprefix("/open/")]
        return self._behind_login(path, query, headers)

    def _log_in(self, form: dict[str, list[str]], headers: dict[str, str]) -> Any:
        right = form.get("password") == ["let-me-in"] and form.get("nonce") == ["n-42"]
        if self.challenge:
            page = "<html><body>Enter your one-time code</body></html>"
            return 200, {"Content-Type": "text/html"}, page.encode()
        if not right or headers.get("X-CSRF-Token") != "meta-7":
            return 200, {"Content-Type": "text/html"}, LOGIN.encode()
        name = f"s{len(self._sessions)}"
        self._sessions[name] = self.session_lasts
        return 302, {"Location": "/home", "Set-Cookie": f"sid={name}; Path=/; HttpOnly"}, b""

    def _behind_login(self, path: str, query: dict[str, str], headers: dict[str, str]) -> Any:
        sid = SimpleCookie(headers.get("Cookie", "")).get("sid")
        left = self._sessions.get(sid.value, 0) if sid else 0
        if left <= 0:
            return 200, {"Content-Type": "text/html"}, LOGIN.encode()
        self._sessions[sid.value] = left - 1
        if path == "/home":
            return 200, {"Content-Type": "text/html"}, HOME.encode()
        if path == "/orders":
            return self._list(int(query.get("p", "1")))
        return 200, {"Content-Type": "text/csv"}, self.files[path.removeprefix("/files/")]

    def _list(self, page: int) -> Any:
        names = sorted(self.files)
        mine = names[(page - 1) * 2 : page * 2]
        links = "".join(f'<a class="file" href="files/{name}">{name}</a>' for name in mine)
        more = f'<a rel="next" href="?p={page + 1}">next</a>' if names[page * 2 :] else ""
        page_ = f'<html><body><a class="logout">out</a>{links}{more}</body></html>'
        return 200, {"Content-Type": "text/html"}, page_.encode()

    def _token(self, headers: dict[str, str]) -> Any:
        if headers.get("Authorization") != "Basic bWU6bGV0LW1lLWlu":  # me:let-me-in
            return 401, {}, b'{"error": "invalid_client"}'
        self._tokens += 1
        told = {"access_token": f"t{self._tokens}", "expires_in": 3600, "token_type": "bearer"}
        return 200, {"Content-Type": "application/json"}, json.dumps(told).encode()

    def _api(self, path: str, query: dict[str, str], headers: dict[str, str]) -> Any:
        if headers.get("Authorization") != f"Bearer t{self._tokens}" and query.get("key") != "k-9":
            return 401, {}, b"{}"
        kind = {"Content-Type": "application/json"}
        if path == "/api/documents":
            listed = [
                {
                    "id": name,
                    "name": name,
                    "url": f"{self.elsewhere}/open/{name}?sign={len(self.asked)}",
                }
                for name in sorted(self.files)
            ]
            return 200, kind, json.dumps({"documents": listed}).encode()
        new = [one for one in self.orders if one["updated"] >= query.get("since", "")]
        size, begin = int(query.get("size", "2")), int(query.get("after", "0"))
        mine = new[begin : begin + size]
        following = str(begin + size) if new[begin + size :] else None
        told = {"data": {"orders": mine}, "meta": {"next": following}}
        return 200, kind, json.dumps(told).encode()

    def expire_token(self) -> None:
        """The token given last is no longer known."""
        self._tokens += 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        portal = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                form = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                portal.asked.append(f"{self.command} {self.path}")
                portal.seen_headers.append(dict(self.headers))
                told = portal.answer(self.command, parts.path, query, dict(self.headers), form)
                self._tell(parts.path, *told)

            do_POST = do_GET  # noqa: N815 - the base class calls it so

            def _tell(self, path: str, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                if path in portal.cut:
                    portal.cut.discard(path)
                    self.wfile.write(body[: len(body) // 2])
                    self.close_connection = True
                    return
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        return Handler
