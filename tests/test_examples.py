"""The examples run, and the sample files get the verdicts that the documentation promises."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from forensics import Auditor, TrustPolicy, Verdict
from forensics.datasets.procedural import camera
from forensics.errors import UsageError
from forensics.evidence import Status
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import Watermarker

ROOT = Path(__file__).parents[1]
DATA = ROOT / "examples" / "data"

# The copied picture is an opinion's: its finding is promised, its verdict hangs on the calibration.
PROMISED = {
    "photo.jpg": Verdict.INCONCLUSIVE,
    "signed.jpg": Verdict.INCONCLUSIVE,
    "tampered.jpg": Verdict.ALTERED,
    "laundered.jpg": Verdict.CONTRADICTORY,
}


@pytest.fixture(autouse=True)
def own_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What examples mark with is made in a folder of the test's own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    for name in ("FORENSICS_KEYS", "FORENSICS_TRUST", "FORENSICS_CA", "FORENSICS_STORE"):
        monkeypatch.delenv(name, raising=False)


def run(script: str, argument: Path) -> str:
    command = [sys.executable, str(ROOT / "examples" / script), str(argument)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


def load(script: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(script, ROOT / "examples" / f"{script}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def auditor() -> Auditor:
    return Auditor(trust=TrustPolicy.default())


def test_every_sample_is_promised_a_verdict_and_licensed() -> None:
    assert {path.name for path in DATA.glob("*.jpg")} == {*PROMISED, "copied.jpg"}
    licences = (DATA / "LICENSES.md").read_text(encoding="utf-8")
    kept = {path.name for path in DATA.iterdir()} - {"LICENSES.md"}
    assert set(re.findall(r"^\| `([^`]+)`", licences, re.MULTILINE)) == kept
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 1_500_000


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_sample_gets_its_verdict(auditor: Auditor, name: str) -> None:
    report = auditor.audit(DATA / name)
    assert report.verdict is PROMISED[name], report.reasons
    assert not report.errors


def test_copied_sample_is_found_and_not_overstated(auditor: Auditor) -> None:
    report = auditor.audit(DATA / "copied.jpg")
    found = next(piece for piece in report.evidence if piece.code == "copy_move.duplicate")
    assert found.status is Status.SIGNAL
    assert found.llr is not None
    assert found.llr > 1
    assert report.verdict in {Verdict.INCONCLUSIVE, Verdict.LIKELY_ALTERED}
    # The copy of 140 rows and 94 columns at row 256, column 24, and its source 96 columns to the right.
    marked = cv2.resize(found.maps[0].values, (768, 512)) > 0.5
    assert marked[256:396, 24:118].mean() > 0.8
    assert marked[256:396, 120:214].mean() > 0.8
    assert "96 px to the right" in found.summary


def test_signing_example(tmp_path: Path) -> None:
    output = run("sign_generated.py", tmp_path / "new")
    assert "who trusts the studio: synthetic." in output
    assert "who does not:          likely_synthetic." in output


@pytest.mark.slow
def test_folder_example() -> None:
    lines = run("audit_folder.py", DATA).splitlines()
    verdicts = [line for line in lines if not line.startswith(" ")]
    assert set(verdicts) >= {*PROMISED.values(), Verdict.UNREADABLE}  # the licences are no picture
    assert verdicts == sorted(verdicts)
    assert len(lines) - len(verdicts) == len(list(DATA.iterdir()))


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "examples").glob("*.py")))
def test_wrong_usage_is_explained(script: str) -> None:
    command = [sys.executable, str(ROOT / "examples" / script)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 2
    assert result.stderr.startswith(f"usage: {script}")


@pytest.mark.slow
def test_marking_example() -> None:
    lines = run("mark_and_detect.py", DATA / "photo.jpg").splitlines()
    assert lines[0].startswith("marked at ")
    found = [line for line in lines if " says " in line]
    assert len(found) == 6
    assert all("says 000c0ffee" in line for line in found), lines
    assert "rotated" in next(line for line in found if line.startswith("rotate:7"))
    assert "No mark of these keys was found." in lines[-1]


def test_marking_example_names_what_is_no_picture() -> None:
    command = [sys.executable, str(ROOT / "examples" / "mark_and_detect.py"), str(DATA / "none.jpg")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 2
    assert "none.jpg" in result.stderr


def test_pipeline_example(tmp_path: Path) -> None:
    lines = run("diffusers_callback.py", tmp_path / "out").splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == ["000000001", "000000002"]


def test_a_pipeline_is_marked_whatever_it_returns() -> None:
    example = load("diffusers_callback")
    marker = Watermarker(Key(bytes(32)))
    pipeline = example.MarkedPipeline(example.StandIn(), marker, iter(["abc", "def"]))
    arrays = pipeline("a prompt", output_type="np").images
    assert (arrays.shape, arrays.dtype) == ((2, 512, 512, 3), np.float32)
    found = [marker.detect(np.rint(picture * 255).astype(np.uint8)) for picture in arrays]
    assert [f.payload.identity for f in found if f.payload] == ["000000abc", "000000def"]
    example.StandIn.scheduler = "kept"
    assert pipeline.scheduler == "kept"


def test_diffusers_example(tmp_path: Path) -> None:
    lines = run("mark_diffusers.py", tmp_path / "out").splitlines()
    assert [line.partition(": ")[2].partition(",")[0] for line in lines] == ["synthetic", "synthetic"]
    assert len({line.partition("payload ")[2] for line in lines}) == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["000000.png", "000001.png"]


def test_tensor_example() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    example = load("torch_transform")
    marker = Watermarker(Key(bytes(32)))
    pictures = np.stack([camera(seed, 256, 288) for seed in (1, 2)]).astype(np.float32) / 255
    batch = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous()
    marked = example.Mark(marker)(batch, ["abc", "def"])
    assert (marked.shape, marked.dtype, marked.device) == (batch.shape, batch.dtype, batch.device)
    assert 38 < -10 * float(torch.log10(((marked - batch) ** 2).mean())) < 42
    pixels = (marked * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
    said = [found.payload.identity for found in marker.detect_many(pixels) if found.payload]
    assert said == ["000000abc", "000000def"]
    for wrong in (batch[0], batch[:, :1], (batch * 255).to(torch.uint8)):
        with pytest.raises(UsageError):
            example.Mark(marker)(wrong, ["abc", "def"])
    with pytest.raises(UsageError):
        example.Mark(marker)(batch, ["abc"])


def test_tensor_example_names_the_extra() -> None:
    code = f"""
