"""Which camera took it? The pattern of the sensor beside the reference implementation, on the same pictures.

    python benchmarks/prnu.py [--peer PYTHON --peer-path FOLDER] [--rows 20000]

Three Nikon bodies of the Dresden Image Database (two D70, one D70s), six flat pictures and three natural ones
of each; pictures of other cameras (photos/native, photos/kodak) as strangers. `--peer` names a Python with
the environment of polimi-ispl/prnu-python, `--peer-path` its `src` (see benchmarks/prnu_peer.py); without
them its columns are empty. Seconds are those of the processor, in one thread, the best of three, ours and
theirs in the same run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from common import ROOT, data_folder, write_result

from forensics.detectors.prnu.cleanup import cleaned
from forensics.detectors.prnu.correlation import correlate, ncc, peak_of
from forensics.detectors.prnu.database import CameraDatabase
from forensics.detectors.prnu.digest import BYTES, agreement, signs_of
from forensics.detectors.prnu.fingerprint import Fingerprint, FingerprintBuilder, trace_of
from forensics.detectors.prnu.models import Label
from forensics.detectors.prnu.records import Camera
from forensics.detectors.prnu.residual import residual

Pixels = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]
SIDES = (512, 1024)


def middle(path: Path, side: int | None) -> Pixels:
    """Return the middle of a picture, all of it if `side` is None."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    if side is None:
        return pixels
    top, left = ((n - side) // 2 for n in pixels.shape[:2])
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


def auc(scores: Doubles, own: npt.NDArray[np.bool_]) -> float:
    """Return the share of pairs of a match and a stranger in which the match is higher; ties count half."""
    mine, other = scores[own][:, None], scores[~own][None, :]
    return float((mine > other).mean() + 0.5 * (mine == other).mean())


def interval(scores: Doubles, own: npt.NDArray[np.bool_], seed: int = 1) -> tuple[float, float]:
    """Return the central 95 % of the AUC over pictures drawn again: a picture's pairs stay together."""
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(0, len(scores), len(scores)) for _ in range(2000)]
    found = [auc(scores[i], own[i]) for i in drawn]
    low, high = np.quantile(found, [0.025, 0.975])
    return round(float(low), 3), round(float(high), 3)


