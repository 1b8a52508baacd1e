"""`forensics recover` and `forensics audit --store`, end to end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from forensics.cli.main import main
from forensics.datasets.procedural import camera
from forensics.provenance.dev_ca import create_dev_ca
from forensics.provenance.manifests import made_by_model
from forensics.provenance.restoring.stripping import bare
from forensics.provenance.signers import PemSigner
from forensics.provenance.signing import sign
from forensics.provenance.store import ManifestStore, Mark, recorded
from forensics.provenance.trust import TrustPolicy
from forensics.watermark.keyfile import save_keys
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import Watermarker

KEY = Key(bytes(range(32)), "studio")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one signed and marked picture, and what became of copies of it."""
    folder = tmp_path_factory.mktemp("recover")
    made = create_dev_ca(folder / "ca")
    signer, policy = PemSigner(made.chain.read_bytes(), made.key.read_bytes()), TrustPolicy.load(made.trust)
    pixels = Watermarker(KEY).embed(camera(1, 320, 384), "c0ffee").pixels
    Image.fromarray(pixels).save(folder / "plain.png")
    sign(folder / "plain.png", folder / "signed.png", made_by_model("sketch"), signer, policy=policy)
    with ManifestStore(folder / "store.sqlite", create=True) as store:
        store.add(recorded(folder / "signed.png", mark=Mark("spread", KEY.id, "000c0ffee"), model="sketch"))
    (folder / "stripped.png").write_bytes(bare((folder / "signed.png").read_bytes()))
    Image.fromarray(pixels[:, ::-1]).save(folder / "mirrored.jpg", quality=80)
    Image.fromarray(camera(9, 320, 384)).save(folder / "stranger.jpg", quality=90)
    (folder / "broken.png").write_bytes((folder / "signed.png").read_bytes()[:4000])
    save_keys([KEY], folder / "keys.toml")
    return folder


@pytest.fixture
def recover(own_settings: None, files: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: object, command: str = "recover") -> tuple[int, list[dict[str, Any]], str]:
        options = ["--store", files / "store.sqlite", "--json"]
        if command == "recover":
            options += ["--keys", files / "keys.toml"]
        with pytest.raises(SystemExit) as stop:
            main([command, *map(str, (*arguments, *options))])
        out, err = capsys.readouterr()
        assert KEY.secret.hex() not in out + err
        return int(stop.value.code or 0), [json.loads(line) for line in out.splitlines()], err

    return call


def test_files_are_named_and_restored(recover: Any, files: Path, tmp_path: Path) -> None:
    status, (record,), _ = recover(files / "stripped.png", "--restore", tmp_path / "back.png")
    assert (status, record["relation"], record["found"]) == (0, "stripped", True)
    assert record["restored"] == str(tmp_path / "back.png")
    assert (tmp_path / "back.png").read_bytes() == (files / "signed.png").read_bytes()
    again, _, err = recover(files / "stripped.png", "--restore", tmp_path / "back.png")
    assert (again, "--overwrite" in err) == (2, True)


def test_a_batch_goes_on_and_its_status_is_the_worst(recover: Any, files: Path) -> None:
    names = ("signed.png", "mirrored.jpg", "broken.png", "stranger.jpg", "missing.png")
    status, records, _ = recover(*(files / name for name in names))
    assert status == 3
    assert [record.get("relation") for record in records] == [
        "identical", "transformed", None, "unknown", None,
    ]  # fmt: skip
    assert [record["error"] for record in records] == [None, None, "truncated", None, "not_a_file"]
    assert records[1]["change"]["mirrored"]
    assert records[1]["mark"]["payload"] == "000c0ffee"
    assert records[1]["candidates"][0]["agrees"]
    assert recover(files / "signed.png", files / "mirrored.jpg")[0] == 0
    assert recover(files / "signed.png", files / "stranger.jpg")[0] == 1


def test_what_cannot_be_restored_is_said(recover: Any, files: Path, tmp_path: Path) -> None:
    names = (files / "mirrored.jpg", files / "stripped.png", files / "stranger.jpg")
    status, records, _ = recover(*names, "--restore", tmp_path / "back")
    assert status == 1
    assert [record["restored"] is not None for record in records] == [False, True, False]
    assert [record["not_restored"] is None for record in records] == [False, True, False]
    assert [path.name for path in (tmp_path / "back").iterdir()] == ["stripped.png"]


def test_people_read_it_too(
    own_settings: None, files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORENSICS_STORE", str(files / "store.sqlite"))
    with pytest.raises(SystemExit) as stop:
        main(["recover", str(files / "stripped.png"), str(files / "stranger.jpg")])
    out = capsys.readouterr().out
    assert stop.value.code == 1
    assert "metadata stripped, pixels bit-exact" in out
    assert "can be had again" in out
    assert "there are no keys" in out
    assert "stranger.jpg: unknown" in out


def test_an_audit_looks_into_the_store(recover: Any, files: Path) -> None:
    trust = ("--trust", files / "ca" / "trust.toml", "--only", "metadata")
    status, (report,), _ = recover(files / "stripped.png", *trust, command="audit")
    assert (status, report["verdict"], report["rule"]) == (0, "synthetic", "copy_of_registered")


def test_a_store_that_is_not_there_is_named(
    own_settings: None, files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["recover", str(files / "signed.png"), "--store", str(tmp_path / "none.sqlite")])
    out, err = capsys.readouterr()
    assert (stop.value.code in (2, 4), out) == (True, "")
    assert "forensics store init" in err
