"""`forensics results verify` and `diff`, on manifests that were made by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from forensics.scan.manifest import PartRecord, RunManifest, sign
from forensics.scan.row import ScanRow, State
from forensics.scan.sinks import write_parts

from .commands import Answer, answered

Call = Callable[..., Answer]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    return lambda *arguments: answered(capsys, *arguments)


def manifest(folder: Path, verdict: str = "captured", **changes: object) -> RunManifest:
    """Write two rows and return the manifest of their scan."""
    rows = [ScanRow(id=name, source="s", state=State.OK, verdict=verdict) for name in "ab"]
    values = {
        "sources": ("s",),
        "listing": {},
        "settings": {"profile": "triage", "prior": 0.5},
        "settings_sha256": "0" * 64,
        "rule": "r",
        "stages": (("metadata 1",),),
        "models": "m",
        "trust": "t",
        "began": "2026-01-01T00:00:00+00:00",
        "ended": "2026-01-01T00:00:01+00:00",
        "sessions": 1,
        "listed": 2,
        "states": {"ok": 2},
        "verdicts": {"captured": 2},
        "reasons": {},
        "left_out": {},
        "bytes": 0,
        "parts": tuple(
            PartRecord(name=p.name, rows=p.rows, sha256=p.sha256)
            for p in write_parts(rows, folder / "rows", "jsonl")
        ),
        **changes,
    }
    return RunManifest.model_validate(values)


def keys(folder: Path) -> tuple[Path, Path]:
    folder.mkdir()
    key = Ed25519PrivateKey.generate()
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "key.pub.pem").write_bytes(public)
    return folder / "key.pem", folder / "key.pub.pem"


def test_a_key_that_is_given_must_have_signed(call: Call, tmp_path: Path) -> None:
    (mine, public), (_, others) = keys(tmp_path / "mine"), keys(tmp_path / "others")
    sign(manifest(tmp_path / "out"), tmp_path / "out", mine)
    assert call("results", "verify", tmp_path / "out", "--key", public).status == 0
    wrong = call("results", "verify", tmp_path / "out", "--key", others)
    assert (wrong.status, "does not hold" in wrong.err) == (1, True)


def test_signed_counts_that_do_not_add_up_fail(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:  # somebody else's program signed this
        patch.setattr(RunManifest, "adds_up", True)
        sign(manifest(tmp_path / "out", listed=3), tmp_path / "out")
    answer = call("results", "verify", tmp_path / "out")
    assert (answer.status, "do not add up" in answer.err) == (1, True)


def test_what_differs_between_the_runs_is_told(call: Call, tmp_path: Path) -> None:
    other = {"suite_version": "0.1", "trust": "u", "settings": {"profile": "deep", "prior": 0.5}}
    sign(manifest(tmp_path / "one"), tmp_path / "one")
    sign(manifest(tmp_path / "two", **other), tmp_path / "two")
    told = call("results", "diff", tmp_path / "one", tmp_path / "two", "--json").record["settings"]
    assert told[1:] == ["trust: t -> u", "profile: triage -> deep"]
    assert told[0].endswith("-> 0.1")
    assert call("results", "diff", tmp_path / "one", tmp_path / "one", "--json").record["settings"] == []


def test_changes_are_counted_and_fail_where_asked(call: Call, tmp_path: Path) -> None:
    sign(manifest(tmp_path / "one"), tmp_path / "one")
    sign(manifest(tmp_path / "two", "altered"), tmp_path / "two")
    both = (tmp_path / "one", tmp_path / "two")
    shown = call("results", "diff", *both, "--most", 1)
    assert (shown.status, "and 1 more" in shown.out) == (0, True)
    assert shown.out.count("captured -> altered") == 2, "once for its count, once for a file"
    assert call("results", "diff", *both, "--exit-code").status == 1
    assert call("results", "diff", tmp_path / "one", tmp_path / "one", "--exit-code").status == 0


def test_an_export_replaces_a_file_where_asked(call: Call, tmp_path: Path) -> None:
    sign(manifest(tmp_path / "out"), tmp_path / "out")
    target = tmp_path / "rows.jsonl"
    target.write_text("mine")
    assert call("results", "export", tmp_path / "out", target).status == 2
    assert target.read_text() == "mine"
    assert call("results", "export", tmp_path / "out", target, "--replace").status == 0
    assert len(target.read_text().splitlines()) == 2


def test_a_query_for_spreadsheets_holds_no_formula(call: Call, tmp_path: Path) -> None:
    sign(manifest(tmp_path / "out", "=cmd()"), tmp_path / "out")
    answer = call("results", "query", tmp_path / "out", "SELECT verdict, -1 AS n FROM rows", "--as", "csv")
    assert answer.out.splitlines() == ["verdict,n", "'=cmd(),-1", "'=cmd(),-1"]
