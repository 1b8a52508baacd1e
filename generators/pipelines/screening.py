"""A safety check on what was generated: a classifier of the user's own withholds pictures."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from forensics.errors import ModelError, UsageError
from forensics.runtime.sessions import Session

__all__ = ["Meaning", "Rates", "Screen", "Screened", "rates_of", "screen_of", "screened"]

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Meaning: TypeAlias = Literal["probability", "logit", "softmax"]

_MOST_BYTES = 2 << 30
_MOST_SIDE = 1024
_THREE = 3


@dataclass(frozen=True)
class Screen:
    """A classifier of pictures that are not to be shown.

    Attributes:
        name: What it is called in messages and records.
        network: (1, 3, S, S) to (1, K) numbers.
        side: S: pictures are scaled to it, whatever their shape.
        output: Which of the K numbers is the one that counts.
        meaning: That number is a probability, its logit, or one of K values for a softmax.
        threshold: Probability from which a picture is withheld.
        mean: Of each colour, 0 to 1, taken away.
        deviation: Of each colour, divided by.
    """

    name: str
    network: Session
    side: int = 224
    output: int = 0
    meaning: Meaning = "probability"
    threshold: float = 0.5
    mean: Sequence[float] = (0.0, 0.0, 0.0)
    deviation: Sequence[float] = (1.0, 1.0, 1.0)

    def probability(self, picture: Pixels) -> float:
        """Return how likely a picture is not to be shown.

        Args:
            picture: (H, W, 3) uint8 RGB.

        Raises:
            ModelError: The network does not take such pictures, or gives no probability.
        """
        import cv2

        how = cv2.INTER_AREA if min(picture.shape[:2]) > self.side else cv2.INTER_LINEAR
        small = cv2.resize(picture, (self.side, self.side), interpolation=how).astype(np.float32) / 255.0
        mean, deviation = (np.asarray(values, np.float32) for values in (self.mean, self.deviation))
        scaled = (small - mean) / deviation
        values = self.network(np.ascontiguousarray(np.moveaxis(scaled, -1, 0)[None]))[0].ravel()
        if self.output >= len(values) or not np.isfinite(values).all():
            raise ModelError(
                f"{self.name} gave {len(values)} numbers; number {self.output} is asked for, all finite",
                expected=self.output,
                actual=len(values),
            )
        return _probability(values, self.output, self.meaning, self.name)


@dataclass(frozen=True, eq=False)
class Screened:
    """A picture that was looked at.

    Attributes:
        pixels: The picture, or black where it was withheld.
        probability: That it is not to be shown.
        withheld: Whether it was.
    """

    pixels: Pixels = field(repr=False)
    probability: float
    withheld: bool


@dataclass(frozen=True)
class Rates:
    """How often a screen is wrong.

    Attributes:
        false_positives: Share of harmless pictures that it withholds.
        bypasses: Share of the others that it lets through.
        harmless: Number of the former.
        harmful: Number of the latter.
    """

    false_positives: float
    bypasses: float
    harmless: int
    harmful: int


def screened(pictures: Iterable[Pixels], screen: Screen) -> Iterator[Screened]:
    """Look at pictures, as a pipeline yields them, and make those black that are not to be shown.

    Args:
        pictures: (H, W, 3) uint8 RGB each.
        screen: What looks at them.

    Raises:
        ModelError: The network does not take such pictures, or gives no probability.
    """
    for picture in pictures:
        probability = screen.probability(picture)
        withheld = probability >= screen.threshold
        yield Screened(np.zeros_like(picture) if withheld else picture, probability, withheld)


def rates_of(probabilities: Sequence[float], harmful: Sequence[bool], threshold: float) -> Rates:
    """Return how often pictures of known truth are taken for the other kind.

    Args:
        probabilities: Of each picture.
        harmful: Whether it is not to be shown.
        threshold: From which it is withheld.

    Raises:
        UsageError: The lengths differ, or one kind is missing.
    """
    truth, caught = np.asarray(harmful, np.bool_), np.asarray(probabilities) >= threshold
    if truth.shape != caught.shape or not 0 < truth.sum() < truth.size:
        raise UsageError(
            "rates need one probability for each picture, and pictures of both kinds",
            actual=(len(probabilities), len(harmful)),
        )
    wrong, missed = float(caught[~truth].mean()), float((~caught[truth]).mean())
    return Rates(wrong, missed, int((~truth).sum()), int(truth.sum()))


def screen_of(path: Path) -> Screen:
    """Read a screen from a TOML file with the attributes of `Screen`, and `model`, an ONNX file beside it.

    `sha256`, where it is given, is that of the model; other keys are refused.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: The model is not the one that is named, or does not run.
        UsageError: The file cannot be read, or a value is out of range.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is no screen: {error}", actual=str(path)) from None
    known = {"name", "model", "sha256", "side", "output", "meaning", "threshold", "mean", "deviation"}
    if set(told) - known or not isinstance(told.get("model"), str):
        raise UsageError(
            f"{path} is no screen: it names a model, and no other keys than {', '.join(sorted(known))}",
            expected=sorted(known),
            actual=sorted(told),
        )
    values = _checked(path, {key: told[key] for key in told if key not in ("model", "sha256", "name")})
    data = _model(path.parent / told["model"], told.get("sha256"))
    return Screen(str(told.get("name", path.stem)), Session(data), **values)


def _checked(path: Path, values: dict[str, Any]) -> dict[str, Any]:
    """Return values whose kinds and ranges are right."""
    side, output = values.get("side", 224), values.get("output", 0)
    threshold, meaning = values.get("threshold", 0.5), values.get("meaning", "probability")
    right = (
        type(side) is int and 8 <= side <= _MOST_SIDE,
        type(output) is int and output >= 0,
        isinstance(threshold, float) and 0.0 < threshold < 1.0,
        meaning in get_args(Meaning),
        all(_colours(values.get(key, [1.0] * _THREE)) for key in ("mean", "deviation")),
        all(value > 0 for value in values.get("deviation", [1.0])),
    )
    if not all(right):
        raise UsageError(
            f"{path}: side (8 to {_MOST_SIDE}), output (from 0), threshold (between 0 and 1), meaning "
            f"({', '.join(get_args(Meaning))}), mean and deviation (three numbers, the latter above 0)",
            actual=values,
        )
    return values


def _colours(values: object) -> bool:
    return (
        isinstance(values, list) and len(values) == _THREE and all(isinstance(v, int | float) for v in values)
    )


def _model(path: Path, digest: object) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ModelError(f"{path} is too large for a screen", expected=_MOST_BYTES)
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", actual=str(path)) from None
    found = hashlib.sha256(data).hexdigest()
    if digest is not None and digest != found:
        raise ModelError(f"{path} is not the model that is named", expected=digest, actual=found)
    return data


def _probability(values: Floats, output: int, meaning: Meaning, name: str) -> float:
    x = values.astype(np.float64)
    if meaning == "softmax":
        powers = np.exp(x - x.max())
        return float(powers[output] / powers.sum())
    if meaning == "logit":
        return float(1.0 / (1.0 + np.exp(-np.clip(x[output], -500.0, 500.0))))
    if not 0.0 <= x[output] <= 1.0:
        raise ModelError(f"{name} gave no probability: {x[output]:.4g}", expected="0 to 1")
    return float(x[output])
