"""The functions of polimi-ispl/prnu-python, run in an environment of its own by `benchmarks/prnu.py`.

    PYTHONPATH=FOLDER PYTHON -P benchmarks/prnu_peer.py PICTURES SIDE OUT.npz [--times 3]

That package pins NumPy 1.23.5 and breaks on NumPy 2. It is in no registry (the `prnu` there is another
program); FOLDER is the `src` of a copy of its repository, and PYTHON has
`numpy==1.23.5 pillow pywavelets "scipy<1.12" "scikit-learn<1.5" tqdm`. Without -P it would import
`benchmarks/prnu.py` in its place.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import prnu
from PIL import Image


def middle(path: Path, side: int) -> npt.NDArray[np.uint8]:
    """Return the middle of a picture."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    return np.asarray(prnu.cut_ctr(pixels, (side, side, 3)))


def main() -> None:
    """Write residuals, fingerprints, heights of both kinds, and seconds for one extraction."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("side", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    flats = sorted((given.pictures / "flat").iterdir())
    natural = sorted((given.pictures / "natural").iterdir())
    bodies = sorted({path.name.rsplit("_", 1)[0] for path in flats})
    prints = []
    for body in bodies:
        own = [middle(p, given.side) for p in flats if p.name.rsplit("_", 1)[0] == body]
        prints.append(prnu.extract_multiple_aligned(own, processes=1))
    residuals, seconds = [], []
    for path in natural:
        pixels = middle(path, given.side)
        best = float("inf")
        for _ in range(given.times):
            start = time.process_time()
            residual = prnu.extract_single(pixels.copy())
            best = min(best, time.process_time() - start)
        residuals.append(residual)
        seconds.append(best)
    any_shift = [[prnu.pce(prnu.crosscorr_2d(k.copy(), w.copy()))["pce"] for k in prints] for w in residuals]
    ncc = prnu.aligned_cc(np.stack(residuals), np.stack(prints))["ncc"]
    np.savez(given.out, residuals=np.stack(residuals), pce=any_shift, ncc=ncc, seconds=seconds)
    sys.stdout.write(f"{given.side}: {np.median(seconds):.3f} s\n")


main()  # without a guard, by which `make bench` knows what it can run
