"""A detector of the user's own: listed, calibrated, and asked in an audit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ..detectors.own.networks import described, means
from .commands import Answer, answered

pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise whose green is higher in what is called fake, with some of each the other way round."""
    root, rng = tmp_path_factory.mktemp("corpus"), np.random.default_rng(4)
    for label, level in (("real", 100), ("fake", 140)):
        (root / label).mkdir()
        for number in range(12):
            pixels = rng.normal(level + rng.normal(0, 15), 8, (72, 72, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / label / f"{number}.png", compress_level=1)
    return root


@pytest.fixture
def forensics(own_settings: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    return lambda *arguments: answered(capsys, *arguments)


def test_own_detector_from_calibration_to_audit(
    forensics: Callable[..., Answer], corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = described(tmp_path, means(), given={"size": "native"})
    audit = ("audit", "--json", "--only", "mine", "--detector", own)
    (before,) = [e for e in forensics(*audit, corpus / "fake" / "0.png").record["evidence"] if e["llr"] == 0]
    assert before["code"] == "mine.generated"

    made = forensics("calibrate", corpus, "-o", tmp_path / "weights", "--only", "mine", "--detector", own)
    assert (made.status, made.err) == (0, "")
    table = tmp_path / "weights" / "tables" / "mine.generated.json"
    assert table.is_file()
    path = described(
        tmp_path, means(), given={"size": "native"}, calibration="weights/tables/mine.generated.json"
    )
    assert path == own

    for label, sign in (("fake", 1), ("real", -1)):
        pictures = [forensics(*audit, p).record for p in sorted((corpus / label).iterdir())[:4]]
        llrs = [e["llr"] for p in pictures for e in p["evidence"] if e["code"] == "mine.generated"]
        assert sign * float(np.mean(llrs)) > 0
        assert max(np.abs(llrs)) <= np.log10(13)

    monkeypatch.setenv("FORENSICS_DETECTORS", str(tmp_path))
    (listed,) = [x for x in forensics("detectors", "--json").records if x["name"] == "mine"]
    assert (listed["calibration"]["negatives"], listed["title"]) == (12, "Light")
    assert "mine" in {
        e["detector"] for e in forensics("audit", "--json", corpus / "real" / "0.png").record["evidence"]
    }


@pytest.mark.parametrize("command", ["audit", "detectors"])
def test_detectors_that_are_none_are_told_in_one_line(
    forensics: Callable[..., Answer], corpus: Path, tmp_path: Path, command: str
) -> None:
    broken = described(tmp_path, b"nothing", given={"size": "native"})
    picture = [corpus / "real" / "0.png"] if command == "audit" else []
    found = forensics(command, "--detector", broken, *picture)
    assert (found.status, found.out) == (4, "")
    assert "cannot be run" in found.err
    assert found.err.count("\n") == 1
    broken.write_text("surprise = 1")
    found = forensics(command, "--detector", broken, *picture)
    assert found.status == 2
    assert "mine.toml: name: Field required" in found.err
    assert forensics(command, "--detector", tmp_path / "nowhere", *picture).status == 2
