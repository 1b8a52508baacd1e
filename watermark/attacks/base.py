"""The contract of an attack, its parameters, and the registry of all of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from forensics.errors import UsageError
from forensics.media.types import Pixels
from forensics.registry import Registry

__all__ = ["ATTACKS", "Operation", "Parameter", "Value", "attack", "number", "whole", "word"]

Value = float | str
Function = TypeVar("Function", bound=Callable[..., Pixels])


@dataclass(frozen=True)
class Parameter:
    """One parameter: a number in a range, or one of some words.

    Attributes:
        name: Its name in specifications.
        default: Value where a specification gives none.
        low: Least number.
        high: Largest number.
        step: Whole numbers from `low` in steps of this; 0 for any number.
        choices: The words, instead of a number.
    """

    name: str
    default: Value
    low: float = 0.0
    high: float = 0.0
    step: int = 0
    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """What values there are, in words."""
        if self.choices:
            return "|".join(self.choices)
        steps = {0: "", 1: ", whole"}.get(self.step, f", in steps of {self.step}")
        return f"{shown(self.low)} to {shown(self.high)}{steps}"

    def read(self, text: str) -> Value:
        """Return the value that a text stands for.

        Raises:
            UsageError: It is none of the allowed values.
        """
        if self.choices:
            return self.check(text)
        try:
            value = float(text)
        except ValueError:
            raise self._wrong(text) from None
        return self.check(value)

    def check(self, value: Value) -> Value:
        """Return a value if it is allowed, whole numbers as int.

        Raises:
            UsageError: It is not.
        """
        if self.choices:
            if value not in self.choices:
                raise self._wrong(value)
            return value
        if isinstance(value, str) or not self.low <= value <= self.high:  # also where it is not a number
            raise self._wrong(value)
        if not self.step:
            return float(value)
        if (value - self.low) % self.step:
            raise self._wrong(value)
        return int(value)

    def _wrong(self, value: Value) -> UsageError:
        text = value if isinstance(value, str) else shown(value)
        return UsageError(f"{self.name} is {self.allowed}, not {text!r}", expected=self.allowed, actual=value)


def shown(value: Value) -> str:
    """Return a value as a specification writes it; reading it gives the same value."""
    return value if isinstance(value, str) else repr(float(value)).removesuffix(".0")


def number(name: str, default: float, low: float, high: float) -> Parameter:
    """Return a parameter that is any number of a range."""
    return Parameter(name, default, low, high)


def whole(name: str, default: int, low: int, high: int, step: int = 1) -> Parameter:
    """Return a parameter that is a whole number of a range."""
    return Parameter(name, default, low, high, step)


def word(name: str, *choices: str) -> Parameter:
    """Return a parameter that is one of some words, by default the first."""
    return Parameter(name, choices[0], choices=choices)


@dataclass(frozen=True)
class Operation:
    """A named attack, its strength still open.

    Attributes:
        name: Registered name.
        title: One line: what it does.
        family: Name of the module that holds it.
        source: Who uses or describes it.
        parameters: In the order of the arguments of `apply`; the first may go unnamed in a specification.
        apply: (pixels, rng, *values) -> pixels, all (H, W, 3) uint8; it leaves its input alone.
        stream: (frames, *values) -> frames, where a clip is not attacked frame by frame.
        fresh: Whether each frame of a clip draws anew (noise), or all draw the same (places).
    """

    name: str
    title: str
    family: str
    source: str
    parameters: tuple[Parameter, ...]
    apply: Callable[..., Pixels]
    stream: Callable[..., Iterator[Pixels]] | None = None
    fresh: bool = False

    @property
    def usage(self) -> str:
        """How a specification writes it."""
        first, rest = self.parameters[:1], self.parameters[1:]
        words = [*(p.name.upper() for p in first), *(f"{p.name}={shown(p.default)}" for p in rest)]
        return f"{self.name}:{','.join(words)}" if words else self.name

    @property
    def ranges(self) -> str:
        """What values its parameters take, in words."""
        return "; ".join(f"{p.name} {p.allowed}" for p in self.parameters) or "no parameters"


_HERE = __name__.rpartition(".")[0]

ATTACKS: Registry[Operation] = Registry(
    "forensics.attacks",
    builtin=tuple(
        f"{_HERE}.{family}"
        for family in (
            "geometry",
            "value",
            "compression",
            "degrade",
            "overlay",
            "chains",
            "regeneration",
            "adversary",
            "video",
        )
    ),
)


def attack(
    name: str,
    *parameters: Parameter,
    source: str,
    stream: Callable[..., Iterator[Pixels]] | None = None,
    fresh: bool = False,
) -> Callable[[Function], Function]:
    """Return a decorator that registers (pixels, rng, *values) -> pixels; its first line is the title.

    Args:
        name: Name in specifications.
        parameters: In the order of the arguments.
        source: Who uses or describes it.
        stream: The same for a whole clip, see `Operation`.
        fresh: See `Operation`.

    Raises:
        RegistryError: The name is taken.
    """

    def enter(function: Function) -> Function:
        title = (inspect.getdoc(function) or name).splitlines()[0].removesuffix(".")
        family = function.__module__.rpartition(".")[2]
        ATTACKS.register(name)(Operation(name, title, family, source, parameters, function, stream, fresh))
        return function

    return enter
