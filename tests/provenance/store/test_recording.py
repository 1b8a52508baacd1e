"""Signed, recorded, stripped, found again, and brought back from what the store holds."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from forensics.datasets.procedural import camera
from forensics.errors import MediaError, RestorationError, UsageError, VerificationFailed
from forensics.provenance.manifests import made_by_model
from forensics.provenance.reading import read
from forensics.provenance.restoring import Outcome, restored
from forensics.provenance.restoring.stripping import bare, without_credentials
from forensics.provenance.signers import PemSigner
from forensics.provenance.signing import sign
from forensics.provenance.store import FoundBy, ManifestStore, Mark, Record, recorded, search
from forensics.provenance.trust import TrustPolicy


def encoded(pixels: np.ndarray, form: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return camera(1, 192, 256)


@pytest.fixture
def signed(tmp_path: Path, signer: PemSigner, policy: TrustPolicy) -> Callable[..., Path]:
    def run(data: bytes, name: str, **options: Any) -> Path:
        source, target = tmp_path / name, tmp_path / f"signed-{name}"
        source.write_bytes(data)
        sign(source, target, made_by_model("sketch"), signer, policy=policy, **options)
        return target

    return run


@pytest.fixture
def jpeg_file(signed: Callable[..., Path], scene: np.ndarray) -> Path:
    return signed(encoded(scene, quality=90), "a.jpg")


def test_a_record_says_what_the_file_is(jpeg_file: Path, policy: TrustPolicy, scene: np.ndarray) -> None:
    mark = Mark("spread", "00", "c0ffee")
    record = recorded(jpeg_file, mark=mark, model="sketch", extra={"job": 7})
    data = jpeg_file.read_bytes()
    report = read(jpeg_file, policy)
    with Image.open(jpeg_file) as picture:
        pixels = np.asarray(picture)
    expected = hashlib.sha256(f"{scene.shape[0]}x{scene.shape[1]}x3:".encode() + pixels.tobytes()).hexdigest()
    assert record.manifest_id == report.manifests[0].label
    assert record.media_type == "image/jpeg"
    assert record.asset_sha256 == hashlib.sha256(data).hexdigest()
    assert record.pixel_sha256 == expected
    assert (record.height, record.width) == scene.shape[:2]
    assert (record.mark, record.model, record.extra) == (mark, "sketch", {"job": 7})
    assert "dct" in {code.kind for code in record.fingerprints}
    assert record.placement is not None
    assert record.placement.sha256 == record.asset_sha256
    assert hashlib.sha256(record.manifest).hexdigest() == record.placement.store_sha256
    assert recorded(data, mark=mark, model="sketch", extra={"job": 7}) == record


def test_what_the_store_holds_brings_the_file_back(
    jpeg_file: Path, policy: TrustPolicy, store: ManifestStore
) -> None:
    data = jpeg_file.read_bytes()
    store.add(recorded(jpeg_file))
    entry = search(store, without_credentials(data)).found[0].entry
    kept = entry.record
    by_store = restored(without_credentials(data), kept.manifest, kept.placement, policy=policy)
    by_skeleton = restored(bare(data), kept.manifest, kept.placement, skeleton=kept.skeleton, policy=policy)
    for found in (by_store, by_skeleton):
        assert (found.outcome, found.data) == (Outcome.IDENTICAL, data)
    assert store.verify().intact


@pytest.mark.parametrize(
    ("name", "form", "placed", "skeleton"),
    [("a.png", "PNG", True, True), ("a.tif", "TIFF", False, True), ("a.webp", "WEBP", True, True)],
)
def test_other_containers(
    name: str, form: str, placed: bool, skeleton: bool, signed: Callable[..., Path], scene: np.ndarray
) -> None:
    record = recorded(signed(encoded(scene, form), name))
    assert (record.placement is not None, bool(record.skeleton)) == (placed, skeleton)
    assert record.pixel_sha256
    assert record.fingerprints


@pytest.mark.parametrize("name", ["a.svg", "a.mp3", "a.wav", "a.mp4"])
def test_what_is_no_picture_is_recorded_without_looks(
    name: str, small_files: dict[str, Path], signed: Callable[..., Path]
) -> None:
    record = recorded(signed(small_files[name].read_bytes(), name))
    assert (record.pixel_sha256, record.fingerprints) == ("", ())
    assert bool(record.skeleton) == (name in ("a.wav", "a.mp4"))


def test_a_flat_picture_has_no_fingerprint(
    signed: Callable[..., Path], store: ManifestStore, scene: np.ndarray
) -> None:
    flat = np.full_like(scene, 90)
    path = signed(encoded(flat, "PNG"), "flat.png")
    record = recorded(path)
    store.add(record)
    assert record.fingerprints == ()
    assert record.pixel_sha256
    result = search(store, encoded(flat, "PNG"))
    assert [found.by for found in result.found] == [FoundBy.PIXELS]
    assert "too flat" in result.note


def test_a_manifest_beside_the_file(
    signed: Callable[..., Path], scene: np.ndarray, store: ManifestStore
) -> None:
    path = signed(encoded(scene), "beside.jpg", sidecar=True)
    beside = path.with_suffix(".c2pa")
    record = recorded(path, sidecar=beside, skeleton=False)
    assert record == recorded(path.read_bytes(), sidecar=beside.read_bytes(), skeleton=False)
    assert record.manifest == beside.read_bytes()
    assert (record.placement, record.skeleton) == (None, b"")
    with pytest.raises(RestorationError, match="nothing to record"):
        recorded(path.read_bytes())
    with pytest.raises(VerificationFailed):
        recorded(encoded(scene[::-1]), sidecar=beside)


def test_what_does_not_hold_is_not_recorded(jpeg_file: Path, scene: np.ndarray, tmp_path: Path) -> None:
    data = bytearray(jpeg_file.read_bytes())
    data[-20] ^= 1
    with pytest.raises(VerificationFailed):
        recorded(bytes(data))
    with pytest.raises(RestorationError, match="nothing to record"):
        recorded(encoded(scene))
    with pytest.raises(MediaError):
        recorded(tmp_path / "missing.jpg")
    with pytest.raises(UsageError):
        recorded(jpeg_file, model="x" * 1001)


def test_a_file_is_found_by_what_is_left_of_it(
    jpeg_file: Path, store: ManifestStore, make: Any, scene: np.ndarray
) -> None:
    record: Record = recorded(jpeg_file)
    store.add_many([*(make.record(number) for number in range(200)), record])
    data = jpeg_file.read_bytes()
    with Image.open(jpeg_file) as picture:
        pixels = np.asarray(picture)
    for copy, by in (
        (data, FoundBy.FILE),
        (bare(data), FoundBy.PIXELS),
        (encoded(pixels, "PNG"), FoundBy.PIXELS),
        (encoded(pixels, quality=60), FoundBy.FINGERPRINT),
        (encoded(pixels[10:-10, 12:-12], quality=80), FoundBy.FINGERPRINT),
        (encoded(pixels[:, ::-1], quality=80), FoundBy.FINGERPRINT),
    ):
        (found,) = search(store, copy).found
        assert (found.entry.record.manifest_id, found.by) == (record.manifest_id, by)
        assert (found.chance is not None) == (by is FoundBy.FINGERPRINT)
    assert found.position == "mirrored left to right"
    assert found.chance is not None
    assert found.chance.p_value < 1e-4
    assert search(store, encoded(camera(9, 192, 256))).found == ()
    assert search(store, encoded(pixels, quality=60), p=0).found == ()


def test_a_clip_is_looked_for_by_its_bytes(
    signed: Callable[..., Path], small_files: dict[str, Path], store: ManifestStore, tmp_path: Path
) -> None:
    path = signed(small_files["a.mp4"].read_bytes(), "a.mp4")
    store.add(recorded(path))
    result = search(store, path)
    assert [found.by for found in result.found] == [FoundBy.FILE]
    assert "no picture" in result.note
    with pytest.raises(MediaError):
        search(store, tmp_path / "missing")
    with pytest.raises(UsageError):
        search(store, encoded(np.zeros((8, 8, 3), np.uint8)), kind="other")
