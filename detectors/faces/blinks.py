"""From how closed eyes are to blinks, and what their number can say about a clip of that length."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError

__all__ = [
    "RATES",
    "Blink",
    "Blinks",
    "Rates",
    "at_most",
    "eye_aspect_ratio",
    "find_blinks",
    "power",
]

Floats = npt.NDArray[np.floating]

# Hysteresis: closed from the first on, open again below the second. By eye, on clips of people who grimace.
ENTER, LEAVE = 0.8, 0.5
SHORTEST, LONGEST = 0.06, 0.8  # seconds; longer ones are eyes that are shut or look down
_GAP = 0.25  # seconds between two frames beyond which nothing is known of what is between


@dataclass(frozen=True)
class Rates:
    """How often a kind of people blinks: a rate that differs from one to the next, by a gamma distribution.

    Attributes:
        name: Who.
        mean: Blinks per minute.
        shape: Of the gamma distribution; infinite where all have the mean.
    """

    name: str
    mean: float
    shape: float = math.inf


# Means: Bentivoglio et al. 1997 (Movement Disorders 12(6)): 4.5 reading, 17 at rest, 26 in conversation. The
# last one is assumed: everybody, whatever he does, from 4.5 to 26, with a shape of two as wide as that.
RATES = (
    Rates("reading", 4.5),
    Rates("slow", 10.0),
    Rates("at rest", 17.0),
    Rates("anybody", 10.0, 2.0),
)


@dataclass(frozen=True)
class Blink:
    """One closure of the eyes.

    Attributes:
        start: Seconds at which the first closed frame begins.
        end: Seconds at which the last one ends.
        depth: Largest probability of being closed.
    """

    start: float
    end: float
    depth: float

    @property
    def duration(self) -> float:
        """Seconds that it lasts."""
        return self.end - self.start


@dataclass(frozen=True)
class Blinks:
    """What eyes did.

    Attributes:
        blinks: In order.
        long: Closures too long for a blink.
        watched: Seconds in which it is known what the eyes did.
    """

    blinks: tuple[Blink, ...]
    long: tuple[Blink, ...]
    watched: float

    @property
    def rate(self) -> float:
        """Blinks per minute; 0 where nothing was watched."""
        return 60 * len(self.blinks) / self.watched if self.watched else 0.0

    @property
    def duration(self) -> float | None:
        """Mean duration in seconds; None without blinks."""
        return float(np.mean([blink.duration for blink in self.blinks])) if self.blinks else None

    @property
    def irregularity(self) -> float | None:
        """Standard deviation of the intervals over their mean: 0 for a clock, about 1 for chance.

        None with fewer than four blinks.
        """
        if len(self.blinks) < 4:
            return None
        steps = np.diff([blink.start for blink in self.blinks])
        return float(steps.std(ddof=1) / steps.mean())


def find_blinks(seconds: Floats, closed: Floats) -> Blinks:
    """Find blinks: closures of 60 to 800 ms, with hysteresis, that begin and end before the eyes.

    Args:
        seconds: (T,) time of each frame, rising.
        closed: (T,) probability that the eyes are closed; not a number where it is not known.

    Raises:
        UsageError: The two are not of one length.
    """
    if len(seconds) != len(closed):
        raise UsageError("every frame needs a time", expected=len(closed), actual=len(seconds))
    if len(seconds) < 2:
        return Blinks((), (), 0.0)
    step = float(np.median(np.diff(seconds)))
    found: list[Blink] = []
    watched = 0.0
    for part in _stretches(seconds, closed):
        times, values = seconds[part], closed[part]
        watched += float(times[-1] - times[0]) + step
        found += [
            Blink(float(times[a]), float(times[b] + step), float(values[a : b + 1].max()))
            for a, b in _closures(values)
            if a > 0 and b < len(values) - 1
        ]
    return Blinks(
        tuple(b for b in found if SHORTEST <= b.duration <= LONGEST),
        tuple(b for b in found if b.duration > LONGEST),
        watched,
    )


def _stretches(seconds: Floats, closed: Floats) -> list[slice]:
    """Return the parts without a gap, of at least two frames."""
    known = np.isfinite(closed)
    broken = np.flatnonzero(~(known[1:] & known[:-1]) | (np.diff(seconds) > _GAP)) + 1
    edges = [0, *broken.tolist(), len(closed)]
    parts = [slice(a, b) for a, b in itertools.pairwise(edges)]
    return [part for part in parts if part.stop - part.start > 1 and known[part].all()]


def _closures(values: Floats) -> list[tuple[int, int]]:
    """Return the first and last frame of each closure, by hysteresis."""
    out: list[tuple[int, int]] = []
    start, deep = -1, False
    for frame, value in enumerate(values):
        if value >= LEAVE and start < 0:
            start, deep = frame, False
        deep = deep or (start >= 0 and value >= ENTER)
        if value < LEAVE and start >= 0:
            out += [(start, frame - 1)] if deep else []
            start = -1
    return [*out, (start, len(values) - 1)] if start >= 0 and deep else out


# Poisson for one rate; for rates of a gamma distribution (shape a, mean m) the number in a time t is negative
# binomial: P(k) = C(k + a - 1, k) (a / (a + m t))^a (m t / (a + m t))^k.
def at_most(blinks: int, seconds: float, rates: Rates, noticed: float = 1.0) -> float:
    """Return how likely so few blinks, or fewer, are noticed of a person.

    Args:
        blinks: That were noticed, 0 or more.
        seconds: Watched.
        rates: Of the person.
        noticed: Share of blinks that are noticed, in (0, 1].
    """
    mean = rates.mean * noticed * max(seconds, 0.0) / 60
    if mean == 0:
        return 1.0
    k = np.arange(blinks + 1, dtype=np.float64)
    factorials = np.array([math.lgamma(v + 1) for v in k])
    if math.isinf(rates.shape):
        logs = k * math.log(mean) - mean - factorials
    else:
        a = rates.shape
        ways = np.array([math.lgamma(v + a) for v in k]) - math.lgamma(a) - factorials
        logs = ways + a * math.log(a / (a + mean)) + k * math.log(mean / (a + mean))
    return min(1.0, float(np.exp(logs).sum()))


def power(seconds: float, rates: Rates, noticed: float = 1.0) -> float:
    """Return how likely a person is noticed to blink at all: what an absence of blinks is worth.

    Args:
        seconds: Watched.
        rates: Of the person.
        noticed: Share of blinks that are noticed.
    """
    return 1.0 - at_most(0, seconds, rates, noticed)


# Soukupova & Cech 2016, "Real-time eye blink detection using facial landmarks", eq. 1.
def eye_aspect_ratio(landmarks: Floats) -> npt.NDArray[np.float64]:
    """Return (|p2 - p6| + |p3 - p5|) / (2 |p1 - p4|): about 0.3 for an open eye, below 0.2 for a closed one.

    Args:
        landmarks: (..., 6, 2) x, y: outer corner, two of the upper lid, inner corner, two of the lower lid.

    Raises:
        UsageError: They are not six points.
    """
    points = np.asarray(landmarks, np.float64)
    if points.shape[-2:] != (6, 2):
        raise UsageError("an eye has six landmarks", expected=(6, 2), actual=points.shape[-2:])

    def apart(first: int, second: int) -> npt.NDArray[np.float64]:
        return np.asarray(np.linalg.norm(points[..., first, :] - points[..., second, :], axis=-1))

    return np.asarray((apart(1, 5) + apart(2, 4)) / (2 * np.maximum(apart(0, 3), 1e-9)))
