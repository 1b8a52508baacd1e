"""Functions of yours by their name: `package.module:function`, or `path/to/file.py:function`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from forensics.errors import UsageError
from forensics.generators.pipelines.outside import Sampler

__all__ = ["function_of"]


def function_of(name: str) -> Sampler:
    """Return a function by its module and name; the module's code is run.

    Nothing is looked for in the working directory: a module has to be installed, or named as a file.

    Args:
        name: `package.module:function`, or `path/to/file.py:function`; what stands after the colon may have
            dots.

    Raises:
        UsageError: There is no such module, it cannot be imported, or it has no such function.
    """
    place, _, attribute = name.rpartition(":")
    if not place or not attribute:
        raise UsageError(f"{name!r} names no function", expected="package.module:function", actual=name)
    try:
        found = _file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except Exception as error:  # whatever code of somebody else raises
        text = str(error).splitlines()[0] if str(error) else ""
        raise UsageError(f"{place} cannot be imported: {type(error).__name__}: {text}") from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise UsageError(f"{place} has no {attribute!r}", actual=name)
        found = getattr(found, part)
    if not callable(found):
        raise UsageError(f"{name} is no function", actual=type(found).__name__)
    return found


def _file(path: Path) -> ModuleType:
    """Run a file as a module of its own name."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(spec.name, module)  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