import runpy, sys
sys.modules["torch"] = None  # importing it fails
sys.argv = ["torch_transform.py", "1"]
runpy.run_path({str(ROOT / "examples" / "torch_transform.py")!r}, run_name="__main__")
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "synthetic-media-forensics[train]" in result.stderr


def test_signing_by_an_autoencoder_example(tmp_path: Path) -> None:
    pytest.importorskip("diffusers", reason="needs diffusers")
    lines = run("sign_diffusers.py", tmp_path / "new").splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == ["000c0ffee", "000c0ffee"]


def test_signing_by_an_autoencoder_names_the_extra(tmp_path: Path) -> None:
    code = f"""
import runpy, sys
sys.modules["diffusers"] = None  # importing it fails
sys.argv = ["sign_diffusers.py", {str(tmp_path)!r}]
runpy.run_path({str(ROOT / "examples" / "sign_diffusers.py")!r}, run_name="__main__")
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "synthetic-media-forensics[diffusers]" in result.stderr


def test_training_example(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs PyTorch")
    command = [sys.executable, str(ROOT / "examples" / "train_every_family.py"), str(tmp_path), "--smoke"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == 0, result.stderr
    assert {path.name for path in (tmp_path / "drawn").iterdir()} == {"flow", "gan", "video"}
    for name, ending in (("flow", "png"), ("gan", "png"), ("video", "mp4")):
        assert len(list((tmp_path / "drawn" / name).glob(f"0000??.{ending}"))) == 16


def test_training_example_trains_every_family_by_presets_there_are() -> None:
    pytest.importorskip("torch", reason="needs PyTorch")
    from forensics.generators.train.families import FAMILIES

    example = load("train_every_family")
    assert {family for _, family, _ in example.RUNS} == set(FAMILIES) - {"control"}
    for _, family, options in example.RUNS:
        assert options.split()[1] in FAMILIES[family].presets


def test_folder_example_names_a_missing_folder(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "examples" / "audit_folder.py"), str(tmp_path / "none")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 2
    assert "none is not a folder" in result.stderr
