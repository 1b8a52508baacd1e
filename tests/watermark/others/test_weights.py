"""Fetched files: only the right one is kept and run. The contents are fakes; the hashes are theirs."""

from __future__ import annotations

import hashlib
import io
import os
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from forensics.errors import UsageError
from forensics.watermark.others.base import SCHEMES
from forensics.watermark.others.download import download, fetched, require_allowed
from forensics.watermark.others.weights import (
    SOURCES,
    VARIABLE,
    Source,
    find_weights,
    save_weights,
    weights_folder,
)

FAKE = b"a fake of a network, not anybody's" * 40
HASH = hashlib.sha256(FAKE).hexdigest()
SOURCE = Source("videoseal", ".jit", most_bytes=10_000)


class Handler(BaseHTTPRequestHandler):
    """A server on this machine that offers a fake, and misbehaves where it is asked to."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        hops = {f"/hop{n}": f"/hop{n - 1}" for n in range(1, 9)} | {"/hop0": "/fake"}
        hops["/away"], hops["/plain"] = "https://127.0.0.2:1/x", "http://example.org/fake"
        if self.path in hops:
            self.send_response(302)
            self.send_header("Location", hops[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/missing":
            self.send_error(404)
        else:
            self._body()

    def _body(self) -> None:
        body = FAKE * 100 if self.path in ("/large", "/large-unsaid") else FAKE
        self.send_response(200)
        if self.path == "/large-unsaid":
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(body) + (50 if self.path == "/broken" else 0)))
        self.end_headers()
        for i in range(0, len(body), 100 if self.path == "/drips" else len(body)):
            self.wfile.write(body[i : i + (100 if self.path == "/drips" else len(body))])
            time.sleep(0.05 if self.path == "/drips" else 0)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "weights"))
    return tmp_path / "weights"


def test_what_has_the_right_hash_is_fetched_kept_and_found(server: str, folder: Path) -> None:
    path = save_weights("videoseal", fetched(SOURCE, f"{server}/fake", HASH))
    assert path == folder / f"videoseal.{HASH}.jit"
    found = find_weights("videoseal")
    assert (found.data, found.sha256, found.origin) == (FAKE, HASH, str(path))
    assert [p.name for p in folder.iterdir()] == [path.name]  # no part is left


def test_a_newer_file_replaces_the_older(folder: Path) -> None:
    save_weights("videoseal", b"older")
    save_weights("videoseal", FAKE)
    save_weights("trustmark-b", b"of another scheme")
    assert len(list(folder.iterdir())) == 2
    assert find_weights("videoseal").data == FAKE


def test_upper_case_hashes_are_the_same(server: str) -> None:
    assert fetched(SOURCE, f"{server}/fake", HASH.upper()) == FAKE


def test_another_file_is_refused(server: str, folder: Path) -> None:
    with pytest.raises(UsageError, match="that is another file: its SHA-256 is") as caught:
        fetched(SOURCE, f"{server}/fake", "0" * 64)
    assert caught.value.actual == HASH
    assert not folder.exists()


def test_nothing_is_fetched_without_a_hash(server: str) -> None:
    Handler.asked.clear()
    with pytest.raises(
        UsageError, match="no publication states the hash of videoseal: give it with --sha256"
    ):
        fetched(SOURCE, f"{server}/fake")
    with pytest.raises(UsageError, match="is pinned to another hash"):
        fetched(replace(SOURCE, sha256="1" * 64), f"{server}/fake", HASH)
    assert Handler.asked == []


def test_a_pinned_hash_cannot_be_talked_away(server: str) -> None:
    with pytest.raises(UsageError, match="that is another file"):
        fetched(replace(SOURCE, sha256="1" * 64), f"{server}/fake")


@pytest.mark.parametrize("path", ["/large", "/large-unsaid"])
def test_what_is_too_large_is_refused(server: str, path: str) -> None:
    with pytest.raises(UsageError, match="that is no such file"):
        fetched(SOURCE, server + path, HASH)


def test_what_breaks_off_is_refused(server: str) -> None:
    with pytest.raises(UsageError, match=r"broke off|cannot be fetched"):
        fetched(SOURCE, f"{server}/broken", HASH)


def test_what_takes_too_long_is_given_up(server: str) -> None:
    with pytest.raises(UsageError, match=r"takes too long|cannot be fetched: timed out"):
        download(f"{server}/drips", most=10_000, seconds=0.3)


def test_few_redirects_are_followed(server: str) -> None:
    assert fetched(SOURCE, f"{server}/hop1", HASH) == FAKE
    with pytest.raises(UsageError):
        fetched(SOURCE, f"{server}/hop8", HASH)


def test_a_redirect_may_not_leave_what_is_allowed(server: str) -> None:
    with pytest.raises(UsageError, match="is not allowed: files are fetched over https only"):
        fetched(SOURCE, f"{server}/plain", HASH)


def test_errors_of_the_server_are_said(server: str) -> None:
    with pytest.raises(UsageError, match="the server answers 404"):
        fetched(SOURCE, f"{server}/missing", HASH)
    with pytest.raises(UsageError, match="cannot be fetched"):
        fetched(SOURCE, "http://127.0.0.1:1/nobody", HASH)


@pytest.mark.parametrize(
    "url", ["http://example.org/fake", "http://192.0.2.1/fake", "http://localhost.example.org/"]
)
def test_other_addresses_are_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(UsageError, match="is not allowed"):
        fetched(SOURCE, url, HASH)


def test_a_page_elsewhere_cannot_send_us_to_this_machine() -> None:
    with pytest.raises(UsageError, match="is not allowed"):
        require_allowed("https://127.0.0.1/x", "https://example.org/fake")
    require_allowed("https://cdn.example.org/x", "https://example.org/fake")


def test_secrets_in_an_address_are_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        fetched(SOURCE, "http://me:password@example.org/fake?token=secret", HASH)
    assert "password" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_local_file_is_taken_as_well(tmp_path: Path) -> None:
    (tmp_path / "fake").write_bytes(FAKE)
    assert fetched(SOURCE, str(tmp_path / "fake"), HASH) == FAKE
    with pytest.raises(UsageError, match="is no file"):
        fetched(SOURCE, str(tmp_path), HASH)
    with pytest.raises(UsageError, match="is larger than weights of videoseal are"):
        fetched(replace(SOURCE, most_bytes=5), str(tmp_path / "fake"), HASH)


def archive(member: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        target.writestr(member, FAKE)
    return packed.getvalue()


def test_a_file_is_taken_out_of_its_archive(tmp_path: Path) -> None:
    data = archive("inside/fake.onnx")
    pinned = replace(
        SOURCE, sha256=HASH, archive_sha256=hashlib.sha256(data).hexdigest(), member="inside/fake.onnx"
    )
    (tmp_path / "fake.whl").write_bytes(data)
    assert fetched(pinned, str(tmp_path / "fake.whl")) == FAKE
    with pytest.raises(UsageError, match=r"the archive holds no other\.onnx"):
        fetched(replace(pinned, member="other.onnx"), str(tmp_path / "fake.whl"))
    with pytest.raises(
        UsageError, match="that is another file"
    ):  # an archive that nobody pinned is not opened
        fetched(replace(pinned, archive_sha256="0" * 64), str(tmp_path / "fake.whl"))


def test_a_kept_file_that_was_changed_is_not_run(folder: Path) -> None:
    path = save_weights("videoseal", FAKE)
    path.write_bytes(FAKE + b"!")
    with pytest.raises(UsageError, match="was changed: fetch it again"):
        find_weights("videoseal")


def test_a_kept_file_must_have_the_pinned_hash() -> None:
    save_weights("trustmark-q", FAKE)  # named by its own hash, which is not the pinned one
    with pytest.raises(UsageError, match="is not the file that it should be"):
        find_weights("trustmark-q")


def test_a_path_of_the_users_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(FAKE)
    assert find_weights("trustmark-q", {"trustmark-q": tmp_path / "mine"}).sha256 == HASH


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is no file"):
        find_weights("videoseal", {"videoseal": tmp_path / "pipe"})


def test_a_file_inside_an_installed_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "imwatermark"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('it would import torch')")
    (package / "rivagan_decoder.onnx").write_bytes(FAKE)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setitem(SOURCES, "rivaGan", replace(SOURCES["rivaGan"], sha256=HASH))
    assert find_weights("rivaGan").origin.endswith("rivagan_decoder.onnx")
    (package / "rivagan_decoder.onnx").write_bytes(b"changed")
    with pytest.raises(UsageError, match="is not the file that it should be"):
        find_weights("rivaGan")


def test_every_scheme_knows_its_source() -> None:
    assert {s.about.weights for s in SCHEMES} - {None} == set(SOURCES)
    for source in SOURCES.values():
        assert source.url is None or source.url.startswith("https://")
        assert (source.sha256 is None) == (source.evidence == "")


def test_folder_is_of_the_settings_if_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    assert weights_folder().name == "weights"
