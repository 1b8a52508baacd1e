"""The floors hold, the rule that says so can fail, and no room stands outside the house."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
CONTRACTS = {c["id"]: c for c in tomllib.loads(PYPROJECT)["tool"]["importlinter"]["contracts"]}
LAYERS = [[room.strip() for room in layer.split("|")] for layer in CONTRACTS["floors"]["layers"]]
ROOMS = [room for layer in LAYERS for room in layer]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def made_up(folder: Path, source: str = "cli", target: str = "made_up.errors") -> Path:
    """Build a package of empty rooms under the same contracts, in which one room imports something."""
    package = folder / "made_up"
    package.mkdir()
    for room in ROOMS:
        (package / f"{room.removeprefix('forensics.')}.py").touch()
    (package / "__init__.py").write_text("def late():\n    from made_up import auditor\n")
    (package / f"{source}.py").write_text(f"def late():\n    import {target}\n")
    config = PYPROJECT[PYPROJECT.index("[tool.importlinter]") :]
    (folder / "pyproject.toml").write_text(re.sub(r"\bforensics\b", "made_up", config))
    return folder


def test_house_keeps_its_floors() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("errors", "made_up.cli"),
        ("media", "made_up.detectors"),
        ("provenance", "made_up.fusion"),
        ("detectors", "made_up.provenance"),
        ("auditor", "made_up.report"),
        ("media", "torch"),
    ],
)
def test_wrong_import_breaks_the_contract(tmp_path: Path, source: str, target: str) -> None:
    result = lint(made_up(tmp_path, source, target))
    assert result.returncode == 1, result.stdout + result.stderr
    assert re.search(r"\b[1-9]\d* broken", result.stdout)
    assert f"made_up.{source} -> {target}" in result.stdout


def test_right_import_is_allowed(tmp_path: Path) -> None:
    result = lint(made_up(tmp_path))
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_room_stands_on_a_floor() -> None:
    package = ROOT / "forensics"
    modules = {p.stem for p in package.glob("*.py")} | {p.parent.name for p in package.glob("*/__init__.py")}
    assert sorted(ROOMS) == sorted(f"forensics.{name}" for name in modules if name[0] != "_")


def test_way_of_an_audit_is_watched() -> None:
    watched = set(CONTRACTS["lean"]["source_modules"])
    assert watched >= {
        f"forensics.{room}" for room in ("auditor", "detectors", "media", "provenance", "report")
    }
    assert set(CONTRACTS["lean"]["forbidden_modules"]) >= {"torch", "timm", "ray", "sklearn"}
