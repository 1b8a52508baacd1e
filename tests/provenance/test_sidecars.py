"""Manifest stores kept apart from the file: found, given, of a namesake, broken."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.provenance import CredentialReport, CredentialState, read, reading

State = CredentialState


def another_picture() -> bytes:
    pixels = np.random.default_rng(3).integers(0, 255, (32, 48, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def test_sidecar_is_found_and_said(forge, pki, jpeg: bytes, tmp_path: Path) -> None:
    stores: list[bytes] = []
    assert forge.sign(jpeg, embed=False, store=stores) == jpeg
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg)
    assert read(path, pki.policy).state is State.NONE
    (tmp_path / "a.c2pa").write_bytes(stores[0])
    report = read(path, pki.policy)
    assert (report.state, report.embedded) == (State.TRUSTED, False)
    assert "a.c2pa" in report.message


def test_sidecar_beside_gives_way_to_the_file(forge, stranger, pki, jpeg: bytes, tmp_path: Path) -> None:
    stores: list[bytes] = []
    stranger.sign(jpeg, embed=False, store=stores)
    path = tmp_path / "a.jpg"
    path.write_bytes(forge.sign(jpeg))
    (tmp_path / "a.c2pa").write_bytes(stores[0])
    report = read(path, pki.policy)
    assert report.state is State.TRUSTED
    assert report.embedded
    assert "a.c2pa" not in report.message


def test_the_sidecar_of_a_namesake_accuses_nobody(forge, pki, jpeg: bytes, tmp_path: Path) -> None:
    stores: list[bytes] = []
    forge.sign(jpeg, embed=False, store=stores)
    (tmp_path / "a.jpg").write_bytes(jpeg)
    (tmp_path / "a.c2pa").write_bytes(stores[0])
    Image.effect_noise((48, 32), 40).save(tmp_path / "a.png")
    report = read(tmp_path / "a.png", pki.policy)
    assert (report.state, report.sidecar, report.failures) == (State.NONE, "a.c2pa", ())
    assert "cannot be told" in report.message
    assert read(tmp_path / "a.png", pki.policy, sidecar=tmp_path / "a.c2pa").state is State.INVALID
    mine = read(tmp_path / "a.jpg", pki.policy)
    assert (mine.state, mine.sidecar) == (State.TRUSTED, "a.c2pa")


@pytest.mark.parametrize(("old", "new"), [(b"digitalCapture", b"digitalCrapure"), (b"eforge", b"efouge")])
def test_a_forged_sidecar_of_a_namesake_accuses_nobody(
    forge, pki, jpeg: bytes, tmp_path: Path, old: bytes, new: bytes
) -> None:
    stores: list[bytes] = []
    forge.sign(jpeg, embed=False, store=stores)
    forged = stores[0].replace(old, new)
    assert forged != stores[0]
    (tmp_path / "a.c2pa").write_bytes(forged)
    (tmp_path / "a.jpg").write_bytes(jpeg)
    (tmp_path / "b.jpg").write_bytes(jpeg)
    Image.effect_noise((48, 32), 40).save(tmp_path / "a.png")
    report = read(tmp_path / "a.png", pki.policy)
    assert (report.state, report.failures) == (State.NONE, ())
    # Beside the very file that it was made for, it still speaks of itself.
    assert read(tmp_path / "a.jpg", pki.policy).state is State.INVALID


def test_a_sidecar_whose_name_is_not_utf8_can_be_reported(forge, pki, jpeg: bytes, tmp_path: Path) -> None:
    stores: list[bytes] = []
    forge.sign(jpeg, embed=False, store=stores)
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg"))
    path.write_bytes(jpeg)
    path.with_suffix(".c2pa").write_bytes(stores[0])
    report = read(path, pki.policy)
    assert report.sidecar == "caf\\xe9.c2pa"
    assert CredentialReport.model_validate_json(report.model_dump_json()) == report


def test_sidecar_of_another_picture(forge, pki, jpeg: bytes, tmp_path: Path) -> None:
    stores: list[bytes] = []
    forge.sign(jpeg, embed=False, store=stores)
    path, sidecar = tmp_path / "b.jpg", tmp_path / "elsewhere.bin"
    path.write_bytes(another_picture())
    sidecar.write_bytes(stores[0])
    report = read(path, pki.policy, sidecar=sidecar)
    assert report.state is State.INVALID
    assert report.failures == ("assertion.dataHash.mismatch",)


@pytest.mark.parametrize("junk", [b"", b"\0" * 64, b"not a store"])
def test_sidecar_of_junk(pki, jpeg: bytes, tmp_path: Path, junk: bytes) -> None:
    path, sidecar = tmp_path / "b.jpg", tmp_path / "b.c2pa"
    path.write_bytes(jpeg)
    sidecar.write_bytes(junk)
    assert read(path, pki.policy).state in (State.MALFORMED, State.NONE)


def test_sidecar_that_is_too_large(pki, jpeg: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_SIDECAR_BYTES", 1 << 20)
    path, sidecar = tmp_path / "b.jpg", tmp_path / "b.c2pa"
    path.write_bytes(jpeg)
    sidecar.write_bytes(bytes((1 << 20) + 1))
    report = read(path, pki.policy)
    assert report.state is State.MALFORMED
    assert "larger than 1 MiB" in report.message
