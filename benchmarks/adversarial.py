"""How little has to change for the trained detectors to miss what a decoder made?

    python benchmarks/adversarial.py NETWORK [--count 60] [--steps 10]

Photos of photos/pack128_permissive that are in no training, and what the codec of the suite makes of them,
128 px without loss. The made pictures are then changed against the network `residual`, which is known to
whoever attacks (projected gradients, Madry et al. 2017, arXiv:1706.06083), by at most so many grey levels.
For each trained detector: AUC against the untouched photos, and the share that it still calls generated as
an audit would; as it is, and after a save as JPEG 85. The others were not attacked: what they lose, the
attack carries over to them. NETWORK is the folder `residual` that `benchmarks/shipped_detectors.sh` trains,
with its weights, which do not ship. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import numpy.typing as npt
import torch
from common import data_folder, write_result

from forensics.datasets.procedural import encode
from forensics.detectors.aligned import AlignedRecipe, pairs
from forensics.detectors.base import SIGNAL
from forensics.detectors.choosing import choose
from forensics.detectors.evaluation.outcomes import Outcomes
from forensics.detectors.evaluation.ranking import auc
from forensics.detectors.train.adversarial import attacked
from forensics.exporting.train.references import references_of
from forensics.media import open_bytes
from forensics.runtime.store import open_bundle

Pixels = npt.NDArray[np.uint8]

DETECTORS = ("residual", "dct", "spectral", "cooccurrence", "reconstruction", "dire_step")
LEVELS = (0.0, 1.0, 2.0, 4.0)
QUALITY = 85


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("network", type=Path)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--steps", type=int, default=10)
    options = parser.parse_args()
    photos, made = _pictures(options.count)
    clean = {kind: _scores(photos, kind) for kind in ("png", "jpeg")}
    rows = [row for levels in LEVELS for row in _rows(_against(made, levels, options), levels, clean)]
    given = f"python benchmarks/adversarial.py NETWORK --count {options.count} --steps {options.steps}"
    write_result("adversarial", given, {"pictures": len(photos), "quality": QUALITY, "rows": rows})
    return 0


def _pictures(count: int) -> tuple[Pixels, Pixels]:
    recipe = AlignedRecipe(
        (str(data_folder() / "photos/pack128_permissive.tar"),), ("autoencoder",), count=7 * count,
        codec="png", match=False,
    )  # fmt: skip
    found = [(pair.real, pair.fake) for pair, _ in zip(pairs(recipe, "test"), range(count), strict=False)]
    return np.stack([real for real, _ in found]), np.stack([fake for _, fake in found])


def _against(made: Pixels, levels: float, options: argparse.Namespace) -> Pixels:
    """Return pictures changed against the network, rounded as a file would be."""
    if not levels:
        return made
    (network,) = references_of(open_bundle(options.network)).values()
    x = torch.from_numpy(np.ascontiguousarray(np.moveaxis(made, -1, 1))).float() / 255.0
    lot = torch.Generator().manual_seed(0)
    changed = torch.cat(
        [
            attacked(network, part, torch.ones(len(part)), levels, steps=options.steps, generator=lot)
            for part in x.split(8)
        ]
    )
    return np.rint(255.0 * np.moveaxis(changed.numpy(), 1, -1)).astype(np.uint8)


def _rows(
    pictures: Pixels, levels: float, clean: dict[str, dict[str, list[tuple[float, float]]]]
) -> Iterator[dict[str, Any]]:
    scored = {kind: _scores(pictures, kind) for kind in clean}
    for name in DETECTORS:
        row: dict[str, Any] = {"levels": levels, "detector": name}
        for kind, of_photos in clean.items():
            values = [score for score, _ in (*of_photos[name], *scored[kind][name])]
            truth = [False] * len(of_photos[name]) + [True] * len(scored[kind][name])
            found = [llr >= SIGNAL for _, llr in scored[kind][name]]
            row[kind] = {
                "AUC": round(float(auc(Outcomes.of(values, truth))), 4),
                "found": round(sum(found) / len(found), 4),
            }
        yield row


def _scores(pictures: Pixels, kind: str) -> dict[str, list[tuple[float, float]]]:
    """Return the score and the log10 likelihood ratio of each picture, by detector."""
    said: dict[str, list[tuple[float, float]]] = {name: [] for name in DETECTORS}
    for picture in pictures:
        media = open_bytes(encode(picture, kind, **({"quality": QUALITY} if kind == "jpeg" else {})))
        for detector in choose(DETECTORS):
            (found,) = detector.examine(media)
            scores = [m.value for m in found.measurements if m.name == "score"]
            if scores:
                said[detector.info.name].append((float(scores[0]), found.llr or 0.0))
    return said


if __name__ == "__main__":
    sys.exit(main())
