"""`forensics mark` and `forensics marking`, end to end."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.marking import identity
from forensics.marking.binding import parameters_digest
from forensics.provenance import read
from forensics.provenance.dev_ca import create_dev_ca
from forensics.provenance.store import ManifestStore
from forensics.watermark.keyfile import save_keys
from forensics.watermark.keys import Key

from ..provenance.conftest import Pki
from .commands import run

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def own(own_settings: None) -> Path:
    """Return where the user's own store will be."""
    return identity.own_store()


@pytest.fixture
def inputs(tmp_path: Path, scene: npt.NDArray[np.uint8]) -> Path:
    """Return a folder with two pictures, one below, one that is too small, and one that is none."""
    folder = tmp_path / "in"
    (folder / "below").mkdir(parents=True)
    Image.fromarray(scene).save(folder / "a.png", compress_level=1)
    Image.fromarray(scene[:256, :256]).save(folder / "below" / "b.jpg", quality=95)
    Image.fromarray(scene[:64, :64]).save(folder / "small.png")
    (folder / "text.png").write_text("no picture")
    return folder


def records(capsys: Capture) -> dict[str, dict[str, Any]]:
    lines = capsys.readouterr().out.splitlines()
    return {Path(record["path"]).name: record for record in map(json.loads, lines)}


