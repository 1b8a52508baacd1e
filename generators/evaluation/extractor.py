"""Features from a network that the user names: an ONNX file, or a model of timm.

None ships. Which network it is and how it wants its pictures (size, range of values) is the user's to say:
a file does not tell, and a wrong range gives wrong figures without an error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from forensics.errors import ModelError, UsageError
from forensics.generators.evaluation.checks import Pictures, check_features, check_pictures
from forensics.runtime.sessions import Session

__all__ = [
    "RANGES",
    "TIMM",
    "Extractor",
    "FeatureOptions",
    "OnnxExtractor",
    "extract",
    "load_extractor",
    "prepared",
    "resized",
]

TIMM = "timm:"
BATCH = 32
# Mean and deviation that are taken off values in [0, 1]: those stay, -1 to 1, and what ImageNet has.
RANGES = {
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "signed": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class FeatureOptions:
    """How a network wants its pictures, and where its weights are.

    Attributes:
        values: One of `RANGES`; None for "unit", or for what the model of timm says.
        side: Pixels of a side that pictures are scaled to; None for what the model says, or else as they are.
        weights: A safetensors file with the weights of a model of timm.
        download: Fetch the weights of a model of timm from the network.
    """

    values: str | None = None
    side: int | None = None
    weights: Path | None = None
    download: bool = False


class Extractor(Protocol):
    """Whatever makes features of pictures."""

    @property
    def name(self) -> str:
        """What it is called in a report."""
        ...

    def __call__(self, pictures: Pictures) -> Floats:
        """Return (N, D) features of (N, H, W, 3) uint8 RGB pictures."""
        ...


def load_extractor(name: str, options: FeatureOptions | None = None) -> Extractor:
    """Return the network that a user names.

    Args:
        name: A path of an ONNX file, or "timm:" and a name of timm.
        options: How it wants its pictures.

    Raises:
        UsageError: There is no such network, or it does not fit the options.
        MissingExtra: What runs it is not installed.
    """
    options = options or FeatureOptions()
    if options.values not in (None, *RANGES):
        message = f"no range is called {options.values!r}; there are: {', '.join(RANGES)}"
        raise UsageError(message, expected=tuple(RANGES), actual=options.values)
    if name.startswith(TIMM):
        from forensics.generators.evaluation.backbones import TimmExtractor

        return TimmExtractor(name.removeprefix(TIMM), options)
    if options.weights or options.download:
        raise UsageError(f"{name} brings its weights: others are for models of timm only", actual=name)
    return OnnxExtractor(Path(name), options)


def extract(
    pictures: Pictures, extractor: Extractor, advance: Callable[[int], None] = lambda _: None
) -> npt.NDArray[np.float64]:
    """Return the features of all pictures, (N, D).

    Args:
        pictures: (N, H, W, 3) uint8 RGB.
        extractor: Makes them.
        advance: Called after every batch with its number of pictures.

    Raises:
        UsageError: These are no pictures, or what comes out are no features of them.
    """
    check_pictures(pictures, "pictures")
    found = []
    for start in range(0, len(pictures), BATCH):
        batch = pictures[start : start + BATCH]
        features = np.asarray(extractor(batch))
        check_features(features, f"what {extractor.name} makes of pictures", 1)
        if len(features) != len(batch):
            message = f"{extractor.name} made {len(features)} rows of {len(batch)} pictures"
            raise UsageError(message, expected=len(batch), actual=len(features))
        found.append(features)
        advance(len(batch))
    return np.concatenate(found).astype(np.float64)


class OnnxExtractor:
    """A network in an ONNX file: one input (N, 3, H, W) float32, of which the first output has the features.

    Args:
        path: The file.
        options: How it wants its pictures.

    Raises:
        UsageError: It cannot be read, is no such network, or has another input size than the one asked for.
        MissingExtra: ONNX Runtime is not installed.
    """

    def __init__(self, path: Path, options: FeatureOptions) -> None:
        self._values = options.values or "unit"
        self._name = path.name
        try:
            self._session = Session(path.read_bytes())
        except OSError as error:
            message = f"the network {path} cannot be read: {error.strerror}"
            raise UsageError(message, actual=str(path)) from error
        except ModelError as error:
            raise UsageError(f"{path}: {error}", actual=str(path)) from error
        self._batch, self._size = self._input(options.side)

    @property
    def name(self) -> str:
        """The name of the file."""
        return self._name

    def __call__(self, pictures: Pictures) -> Floats:
        """Return (N, D) features.

        Args:
            pictures: (N, H, W, 3) uint8 RGB.

        Raises:
            UsageError: It does not run on them, or does not make features of them.
        """
        values = prepared(resized(pictures, self._size), self._values)
        step = self._batch or len(values)
        parts = [self._run(values[start : start + step], step) for start in range(0, len(values), step)]
        return np.concatenate(parts)

    def _run(self, values: Floats, step: int) -> Floats:
        """Run one batch, filled up where the file fixes how large it is."""
        missing = step - len(values) if self._batch else 0
        filled = np.concatenate([values, np.repeat(values[-1:], missing, axis=0)]) if missing else values
        try:
            found = self._session(filled)[0]
        except ModelError as error:
            raise UsageError(f"{self._name}: {error}", actual=values.shape) from error
        rows = len(found) if found.ndim else 0
        if found.ndim < 2 or rows != len(filled) or found[0].size != found.shape[1]:
            message = (
                f"{self._name} makes {found.shape} of {len(filled)} pictures, not a row of features each"
            )
            raise UsageError(message, expected=(len(filled), "D"), actual=found.shape)
        return found.reshape(rows, -1)[: len(values)]

    def _input(self, side: int | None) -> tuple[int | None, tuple[int, int] | None]:
        """Return the batch that the file fixes, and the (height, width) that pictures are scaled to."""
        shapes = self._session.shapes
        shape = shapes[0] if len(shapes) == 1 else ()
        if len(shape) != 4 or shape[1] not in (None, 3):
            wanted = "one input (N, 3, H, W)"
            raise UsageError(f"{self._name} takes {shapes}, not {wanted}", expected=wanted, actual=shapes)
        fixed = [size for size in shape[2:] if size is not None]
        if side and any(size != side for size in fixed):
            message = f"{self._name} takes pictures of {shape[3]} x {shape[2]} pixels, not {side}"
            raise UsageError(message, expected=shape[2:], actual=side)
        sides = [side or size for size in shape[2:]]
        if None in sides:
            return shape[0], None
        return shape[0], (int(sides[0] or 0), int(sides[1] or 0))


def resized(pictures: Pictures, size: tuple[int, int] | None) -> Floats:
    """Return pictures in [0, 1] and another size, without aliasing and without rounding to 8 bits.

    Parmar et al. 2022, "On aliased resizing and surprising subtleties in GAN evaluation", arXiv:2104.11222:
    other filters move distances by more than models differ.

    Args:
        pictures: (N, H, W, 3) uint8 RGB.
        size: (height, width); None leaves them as they are.
    """
    import cv2

    values = pictures.astype(np.float32) / np.float32(255.0)
    if size is None or size == pictures.shape[1:3]:
        return values
    smaller = size[0] < pictures.shape[1] or size[1] < pictures.shape[2]
    how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.stack([np.asarray(cv2.resize(p, size[::-1], interpolation=how), np.float32) for p in values])


def prepared(values: Floats, which: str) -> Floats:
    """Return (N, 3, H, W) in one of `RANGES` of (N, H, W, 3) in [0, 1]."""
    mean, deviation = (np.array(v, np.float32) for v in RANGES[which])
    return np.ascontiguousarray(((values - mean) / deviation).transpose(0, 3, 1, 2))
