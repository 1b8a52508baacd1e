"""How pictures change over time: X-T slices, repeated frames, cycles of a few frames, flicker."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.calibration import empirical_p_value

__all__ = ["PERIODS", "Cadence", "cadence", "changes", "detrended", "flicker", "repeated", "xt_slice"]

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

PERIODS = tuple(range(2, 9))  # frames; slower cycles are those of what moves
_WINDOW = 17  # frames of the running median
_BLOCK = 16  # frames within which the order is drawn anew
_ROUNDS = 999
_MOST = 1024  # changes that are looked at
_SAME = 0.02  # grey levels


@dataclass(frozen=True)
class Cadence:
    """The strongest cycle of a few frames.

    Attributes:
        period: In frames.
        strength: Share of the variance of the changes that it explains, in [0, 1].
        p_value: Chance of one as strong, of any period, if the order of frames meant nothing within half a
            second.
    """

    period: int
    strength: float
    p_value: float


# Lumiere, arXiv 2401.12945, figure 4: pixels of one row over time show whether motion is coherent.
def xt_slice(frames: Pixels, row: float) -> Pixels:
    """Return one row of a clip over time, (T, W): a point at rest is a line down, one that flickers is none.

    Args:
        frames: (T, H, W).
        row: In heights of the picture, in [0, 1).
    """
    return np.ascontiguousarray(frames[:, int(row * frames.shape[1])])


def changes(frames: Pixels) -> Floats:
    """Return the mean absolute difference of each frame to the one before, (T - 1,) grey levels.

    Args:
        frames: (T, H, W).
    """
    steps = [np.abs(b.astype(np.int16) - a).mean() for a, b in itertools.pairwise(frames)]
    return np.array(steps, np.float64)


def repeated(steps: Floats) -> float:
    """Return the share of frames that are the one before, in [0, 1].

    Args:
        steps: As `changes` gives them.
    """
    return float((steps < _SAME).mean()) if len(steps) else 0.0


def detrended(steps: Floats) -> Floats:
    """Return log changes less their running median over seventeen frames: what is faster than movement.

    Args:
        steps: (N,) as `changes` gives them, at least seventeen.
    """
    logs = np.log(steps + _SAME)
    padded = np.pad(logs, _WINDOW // 2, mode="reflect")
    medians = np.median(np.lib.stride_tricks.sliding_window_view(padded, _WINDOW), axis=-1)
    return np.asarray(logs - medians, np.float64)


def cadence(steps: Floats, seed: int = 0) -> Cadence | None:
    """Return the strongest cycle, with its p-value by Monte Carlo; None for fewer than 48 changes.

    Encoders store frames in groups, films become clips of another rate by repeating frames, and generators
    that compress time draw several frames at once: all of them leave cycles.

    Args:
        steps: (N,) as `changes` gives them.
        seed: Of the orders that are drawn.
    """
    if len(steps) < 3 * _BLOCK:
        return None
    begin = max(0, (len(steps) - _MOST) // 2)
    values = detrended(steps)[begin : begin + _MOST]
    values = values[: len(values) // _BLOCK * _BLOCK]
    shares = np.array([_explained(values[None], period)[0] for period in PERIODS])
    scores = _standard(shares, len(values))
    rng = np.random.default_rng(seed)
    blocks = np.broadcast_to(values.reshape(-1, _BLOCK), (_ROUNDS, len(values) // _BLOCK, _BLOCK))
    drawn = rng.permuted(blocks, axis=2).reshape(_ROUNDS, -1)
    null = np.stack([_explained(drawn, period) for period in PERIODS], axis=1)
    most = _standard(null, len(values)).max(axis=1)
    best = int(np.argmax(scores))
    return Cadence(PERIODS[best], float(shares[best]), empirical_p_value(float(scores[best]), most))


def _explained(values: Floats, period: int) -> Floats:
    """Return the share of the variance that the means of the phases of a period explain, for each row."""
    count = values.shape[1] // period * period
    rows = values[:, :count] - values[:, :count].mean(axis=1, keepdims=True)
    means = rows.reshape(len(rows), -1, period).mean(axis=1)
    return np.asarray((means**2).mean(axis=1) / np.maximum((rows**2).mean(axis=1), 1e-12))


def _standard(shares: Floats, count: int) -> Floats:
    """Return shares in deviations from what chance explains: N r^2 is about chi-square of period - 1."""
    free = np.array(PERIODS, np.float64) - 1
    return np.asarray((count * shares - free) / np.sqrt(2 * free))


def flicker(frames: Pixels) -> float | None:
    """Return the energy of second differences in time over three times that of first ones.

    About 1 for what changes from frame to frame without memory, near 0 for what moves smoothly; None where
    nothing changes.

    Args:
        frames: (T, H, W), T at least three; held still if they are of a face.
    """
    first = second = 0.0
    for before, now, after in zip(frames[:-2], frames[1:-1], frames[2:], strict=True):
        a, b, c = (frame.astype(np.float32) for frame in (before, now, after))
        first += float(((b - a) ** 2).mean())
        second += float(((c - 2 * b + a) ** 2).mean())
    return second / (3 * first) if first > 1e-6 * max(len(frames), 1) else None
