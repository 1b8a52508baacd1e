"""DIRE without its leak: errors of reconstruction of photos and of what the flow model drew, stored alike.

    python benchmarks/dire.py [--count 48]

Photos of photos/pack128_research.tar, which the model never saw, made as small as its pictures; its own
pictures; and photos that went through its codec alone. All are stored in one format. The score of a picture
is the mean of its map, less for what the model gives back better: the claim of arXiv:2303.09295 is that this
is so for what a diffusion model drew. The photos show other things than the model draws: the third set, which
shows what the photos show, says how much of it is the codec.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from common import data_folder, write_result

from forensics.datasets.packs import load_squares
from forensics.detectors.aligned.models import reconstructed
from forensics.detectors.dire.features import bundled_model
from forensics.detectors.dire.maps import MAPS, Settings, Way
from forensics.detectors.evaluation.bootstrap import figure
from forensics.detectors.evaluation.outcomes import Outcomes
from forensics.detectors.evaluation.ranking import auc
from forensics.generators.pipelines.base import Request
from forensics.watermark.attacks import parse_attack

Pixels = npt.NDArray[np.uint8]

PACK, SIDE = "photos/pack128_research.tar", 64
STORED = ("png", "jpeg:90", "jpeg:75")
WAYS: dict[str, tuple[Way, Settings]] = {
    "dire, 5 steps": ("dire", Settings(steps=5)),
    "dire, 10 steps": ("dire", Settings(steps=10)),
    "dire, 20 steps": ("dire", Settings(steps=20)),
    "one step in pixels": ("latent", Settings()),
    "one step in latents": ("step", Settings()),
}


def sets(count: int) -> dict[str, Pixels]:
    squares = load_squares(data_folder() / PACK, 128, count * 4)[::4][:count]
    photos = np.stack([cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for square in squares])
    make, rng = reconstructed("codec"), np.random.default_rng(0)
    model = bundled_model()
    labels = len(model.recipe.labels)
    halves = [Request(count=count // labels, seed=7 + label, label=label) for label in range(labels)]
    return {
        "photos": photos,
        "drawn": np.stack([picture for half in halves for picture in model.sample(half)]),
        "photos through the codec": np.stack([make(photo, rng).pixels for photo in photos]),
    }


def stored(pictures: Pixels, how: str) -> Pixels:
    if how == "png":
        return pictures
    attack = parse_attack(how)
    return np.stack([attack(picture) for picture in pictures])


def compared(real: npt.NDArray[np.float64], made: npt.NDArray[np.float64]) -> dict[str, Any]:
    truth = np.repeat([False, True], [len(real), len(made)])
    found = figure("auc", auc, Outcomes.of(-np.concatenate([real, made]), truth.tolist()))
    return {
        "auc": round(found.value, 4),
        "low": round(found.low, 4),
        "high": round(found.high, 4),
        "median of the first": round(float(np.median(real)), 5),
        "median of the second": round(float(np.median(made)), 5),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=48, help="pictures of each set")
    count = parser.parse_args().count
    pictures = sets(count)
    rows, seconds = [], {}
    for name, (way, settings) in WAYS.items():
        for how in STORED:
            start = time.process_time()
            scores = {
                key: MAPS[way](stored(part, how), bundled_model(), settings)
                .astype(np.float64)
                .mean(axis=(1, 2, 3))
                for key, part in pictures.items()
            }
            spent = (time.process_time() - start) / sum(map(len, pictures.values()))
            seconds[name] = min(spent, seconds.get(name, spent))
            photos, drawn, coded = scores.values()
            rows.append(
                {
                    "way": name,
                    "stored": how,
                    "photos against drawn": compared(photos, drawn),
                    "coded photos against drawn": compared(coded, drawn),
                    "photos against coded photos": compared(photos, coded),
                }
            )
            print(name, how, {k: v["auc"] for k, v in rows[-1].items() if isinstance(v, dict)}, flush=True)
    told = {"count": count, "side": SIDE, "rows": rows, "processor seconds of a picture": seconds}
    write_result("dire", f"python benchmarks/dire.py --count {count}", told)


if __name__ == "__main__":
    main()
