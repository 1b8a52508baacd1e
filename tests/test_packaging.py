"""What is shipped: the wheel holds the four linked folders, imports everywhere, and shadows nobody.

The tests marked `extra` build the distributions and install the wheel into a fresh environment.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINKED = ("generators", "watermark", "detectors", "datasets")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
import forensics
names = [info.name for info in pkgutil.walk_packages(forensics.__path__, "forensics.")]
lean = tuple(f"forensics.generators.{n}" for n in ("evaluation", "pipelines", "sampling"))  # need no PyTorch
for name in names:
    trains = name.startswith(("forensics.generators.", "forensics.training.", *(
        f"forensics.{room}.train." for room in ("detectors", "exporting", "watermark")
    )))
    if name.startswith(lean) or not trains:
        importlib.import_module(name)
heavy = {"torch", "timm", "sklearn", "ray", "scipy", "av", "onnxruntime"} & set(sys.modules)
assert not heavy, heavy
print(*names)
"""
SHADOWED = (
    "import importlib.util as u; print([n for n in ('datasets', 'watermark', 'detectors') if u.find_spec(n)])"
)


def tree() -> set[str]:
    """Return every file of the package, followed through the links, relative to the root."""
    found = set()
    for folder, _, files in os.walk(ROOT / "forensics", followlinks=True):
        if not folder.endswith("__pycache__"):
            found |= {(Path(folder) / name).relative_to(ROOT).as_posix() for name in files}
    return found


def run(*command: object, cwd: Path) -> str:
    words = [str(word) for word in command]
    result = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("folder", LINKED)
def test_folder_is_one_with_the_subpackage(folder: str) -> None:
    spec = importlib.util.find_spec(f"forensics.{folder}")
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).resolve() == ROOT / folder / "__init__.py"


def test_checkout_root_is_off_the_path(tmp_path: Path) -> None:
    assert ROOT not in [Path(entry).resolve() for entry in sys.path if entry]
    # Whatever those names mean in this environment, they are not our folders.
    code = "import importlib.util as u; print(*[u.find_spec(n) for n in ('datasets', 'watermark')])"
    assert str(ROOT) not in run(sys.executable, "-c", code, cwd=tmp_path)


def test_extras_are_complete_and_the_base_is_lean() -> None:
    assert set(PROJECT["optional-dependencies"]) >= {
        *("cpu", "gpu", "heif", "jxl", "video", "train", "scan", "serve", "docs", "dev")
    }
    base = {requirement.partition(">")[0] for requirement in PROJECT["dependencies"]}
    assert not base & {"torch", "timm", "scikit-learn", "scipy", "ray", "av", "onnxruntime"}


def test_version_is_stated_once() -> None:
    import forensics

    assert forensics.__version__ == PROJECT["version"]


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution, and the wheel from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def clean(distributions: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Install the wheel, without extras, into a fresh environment; yield its Python."""
    home = tmp_path_factory.mktemp("clean")
    venv.create(home, with_pip=True, symlinks=True)
    python = home / "bin" / "python"
    (wheel,) = distributions.glob("*.whl")
    run(python, "-m", "pip", "install", "--quiet", wheel, cwd=home)
    yield python
    shutil.rmtree(home)


@pytest.mark.extra
def test_wheel_holds_the_whole_package(distributions: Path) -> None:
    (wheel,) = distributions.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert len(names) == len(set(names))
    shipped = {name for name in names if ".dist-info/" not in name}
    assert shipped == tree()
    licences = {Path(name).name for name in names if "/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE"}


@pytest.mark.extra
def test_source_distribution_holds_each_folder_once(distributions: Path) -> None:
    (archive,) = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    for folder in LINKED:
        assert f"{folder}/__init__.py" in names
        assert f"forensics/{folder}/__init__.py" not in names


@pytest.mark.extra
def test_wheel_imports_in_a_clean_environment(clean: Path, tmp_path: Path) -> None:
    names = run(clean, "-W", "error", "-c", IMPORT_EVERYTHING, cwd=tmp_path).split()
    assert {f"forensics.{folder}" for folder in LINKED} <= set(names)
    assert "forensics.detectors.base" in names


@pytest.mark.extra
def test_wheel_shadows_nobody(clean: Path, tmp_path: Path) -> None:
    assert run(clean, "-c", SHADOWED, cwd=tmp_path).strip() == "[]"


@pytest.mark.extra
def test_installed_command_works(clean: Path, tmp_path: Path) -> None:
    command = clean.with_name("forensics")
    assert PROJECT["version"] in run(command, "--version", cwd=tmp_path)
    photo = next((ROOT / "examples" / "data").glob("*.jpg"))
    assert '"verdict"' in run(command, "audit", "--json", photo, cwd=tmp_path)
