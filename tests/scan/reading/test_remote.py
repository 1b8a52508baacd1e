"""HTTP and in-memory file systems: bounds, waits, redirects, and nowhere private by order of a list."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from forensics.errors import MissingExtra, SourceError
from forensics.scan.items import Item, Locator
from forensics.scan.reading import Reader, RemoteLimits
from forensics.scan.reading.faults import HttpStatus, explained
from forensics.scan.reading.remote import Remote
from forensics.scan.sources import Listing

from ..faulty import serving
from ..gathering import content, items

fsspec: Any = pytest.importorskip("fsspec", reason="the extra `remote` is not installed")
pytest.importorskip("aiohttp", reason="the extra `remote` is not installed")

QUICK = RemoteLimits(
    file_bytes=100_000, connect_seconds=2, read_seconds=0.4, total_seconds=0.8, attempts=3, first_wait=0.01
)


class Server(BaseHTTPRequestHandler):
    """Answers by the path; `asked` counts."""

    protocol_version = "HTTP/1.1"
    asked: list[str]
    elsewhere = ""

    def do_GET(self) -> None:
        self.asked.append(self.path)
        what, _, rest = self.path.partition("?")[0].strip("/").partition("/")
        again = self.asked.count(self.path)
        if what == "status":
            code, _, count = rest.partition("/")
            self._send(int(code) if not count or again <= int(count) else 200, b"fine")
        elif what == "to":
            self._send(302, b"", Location=rest.replace("~", "/").replace("ELSEWHERE", self.elsewhere))
        elif what == "hop" and rest != "0":
            self._send(302, b"", Location=f"/hop/{int(rest) - 1}")
        elif what == "endless":
            self._endless()
        elif what == "slow":
            time.sleep(0.7)
            self._send(200, b"late")
        elif what == "cut":
            self._send(200, b"x" * 50, cut=again <= int(rest))
        elif what == "packed":
            self._send(200, b"\x1f\x8b not unpacked", Content_Encoding="gzip")
        else:
            self._send(200, self.path.encode())

    def _send(self, status: int, body: bytes, cut: bool = False, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) * (2 if cut else 1)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = cut

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(bytes(1 << 16))
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def server(asked: list[str]) -> Iterator[str]:
    other = type("Other", (Server,), {"asked": asked})
    with serving(other) as elsewhere, serving(type("One", (other,), {"elsewhere": elsewhere})) as address:
        yield address


def named(url: str, remote: RemoteLimits = QUICK) -> bytes | str:
    """Read a URL that the user named."""
    (item,) = items(url, how=Listing(network=True))
    with Reader(remote=remote) as reader:
        return content(reader, item)


def test_a_url_that_is_named_is_read(server: str) -> None:
    (item,) = items(f"{server}/d/a%20b.jpg?size=2", how=Listing(network=True))
    assert (item.id, item.name) == (f"{server}/d/a%20b.jpg?size=2", "a b.jpg")
    with Reader(remote=QUICK) as reader:
        assert content(reader, item) == b"/d/a%20b.jpg?size=2"
        assert content(reader, item) == b"/d/a%20b.jpg?size=2"


@pytest.mark.parametrize(
    ("path", "result", "count"),
    [
        ("status/404", "io_not_found", 1),
        ("status/410", "io_not_found", 1),
        ("status/401", "io_denied", 1),
        ("status/403", "io_denied", 1),
        ("status/400", "io", 1),
        ("status/304", "io", 1),
        ("status/429", "io_throttled", 3),
        ("status/503", "io_throttled", 3),
        ("status/500", "io", 3),
        ("status/503/2", b"fine", 3),
        ("status/500/1", b"fine", 2),
        ("cut/1", b"x" * 50, 2),
        ("cut/9", "io", 3),
        ("slow", "io_timeout", 3),
        ("endless", "too_large", 1),
        ("packed", b"\x1f\x8b not unpacked", 1),
    ],
)
def test_answers_have_their_reasons(
    server: str, asked: list[str], path: str, result: bytes | str, count: int
) -> None:
    assert named(f"{server}/{path}") == result
    assert len(asked) == count


def test_a_server_that_is_not_there_has_its_reason() -> None:
    assert named("http://127.0.0.1:9/x") == "io"


@pytest.mark.parametrize(
    ("path", "result"),
    [
        ("to/~fine.jpg", b"/fine.jpg"),
        ("hop/5", b"/hop/0"),
        ("hop/6", "redirect"),
        ("to/file:~~~etc~passwd", "redirect"),
        ("to/ftp:~~example.org~x", "redirect"),
        ("to/ELSEWHERE~x", "private_address"),
    ],
)
def test_redirects_stay_with_http_and_public_hosts(server: str, path: str, result: bytes | str) -> None:
    assert named(f"{server}/{path}") == result


def test_lists_lead_nowhere_private(server: str, asked: list[str], tmp_path: Path) -> None:
    port = server.rpartition(":")[2]
    hosts = [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "127.1",
        "0x7f.0.0.1",
        "2130706433",
        "0",
        "[::ffff:127.0.0.1]",
    ]
    path = tmp_path / "list"
    path.write_text("\n".join(f"http://{host}:{port}/x" for host in hosts))
    listed = items(f"@{path}", how=Listing(network=True))
    with Reader(remote=QUICK) as reader:
        assert {content(reader, item) for item in listed} <= {"private_address", "io"}
        assert content(reader, listed[0]) == "private_address"
        assert content(reader, listed[1]) == "private_address"
    assert not asked


def test_proxies_of_the_environment_are_not_used(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert named(f"{server}/x") == b"/x"


def test_messages_hold_no_secrets(server: str) -> None:
    url = f"{server.replace('://', '://me:opensesame@')}/status/403?sig=opensesame"
    (item,) = items(url, how=Listing(network=True))
    with Reader(remote=QUICK) as reader, pytest.raises(SourceError) as caught:
        reader.open(item)
    assert caught.value.__cause__ is None
    assert "opensesame" not in f"{caught.value} {caught.value.actual} {item.id} {item.source} {item.name}"


def test_files_in_memory_are_listed_and_read() -> None:
    system = fsspec.filesystem("memory")
    files = {f"/room/d{n % 3}/{n}.jpg": b"%d" % n for n in range(9)}
    for name, data in files.items():
        system.pipe(name, data)
    try:
        listed = items("memory://room", how=Listing(network=True))
        with Reader(remote=QUICK) as reader:
            got = {item.id: content(reader, item) for item in listed}
        assert got == {f"memory:/{name}": data for name, data in files.items()}
        assert [item.id for item in listed] == sorted(item.id for item in listed)
        assert all(item.modified > 1.7e9 and item.size == 1 for item in listed)
        (small,) = items("memory://room/d1/1.jpg", how=Listing(network=True))
        with Reader(remote=RemoteLimits(file_bytes=0)) as reader:
            assert content(reader, small) == "too_large"
    finally:
        system.rm("/room", recursive=True)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = __import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == "fsspec":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr("builtins.__import__", without)
    item = Item("memory://x/y", "-", Locator("remote", "memory://x/y"))
    with pytest.raises(MissingExtra, match="remote"):
        Remote(QUICK).read(item)


def test_errors_are_explained_by_what_is_below_them() -> None:
    wrapper = OSError("a wrapper")
    wrapper.__cause__ = HttpStatus(403)
    assert explained(wrapper).reason == "io_denied"
    assert explained(FileNotFoundError()).reason == "io_not_found"
    assert explained(TimeoutError()).again
    assert not explained(ZeroDivisionError()).again
