"""Every network that ships runs, is exported and asked about pictures without any training package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ..detectors.own.networks import described, means
from .networks import detector

pytest.importorskip("onnxruntime")

WALL = """
import sys
from importlib.abc import MetaPathFinder

BLOCKED = "onnx ray safetensors scipy skimage sklearn skl2onnx timm torch".split()

class Wall(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Wall())
"""
EVERY = """
import numpy as np
from forensics.exporting.exporting import networks_of
from forensics.exporting.inputs import inputs_of, side_of
from forensics.runtime.sessions import Session
from forensics.runtime.store import bundled, names

pictures = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
for name in names():
    networks = {file: Session(data) for file, data in networks_of(bundled(name)).items()}
    side = side_of(networks, 64)
    inputs = inputs_of(bundled(name), networks, pictures[:, :side, :side])
    for file, session in networks.items():
        assert all(np.isfinite(value).all() for value in session(*inputs[file])), (name, file)
        print(name, file)
"""
COMMAND = "from forensics.cli import main\nmain(sys.argv[1:])\n"


def python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WALL + code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_every_network_of_the_suite_runs() -> None:
    found = python(EVERY)
    assert found.returncode == 0, found.stderr
    assert {"codec decoder.onnx", "flow denoiser.onnx"} <= set(found.stdout.splitlines())


def test_export_and_own_detectors_run(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    pixels = np.random.default_rng(1).integers(0, 256, (80, 96, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(picture)
    exported = python(COMMAND, "export", detector(tmp_path / "source"), "-o", tmp_path / "out", "--count", 4)
    assert exported.returncode == 0, exported.stderr
    own = described(tmp_path, means(), given={"size": "native"})
    options = ["--detector", own, "--detector", tmp_path / "out", "--only", "mine", "--only", "own_out"]
    asked = python(COMMAND, "audit", "--json", *options, picture)
    assert asked.returncode == 0, asked.stderr
    assert "mine.generated" in asked.stdout
    assert "own_out.generated" in asked.stdout
    smaller = python(COMMAND, "export", "codec", "-o", tmp_path / "half", "--precision", "fp16", "--count", 4)
    assert smaller.returncode == 2
    assert "synthetic-media-forensics[export]" in smaller.stderr
