"""The signed manifest of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from forensics.errors import ScanError, UsageError, VerificationFailed
from forensics.scan.manifest import (
    MANIFEST,
    SIGNATURE,
    PartRecord,
    RunManifest,
    own_key,
    sign,
    verify,
)
from forensics.scan.row import ScanRow, State
from forensics.scan.sinks import write_parts


def manifest(folder: Path, **changes: object) -> RunManifest:
    rows = [ScanRow(id=name, source="s", state=State.OK, verdict="captured") for name in "abc"]
    parts = write_parts(rows, folder / "rows", "jsonl")
    values = {
        "sources": ("s",),
        "listing": {},
        "settings": {"profile": "triage"},
        "settings_sha256": "0" * 64,
        "rule": "r",
        "stages": (("metadata 1",),),
        "models": "m",
        "trust": "t",
        "began": "2026-01-01T00:00:00+00:00",
        "ended": "2026-01-01T00:00:01+00:00",
        "sessions": 1,
        "listed": 3,
        "states": {"ok": 3},
        "verdicts": {"captured": 3},
        "reasons": {},
        "left_out": {},
        "bytes": 0,
        "parts": tuple(PartRecord(name=p.name, rows=p.rows, sha256=p.sha256) for p in parts),
        **changes,
    }
    return RunManifest.model_validate(values)


def pem(key: Ed25519PrivateKey, folder: Path) -> tuple[Path, Path]:
    private, public = folder / "private.pem", folder / "public.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


def test_the_first_run_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    sign(manifest(tmp_path), tmp_path)
    assert own_key().stat().st_mode & 0o077 == 0
    assert verify(tmp_path) == manifest(tmp_path)
    before = own_key().read_bytes()
    sign(manifest(tmp_path), tmp_path)
    assert own_key().read_bytes() == before


def test_whoever_knows_the_key_knows_who_signed(tmp_path: Path) -> None:
    private, public = pem(Ed25519PrivateKey.generate(), tmp_path)
    sign(manifest(tmp_path), tmp_path, private)
    assert verify(tmp_path, public).listed == 3
    (tmp_path / "other").mkdir()
    other = pem(Ed25519PrivateKey.generate(), tmp_path / "other")[1]
    with pytest.raises(VerificationFailed, match="signature"):
        verify(tmp_path, other)


def test_every_change_shows(tmp_path: Path) -> None:
    sign(manifest(tmp_path), tmp_path)
    path = tmp_path / MANIFEST
    good = path.read_bytes()
    path.write_bytes(good.replace(b'"listed": 3', b'"listed": 4'))
    with pytest.raises(VerificationFailed, match="signature"):
        verify(tmp_path)
    path.write_bytes(good)
    part = tmp_path / "rows" / "part-00000.jsonl"
    part.write_bytes(part.read_bytes().replace(b"captured", b"altered "))
    with pytest.raises(VerificationFailed, match="was changed"):
        verify(tmp_path)
    part.unlink()
    with pytest.raises(VerificationFailed, match="missing"):
        verify(tmp_path)


def test_rows_that_nobody_signed_show(tmp_path: Path) -> None:
    sign(manifest(tmp_path), tmp_path)
    part = tmp_path / "rows" / "part-00000.jsonl"
    (tmp_path / "rows" / "notes.txt").write_text("mine")
    verify(tmp_path)
    (tmp_path / "rows" / "part-00001.jsonl").write_bytes(part.read_bytes())  # readers would take it
    with pytest.raises(VerificationFailed, match=r"part-00001\.jsonl is not among"):
        verify(tmp_path)


@pytest.mark.parametrize("changes", [{"listed": 4}, {"states": {"ok": 2}}, {"verdicts": {}}, {"parts": ()}])
def test_what_does_not_add_up_is_not_signed(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(ScanError, match="do not add up"):
        sign(manifest(tmp_path, **changes), tmp_path)
    assert not (tmp_path / MANIFEST).exists()


def test_keys_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.pem").write_text("hello")
    with pytest.raises(UsageError, match="no private key"):
        sign(manifest(tmp_path), tmp_path, tmp_path / "text.pem")
    ec = generate_private_key(SECP256R1())
    (tmp_path / "ec.pem").write_bytes(ec.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(UsageError, match="no Ed25519 key"):
        sign(manifest(tmp_path), tmp_path, tmp_path / "ec.pem")
    sign(manifest(tmp_path), tmp_path)
    with pytest.raises(UsageError, match="no public key"):
        verify(tmp_path, tmp_path / "text.pem")


def test_a_folder_without_a_manifest_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="no manifest with a signature"):
        verify(tmp_path)
    sign(manifest(tmp_path), tmp_path)
    record = json.loads((tmp_path / SIGNATURE).read_text())
    (tmp_path / SIGNATURE).write_text(json.dumps({**record, "public_key": 5}))
    with pytest.raises(ScanError, match="no manifest with a signature"):
        verify(tmp_path)
