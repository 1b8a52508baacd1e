"""Attacks of a given strength, and the short texts that name them: `crop:0.5+resize:1.41+jpeg:70`."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from forensics.errors import UsageError
from forensics.media.types import Pixels
from forensics.watermark.attacks.base import ATTACKS, Operation, Value, shown
from forensics.watermark.attacks.pictures import checked

__all__ = ["Attack", "Step", "parse_attack", "random_numbers"]

_LONGEST = 16  # steps


@dataclass(frozen=True)
class Step:
    """One operation at one strength.

    Attributes:
        operation: What is done.
        values: One for each of its parameters.

    Raises:
        UsageError: A value is missing or out of its range.
    """

    operation: Operation
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        parameters = self.operation.parameters
        if len(self.values) != len(parameters):
            raise UsageError(
                f"{self.operation.name} takes {len(parameters)} values: {self.operation.usage}",
                expected=len(parameters),
                actual=len(self.values),
            )
        values = tuple(p.check(v) for p, v in zip(parameters, self.values, strict=True))
        object.__setattr__(self, "values", values)

    def __str__(self) -> str:
        pairs = list(zip(self.operation.parameters, self.values, strict=True))
        words = [shown(value) for _, value in pairs[:1]]
        words += [f"{p.name}={shown(value)}" for p, value in pairs[1:] if value != p.default]
        return f"{self.operation.name}:{','.join(words)}" if words else self.operation.name


@dataclass(frozen=True)
class Attack:
    """Operations, one after the other. `str` gives the specification that parses to the same attack.

    Attributes:
        steps: At least one.

    Raises:
        UsageError: There are no steps, or more than 16.
    """

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.steps) <= _LONGEST:
            raise UsageError(f"an attack has 1 to {_LONGEST} steps, not {len(self.steps)}")

    def __call__(self, pixels: Pixels, seed: int = 0) -> Pixels:
        """Return an attacked copy of a picture: the same bytes for the same seed.

        Args:
            pixels: (H, W, 3) uint8 RGB, at least 16 px a side; it stays as it is.
            seed: Of the random numbers that some operations draw, 0 or more.

        Returns:
            (H', W', 3) uint8; many attacks change the size.

        Raises:
            UsageError: The picture is none, or too small for this attack.
            MissingExtra: A video codec is asked for and PyAV is not installed.
        """
        result = checked(pixels)
        for index, step in enumerate(self.steps):
            rng = random_numbers(seed, index)
            try:
                result = checked(step.operation.apply(result, rng, *step.values))
            except UsageError as error:
                raise UsageError(f"{step}: {error}", expected=error.expected, actual=error.actual) from error
        owned = result.flags.writeable and not np.may_share_memory(result, pixels)
        return np.ascontiguousarray(result) if owned else np.array(result, order="C")

    def __str__(self) -> str:
        return "+".join(map(str, self.steps))


def random_numbers(seed: int, *place: int) -> np.random.Generator:
    """Return the generator that a step draws from.

    Raises:
        UsageError: The seed is negative.
    """
    if seed < 0:
        raise UsageError(f"a seed is 0 or more, not {seed}", expected=">= 0", actual=seed)
    return np.random.default_rng([seed, *place])


def parse_attack(text: str) -> Attack:
    """Return the attack that a text names.

    Steps are joined by `+`. A step is a name, and after a colon values joined by commas: in the order of the
    parameters, then as `name=value`. What is not given has its default.

    Raises:
        UsageError: There is no such attack or parameter, or a value is out of its range.

    Example:
        >>> str(parse_attack("crop:0.25,place=random+jpeg"))
        'crop:0.25,place=random+jpeg:75'
    """
    return Attack(tuple(_step(part.strip()) for part in text.split("+")))


def _step(text: str) -> Step:
    if not text:
        raise UsageError(
            "an attack is written name:value, several joined by +; a name is missing", actual=text
        )
    name, colon, arguments = (part.strip() for part in text.partition(":"))
    operation = _operation(name)
    words = [word.strip() for word in arguments.split(",")] if colon else []
    try:
        return Step(operation, _values(operation, words))
    except UsageError as error:
        message = f"{text!r}: {error} (written {operation.usage}; {operation.ranges})"
        raise UsageError(message, expected=error.expected, actual=error.actual) from error


def _operation(name: str) -> Operation:
    if name in ATTACKS:
        return ATTACKS.get(name)
    known = ATTACKS.names()
    close = get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    message = f"no attack is called {name!r}; {hint}there are: {', '.join(known)}"
    raise UsageError(message, expected=known, actual=name)


def _values(operation: Operation, words: list[str]) -> tuple[Value, ...]:
    """Return one value for each parameter."""
    parameters = {p.name: p for p in operation.parameters}
    given: dict[str, Value] = {}
    for place, item in enumerate(words):
        named, equals, text = (part.strip() for part in item.partition("="))
        if not equals:
            if place >= len(parameters):
                raise UsageError(f"{item!r} is one value too many", actual=item)
            named, text = operation.parameters[place].name, named
        if named not in parameters:
            raise UsageError(f"there is no parameter {named!r}", expected=tuple(parameters), actual=named)
        if named in given:
            raise UsageError(f"{named} is given twice", actual=named)
        given[named] = parameters[named].read(text)
    return tuple(given.get(p.name, p.default) for p in operation.parameters)
