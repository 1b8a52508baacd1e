"""Whatever fails: a clear error, no file, no temporary, and no entry without its file."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from forensics.errors import (
    CertificateError,
    ForensicsError,
    SigningError,
    StoreError,
    StoreFull,
    StoreLocked,
    TimestampError,
    UsageError,
    WatermarkError,
)
from forensics.marking import Marker, Order
from forensics.provenance import CredentialState, TimestampPolicy
from forensics.provenance.signers import PemSigner
from forensics.provenance.store import ManifestStore
from forensics.provenance.store.store import ManifestStore as Store
from forensics.watermark.decoders import signature
from forensics.watermark.keys import Key

from ..provenance.conftest import Pki
from .conftest import Bench

Pixels = npt.NDArray[np.uint8]
NOBODY = "http://127.0.0.1:9/"  # the discard port, where nobody answers


def test_a_time_stamp(bench: Bench, scene: Pixels, tsa: Any) -> None:
    with bench.again(timestamp=TimestampPolicy(tsa.url)) as marker:
        done = marker.save(scene, bench.folder / "a.png")
    assert (done.timestamped, done.timestamp_problem) == (True, "")


def test_no_time_stamp_although_one_is_required(bench: Bench, scene: Pixels) -> None:
    with (
        bench.again(timestamp=TimestampPolicy(NOBODY)) as marker,
        pytest.raises(TimestampError, match=NOBODY),
    ):
        marker.save(scene, bench.folder / "a.png")
    assert (bench.left, bench.entries) == ([], 0)


def test_no_time_stamp_where_it_is_optional(bench: Bench, scene: Pixels) -> None:
    with bench.again(timestamp=TimestampPolicy(NOBODY, required=False)) as marker:
        done = marker.save(scene, bench.folder / "a.png")
    assert (done.timestamped, done.state) == (False, CredentialState.TRUSTED)
    assert done.timestamp_problem
    assert (bench.left, bench.entries) == (["a.png"], 1)


def test_an_expired_certificate_is_said_before_any_work(bench: Bench) -> None:
    old = Pki().leaf(start=-90, end=-1)
    with pytest.raises(CertificateError, match=r"expired|valid"):
        bench.again(signer=PemSigner(old.chain, old.key_pem))
    assert (bench.left, bench.entries) == ([], 0)


class Full:
    """Lets some system calls through, and then the disk is full."""

    def __init__(self, real: Callable[..., Any], free: int) -> None:
        self.real, self.free, self.met = real, free, False

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        if self.free == 0:
            self.met = True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.free -= 1
        return self.real(*arguments, **options)

    def function(self) -> Callable[..., Any]:
        """Return this as a plain function, which becomes a method where it stands in a class."""

        def call(*arguments: Any, **options: Any) -> Any:
            return self(*arguments, **options)

        return call


WRITES = [
    ("forensics.marking.staging.tempfile.mkdtemp", 0),  # the stage
    ("pathlib.Path.write_bytes", 0),  # the marked picture
    ("forensics.provenance.signing._settle", 0),  # the signed file
    ("forensics.provenance.signing.os.replace", 0),  # its name on the stage
    ("forensics.provenance.signing.os.replace", 1),  # its place
]


@pytest.mark.parametrize(("call", "free"), WRITES)
@pytest.mark.parametrize("before", [b"", b"what was there"])
def test_a_full_disk_at_every_write(
    bench: Bench, scene: Pixels, monkeypatch: pytest.MonkeyPatch, call: str, free: int, before: bytes
) -> None:
    target = bench.folder / "a.png"
    if before:
        target.write_bytes(before)
    full = Full(_found(call), free)
    with monkeypatch.context() as patch:
        patch.setattr(call, full.function())
        with pytest.raises(SigningError, match="No space left"):
            bench.marker.save(scene, target, Order(overwrite=True))
    assert full.met
    assert bench.left == (["a.png"] if before else [])
    assert not before or target.read_bytes() == before
    assert bench.entries == 0
    assert bench.marker.save(scene, target, Order(overwrite=True)).payload  # nothing is stuck


def _found(call: str) -> Callable[..., Any]:
    from pkgutil import resolve_name

    found: Callable[..., Any] = resolve_name(call)
    return found


@pytest.fixture
def failing_commit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The store takes an entry, and fails when it is to last."""
    from contextlib import contextmanager

    real = Store.adding

    @contextmanager
    def adding(self: Store, record: Any) -> Iterator[bool]:
        with real(self, record) as new:
            yield new
            raise StoreFull("no room left")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "adding", adding)
        yield


