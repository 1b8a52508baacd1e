"""Looking on while something is trained: a bar, a plot of what was measured, and pictures of what it does."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forensics.cli.progress import sharing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["LOSS", "SAMPLES", "Watching", "watching"]

LOSS, SAMPLES = "loss.svg", "samples"


class Watching:
    """An observer of a training.

    Args:
        folder: Where `loss.svg` and `samples/` go.
        advance: Hears the share that is done, and a text.

    Attributes:
        steps: Done so far.
    """

    def __init__(self, folder: Path, advance: Any) -> None:
        self.folder, self._advance = folder, advance
        self._text = ""
        self.steps = 0

    def stepped(self, step: int, done: float) -> None:
        """Move the bar."""
        self.steps = step
        self._advance(done, f"step {step} {self._text}")

    def measured(self, record: Mapping[str, float], picture: npt.NDArray[np.uint8] | None) -> None:
        """Draw the losses so far, and keep the picture under the number of its step."""
        self._text = " ".join(
            f"{name} {value:g}"
            for name, value in record.items()
            if name.startswith("loss") and not math.isnan(value)
        )
        self._draw()
        if picture is not None:
            _write(self.folder / SAMPLES / f"{int(record['step']):07d}.png", picture)

    def _draw(self) -> None:
        from forensics.evidence import Plot, Series
        from forensics.files import atomic_write
        from forensics.report.plots import svg_file
        from forensics.training.log import LOG, read_log

        columns = read_log(self.folder / LOG)
        images = columns["images"]
        series = []
        for name, values in columns.items():
            known = [(x, y) for x, y in zip(images, values, strict=True) if not math.isnan(y)]
            if name.startswith("loss") and known:
                series.append(Series(name=name, x=tuple(x for x, _ in known), y=tuple(y for _, y in known)))
        plot = Plot(title="Loss", x_label="pictures seen", y_label="loss", series=tuple(series))
        atomic_write(self.folder / LOSS, svg_file(plot))


@contextmanager
def watching(folder: Path) -> Iterator[Watching]:
    """Watch a training in a folder."""
    with sharing("training") as advance:
        yield Watching(folder, advance)


def _write(path: Path, picture: npt.NDArray[np.uint8]) -> None:
    import io

    from PIL import Image

    from forensics.files import atomic_write

    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, out.getvalue())
