"""Other pictures that say what is drawn: computed from pictures by a named rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.generators.pipelines.base import Floats, Pixels

__all__ = [
    "CONDITIONS",
    "Condition",
    "Mask",
    "canny",
    "condition_of",
    "fitted",
    "grey",
    "low",
    "opened",
    "steep",
]

Mask = npt.NDArray[np.bool_]
_WEAK, _STRONG = 100, 200  # slopes of edges that go on, and of those that begin
_FEWER = 8  # pixels each way that become one in a low-resolution copy


@dataclass(frozen=True)
class Condition:
    """A rule.

    Attributes:
        about: What it leaves of a picture.
        source: Paper.
        channels: Of its result, without the one that tells where there is nothing.
        of: (H, W, 3) uint8 pictures to (channels, H, W) uint8.
        masked: Parts are left open, and one more channel says which are known.
    """

    about: str
    source: str
    channels: int
    of: Callable[[Pixels], Pixels]
    masked: bool = False

    @property
    def inputs(self) -> int:
        """Channels that a network is shown."""
        return self.channels + self.masked


# Canny 1986, "A computational approach to edge detection"; the thresholds are those of Zhang et al. 2023.
def canny(pixels: Pixels) -> Pixels:
    """Return (1, H, W) thin edges, 0 or 255."""
    import cv2

    return cv2.Canny(_luminance(pixels), _WEAK, _STRONG)[None]  # type: ignore[return-value]


# Sobel & Feldman 1968: the same as `networks.control.edges`.
def steep(pixels: Pixels) -> Pixels:
    """Return (1, H, W) how steep a picture is at each pixel."""
    padded = np.pad(pixels.mean(2, dtype=np.float32) / 255.0, 1, mode="edge")
    smooth, slope = np.array([1.0, 2.0, 1.0], np.float32), np.array([1.0, 0.0, -1.0], np.float32)
    across, down = (_filtered(padded, *each) / 4.0 for each in ((smooth, slope), (slope, smooth)))
    return _bytes(np.hypot(across, down))[None]


def low(pixels: Pixels) -> Pixels:
    """Return (3, H, W): a copy of an eighth of the resolution, scaled up again."""
    import cv2

    height, width = pixels.shape[:2]
    few = (max(1, round(width / _FEWER)), max(1, round(height / _FEWER)))
    small = cv2.resize(pixels, few, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(
        np.moveaxis(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), -1, 0)
    )


def grey(pixels: Pixels) -> Pixels:
    """Return (1, H, W) luminance (ITU-R BT.601)."""
    return _luminance(pixels)[None]


def _whole(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(np.moveaxis(pixels, -1, 0))


CONDITIONS: dict[str, Condition] = {
    "canny": Condition("thin edges", "Canny 1986", 1, canny),
    "edges": Condition("slopes", "Sobel & Feldman 1968", 1, steep),
    "low": Condition("an eighth of the resolution", "Saharia et al. 2021, arXiv:2104.07636", 3, low),
    "grey": Condition("grey levels", "Saharia et al. 2021, arXiv:2111.05826", 1, grey),
    "mask": Condition(
        "what is around a hole", "Pathak et al. 2016, arXiv:1604.07379", 3, _whole, masked=True
    ),
}  # fmt: skip


def condition_of(rule: str, pixels: Pixels, open_at: Mask | None = None) -> Floats:
    """Return what a network is shown of a picture, (1, C, H, W) from 0 to 1.

    Args:
        rule: Of `CONDITIONS`.
        pixels: (H, W, 3), the picture.
        open_at: (H, W), True where it is left open, for rules that leave parts open.

    Raises:
        UsageError: There is no such rule, or it does not go with a mask, or not without one.
    """
    if rule not in CONDITIONS:
        raise UsageError(f"no rule {rule!r}; there are: {', '.join(CONDITIONS)}", actual=rule)
    condition = CONDITIONS[rule]
    if condition.masked is (open_at is None):
        wrong = "needs a mask that says what is to be painted" if condition.masked else "takes no mask"
        raise UsageError(f"a model of the rule {rule!r} {wrong}", actual=rule)
    values = condition.of(pixels)[None].astype(np.float32) / 255.0
    return values if open_at is None else opened(values, ~open_at[None, None])


def opened(values: Floats, known: Mask) -> Floats:
    """Return pictures with nothing where they are not known, and one more channel that says where they are.

    Args:
        values: (B, C, H, W).
        known: (B, 1, H, W).
    """
    kept = known.astype(np.float32)
    return np.concatenate([values * kept, kept], axis=1)


def fitted(pixels: Pixels, height: int, width: int) -> Pixels:
    """Return the largest part in the middle of a picture that has the wanted proportions, scaled to a size.

    Args:
        pixels: (H, W, 3), or (H, W).
        height: Wanted.
        width: Wanted.
    """
    import cv2

    scale = min(pixels.shape[0] / height, pixels.shape[1] / width)
    rows, columns = (max(1, round(scale * n)) for n in (height, width))
    top, left = (pixels.shape[0] - rows) // 2, (pixels.shape[1] - columns) // 2
    part = np.ascontiguousarray(pixels[top : top + rows, left : left + columns])
    if part.shape[:2] == (height, width):
        return part
    way = cv2.INTER_AREA if scale > 1.0 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (width, height), interpolation=way), np.uint8)


def _luminance(pixels: Pixels) -> Pixels:
    import cv2

    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY), np.uint8)


def _filtered(padded: Floats, down: Floats, across: Floats) -> Floats:
    """Return what a separable filter of three by three pixels makes of a padded picture."""
    rows = sum(w * padded[i : len(padded) - 2 + i] for i, w in enumerate(down))
    return np.asarray(sum(w * rows[:, i : rows.shape[1] - 2 + i] for i, w in enumerate(across)), np.float32)


def _bytes(values: Floats) -> Pixels:
    return np.asarray(np.rint(np.clip(values, 0.0, 1.0) * 255.0), np.uint8)
