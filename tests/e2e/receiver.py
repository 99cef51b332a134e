"""A real HTTP server that takes orders and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], str]
TAKEN: Answer = (201, {}, "{}")


class Receiver:
    """Keeps what came, by idempotency key; `answer` says what each request is told."""

    def __init__(self) -> None:
        self.bodies: dict[str, Any] = {}
        self.tries: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[str, Any], Answer] = lambda key, body: TAKEN
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/orders"

    @property
    def orders(self) -> list[str]:
        """Numbers of the orders taken, sorted; each key counts once, as the receiver promises."""
        bodies = self.bodies.values()
        each = [one for body in bodies for one in (body if isinstance(body, list) else [body])]
        return sorted(one["order_number"] for one in each)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, key: str, headers: dict[str, str], body: Any) -> Answer:
        with self._lock:
            self.tries[key] += 1
            self.headers.append(headers)
            answer = self.answer(key, body)
            if 200 <= answer[0] < 300:
                assert self.bodies.setdefault(key, body) == body, "one key, another content"
            return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                key = self.headers["Idempotency-Key"]
                status, headers, text = receiver.take(key, dict(self.headers), body)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                """Quiet."""

        return Handler
