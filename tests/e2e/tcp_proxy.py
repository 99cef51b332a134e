"""A proxy between us and a server that delays, cuts and stalls."""

from __future__ import annotations

import queue
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass
class Proxy:
    """Forwards connections to a port of this machine."""

    target: int
    delay: float = 0.0  # seconds, each way
    cuts: list[int] = field(default_factory=list)  # bytes from the server after which it cuts
    stall_after: int | None = None  # bytes from the server after which nothing comes any more
    passed: int = 0
    cut: int = 0  # how often it did
    connections: int = 0

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()
        for one in self._open:
            _hang_up(one)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self.connections += 1
            self._open += [client, server]
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._forward(client, server, counted=False)
            self._forward(server, client, counted=True)

    def _forward(self, source: socket.socket, target: socket.socket, *, counted: bool) -> None:
        waiting: queue.Queue[tuple[float, bytes]] = queue.Queue()

        def read() -> None:
            while True:
                try:
                    data = source.recv(1 << 16)
                except OSError:
                    data = b""
                waiting.put((time.monotonic() + self.delay, data))
                if not data:
                    return

        def write() -> None:
            while True:
                due, data = waiting.get()
                pause = due - time.monotonic()
                if pause > 0:
                    time.sleep(pause)
                if not data or (counted and not self._let(len(data))):
                    _hang_up(source)
                    _hang_up(target)
                    return
                try:
                    target.sendall(data)
                except OSError:
                    return

        threading.Thread(target=read, daemon=True).start()
        threading.Thread(target=write, daemon=True).start()

    def _let(self, size: int) -> bool:
        """Whether so many bytes more may pass; a stall lasts until the proxy closes."""
        with self._lock:
            self.passed += size
            if self.cuts and self.passed > self.cuts[0]:
                self.cuts.pop(0)
                self.cut += 1
                return False
            stalls = self.stall_after is not None and self.passed > self.stall_after
        while stalls and self._listening.fileno() >= 0:
            time.sleep(0.05)
        return True


def _hang_up(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        one.close()