def told(name: str, scores: Doubles, own: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Return a row of the table."""
    low, high = interval(scores, own)
    return {
        "method": name,
        "auc": round(auc(scores, own), 3),
        "auc_low": low,
        "auc_high": high,
        "least_match": round(float(scores[own].min()), 4),
        "median_match": round(float(np.median(scores[own])), 4),
        "largest_other": round(float(scores[~own].max()), 4),
    }


def pictures() -> tuple[list[Path], list[Path], list[str]]:
    """Return flat pictures, natural ones, and the bodies."""
    folder = data_folder() / "prnu"
    flats, natural = sorted((folder / "flat").iterdir()), sorted((folder / "natural").iterdir())
    return flats, natural, sorted({p.name.rsplit("_", 1)[0] for p in flats})


def prints_of(side: int | None, colour: bool) -> list[Fingerprint]:
    """Return the fingerprint of each body."""
    flats, _, bodies = pictures()
    found = []
    for body in bodies:
        builder = FingerprintBuilder(colour=colour)
        for path in flats:
            if path.name.rsplit("_", 1)[0] == body:
                builder.add(middle(path, side))
        found.append(builder.result())
    return found


def accuracy(side: int | None, colour: bool, search: bool) -> dict[str, Any]:
    """Return how matches and others separate: at the known place, or with a search over all shifts."""
    _, natural, bodies = pictures()
    prints = prints_of(side, colour)
    scores = np.zeros((len(natural), len(bodies)))
    for i, path in enumerate(natural):
        signal = trace_of(middle(path, side), colour=colour).signal
        for j, pattern in enumerate(prints):
            plane = correlate(signal, pattern)
            if search:
                rows, columns = plane.values.shape
                plane = type(plane)(plane.values, (0, rows - 1), (0, columns - 1), plane.gain)
                scores[i, j] = peak_of(plane).pce
            else:
                scores[i, j] = peak_of(plane, (0, 0), (0, 0)).pce
    own = np.array([[path.name.startswith(f"{body}_") for body in bodies] for path in natural])
    name = f"{'by channel' if colour else 'grey first'}, {'any shift' if search else 'at the known place'}"
    return told(name, scores, own)


def strangers(side: int) -> dict[str, Any]:
    """Return the heights of pictures of other cameras against the three fingerprints."""
    prints = prints_of(side, False)
    folder = data_folder() / "photos"
    heights = []
    for path in sorted([*(folder / "native").glob("*.jpg"), *(folder / "kodak").glob("*.png")]):
        with Image.open(path) as picture:
            if min(picture.size) < side:
                continue
        signal = trace_of(middle(path, side)).signal
        heights += [peak_of(correlate(signal, p), (0, 0), (0, 0)) for p in prints]
    values = np.array([p.z for p in heights])
    return {
        "side": side,
        "pairs": len(heights),
        "largest_height": round(float(values.max()), 2),
        "spread": round(float(values.std()), 2),
        "p_below_0.01": int(sum(p.log10_p < -2 for p in heights)),
    }


def best_of_three(work: Callable[[], object]) -> float:
    """Return the least seconds of the processor of three runs: other programs count less so."""
    found = []
    for _ in range(3):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def peer(given: argparse.Namespace, side: int) -> dict[str, Any] | None:
    """Run the reference implementation and compare with it; None without it."""
    if given.peer is None:
        return None
    _, natural, bodies = pictures()
    own = np.array([[path.name.startswith(f"{body}_") for body in bodies] for path in natural])
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "peer.npz"
        script = ROOT / "benchmarks" / "prnu_peer.py"
        command = [given.peer, "-P", str(script), str(data_folder() / "prnu"), str(side), str(out)]
        environment = {**os.environ, "PYTHONPATH": str(given.peer_path), "OMP_NUM_THREADS": "1"}
        subprocess.run(command, env=environment, check=True)
        with np.load(out) as found:
            theirs, seconds = found["residuals"], found["seconds"]
            rows = [told("PCE, any shift", found["pce"], own), told("NCC", found["ncc"], own)]
    speed: dict[str, Any] = {"side": side, "seconds_peer": round(float(np.median(seconds)), 4)}
    for name, colour in (("by_channel", True), ("grey_first", False)):
        taken, alike = [], []
        for path, their in zip(natural, theirs, strict=True):
            pixels = middle(path, side)
            taken.append(best_of_three(lambda p=pixels, c=colour: cleaned(residual(p, colour=c, sigma=5.0))))
            alike.append(ncc(cleaned(residual(pixels, colour=colour, sigma=5.0)), their))
        speed[f"seconds_{name}"] = round(float(np.median(taken)), 4)
        speed[f"times_faster_{name}"] = round(float(np.median(seconds) / np.median(taken)), 1)
        speed[f"least_correlation_{name}"] = round(float(min(alike)), 6)
        speed[f"median_correlation_{name}"] = round(float(np.median(alike)), 6)
    return {"accuracy": rows, "speed": speed}


def identification(rows: int) -> dict[str, Any]:
    """Return fingerprints of 512 x 512 per second: of signs in memory, and through the database."""
    rng = np.random.default_rng(5)
    signs = rng.integers(0, 256, (rows, BYTES), dtype=np.uint8)
    wanted = signs[rows // 3].copy()
    flips = np.packbits(rng.random(BYTES * 8) < 0.45)
    wanted ^= flips
    memory = best_of_three(lambda: agreement(signs, wanted))
    heights = agreement(signs, wanted)
    found = int(heights.argmax()) == rows // 3
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "cameras.sqlite"
        with CameraDatabase(place, create=True) as database:
            one = Fingerprint(rng.standard_normal((512, 512)).astype(np.float32), 1)
            database.add(Camera("c", Label(), 512, 512, 1), one, {})
            # Signs alone: the planes of so many cameras would fill a disk, and take no part here.
            database._connection.execute("PRAGMA foreign_keys = OFF")
            database._connection.execute("BEGIN")
            database._connection.executemany(
                "INSERT INTO signs VALUES (?, 512, 512, ?)",
                ((i + 2, row.tobytes()) for i, row in enumerate(signs)),
            )
            database._connection.execute("COMMIT")
        with CameraDatabase(place) as database:
            stored = best_of_three(lambda: database.nearest((512, 512), wanted, 64))
            first = next(iter(database.nearest((512, 512), wanted, 1)))
    return {
        "fingerprints": rows,
        "bytes_each": BYTES,
        "per_second_in_memory": round(rows / memory),
        "per_second_from_database": round(rows / stored),
        "found": found and first == rows // 3 + 2,
        "height_of_it": round(float(heights.max()), 1),
        "largest_other": round(float(np.sort(heights)[-2]), 2),
    }


def signs_accuracy() -> dict[str, Any]:
    """Return what one bit for each pixel costs."""
    _, natural, bodies = pictures()
    rows = np.stack([s for p in prints_of(512, False) if (s := signs_of(p.plane)) is not None])
    found = []
    for path in natural:
        signs = signs_of(trace_of(middle(path, 512)).signal)
        if signs is not None:
            found.append(agreement(rows, signs))
    own = np.array([[path.name.startswith(f"{body}_") for body in bodies] for path in natural])
    return told("signs", np.array(found), own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="Python of the environment of prnu-python")
    parser.add_argument("--peer-path", type=Path, help="folder that holds its package")
    parser.add_argument("--rows", type=int, default=20_000, help="fingerprints to identify among")
    given = parser.parse_args()
    import cv2

    cv2.setNumThreads(1)
    result: dict[str, Any] = {"question": "Which camera took it, and how fast is that known?", "accuracy": []}
    for side in (*SIDES, None):
        kinds = [(False, False), (True, False), (False, True)] if side else [(False, False)]
        for colour, search in kinds:
            result["accuracy"].append({"side": side or "whole", **accuracy(side, colour, search)})
    result["accuracy"].append({"side": 512, **signs_accuracy()})
    peers = [found for side in SIDES if (found := peer(given, side))]
    result["peer"] = [{"side": s, **row} for s, p in zip(SIDES, peers, strict=False) for row in p["accuracy"]]
    result["speed"] = [p["speed"] for p in peers]
    result["strangers"] = [strangers(512), strangers(1024)]
    result["identification"] = identification(given.rows)
    command = (
        "python benchmarks/prnu.py --peer PYTHON --peer-path FOLDER" if peers else "python benchmarks/prnu.py"
    )
    write_result("prnu", command, result)


if __name__ == "__main__":
    main()
