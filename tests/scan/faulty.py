"""Servers on loopback that fail on purpose: a small one for HTTP, and a proxy before another server."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

__all__ = ["Plan", "proxy", "serving"]

SLOW_DOWN = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code>'
    b"<Message>Please reduce your request rate.</Message></Error>"
)


@dataclass
class Plan:
    """What goes wrong, by a part of the path: one fault for each request, then nothing more.

    Faults are "slow", "drip", "cut" (half of the body), "reset", "slowdown", or a status.
    """

    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    requests: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, path: str) -> str:
        path = unquote(path)
        with self.lock:
            for part, faults in self.faults.items():
                if part in path:
                    self.requests[part] += 1
                    return faults.pop(0) if faults else ""
        return ""


class _Proxy(BaseHTTPRequestHandler):
    plan: Plan
    upstream: tuple[str, int]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        fault = self.plan.next(self.path)
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        if fault == "slow":
            time.sleep(1.0)
        if fault == "slowdown" or fault.isdigit():
            self._answer(
                503 if fault == "slowdown" else int(fault), [], SLOW_DOWN if fault == "slowdown" else b""
            )
            return
        connection = http.client.HTTPConnection(*self.upstream, timeout=20)
        connection.request(self.command, self.path, headers=dict(self.headers.items()))
        response = connection.getresponse()
        body = response.read()
        kept = [(k, v) for k, v in response.getheaders() if k.lower() not in _HOP]
        if self.command == "HEAD" and response.status < 400:
            kept.append(("Content-Length", response.headers["Content-Length"]))
        connection.close()
        self._answer(response.status, kept, body, fault)

    do_HEAD = do_PUT = do_GET

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, fault: str = "") -> None:
        try:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            if self.command != "HEAD" or status >= 400:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self._send(body, fault)
        except OSError:  # the other side had enough
            self.close_connection = True

    def _send(self, body: bytes, fault: str) -> None:
        if fault == "cut":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif fault == "drip":
            for at in range(len(body)):
                self.wfile.write(body[at : at + 1])
                time.sleep(0.05)
        else:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


_HOP = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Run a server on loopback; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def proxy(upstream: tuple[str, int], plan: Plan) -> Iterator[str]:
    """Stand before a server and fail as planned; gives the address."""
    with serving(type("Proxy", (_Proxy,), {"plan": plan, "upstream": upstream})) as address:
        yield address