def test_a_folder_from_end_to_end(own: Path, inputs: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    command = ("mark", str(inputs), "--to", str(out), "--model", "sketch", "--json")
    assert run(*command) == 3
    found = records(capsys)
    assert {name: record["status"] for name, record in found.items()} == {
        "a.png": "marked", "b.jpg": "marked", "small.png": "refused", "text.png": "unreadable",
    }  # fmt: skip
    assert "too few" in found["small.png"]["reason"]
    assert found["text.png"]["target"] is None
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*")) == ["a.png", "below", "below/b.jpg"]
    assert all(found[name]["state"] == "trusted" for name in ("a.png", "b.jpg"))
    with ManifestStore(own) as store:
        for name in ("a.png", "b.jpg"):
            record = found[name]
            (entry,) = store.by_payload("spread", record["key"], record["payload"])
            assert entry.record.manifest_id == record["manifest_id"]
    # once more: what is there is skipped
    before = (out / "a.png").read_bytes()
    assert run(*command) == 3
    assert records(capsys)["a.png"]["status"] == "skipped"
    assert (out / "a.png").read_bytes() == before
    assert run("audit", str(out / "below" / "b.jpg"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "synthetic"


def test_one_file_with_everything_said(own: Path, inputs: Path, tmp_path: Path, capsys: Capture) -> None:
    ca = create_dev_ca(tmp_path / "ca")
    save_keys([Key(bytes(range(32)), "studio")], tmp_path / "keys.toml")
    (tmp_path / "how.json").write_text('{"seed": 5}')
    place = tmp_path / "store.sqlite"
    assert run("store", "init", "--store", str(place)) == 0
    target = tmp_path / "new" / "marked.jpg"
    command = (
        *("mark", str(inputs / "a.png"), "-o", str(target), "--model", "sketch", "--model-version", "3"),
        *("--cert", str(ca.chain), "--key", str(ca.key), "--trust", str(ca.trust)),
        *("--keys", str(tmp_path / "keys.toml"), "--store", str(place)),
        *("--parameters", str(tmp_path / "how.json"), "--payload", "c0ffee", "--quality", "93"),
    )
    capsys.readouterr()
    assert run(*command) == 0
    out = capsys.readouterr().out
    assert "credentials trusted" in out
    assert "watermark   000c0ffee (standard)" in out
    assert not own.parent.exists()  # nothing of an own identity was needed
    with ManifestStore(place) as store:
        (entry,) = store.by_payload("spread", Key(bytes(range(32))).id, "000c0ffee")
    assert entry.record.extra["parametersSha256"] == parameters_digest({"seed": 5})
    assert run(*command) == 2
    assert "exists" in capsys.readouterr().err
    assert run(*command, "--overwrite") == 0


def test_what_was_edited_says_so(own: Path, inputs: Path, tmp_path: Path, capsys: Capture) -> None:
    picture = inputs / "a.png"
    assert run("mark", str(picture), "--in-place", "--edited", "--model", "filler", "--json") == 0
    capsys.readouterr()
    actions = [action.name for action in read(picture).manifests[0].actions]
    assert actions == ["c2pa.opened", "c2pa.edited", "c2pa.watermarked.bound"]
    assert run("audit", str(picture), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["contradictions"] == []


def test_small_pictures_without_a_mark(own: Path, inputs: Path, tmp_path: Path, capsys: Capture) -> None:
    target = tmp_path / "small.png"
    command = ("mark", str(inputs / "small.png"), "-o", str(target), "--model", "sketch")
    assert run(*command) == 2
    assert "too few" in capsys.readouterr().err
    assert run(*command, "--no-watermark") == 0
    assert "note        no watermark" in capsys.readouterr().out


def test_a_bad_time_stamp_fails_every_file_and_ends_nothing(
    own: Path, inputs: Path, tmp_path: Path, capsys: Capture
) -> None:
    files = [str(inputs / "a.png"), str(inputs / "below" / "b.jpg")]
    command = ("mark", *files, "--to", str(tmp_path / "out"), "--model", "m", "--json")
    nobody = ("--timestamp", "http://127.0.0.1:9/")
    assert run(*command, *nobody) == 4
    assert {record["error"] for record in records(capsys).values()} == {"timestamp"}
    assert not list((tmp_path / "out").iterdir())
    assert run(*command, *nobody, "--timestamp-optional") == 0
    assert all(record["timestamp_problem"] for record in records(capsys).values())


def test_wrong_usage_is_said(own: Path, inputs: Path, tmp_path: Path, capsys: Capture) -> None:
    picture, out = str(inputs / "a.png"), str(tmp_path / "out")
    twice = inputs / "below" / "a.png"
    twice.write_bytes((inputs / "a.png").read_bytes())
    (tmp_path / "list.json").write_text("[]")
    for options, reason in (
        ((picture,), "say where to"),
        ((picture, "--to", out, "--in-place"), "say where to"),
        ((str(inputs), "-o", out), "--output is for one file"),
        ((picture, str(twice), "--to", out), "would both be written to"),
        ((str(inputs), "--to", str(inputs / "marked")), "would be marked again"),
        ((picture, "--in-place", "--as", "jpg"), "--as is for new files"),
        ((picture, "--to", out, "--cert", picture), "--cert and --key go together"),
        ((picture, "--to", out, "--timestamp-optional"), "--timestamp-optional needs"),
        ((picture, "--to", out, "--parameters", str(tmp_path / "list.json")), "one JSON object"),
        ((picture, "--to", out, "--parameters", picture), "no parameters as JSON"),
        ((picture, "-o", f"{out}.png", "--payload", "xyz"), "payload"),
        ((picture, "--to", out, "--store", str(tmp_path / "none.sqlite")), "no manifest store"),
    ):
        status = run("mark", *options, "--model", "m")
        assert status == 2, options
        assert reason in capsys.readouterr().err
    assert run("mark", picture, "--to", out) == 2
    assert "--model" in capsys.readouterr().err
    assert not Path(out).exists()


def test_an_identity_is_made_and_shown(own: Path, capsys: Capture) -> None:
    assert run("marking", "show") == 2
    assert "forensics marking init" in capsys.readouterr().err
    assert not own.parent.exists()
    assert run("marking", "init", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert made["trusted_here"]
    assert len(made["made"]) == 4
    assert run("marking", "init", "--json") == 0
    again = json.loads(capsys.readouterr().out)
    assert again == {**made, "made": []}
    assert run("marking", "show") == 0
    out = capsys.readouterr().out
    assert f"watermark key  marking ({made['key_id']}), marks say synthetic" in out
    assert "trusted here   yes" in out


def test_an_expired_certificate_ends_before_any_work(
    own: Path, inputs: Path, tmp_path: Path, capsys: Capture
) -> None:
    old = Pki().leaf(start=-90, end=-1)
    (tmp_path / "chain.pem").write_bytes(old.chain)
    (tmp_path / "key.pem").write_bytes(old.key_pem)
    signer = ("--cert", str(tmp_path / "chain.pem"), "--key", str(tmp_path / "key.pem"))
    assert run("mark", str(inputs), "--to", str(tmp_path / "out"), "--model", "m", *signer) == 2
    assert "valid" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_full_disk_fails_a_file_and_ends_nothing(
    own: Path, inputs: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("forensics.marking.staging.tempfile.mkdtemp", full)
        assert run("marking", "init") == 3  # the folder of the application is on that disk as well
        assert "No space left" in capsys.readouterr().err
    assert run("marking", "init") == 0
    monkeypatch.setattr("forensics.marking.staging.tempfile.mkdtemp", full)
    capsys.readouterr()
    files = [str(inputs / "a.png"), str(inputs / "below" / "b.jpg")]
    assert run("mark", *files, "--to", str(tmp_path / "out"), "--model", "m", "--json") == 4
    found = records(capsys)
    assert {record["error"] for record in found.values()} == {"signing"}
    assert all("No space left" in record["reason"] for record in found.values())
    assert not list((tmp_path / "out").iterdir())
