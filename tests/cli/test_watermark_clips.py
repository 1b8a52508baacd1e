"""The commands of marks on clips, end to end."""

from __future__ import annotations

import fractions
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forensics.datasets.procedural import camera
from forensics.watermark.spread.nulls import shipped, to_json

av = pytest.importorskip("av", reason="clips need PyAV")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A camera that moves over a scene, 24 frames."""
    path = tmp_path / "film.mp4"
    scene = camera(7, 300, 460)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("h264", rate=fractions.Fraction(24), options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = 384, 256, "yuv420p"
        for number in range(24):
            frame = np.ascontiguousarray(scene[number : number + 256, 3 * number : 3 * number + 384])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


def test_a_clip_is_marked_found_and_assigned(watermark, film: Path, key_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    answer = watermark("embed", film, target, "--keys", key_file, "--payload", "beef", "--json")
    assert answer.status == 0, answer
    record = answer.record
    assert (record["status"], record["payload"], record["ssim"]) == ("marked", "00000beef", None)
    assert record["psnr"] == pytest.approx(40, abs=1)
    assert record["notes"] == ["24 of 24 frames marked, 0 streams of audio copied"]
    found, none = watermark("detect", target, film, "--keys", key_file, "--json").records
    assert (found["detected"], found["payload"]) == (True, "00000beef")
    assert none["detected"] is False
    users = tmp_path / "users.csv"
    users.write_text("1\nbeef,Bo\n")
    named = watermark("identify", target, "--keys", key_file, "--users", users, "--json").record
    assert (named["identity"], named["name"]) == ("beef", "Bo")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_calibration_counts_for_clips(watermark, film: Path, key_file: Path, tmp_path: Path) -> None:
    target, other = tmp_path / "out.mp4", tmp_path / "other.json"
    marked = watermark("embed", film, target, "--keys", key_file, "--every", 3, "--json")
    assert marked.record["notes"] == ["8 of 24 frames marked, 0 streams of audio copied"]
    nulls = shipped()
    own, lattices = (replace(null, share=null.share / 100) for null in (nulls.own_grid, nulls.lattices))
    other.write_text(to_json([replace(nulls, own_grid=own, lattices=lattices)]))
    plain = watermark("detect", target, "--keys", key_file, "--json").record
    found = watermark("detect", target, "--keys", key_file, "--calibration", other, "--json").record
    assert plain["detected"]
    assert found["log10_p"] == pytest.approx(plain["log10_p"] - 2, abs=0.02)


def test_a_clip_that_loses_its_mark_is_not_written(
    watermark, film: Path, key_file: Path, tmp_path: Path
) -> None:
    answer = watermark("embed", film, tmp_path / "out.mp4", "--keys", key_file, "--crf", 51, "--json")
    assert answer.status == 1
    assert (answer.record["status"], answer.record["error"]) == ("refused", "watermark")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "key.toml"]


@pytest.mark.parametrize(
    ("target", "extra"),
    [("out.png", ()), ("film.mp4", ()), ("out.mp4", ("--contract", "jpeg:50")), ("out.mp4", ("--crf", "99"))],
)
def test_wrong_usage(
    watermark, film: Path, key_file: Path, tmp_path: Path, target: str, extra: tuple[str, ...]
) -> None:
    before = film.read_bytes()
    assert watermark("embed", film, tmp_path / target, "--keys", key_file, *extra).status == 2
    assert film.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "key.toml"]


def test_a_missing_extra_is_named(
    watermark, film: Path, key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)  # importing it fails
    for command in (("detect", film), ("identify", film), ("embed", film, tmp_path / "out.mp4")):
        answer = watermark(*command, "--keys", key_file, "--json")
        assert answer.status == 3
        assert answer.record["error"] == "missing_extra"
        assert "synthetic-media-forensics[video]" in answer.record["reason"]


def test_what_needs_pictures_says_so(watermark, film: Path, tmp_path: Path) -> None:
    answer = watermark("attack", film, tmp_path / "out.png", "jpeg:50")
    assert answer.status == 3
    assert "this is a clip" in answer.err
    answer = watermark("bench", film)
    assert answer.status == 2
    assert "this is a clip" in answer.err
