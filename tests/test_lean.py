"""The audit runs without any training package, and the command line starts without any heavy one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.detectors.base import DETECTORS
from forensics.media import Kind

# Blocked: training packages, test references and every package of an extra.
LEAN = """
import sys
from importlib.abc import MetaPathFinder

BLOCKED = "av onnxruntime pillow_heif pillow_jxl ray scipy skimage sklearn timm torch".split()

class Wall(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Wall())
"""
AUDIT = LEAN + "from forensics.cli import main\nmain(sys.argv[1:])\n"
HEAVY = (
    "PIL", "av", "c2pa", "cryptography", "cv2", "jinja2", "numpy", "onnxruntime", "pydantic", "sqlalchemy",
)  # fmt: skip
IMPORTED = f"""
import sys
from forensics.cli import main
try:
    main(sys.argv[1:])
finally:
    print("IMPORTED", *sorted(set(sys.modules) & set({HEAVY!r})))
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JPEG with some texture, large enough for every detector."""
    noise = np.random.default_rng(7).normal(0, 30, (48, 64, 3))
    smooth = Image.fromarray(np.clip(128 + noise, 0, 255).astype(np.uint8)).resize((768, 576), Image.BICUBIC)
    path = tmp_path_factory.mktemp("lean") / "photo.jpg"
    smooth.save(path, quality=88)
    return path


def test_wall_holds() -> None:
    result = python(LEAN + "import scipy")
    assert result.returncode == 1
    assert "No module named 'scipy'" in result.stderr


def test_audit_runs_without_training_packages(photo: Path) -> None:
    result = python(AUDIT, "audit", "--json", str(photo))
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["verdict"] == "inconclusive"
    ran = {piece["detector"] for piece in report["evidence"]}
    assert ran >= {name for name in DETECTORS.names() if Kind.IMAGE in DETECTORS.get(name).info.kinds}
    broken = [piece for piece in report["evidence"] if piece["status"] == "error"]
    assert not broken
    assert report["errors"] == []


def test_html_report_and_maps_are_lean_too(photo: Path, tmp_path: Path) -> None:
    page, maps = tmp_path / "report.html", tmp_path / "maps"
    result = python(AUDIT, "audit", "--html", str(page), "--maps", str(maps), str(photo))
    assert result.returncode == 0, result.stderr
    assert page.stat().st_size > 1000


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("audit", "--help"),
        ("camera", "identify", "--help"),
        ("credentials", "--help"),
        ("evaluate", "generator", "--help"),
        ("mark", "--help"),
        ("marking", "init", "--help"),
        ("store", "find", "--help"),
    ],
)
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    result = python(IMPORTED, *arguments)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "IMPORTED"


def test_import_of_the_package_is_free() -> None:
    code = f"import sys, forensics; print(sorted(set(sys.modules) & set({HEAVY!r})))"
    assert python(code).stdout.strip() == "[]"
