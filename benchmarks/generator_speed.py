"""How fast do the generators train and draw, preset by preset?

    python benchmarks/generator_speed.py [--family flow ...] [--preset NAME ...] [--device auto] [--steps 6]

Every preset takes a few steps of its own batch through the loop that `forensics train` runs, is written as
`forensics train` writes it, and drawn with as `forensics generate` draws: by ONNX Runtime. Medians of single
steps, and of three drawings of `--drawn` pictures with the preset's sampler. A clip counts as one picture.
Presets named `gpu` are left out on CPUs. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from common import ROOT, write_result

from forensics.datasets.clips import load_clips
from forensics.datasets.packs import PROCEDURAL, load_squares
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.opening import open_pipeline
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.families import FAMILIES, Family
from forensics.runtime.store import Bundle, open_bundle
from forensics.training.card import Origins
from forensics.training.loop import fit
from forensics.training.machine import Machine
from forensics.training.task import Silent

ORIGINS = Origins("procedural pictures", "CC0-1.0", "python benchmarks/generator_speed.py")
_PICTURES = 160
_SKIPPED = 2  # steps before the caches are warm


class Clock(Silent):
    """Notes when each step was over."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def stepped(self, step: int, done: float) -> None:
        """Note the time."""
        self.times.append(time.perf_counter())

    @property
    def step(self) -> float:
        """The median of the steps but the first and the last, which is measured and saved."""
        each = [b - a for a, b in zip(self.times, self.times[1:], strict=False)]
        return statistics.median(each[_SKIPPED:-1])


def corpus_of(run: Any, codec: Bundle | None) -> Corpus:
    """Return procedural pictures or clips of the size of a run."""
    if hasattr(run, "frames"):
        return Corpus(load_clips(PROCEDURAL, run.side, run.frames, _PICTURES), codec=codec)
    return Corpus(load_squares(PROCEDURAL, run.side, _PICTURES), codec=codec)


def trained(
    kind: Family, run: Any, corpus: Corpus, folder: Path, machine: Machine, steps: int
) -> tuple[int, float]:
    """Train some steps and write the model; return the number of weights and the seconds of a step."""
    schedule = replace(run.schedule, steps=steps + _SKIPPED + 1, every=10**9)
    task, clock = kind.prepare(replace(run, schedule=schedule), corpus, machine), Clock()
    folder.mkdir()
    module = fit(task, folder, clock, machine)
    weights = sum(p.numel() for p in task.module.parameters())
    kind.finish(task, module, folder, kind.card("speed", task, ORIGINS, 0), corpus)
    return weights, clock.step


def drawing(folder: Path, count: int) -> float:
    """Return the seconds for each picture that a model draws."""
    pipeline = open_pipeline(folder)
    list(pipeline.sample(Request(1)))
    each = []
    for seed in range(3):
        start = time.perf_counter()
        list(pipeline.sample(Request(count, seed=seed, batch=count)))
        each.append((time.perf_counter() - start) / count)
    return statistics.median(each)


def row(family: str, preset: str, folder: Path, codecs: Mapping[str, Bundle], options: Any) -> dict[str, Any]:
    """Measure one preset."""
    kind, machine = FAMILIES[family], Machine(options.device)
    run = kind.presets[preset]
    codec = codecs.get("tokens" if family == "tokens" else "cpu")
    place = folder / f"{family} {preset}"
    weights, step = trained(kind, run, corpus_of(run, codec), place, machine, options.steps)
    found: dict[str, Any] = {
        "family": family, "preset": preset, "side": run.side, "weights": weights,
        "batch": run.schedule.batch, "trained_per_s": round(run.schedule.batch / step, 2),
    }  # fmt: skip
    if family != "codec":
        found |= {
            "steps": getattr(run, "steps", None),
            "drawn_per_s": round(1 / drawing(place, options.drawn), 2),
        }
    print(found, file=sys.stderr)
    return found


def chosen(options: Any) -> list[tuple[str, str]]:
    """Return the presets to measure: codecs first, which others work in."""
    left_out = {"smoke"} | (set() if Machine(options.device).device.type == "cuda" else {"gpu"})
    return [
        (family, preset)
        for family in FAMILIES
        for preset in FAMILIES[family].presets
        if preset not in left_out
        and (family == "codec" or not options.family or family in options.family)
        and (family == "codec" or not options.preset or preset in options.preset)
    ]


def main() -> int:
    """Measure all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--family", nargs="*")
    parser.add_argument("--preset", nargs="*")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--drawn", type=int, default=16)
    options = parser.parse_args()
    codecs: dict[str, Bundle] = {}
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for family, preset in chosen(options):
            rows.append(row(family, preset, Path(scratch), codecs, options))
            if family == "codec":
                codecs[preset] = open_bundle(Path(scratch) / f"codec {preset}")
    device = Machine(options.device).device.type
    path = write_result(
        f"generator_speed_{device}", f"python benchmarks/generator_speed.py --device {device}", {"rows": rows}
    )
    print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