@pytest.mark.parametrize("before", [b"", b"what was there"])
def test_what_cannot_be_registered_is_taken_back(
    bench: Bench, scene: Pixels, failing_commit: None, before: bytes
) -> None:
    target = bench.folder / "a.png"
    if before:
        target.write_bytes(before)
    with pytest.raises(StoreFull):
        bench.marker.save(scene, target, Order(overwrite=True))
    assert bench.left == (["a.png"] if before else [])
    assert not before or target.read_bytes() == before
    assert bench.entries == 0


def test_a_locked_store(bench: Bench, scene: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "forensics.marking.marker.ManifestStore", lambda place: ManifestStore(place, wait=0.1)
    )
    with bench.again() as marker, closing(sqlite3.connect(bench.profile.store)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreLocked):
            marker.save(scene, bench.folder / "a.png")
        other.rollback()
        assert (bench.left, bench.entries) == ([], 0)
        assert marker.save(scene, bench.folder / "a.png").payload


def test_a_store_that_is_not_there(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no manifest store"):
        bench.again(store=tmp_path / "none.sqlite")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is forbidden here")
def test_a_folder_that_may_not_be_written(bench: Bench, scene: Pixels) -> None:
    bench.folder.chmod(0o500)
    try:
        with pytest.raises(SigningError, match="cannot write in"):
            bench.marker.save(scene, bench.folder / "a.png")
    finally:
        bench.folder.chmod(0o700)
    assert (bench.left, bench.entries) == ([], 0)


def test_a_folder_that_cannot_be_made(bench: Bench, scene: Pixels, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises((SigningError, UsageError)):
        bench.marker.save(scene, tmp_path / "file" / "a.png")
    assert bench.entries == 0


def test_the_mark_of_a_decoder_with_another_key(bench: Bench, scene: Pixels) -> None:
    """Pixels of a decoder that somebody else's key signs with are not sold as one's own."""
    other = signature(Key(bytes(32)), "feed")
    tile = np.tile(other.tile, (4, 5))[:, :, None]
    pixels = np.clip(np.rint(scene + 3.0 * tile), 0, 255).astype(np.uint8)
    with pytest.raises(WatermarkError, match="key that the pixels really carry"):
        bench.marker.save(pixels, bench.folder / "a.png", Order(carried=other.payload))
    assert (bench.left, bench.entries) == ([], 0)


def test_the_key_of_another_certificate(bench: Bench) -> None:
    one, two = Pki().leaf(), Pki().leaf()
    with pytest.raises(CertificateError):
        bench.again(signer=PemSigner(one.chain, two.key_pem))


def test_a_file_that_appears_meanwhile_is_not_replaced(
    bench: Bench, scene: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = bench.folder / "a.png"
    real = Marker._record

    def late(self: Marker, *arguments: Any) -> Any:
        target.write_bytes(b"of somebody else")
        return real(self, *arguments)

    monkeypatch.setattr(Marker, "_record", late)
    with pytest.raises(UsageError, match="exists"):
        bench.marker.save(scene, target)
    assert target.read_bytes() == b"of somebody else"
    assert (bench.left, bench.entries) == (["a.png"], 0)


def test_an_interruption_leaves_nothing(bench: Bench, scene: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Marker, "_record", stop)
    with pytest.raises(KeyboardInterrupt):
        bench.marker.save(scene, bench.folder / "a.png")
    assert (bench.left, bench.entries) == ([], 0)


def test_a_batch_ends_with_what_fails_and_keeps_what_was_done(bench: Bench, scene: Pixels) -> None:
    wanted = [(scene, bench.folder / "0.png"), (scene[:50, :50], bench.folder / "1.png")]
    done = bench.marker.mark_many(wanted)
    assert next(done).path.name == "0.png"
    with pytest.raises(ForensicsError):
        next(done)
    assert (bench.left, bench.entries) == (["0.png"], 1)
