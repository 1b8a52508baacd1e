"""How many bits do held-out photos take, by the families whose likelihood is exact?

    python benchmarks/generator_likelihood.py [glow tarflow ...] [--minutes 8]

Every preset is trained for so many minutes by the loop that `forensics train` runs, on whole photos of
`photos/pack128_permissive.tar` of the test pictures, scaled down to its side, one in twenty held out. Beside
its bits for each value stand those of the held-out photos as one sheet of lossless WebP, and what the paper
of the family published: of other pictures, by far larger networks, after days on GPUs. Needs the extra
`train`; the figures of presets that are not named are kept.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from common import RESULTS, ROOT, data_folder, write_result

from forensics.datasets.packs import load_pack
from forensics.generators.evaluation.held_out import held_out
from forensics.generators.evaluation.opening import open_judge
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.families import FAMILIES
from forensics.generators.train.pictures import which_held_out
from forensics.training.card import Origins
from forensics.training.loop import fit
from forensics.training.machine import Machine
from forensics.training.task import Silent

Pixels = npt.NDArray[np.uint8]
PACK = "photos/pack128_permissive.tar"
NAME = "generator_likelihood"
ORIGINS = Origins(
    "photos of clothing and groceries", "CC0 and MIT", "python benchmarks/generator_likelihood.py"
)
# Bits for each value as published: of which pictures, and where.
PUBLISHED = {
    ("nf", "nice"): (4.48, "CIFAR-10", "arXiv:1410.8516, as cited by arXiv:1601.06759"),
    ("nf", "realnvp"): (3.49, "CIFAR-10", "arXiv:1605.08803"),
    ("nf", "glow"): (3.35, "CIFAR-10", "arXiv:1807.03039"),
    ("nf", "spline"): (3.38, "CIFAR-10", "arXiv:1906.04032"),
    ("nf", "flowpp"): (3.08, "CIFAR-10", "arXiv:1902.00275"),
    ("nf", "tarflow"): (2.99, "ImageNet 64x64", "arXiv:2412.06329"),
    ("tokens", "pixelcnn"): (3.14, "CIFAR-10", "arXiv:1601.06759"),
    ("tokens", "gated"): (3.03, "CIFAR-10", "arXiv:1606.05328"),
    ("tokens", "pixelcnnpp"): (2.92, "CIFAR-10", "arXiv:1701.05517"),
    ("tokens", "pixelsnail"): (2.85, "CIFAR-10", "arXiv:1712.09763"),
}  # fmt: skip


class Counting(Silent):
    """Counts steps."""

    def __init__(self) -> None:
        self.steps = 0

    def stepped(self, step: int, done: float) -> None:
        """Note the number of a step."""
        self.steps = step


def row(family: str, preset: str, minutes: float, folder: Path) -> dict[str, Any]:
    """Train one preset, and measure."""
    kind, machine = FAMILIES[family], Machine("auto")
    run = kind.presets[preset]
    run = replace(run, schedule=replace(run.schedule, steps=10**6, seconds=60.0 * minutes, every=10**9))
    photos = whole_photos(run.side)
    held = which_held_out(np.arange(len(photos)))
    corpus, counting = Corpus(photos), Counting()
    task = kind.prepare(run, corpus, machine)
    folder.mkdir()
    module = fit(task, folder, counting, machine)
    weights = sum(p.numel() for p in task.module.parameters())
    kind.finish(task, module, folder, kind.card(preset, task, ORIGINS, 0), corpus)
    found = held_out(open_judge(folder), photos[held], photos[~held], most=int(held.sum()))
    (reading,) = found.readings
    bits, pictures, source = PUBLISHED[family, preset]
    levels = getattr(run.model, "levels", 256) if family == "tokens" else 256
    return {
        "family": family, "preset": preset, "minutes": minutes, "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 1), "side": run.side, "levels": levels, "weights": weights,
        "steps": counting.steps, "images": counting.steps * run.schedule.batch,
        "unit": found.unit, "note": found.note,
        "bits": round(reading.held_out.value, 3), "error": round(reading.held_out.error, 3),
        "train_bits": round(reading.train.value, 3) if reading.train else None,
        "webp_bits": round(webp_bits(photos[held], levels), 3),
        "published": bits, "published_of": pictures, "published_in": source,
    }  # fmt: skip


@cache
def whole_photos(side: int) -> Pixels:
    """Return all photos, scaled down to a side."""
    return load_pack(data_folder() / PACK, side, how="whole").squares


def webp_bits(photos: Pixels, levels: int) -> float:
    """Return the bits for each value that lossless WebP takes, of all pictures below one another."""
    step = 256 // levels
    sheet = (photos // step * step).reshape(-1, *photos.shape[2:])
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "WEBP", lossless=True, quality=100, method=6)
    return 8 * len(buffer.getvalue()) / photos.size


def main() -> int:
    """Measure all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=8.0, help="Of each training.")
    parser.add_argument("presets", nargs="*", default=[preset for _, preset in PUBLISHED])
    options = parser.parse_args()
    path = RESULTS / f"{NAME}.json"
    known = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []
    rows = {(row["family"], row["preset"]): row for row in known}
    command = f"python benchmarks/generator_likelihood.py --minutes {options.minutes:g}"
    with tempfile.TemporaryDirectory() as scratch:
        for family, preset in PUBLISHED:
            if preset in options.presets:
                found = row(family, preset, options.minutes, Path(scratch) / preset)
                rows[family, preset] = found
                print(found, file=sys.stderr)
                ordered = [rows[key] for key in PUBLISHED if key in rows]
                path = write_result(NAME, command, {"rows": ordered})  # after each: a run may be interrupted
    print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
