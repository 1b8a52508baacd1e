"""`forensics watermark detect`, end to end."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.cli import main
from forensics.datasets.procedural import camera
from forensics.watermark.keyfile import save_keys
from forensics.watermark.keys import Key

FIELDS = {
    "path", "detected", "p_value", "log10_p", "rate", "payload", "layout", "codec", "front", "key",
    "key_name", "copied", "geometry", "missing", "reason", "error",
}  # fmt: skip
MODULE = [sys.executable, "-m", "forensics", "watermark"]
ENV = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def test_one_object_for_each_file(watermark, pictures: Path, key_file: Path) -> None:
    answer = watermark("detect", pictures, "--keys", key_file, "--json")
    assert answer.status == 0
    found, none = answer.records
    assert found.keys() == none.keys() == FIELDS
    assert found["path"] == str(pictures / "marked.png")
    assert found["detected"] is True
    assert found["log10_p"] < -6
    assert found["p_value"] == pytest.approx(10 ** found["log10_p"], rel=0.1)
    assert (found["payload"], found["layout"], found["codec"]) == ("000c0ffee", "standard", "spread")
    assert (found["copied"], found["key_name"], found["error"]) == (False, "studio", None)
    assert found["geometry"]["text"] == "as it was"
    assert found["geometry"]["rotation"] == pytest.approx(0, abs=0.1)
    assert none["detected"] is False
    assert none["p_value"] > 1e-6
    assert [none[name] for name in ("payload", "key", "key_name", "copied", "geometry")] == [None] * 5


def test_text_says_what_was_found(watermark, pictures: Path, key_file: Path) -> None:
    out = watermark("detect", pictures, "--keys", key_file).out
    found, none = out.split(str(pictures / "plain.png"))
    assert "A mark with payload 000c0ffee is there." in found
    assert "key        studio (" in found
    assert "geometry   as it was" in found
    assert "No mark of these keys was found." in none
    assert "key  " not in none


def test_geometry_is_read_from_the_mark(watermark, pictures: Path, key_file: Path, tmp_path: Path) -> None:
    Image.open(pictures / "marked.png").transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png")
    record = watermark("detect", tmp_path / "turned.png", "--keys", key_file, "--json").record
    assert record["detected"]
    assert record["geometry"]["rotation"] == pytest.approx(90, abs=0.3)
    assert "rotated 90" in record["geometry"]["text"]


def test_a_copied_mark_is_called_copied(
    watermark, scene: np.ndarray, marked: np.ndarray, key_file: Path, tmp_path: Path
) -> None:
    other = camera(2, *scene.shape[:2]).astype(int)
    moved = np.clip(other + marked.astype(int) - scene, 0, 255).astype(np.uint8)
    Image.fromarray(moved).save(tmp_path / "moved.png")
    record = watermark("detect", tmp_path / "moved.png", "--keys", key_file, "--json").record
    assert (record["detected"], record["copied"]) == (True, True)
    assert "copied from another picture" in record["reason"]


def test_other_keys_find_nothing(watermark, pictures: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    save_keys([Key(bytes(32), "a"), Key(bytes([1] * 32), "b")], other)
    assert watermark("detect", pictures / "marked.png", "--keys", other, "--json").record["detected"] is False


def test_the_ring_is_used_where_no_keys_are_named(
    watermark, pictures: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = watermark("detect", pictures)
    assert answer.status == 2
    assert "keygen" in answer.err
    monkeypatch.setenv("FORENSICS_KEYS", str(key_file))
    assert watermark("detect", pictures / "marked.png", "--json").record["key_name"] == "studio"


def test_what_cannot_be_read_has_a_record_and_stops_nothing(
    watermark, pictures: Path, key_file: Path, clip: Path
) -> None:
    (pictures / "empty.png").touch()
    answer = watermark("detect", pictures, clip, pictures / "none.png", "--keys", key_file, "--json")
    assert answer.status == 3
    assert all(record.keys() == FIELDS for record in answer.records)
    errors = {Path(record["path"]).name: record["error"] for record in answer.records}
    assert errors == {
        "empty.png": "empty", "marked.png": None, "plain.png": None, "clip.mp4": "corrupt",
        "none.png": "not_a_file",
    }  # fmt: skip
    (said,) = [r for r in answer.records if r["path"] == str(clip)]
    assert said["detected"] is None


def test_a_missing_extra_is_named(
    watermark, key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "photo.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(64))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    answer = watermark("detect", path, "--keys", key_file, "--json")
    assert answer.status == 3
    assert answer.record["error"] == "missing_extra"
    assert "synthetic-media-forensics[heif]" in answer.record["reason"]


@pytest.mark.parametrize(
    "arguments",
    [("--rate", "0"), ("--rate", "1"), ("--rate", "x"), ("--calibration", "none.json"), ("--keys", "none")],
)
def test_wrong_usage(watermark, pictures: Path, key_file: Path, arguments: tuple[str, str]) -> None:
    answer = watermark("detect", pictures, "--keys", key_file, *arguments)
    assert (answer.status, answer.out) == (2, "")


def test_an_empty_folder_is_said(watermark, key_file: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    answer = watermark("detect", tmp_path / "empty", "--keys", key_file)
    assert answer.status == 2
    assert "no files" in answer.err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_every_encoding_holds_every_name(
    encoding: str, pictures: Path, key_file: Path, own_settings: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = pictures / "żółw—写真😀\udcff\x1b[31m.png"
    (pictures / "marked.png").rename(strange)
    for command in (["detect", "--json"], ["detect"], ["identify", "--json"], ["identify"]):
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding, write_through=True) for _ in range(2))
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", out)
            patch.setattr("sys.stderr", err)
            with pytest.raises(SystemExit) as stop:
                main(["watermark", *command, str(strange), "--keys", str(key_file)])
        assert (stop.value.code or 0) == 0, err.buffer.getvalue()
        shown = out.buffer.getvalue()
        assert b"\x1b" not in shown
        if "--json" in command:
            assert json.loads(shown)["path"].endswith("\\xff\x1b[31m.png")


def test_a_closed_pipe_is_neither_success_nor_a_finding(pictures: Path, key_file: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [*MODULE, "detect", pictures / "plain.png", "--keys", key_file]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60, env=ENV)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")
