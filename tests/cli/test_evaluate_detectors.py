"""`forensics evaluate detectors`, from a tiny set to its tables and plots."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .commands import Answer, answered

ROW = "periodicity.upsampling"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise, and the same with a pattern that repeats every 8 pixels, as decoders of 8x8 cells leave it."""
    root = tmp_path_factory.mktemp("trial")
    rng = np.random.default_rng(11)
    lines = ["file,label,maker,source,split"]
    for number in range(5):
        smooth = Image.fromarray(rng.integers(60, 190, (32, 32), np.uint8)).resize(
            (320, 320), Image.Resampling.BICUBIC
        )
        for label in ("real", "fake"):
            pixels = np.asarray(smooth, np.float64) + rng.normal(0, 4, (320, 320))
            if label == "fake":
                pixels += np.kron(np.ones((40, 40)), rng.normal(0, 2, (8, 8)))
            (root / label).mkdir(exist_ok=True)
            grey = np.clip(pixels, 0, 255).astype(np.uint8)
            Image.fromarray(grey).convert("RGB").save(root / label / f"{number}.png", compress_level=1)
            maker = "cells" if label == "fake" else ""
            lines.append(f"{label}/{number}.png,{label},{maker},s{number},{'val' if number == 4 else 'test'}")
    (root / "manifest.csv").write_text("\n".join(lines))
    return root


@pytest.fixture
def forensics(own_settings: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    return lambda *arguments: answered(capsys, "evaluate", "detectors", *arguments)


def test_a_trial_of_what_ships(forensics: Callable[..., Answer], corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = (corpus, "-o", out, "--only", "periodicity", "--attacks", "noise:1;jpeg:75", "--replicates", 20)
    found = forensics(*given, "--real-only", corpus / "real", "--seen", "cells", "--json")
    assert (found.status, found.err) == (0, "")
    cells = {(c["row"], c["maker"], c["delivery"]): c for c in found.record["cells"]}
    native = {f["name"]: f["value"] for f in cells[ROW, "all", "none"]["figures"]}
    assert native["AUC"] == 1.0
    assert native["false alarms at odds"] == 0.0
    assert (ROW, "all", "jpeg:75") in cells
    assert cells[ROW, "all", "jpeg:75"]["real_answered"] == 0.0  # it says nothing of a JPEG
    assert found.record["settings"]["stored"] == "png"
    assert not any(alarms["accused"] for alarms in found.record["alarms"] if alarms["at"] == "odds")
    assert json.loads((out / "results.json").read_text()) == found.record
    plots = {"journal.jsonl", "plots", "report.md", "results.json", "thresholds.json"}
    assert {p.name for p in out.iterdir()} == plots
    assert (out / "plots" / f"{ROW}.none.tippett.svg").read_bytes().startswith(b"<svg ")

    again = forensics(*given, "--thresholds", out / "thresholds.json", "--threshold", 0.5)
    assert again.status == 0
    assert "24 looks were known from before" in again.out
    assert ROW in again.out
    assert json.loads((out / "thresholds.json").read_text())["log10_odds"] == 0.5


def test_what_cannot_be_read_is_named(forensics: Callable[..., Answer], tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "lost.png").write_text("no picture")
    grey = Image.new("RGB", (64, 64), (90, 90, 90))
    grey.save(tmp_path / "photos" / "grey.png")
    options = ("--real-only", tmp_path / "photos", "--only", "periodicity", "--attacks", "noise:2")
    found = forensics("-o", tmp_path / "out", *options)
    assert found.status == 3
    assert "left out: photos/lost.png" in found.out
    assert "No picture of --real-only was accused." in found.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "give DIR, or --real-only, or both"),
        (("SET", "--only", "copy_move"), "none of these detectors says whether a picture is synthetic"),
        (("SET", "--attacks", "jpeg:500"), "quality is 1 to 100"),
        (("SET", "--split", "x"), "no split 'x'"),
        (("SET", "--by", "family"), "says nothing of families"),
        (("SET", "--real-only", "SET", "--real-only", "SET"), "two sets of --real-only are called"),
        (("SET", "--thresholds", "SET/manifest.csv"), "is no file of thresholds"),
        (("SET", "--calibration", "SET"), "is no calibration"),
    ],
)
def test_wrong_use(
    forensics: Callable[..., Answer], corpus: Path, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    given = [str(option).replace("SET", str(corpus)) for option in options]
    found = forensics(*given, "-o", tmp_path / "out")
    assert (found.status, found.out) == (2, "")
    assert message in found.err
    assert not (tmp_path / "out" / "results.json").exists()


def test_a_delivery_that_does_nothing_is_our_failure_to_deliver(
    forensics: Callable[..., Answer], corpus: Path, tmp_path: Path
) -> None:
    found = forensics(corpus, "-o", tmp_path, "--only", "periodicity", "--attacks", "noise:0")
    assert found.status == 4
    assert "a delivery changed no pixel of any picture: noise:0; leave it out" in found.err
