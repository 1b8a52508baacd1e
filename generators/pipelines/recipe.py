"""Recipes: what has to be known of a model beside its networks to draw with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from forensics.errors import ModelError, UsageError
from forensics.runtime.store import Bundle

__all__ = ["RECIPE", "Recipe", "read_recipe", "recipe_text"]

RECIPE = "recipe.json"


@dataclass(frozen=True)
class Recipe:
    """How a model draws.

    Attributes:
        family: Which pipeline it needs.
        shape: Of the noise of one picture.
        labels: Names of its classes; none if empty.
        settings: What the pipeline of the family wants to know.
    """

    family: str
    shape: tuple[int, ...]
    labels: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def label(self, name: str) -> int:
        """Return the number of a class, -1 for any if the name is empty.

        Raises:
            UsageError: There is none of that name.
        """
        if not name:
            return -1
        if name not in self.labels:
            there = ", ".join(self.labels) or "none: it was trained without classes"
            raise UsageError(f"the model knows no class {name!r}; there are: {there}", actual=name)
        return self.labels.index(name)


def recipe_text(recipe: Recipe) -> str:
    """Return a recipe as the text of a file."""
    return json.dumps(asdict(recipe), indent=2) + "\n"


def read_recipe(bundle: Bundle) -> Recipe:
    """Return the recipe of a model.

    Raises:
        ModelError: It has none that can be read.
    """
    try:
        found = json.loads(bundle.read(RECIPE))
        shape = tuple(int(n) for n in found["shape"])
        labels = tuple(str(name) for name in found["labels"])
        return Recipe(str(found["family"]), shape, labels, dict(found["settings"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{bundle.folder / RECIPE} is no recipe: {error}") from None
