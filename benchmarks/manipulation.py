"""Which manipulated regions are found, by method, before and after another JPEG save; and how fast.

    python benchmarks/manipulation.py found [--write]
    python benchmarks/manipulation.py speed [--write]

`found`: published forgeries with masks (tamper/casia1, tamper/copymove) and splices of our own: sixteen
photos that calibrated nothing, halved and cut to 512 x 512, saved at JPEG 85; into each a square of 160 from
another one, also saved at 85, off the grid; stored without loss, or saved again. Every untouched version is
counted beside the forged one. A false alarm in one of the sixteen led to a rule of copy_move (more partners
must be as near as copies are): that photo is no longer unseen.

`speed`: one thread, on a camera photo and on 512 x 512 of it.
"""

from __future__ import annotations

import argparse
import io
import math
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from common import data_folder, write_result

from forensics.detectors.copy_move import CopyMove, find
from forensics.detectors.jpeg import JpegDetector
from forensics.detectors.jpeg.coefficients import MODES, sample_blocks
from forensics.detectors.jpeg.double_compression import analyse, block_likelihoods
from forensics.detectors.jpeg.ghosts import ghost
from forensics.detectors.jpeg.grid import grid_votes, vote_cells, zero_counts
from forensics.detectors.jpeg.regions import foreign_grid, lacking_save
from forensics.detectors.noise import Noise
from forensics.detectors.noise.outliers import directions, distances
from forensics.detectors.noise.windows import look
from forensics.evidence import Evidence, Status
from forensics.media import open_bytes, open_media
from forensics.media.quant import STANDARD_LUMA, ijg_table

Pixels = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
# What the field calls a method, and the evidence that answers for it here.
METHODS = {
    "zero": "jpeg.foreign_grid",
    "dq": "jpeg.lacking_save",
    "noise": "noise",
    "copy_move": "copy_move",
}
KODAK, NATIVE = ("23", "4", "5", "7"), ("Canon_EOS_5D", "FujiFilm_FinePix_F40fd", "HTC_One")
SIDE, PASTE, QUALITY = 512, 160, 85
# Seconds for 512 x 512 of photoholmes 0.0.1 (CPU), as measured by others; nothing of it runs here.
PHOTOHOLMES = {"zero": 25.1, "dq": 0.08, "noise (Splicebuster)": 35.2}


@dataclass(frozen=True)
class Case:
    """One file; the mask of what was forged, None for an untouched one."""

    group: str
    name: str
    treatment: str
    data: bytes
    mask: Bools | None


@dataclass(frozen=True)
class Outcome:
    """What one method said of one file."""

    case: Case
    method: str
    status: Status
    weight: float
    f1: float
    iou: float
    auc: float


