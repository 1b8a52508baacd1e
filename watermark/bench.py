"""What marks survive: pictures are marked, attacked and searched, and every row is counted."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from forensics.errors import UsageError
from forensics.watermark.attacks import Suite
from forensics.watermark.detection import Pixels
from forensics.watermark.statistics import Interval, wilson
from forensics.watermark.watermarker import RATE, Watermarker

__all__ = ["Result", "Trial", "run", "summarise"]


@dataclass(frozen=True)
class Trial:
    """One picture under one attack.

    Attributes:
        picture: Its name.
        attack: What was done.
        log10_p: log10 p-value of the detection.
        detected: It is at most the rate.
        exact: The payload was read exactly.
        copied: What the detector says of its being copied.
        seconds: Time of the detection.
        megapixels: Size of the attacked picture.
    """

    picture: str
    attack: str
    log10_p: float
    detected: bool
    exact: bool
    copied: bool | None
    seconds: float
    megapixels: float


@dataclass(frozen=True)
class Result:
    """All pictures under one attack.

    Attributes:
        group: Group of the suite.
        attack: What was done.
        demand: Share that must be found, None where it is only reported.
        pictures: Number of pictures.
        detected: In how many the mark was found at the rate.
        exact: In how many the payload was read exactly.
        interval: 95 % Wilson interval of the share detected.
        weakest: Largest log10 p-value.
        median: Median log10 p-value.
        seconds_per_megapixel: Median.
    """

    group: str
    attack: str
    demand: float | None
    pictures: int
    detected: int
    exact: int
    interval: Interval
    weakest: float
    median: float
    seconds_per_megapixel: float

    @property
    def met(self) -> bool:
        """Whether what was demanded was measured, for the detection and for the payload."""
        return self.demand is None or min(self.detected, self.exact) >= self.demand * self.pictures


def run(
    marker: Watermarker,
    picture: str,
    pixels: Pixels,
    suite: Suite,
    *,
    payload: str = "0",
    rate: float = RATE,
    seed: int = 0,
) -> list[Trial]:
    """Mark one picture and try every attack of a suite on it.

    Args:
        marker: Key, layout and strength.
        picture: Name of the picture.
        pixels: (H, W, 3) uint8 RGB.
        suite: The attacks.
        payload: Identity in hexadecimal digits.
        rate: False-alarm rate, the same for all attacks.
        seed: Of attacks that draw.

    Raises:
        UsageError: The picture or the payload does not fit.
    """
    marked = marker.embed(pixels, payload)
    trials = []
    for row in suite.rows:
        attacked = row.attack(marked.pixels, seed=seed)
        start = time.process_time()
        found = marker.detect(attacked, rate=rate)
        seconds = time.process_time() - start
        exact = found.payload == marked.payload
        size = attacked.shape[0] * attacked.shape[1] / 1e6
        trials.append(
            Trial(picture, str(row.attack), found.log10_p, found.detected, exact, found.copied, seconds, size)
        )
    return trials


def summarise(suite: Suite, trials: Iterable[Trial]) -> list[Result]:
    """Count the trials of each attack.

    Raises:
        UsageError: There is none of an attack.
    """
    by_attack: dict[str, list[Trial]] = {}
    for trial in trials:
        by_attack.setdefault(trial.attack, []).append(trial)
    results = []
    for row in suite.rows:
        every = by_attack.get(str(row.attack), [])
        if not every:
            raise UsageError("no picture was tried")
        detected = sum(t.detected for t in every)
        results.append(
            Result(
                row.group,
                str(row.attack),
                row.demand,
                len(every),
                detected,
                sum(t.exact for t in every),
                wilson(detected, len(every)),
                max(t.log10_p for t in every),
                _median([t.log10_p for t in every]),
                _median([t.seconds / t.megapixels for t in every]),
            )
        )
    return results


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
