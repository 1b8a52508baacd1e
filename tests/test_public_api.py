"""The public surface: every name documented, sorted and frozen."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

import forensics

TRAINING = (
    "forensics.detectors.train.",
    "forensics.exporting.train.",
    "forensics.generators.",
    "forensics.training.",
    "forensics.watermark.train.",
)
LEAN = (  # these need no PyTorch
    "forensics.generators.evaluation",
    "forensics.generators.pipelines",
    "forensics.generators.sampling",
)
SNAPSHOT = Path(__file__).with_name("public_api.json")

POLICY = """\
The public surface of {package} changed.
  gone: {gone}
  new:  {new}
Policy: a public name is a promise. Before 1.0 a name may go in a minor version, after it had a deprecation
warning for one; a new name needs its docstring, its test and a line in CHANGELOG.md. If that is done, record
the change with `python tests/test_public_api.py`."""


def modules() -> list[str]:
    """Return the names of all modules, through the links, without importing them."""
    found = pkgutil.walk_packages(forensics.__path__, "forensics.", onerror=lambda _: None)
    return sorted(["forensics", *(info.name for info in found if not info.name.endswith("__main__"))])


def public() -> list[str]:
    return [name for name in modules() if not any(part.startswith("_") for part in name.split("."))]


def packages() -> list[str]:
    return [
        name
        for name in public()
        if (name.startswith(LEAN) or not name.startswith(TRAINING))
        and hasattr(importlib.import_module(name), "__path__")
    ]


def surface(package: str) -> list[str]:
    return sorted(getattr(importlib.import_module(package), "__all__", []))


def order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, each by name: the order that the linter keeps."""
    rank = 0 if name.isupper() else 1 if name.lstrip("_")[:1].isupper() else 2
    return rank, name


def undocumented(module: ModuleType, name: str) -> bool:
    member = getattr(module, name)
    return (inspect.isclass(member) or inspect.isroutine(member)) and not inspect.getdoc(member)


@pytest.mark.parametrize("name", modules())
def test_module_says_what_it_is_and_what_it_offers(name: str) -> None:
    if name.startswith(TRAINING) and not name.startswith(LEAN):
        pytest.importorskip("torch")
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} has no docstring"
    assert "be written" not in module.__doc__
    offered = getattr(module, "__all__", None)
    if offered is None:
        assert hasattr(module, "__path__"), f"{name} has no __all__"
        return
    assert list(offered) == sorted(offered, key=order), f"{name}.__all__ is not sorted"
    missing = [item for item in offered if not hasattr(module, item)]
    assert not missing, f"{name}.__all__ names what is not there"
    assert not [item for item in offered if undocumented(module, item)], f"{name}: a docstring is missing"


@pytest.mark.parametrize("package", sorted(json.loads(SNAPSHOT.read_text())))
def test_public_surface_is_frozen(package: str) -> None:
    recorded = set(json.loads(SNAPSHOT.read_text())[package])
    current = set(surface(package))
    gone, new = sorted(recorded - current), sorted(current - recorded)
    assert not gone, POLICY.format(package=package, gone=gone, new=new)
    assert not new, POLICY.format(package=package, gone=gone, new=new)


def test_every_package_is_recorded() -> None:
    assert packages() == sorted(json.loads(SNAPSHOT.read_text())), "run: python tests/test_public_api.py"


def test_walk_follows_the_links() -> None:
    assert {"forensics.detectors.base", "forensics.datasets", "forensics.cli.main"} <= set(modules())


def test_root_exports_are_the_real_objects() -> None:
    for name in forensics.__all__:
        assert getattr(forensics, name).__module__.startswith("forensics."), name
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        _ = forensics.no_such_name


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps({name: surface(name) for name in packages()}, indent=1) + "\n")
    sys.stdout.write(f"{SNAPSHOT}\n")