def main() -> None:
    """Run one of the steps."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=("found", "speed"))
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    step = found if arguments.step == "found" else speed
    step(arguments.write)


def found(write: bool) -> None:
    """Look at every file with every method."""
    data = data_folder()
    rows: dict[tuple[str, str, str], list[Outcome]] = defaultdict(list)
    for case in (*_casia(data), *_copymove(data), *_splices(data)):
        for outcome in _looked_at(case):
            rows[outcome.method, case.group, case.treatment].append(outcome)
    table = [
        {"method": method, "set": group, "treatment": treatment, **_row(outcomes)}
        for (method, group, treatment), outcomes in sorted(rows.items())
    ]
    for row in table:
        print(row)
    if write:
        print(
            write_result("manipulation", "python benchmarks/manipulation.py found --write", {"table": table})
        )


def _casia(data: Path) -> Iterator[Case]:
    for path in sorted((data / "tamper/casia1").glob("*_tampered.png")):
        mask = cv2.imread(str(path).replace("_tampered", "_mask"), cv2.IMREAD_GRAYSCALE) > 127
        kind = "casia1 copy-move" if path.name.startswith("CM") else "casia1 splices"
        for name, truth in (("tampered", mask), ("authentic", None)):
            file = Path(str(path).replace("_tampered", f"_{name}"))
            yield from _saves(kind, path.stem, file.read_bytes(), truth)


def _copymove(data: Path) -> Iterator[Case]:
    for path in sorted((data / "tamper/copymove/data/modified").iterdir()):
        name = path.stem.rstrip("_")
        mask = cv2.imread(str(data / f"tamper/copymove/masks/{name}_mask.png"), cv2.IMREAD_GRAYSCALE) > 127
        original = data / f"tamper/copymove/data/original/{name}.jpg"
        yield from _saves("copymove", name, path.read_bytes(), mask)
        yield from _saves("copymove", name, original.read_bytes(), None)


def _splices(data: Path) -> Iterator[Case]:
    """Yield splices on another grid, and splices that miss an earlier save, with what they were made of."""
    photos = list(_photos(data))
    rng = np.random.default_rng(3)
    for i, photo in enumerate(photos):
        host, other = (_decoded(_jpeg(p, QUALITY)) for p in (photo, photos[i - 1]))
        top, left = (8 * int(v) for v in rng.integers(2, (SIDE - PASTE) // 8 - 2, 2))
        y, x = top + int(rng.integers(1, 8)), left + int(rng.integers(1, 8))
        spliced, mask = host.copy(), np.zeros(host.shape[:2], np.bool_)
        spliced[top : top + PASTE, left : left + PASTE] = other[y : y + PASTE, x : x + PASTE]
        mask[top : top + PASTE, left : left + PASTE] = True
        for pixels, truth in ((spliced, mask), (host, None)):
            yield from _saves("own splices", str(i), _png(pixels), truth)


def _saves(group: str, name: str, data: bytes, mask: Bools | None) -> Iterator[Case]:
    """Yield a file as it is and saved again; the first save of our own splices was at 85."""
    yield Case(group, name, "as it is", data, mask)
    pixels = _decoded(data)
    for quality in (99, 95, 80) if group == "own splices" else (95, 80):
        yield Case(group, name, f"JPEG {quality}", _jpeg(pixels, quality), mask)


def _photos(data: Path) -> Iterator[Pixels]:
    """Yield sixteen photos of which none calibrated anything, halved where they are large: no JPEG past."""
    for name in KODAK:
        yield _decoded((data / f"photos/kodak/{name}.png").read_bytes())[:SIDE, :SIDE]
    large = [data / f"photos/native/{name}.jpg" for name in NATIVE]
    for path in (*large, *sorted((data / "prnu/natural").glob("*.JPG"))):
        pixels = _decoded(path.read_bytes())
        half = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        top, left = ((n - SIDE) // 16 * 8 for n in half.shape[:2])
        yield np.asarray(half[top : top + SIDE, left : left + SIDE], np.uint8)


def _looked_at(case: Case) -> Iterator[Outcome]:
    media = open_bytes(case.data)
    evidence = [e for d in (JpegDetector(), Noise(), CopyMove()) for e in d.examine(media)]
    for method, code in METHODS.items():
        mine = [e for e in evidence if e.code.startswith(code)]
        silent = Outcome(case, method, Status.NOT_APPLICABLE, 0.0, math.nan, math.nan, math.nan)
        yield _outcome(case, method, mine[0]) if mine else silent


def _outcome(case: Case, method: str, said: Evidence) -> Outcome:
    if said.status is Status.NOT_APPLICABLE:
        return Outcome(case, method, said.status, 0.0, math.nan, math.nan, math.nan)
    weight = said.llr if said.llr is not None else -math.log10(max(said.p_value or 0.0, 1e-9))
    if case.mask is None:
        return Outcome(case, method, said.status, weight, math.nan, math.nan, math.nan)
    shape = case.mask.shape
    shown = np.zeros(shape, np.float32)
    if said.maps:
        shown = np.asarray(cv2.resize(said.maps[0].values, shape[::-1], interpolation=cv2.INTER_LINEAR))
    bright = shown > 0.5 if said.status is Status.SIGNAL else np.zeros(shape, np.bool_)
    both, either = int((bright & case.mask).sum()), int((bright | case.mask).sum())
    f1 = 2 * both / max(int(bright.sum()) + int(case.mask.sum()), 1)
    auc = _auc(shown[~case.mask], shown[case.mask]) if said.maps else math.nan
    return Outcome(case, method, said.status, weight, f1, both / max(either, 1), auc)


def _row(outcomes: list[Outcome]) -> dict[str, Any]:
    """Return one row; F1, IoU and AUC are means over the forged files that the method applies to."""
    forged = [o for o in outcomes if o.case.mask is not None]
    clean = [o for o in outcomes if o.case.mask is None]
    spoke = [o for o in forged if o.status is not Status.NOT_APPLICABLE]
    quiet = [o for o in clean if o.status is not Status.NOT_APPLICABLE]
    counts = {name: Counter(o.status.value for o in part) for name, part in (("f", forged), ("c", clean))}
    weights = [np.array([o.weight for o in part]) for part in (quiet, spoke)]
    maps = [o.auc for o in spoke if math.isfinite(o.auc)]
    return {
        "forged": len(forged),
        "not applicable": counts["f"]["not_applicable"],
        "found": counts["f"]["signal"],
        "untouched": len(clean),
        "untouched, not applicable": counts["c"]["not_applicable"],
        "false alarms": counts["c"]["signal"],
        "largest weight of an untouched one": round(max((o.weight for o in quiet), default=0.0), 2),
        "auc": round(_auc(*weights), 3) if spoke and quiet else None,
        "f1": round(float(np.mean([o.f1 for o in spoke])), 3) if spoke else None,
        "iou": round(float(np.mean([o.iou for o in spoke])), 3) if spoke else None,
        "pixel auc of maps": round(float(np.mean(maps)), 3) if maps else None,
    }


def _auc(low: npt.NDArray[Any], high: npt.NDArray[Any]) -> float:
    """Return the probability that a value of the second is larger; ties count one half."""
    values, inverse, counts = np.unique(np.concatenate([low, high]), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse.reshape(-1)]
    total = float(ranks[low.size :].sum() - high.size * (high.size + 1) / 2)
    return total / (low.size * high.size) if values.size else 0.5


def speed(write: bool) -> None:
    """Time each method on one thread; decoding is not counted."""
    whole = open_media(data_folder() / "photos/native/Canon_EOS_450D.jpg").luma
    parts = {"12 MP": whole, "512 x 512": np.ascontiguousarray(whole[1024 : 1024 + SIDE, 1024 : 1024 + SIDE])}
    table = {}
    for name, luma in parts.items():
        for method, run in _RUNS.items():
            times = []
            for _ in range(5):
                start = time.process_time()
                run(luma)
                times.append(time.process_time() - start)
            seconds = sorted(times)[2]
            table[f"{method}, {name}"] = {
                "cpu_seconds": round(seconds, 4),
                "megapixels_per_second": round(luma.size / 1e6 / seconds, 2),
            }
            print(method, name, table[f"{method}, {name}"])
    result = {
        "one thread, median of 5": table,
        "photoholmes 0.0.1, 512 x 512, measured elsewhere": PHOTOHOLMES,
    }
    if write:
        print(write_result("manipulation_speed", "python benchmarks/manipulation.py speed --write", result))


def _zero(luma: Pixels) -> None:
    cells = vote_cells(zero_counts(luma))
    foreign_grid(cells, grid_votes(cells).phase)


def _dq(luma: Pixels) -> None:
    blocks, shifted = sample_blocks(luma), sample_blocks(luma, (4, 4))
    table = ijg_table(STANDARD_LUMA, 90)
    double = analyse(blocks, shifted, tuple(table[m] for m in MODES))
    lacking_save(block_likelihoods(blocks, double), double.gain)


_RUNS: dict[str, Callable[[Pixels], object]] = {
    "zero": _zero,
    "dq": _dq,
    "ghosts": lambda luma: ghost(sample_blocks(luma)),
    "noise": lambda luma: distances(look(luma), directions()),
    "copy_move": find,
}


def _jpeg(pixels: Pixels, quality: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", quality=quality, subsampling=0)
    return file.getvalue()


def _png(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _decoded(data: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


if __name__ == "__main__":
    main()
