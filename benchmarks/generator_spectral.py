"""Does the loss of the radial spectrum bring the spectrum of a GAN nearer to that of its pictures?

    python benchmarks/generator_spectral.py [transpose ...] [--steps 800] [--seeds 3]

The same GAN (Durall et al. 2020, arXiv:2003.01826; survey eq. 129) is trained with the loss and without it,
from the same seeds, for each way of doubling sides, on whole photos of `photos/pack128_permissive.tar` of the
test pictures. Both are drawn with as `forensics generate` draws. What is measured is not what is trained on:
the distance of mean log spectra under a Hann window, to held-out photos. Beside it the same between two
halves of the held-out photos. Needs the extra `train`; exits with 1 if the loss does not lower the mean
distance everywhere. The figures of ways that are not named are kept.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from common import RESULTS, ROOT, data_folder, write_result

from forensics.datasets.packs import load_pack
from forensics.generators.evaluation.spectrum import log_profiles, spectral_distance
from forensics.generators.gan.config import GanConfig
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.opening import open_pipeline
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.families import FAMILIES
from forensics.generators.train.games import GanRun
from forensics.generators.train.pictures import which_held_out
from forensics.training.card import Origins
from forensics.training.loop import fit
from forensics.training.machine import Machine

PACK = "photos/pack128_permissive.tar"
NAME = "generator_spectral"
ORIGINS = Origins(
    "photos of clothing and groceries", "CC0 and MIT", "python benchmarks/generator_spectral.py"
)
UPSAMPLE = ("transpose", "nearest", "bilinear")
WEIGHTS = (0.0, 1.0)
_SIDE, _DRAWN = 32, 256


def run_of(upsample: Any, weight: float, seed: int, steps: int) -> GanRun:
    """Return the training of one GAN."""
    run = FAMILIES["gan"].presets["spectral"]
    schedule = replace(run.schedule, steps=steps, seed=seed, every=10**9)
    return replace(run, model=GanConfig(side=_SIDE, upsample=upsample), schedule=schedule, spectral=weight)


def profile_of(run: GanRun, corpus: Corpus, folder: Path) -> Any:
    """Train a GAN, and return the log spectra of what it draws."""
    kind, machine = FAMILIES["gan"], Machine("auto")
    task = kind.prepare(run, corpus, machine)
    folder.mkdir()
    module = fit(task, folder, machine=machine)
    kind.finish(task, module, folder, kind.card("spectral", task, ORIGINS, run.schedule.images), corpus)
    return log_profiles(np.stack(list(open_pipeline(folder).sample(Request(_DRAWN, seed=1)))))


def main() -> int:
    """Measure all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ways", nargs="*", default=UPSAMPLE, help="To double sides.")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    photos = load_pack(data_folder() / PACK, _SIDE, how="whole").squares
    real = log_profiles(photos[which_held_out(np.arange(len(photos)))])
    path = RESULTS / f"{NAME}.json"
    known = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []
    rows = {row["upsample"]: row for row in known}
    with tempfile.TemporaryDirectory() as scratch:
        for upsample in options.ways:
            found: dict[float, list[float]] = {weight: [] for weight in WEIGHTS}
            for seed in range(options.seeds):
                for weight in WEIGHTS:
                    place = Path(scratch) / f"{upsample} {weight} {seed}"
                    made = profile_of(run_of(upsample, weight, seed, options.steps), Corpus(photos), place)
                    found[weight].append(round(float(spectral_distance(made, real)), 5))
            rows[upsample] = {
                "upsample": upsample, "steps": options.steps, "without": found[0.0], "with": found[1.0],
            }  # fmt: skip
            print(rows[upsample], file=sys.stderr)
    ordered = [rows[upsample] for upsample in UPSAMPLE if upsample in rows]
    result = {
        "side": _SIDE, "drawn": _DRAWN, "held_out": len(real), "rows": ordered,
        "real": round(float(spectral_distance(real[::2], real[1::2])), 5),
    }  # fmt: skip
    command = f"python benchmarks/generator_spectral.py --steps {options.steps} --seeds {options.seeds}"
    print(write_result(NAME, command, result).relative_to(ROOT))
    return int(any(np.mean(row["with"]) >= np.mean(row["without"]) for row in ordered))


if __name__ == "__main__":
    sys.exit(main())
