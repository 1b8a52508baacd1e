"""How fast do the generators train and draw, preset by preset?

    python benchmarks/generator_speed.py [--family flow ...] [--preset NAME ...] [--device auto] [--steps 6]

Every preset takes a few steps of its own batch through the loop that `forensics train` runs, is written as
`forensics train` writes it, and drawn with as `forensics generate` draws: by ONNX Runtime. Medians of single
steps, and of three drawings of `--drawn` pictures (fewer, where one takes long) with the preset's sampler. A
clip counts as one picture. Side branches are trained alone, not drawn with. Presets named `gpu` are left out
on CPUs; the figures of presets that are not named are kept. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))

from common import RESULTS, ROOT, write_result

from forensics.datasets.clips import load_clips
from forensics.datasets.packs import PROCEDURAL, load_squares
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.opening import open_pipeline
from forensics.generators.tokens.pixelcnn import PixelCNNConfig
from forensics.generators.tokens.scales import ScaleConfig
from forensics.generators.train.control import begun
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.families import FAMILIES, Family
from forensics.generators.train.teacher import taught
from forensics.runtime.store import Bundle, open_bundle
from forensics.training.card import Origins
from forensics.training.loop import fit
from forensics.training.machine import Machine
from forensics.training.task import Silent

ORIGINS = Origins("procedural pictures", "CC0-1.0", "python benchmarks/generator_speed.py")
_PICTURES = 160
_OF_CLASSES = ("control", "diffusion", "flow")
_SKIPPED = 2  # steps before the caches are warm
_LONGEST = 60.0  # seconds of one drawing


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


def needed(family: str, preset: str) -> list[tuple[str, str]]:
    """Return what has to be trained before a preset: its codec, its teacher, or what it stands beside."""
    run = FAMILIES[family].presets[preset]
    if family == "tokens" and not isinstance(run.model, PixelCNNConfig):
        return [("codec", "scales" if isinstance(run.model, ScaleConfig) else "tokens")]
    if family == "control":
        return [*needed("flow", "latent"), ("flow", "latent")]
    if taught_by_another(run):
        return [*needed(family, "latent"), (family, "latent")]
    return [("codec", "cpu")] if getattr(run, "latent", False) is True else []


def taught_by_another(run: Any) -> bool:
    """Return whether a run learns from a trained denoiser."""
    lesson = getattr(run, "lesson", None)
    return lesson is not None and lesson.method != "standalone"


def task_of(family: str, preset: str, made: Mapping[tuple[str, str], Bundle]) -> tuple[Any, Corpus]:
    """Return a run, and procedural pictures or clips of its size, half of each of two classes."""
    run, before = FAMILIES[family].presets[preset], [made[one] for one in needed(family, preset)]
    given: dict[str, Any] = {"codec": before[0]} if before else {}
    if hasattr(run, "frames"):
        return run, Corpus(load_clips(PROCEDURAL, run.side, run.frames, _PICTURES), **given)
    if family == "control":
        run, given["begin"] = begun(run, before[-1], "canny"), before[-1]
    elif taught_by_another(run):
        run, given = taught(run, before[-1]), {"teacher": before[-1]}
    if family in _OF_CLASSES:
        given |= {"labels": np.arange(_PICTURES) % 2, "names": ("one", "two")}
    return run, Corpus(load_squares(PROCEDURAL, side_of(run), _PICTURES), **given)


def side_of(run: Any) -> int:
    """Return the side of the pictures that are trained on."""
    return int(getattr(run, "base", run).side)


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
    """Return the seconds for each picture that a model draws; a slow one draws fewer at a time."""
    pipeline = open_pipeline(folder)
    start = time.perf_counter()
    list(pipeline.sample(Request(1)))
    count = max(1, min(count, int(_LONGEST / (time.perf_counter() - start))))
    each = []
    for seed in range(3):
        start = time.perf_counter()
        list(pipeline.sample(Request(count, seed=seed, batch=count)))
        each.append((time.perf_counter() - start) / count)
    return statistics.median(each)


def row(family: str, preset: str, made: dict[tuple[str, str], Bundle], options: Any) -> dict[str, Any]:
    """Measure one preset, and keep its model for those that need it."""
    kind, machine = FAMILIES[family], Machine(options.device)
    run, corpus = task_of(family, preset, made)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / preset
        weights, step = trained(kind, run, corpus, place, machine, options.steps)
        found: dict[str, Any] = {
            "family": family, "preset": preset, "side": side_of(run), "weights": weights,
            "batch": run.schedule.batch, "trained_per_s": round(run.schedule.batch / step, 2),
            "threads": torch.get_num_threads(), "load": round(os.getloadavg()[0], 1),
        }  # fmt: skip
        if family not in ("codec", "control"):
            found |= {
                "steps": getattr(run, "steps", None),
                "drawn_per_s": round(1 / drawing(place, options.drawn), 2),
            }
        if any((family, preset) in needed(*other) for other in all_presets(options)):
            made[family, preset] = open_bundle(
                Path(shutil.copytree(place, options.kept / f"{family} {preset}"))
            )
    print(found, file=sys.stderr)
    return found


def all_presets(options: Any) -> list[tuple[str, str]]:
    """Return all presets that this machine is for."""
    left_out = {"smoke"} | (set() if Machine(options.device).device.type == "cuda" else {"gpu"})
    return [
        (family, preset)
        for family, kind in FAMILIES.items()
        for preset in kind.presets
        if preset not in left_out
    ]


def chosen(options: Any) -> list[tuple[str, str]]:
    """Return the presets to measure, each after those that it needs."""
    asked = [
        (family, preset)
        for family, preset in all_presets(options)
        if (not options.family or family in options.family)
        and (not options.preset or preset in options.preset)
    ]
    ordered = [before for one in asked for before in (*needed(*one), one)]
    return list(dict.fromkeys(ordered))


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
    device = Machine(options.device).device.type
    name = f"generator_speed_{device}"
    path = RESULTS / f"{name}.json"
    known = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []
    rows = {(one["family"], one["preset"]): one for one in known}
    with tempfile.TemporaryDirectory() as kept:
        options.kept, made = Path(kept), {}
        for one in chosen(options):
            rows[one] = row(*one, made, options)
            ordered = [rows[one] for one in all_presets(options) if one in rows]
            command = f"python benchmarks/generator_speed.py --device {device}"
            path = write_result(name, command, {"rows": ordered})  # after each: a run may be interrupted
    print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
