"""Generators of yours under a name: functions that draw, to be used like those of the suite."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from forensics.errors import ForensicsError, ModelError, UsageError
from forensics.generators.pipelines.base import Pixels, Request, chunks
from forensics.generators.pipelines.recipe import Recipe
from forensics.registry import Registry

__all__ = ["GENERATORS", "Outside", "Sampler", "register", "seed_of"]

Sampler: TypeAlias = Callable[..., Any]
GENERATORS: Registry[Sampler] = Registry("forensics.generators")
_PICTURES, _CLIPS = 4, 5  # axes
_ASKED = ("label", "steps", "guidance", "sampler", "temperature", "more", "prompt")
_TURN, _SEEDS = 2_654_435_761, 2**32  # so that the seeds of two runs lie far apart


def register(name: str, sampler: Sampler) -> Sampler:
    """Put a generator of yours into the registry, so that `open_pipeline(name)` draws with it.

    Args:
        name: Its name; one with a colon would be taken for something else.
        sampler: A function of (count, seed) that returns (count, H, W, 3) uint8 RGB pictures, or
            (count, T, H, W, 3) clips. It is asked for one picture at a time. One whose parameter is called
            `seeds` instead gets a list of seeds, one for each picture that is drawn at a time. If it takes
            `prompt`, `label`, `steps`, `guidance`, `sampler`, `temperature` or `more`, it is given those that
            are asked for; the names of its classes are its attribute `labels`.

    Returns:
        The function.

    Raises:
        RegistryError: The name is taken.
        UsageError: The name has a colon, or the sampler cannot be called as described.

    Example:
        >>> import numpy as np
        >>> from forensics.generators.pipelines.base import Request
        >>> def grey(count, seed):
        ...     return np.full((count, 8, 8, 3), seed % 256, np.uint8)
        >>> pipeline = Outside(grey)
        >>> [int(picture[0, 0, 0]) for picture in pipeline.sample(Request(3))]
        [0, 1, 2]
    """
    if ":" in name:
        raise UsageError("the name of a generator has no colon", actual=name)
    Outside(sampler)
    return GENERATORS.register(name)(sampler)


def seed_of(seed: int, number: int) -> int:
    """Return the seed of one picture: 0, 1, 2 and so on for the seed 0.

    Args:
        seed: Of all pictures.
        number: Of the picture.
    """
    return (seed * _TURN + number) % _SEEDS


class Outside:
    """A pipeline of a function.

    Args:
        sampler: As `register` describes it.
        name: What messages call it.

    Raises:
        UsageError: It cannot be called as described.
    """

    def __init__(self, sampler: Sampler, name: str = "") -> None:
        self.name = name or str(getattr(sampler, "__name__", type(sampler).__name__))
        self.recipe = Recipe("outside", (), tuple(getattr(sampler, "labels", ())))
        self._sampler, self._takes = sampler, _parameters(sampler, self.name)

    def sample(self, request: Request) -> Iterator[Pixels]:
        """Yield pictures; number i depends on the seed and on i alone, as far as the function keeps to it.

        Raises:
            UsageError: Something is asked that the function does not take.
            ModelError: It fails, or what it returns are no pictures.
        """
        asked = self._asked(request)
        for numbers in chunks(request):
            seeds = [seed_of(request.seed, number) for number in numbers]
            if "seeds" in self._takes:
                yield from self._drawn(len(seeds), {"seeds": seeds, **asked})
                continue
            for seed in seeds:
                yield from self._drawn(1, {"count": 1, "seed": seed, **asked})

    def _asked(self, request: Request) -> dict[str, Any]:
        """Return what is asked for beyond a picture."""
        asked = {name: getattr(request, name) for name in _ASKED}
        asked = {name: value for name, value in asked.items() if value != getattr(Request(), name)}
        for name, value in asked.items():
            if name not in self._takes and "" not in self._takes:
                raise UsageError(f"{self.name} takes no {name}", actual=value)
        return asked

    def _drawn(self, count: int, given: dict[str, Any]) -> Pixels:
        try:
            found = np.asarray(self._sampler(**given))
        except ForensicsError:
            raise
        except Exception as error:  # whatever code of somebody else raises
            text = str(error).splitlines()[0] if str(error) else ""
            raise ModelError(f"{self.name} failed: {type(error).__name__}: {text}") from error
        return _checked(found, count, self.name)


def _parameters(sampler: Sampler, name: str) -> frozenset[str]:
    """Return the names of what a function takes, and "" if it takes whatever is given."""
    try:
        parameters = inspect.signature(sampler).parameters.values()
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} is no function: {error}") from None
    kinds = inspect.Parameter
    takes = frozenset(
        "" if each.kind is kinds.VAR_KEYWORD else each.name
        for each in parameters
        if each.kind not in (kinds.VAR_POSITIONAL, kinds.POSITIONAL_ONLY)
    )
    if "seeds" not in takes and "" not in takes and not {"count", "seed"} <= takes:
        raise UsageError(
            f"{name} does not draw: it has to take count and seed, or seeds",
            expected="(count, seed) or (seeds)",
            actual=sorted(takes),
        )
    return takes


def _checked(found: npt.NDArray[Any], count: int, name: str) -> Pixels:
    """Return what a function drew, if it is as many pictures or clips as were asked for."""
    good = found.dtype == np.uint8 and found.ndim in (_PICTURES, _CLIPS) and found.shape[-1] == 3
    if not good or len(found) != count or not found.size:
        wanted = f"({count}, H, W, 3) uint8"
        raise ModelError(
            f"{name} returned {found.shape} {found.dtype} instead of {wanted}",
            expected=wanted,
            actual=(found.shape, str(found.dtype)),
        )
    return np.ascontiguousarray(found)
