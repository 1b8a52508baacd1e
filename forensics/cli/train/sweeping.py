"""A sweep over time: the same training for several times, and what was measured held out after each."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensics.errors import UsageError
from forensics.files import atomic_write

__all__ = ["DRAWING", "TABLE", "Swept", "budgets_of", "run_folder", "write_sweep"]

TABLE, DRAWING = "sweep.csv", "sweep.svg"
_LEAST = 2  # times: one is no sweep


@dataclass(frozen=True)
class Swept:
    """One run of a sweep.

    Attributes:
        minutes: That it was given.
        taken: Minutes that its steps took: less, where it was through with its steps before.
        steps: Done.
        images: Pictures seen.
        measured: What was measured of the model, by name.
    """

    minutes: float
    taken: float
    steps: int
    images: int
    measured: Mapping[str, float]

    @property
    def early(self) -> bool:
        """Whether its steps were over before its time; logs know time to a millisecond."""
        return self.taken < 0.999 * self.minutes - 0.001 / 60.0

    @property
    def record(self) -> dict[str, float]:
        """All of it by name."""
        head = {"minutes": self.minutes, "minutes taken": round(self.taken, 4)}
        return {**head, "steps": self.steps, "images": self.images, **self.measured}


def budgets_of(text: str) -> tuple[float, ...]:
    """Return the minutes that a sweep names, the least first.

    Raises:
        UsageError: They are no different numbers above 0, or fewer than two.
    """
    try:
        found = sorted({float(part) for part in text.split(",")})
    except ValueError:
        found = []
    if len(found) < _LEAST or len(found) != text.count(",") + 1 or not all(0 < m < math.inf for m in found):
        raise UsageError(
            f"--time-sweep takes two or more different numbers of minutes, such as 1,2,4,8, not {text!r}",
            expected="1,2,4,8",
            actual=text,
        )
    return tuple(found)


def run_folder(folder: Path, minutes: float) -> Path:
    """Return the folder of a run of a sweep."""
    return folder / f"minutes-{minutes:g}"


def write_sweep(folder: Path, runs: Sequence[Swept], family: str) -> None:
    """Write the table of a sweep, and its drawing if there are two runs or more.

    Args:
        folder: Of the sweep.
        runs: Those that are through, the shortest first; all measured the same.
        family: What was trained.
    """
    out = io.StringIO()
    table = csv.DictWriter(out, list(runs[0].record), lineterminator="\n")
    table.writeheader()
    table.writerows({name: f"{value:.8g}" for name, value in run.record.items()} for run in runs)
    atomic_write(folder / TABLE, out.getvalue().encode())
    if len(runs) >= _LEAST:
        _draw(folder / DRAWING, runs, family)


def _draw(path: Path, runs: Sequence[Swept], family: str) -> None:
    from forensics.evidence import Plot, Series
    from forensics.report.plots import svg_file

    minutes = tuple(run.taken for run in runs)
    series = tuple(
        Series(name=name, x=minutes, y=tuple(run.measured[name] for run in runs)) for name in runs[0].measured
    )
    label = series[0].name if len(series) == 1 else "measured"
    plot = Plot(title=f"{family} after some time", x_label="minutes", y_label=label, series=series)
    atomic_write(path, svg_file(plot))
