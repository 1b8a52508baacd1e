"""Metrics of a running scan over HTTP, on this machine only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.scan.progress import Progress

__all__ = ["served"]


@contextmanager
def served(port: int) -> Iterator[Callable[[Progress], None]]:
    """Answer GET /metrics with how far a scan is, and give the function that says so.

    Args:
        port: Of 127.0.0.1.

    Raises:
        UsageError: It is taken.
    """
    from forensics.scan.progress import prometheus

    latest = [b""]

    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == "/metrics"
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.end_headers()
            self.wfile.write(latest[0] if known else b"metrics are at /metrics\n")

        def log_message(self, *_: object) -> None:
            """Say nothing: standard error belongs to the progress."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Metrics)
    except OSError as error:
        raise UsageError(f"--metrics-port {port}: {error.strerror}", actual=port) from error
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def tell(progress: Progress) -> None:
        latest[0] = prometheus(progress).encode()

    try:
        yield tell
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
