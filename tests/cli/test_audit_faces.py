"""`forensics audit CLIP --only blink`, end to end, with the network that ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ..detectors.faces.clips import filmed
from ..detectors.faces.drawn import blinking
from .commands import answered


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = (np.dstack([frame] * 3) for frame, _ in blinking(60, [20, 21, 22, 23]))
    return filmed(tmp_path_factory.mktemp("faces") / "talking.mp4", frames)


def test_a_short_clip_of_a_face_accuses_nobody(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxruntime")
    answer = answered(capsys, "audit", clip, "--only", "blink", "--only", "temporal", "--json")
    assert answer.status == 0
    report = answer.record
    assert report["verdict"] == "inconclusive"
    assert report["errors"] == []
    pieces = {piece["code"]: piece for piece in report["evidence"]}
    assert pieces["temporal.cadence"]["question"] == "history"
    assert pieces["blink.not_applicable"]["question"] == "synthetic"
    assert all(piece["llr"] is None for piece in pieces.values())


def test_a_picture_has_no_blinks(photo_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = answered(capsys, "audit", photo_file, "--only", "blink", "--json")
    assert answer.status == 0
    assert {piece["detector"] for piece in answer.record["evidence"]} == {"credentials"}
