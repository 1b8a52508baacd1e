"""What does marking cost: watermark, credentials and entry, read back, on one core?

    python benchmarks/marking_speed.py [--runs 5]

Pictures in memory become marked files with an identity and a store of their own. The small ones are the
middle 512 pixels of Kodak's, the large ones camera originals of about 12 megapixels. Medians of all pictures
and runs: processor seconds of one thread for every step, so that other work of the machine does not count,
and the wall time of the whole, which waits for the disk as well. Fingerprints are a part of the step
"record", and measured beside it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import cv2
from common import ROOT, data_folder, write_result

from forensics.fingerprints import fingerprints
from forensics.marking import Marker, Order, Profile, clock
from forensics.media import Pixels, open_media
from forensics.provenance import TrustPolicy
from forensics.provenance.dev_ca import create_dev_ca
from forensics.provenance.signers import PemSigner
from forensics.provenance.store import ManifestStore
from forensics.watermark.keys import Key

STEPS = ("watermark", "encode", "sign", "read back", "record", "store")
LARGE = (11.5e6, 13.5e6)  # pixels
SIDE = 512


def small() -> list[Pixels]:
    """Return the middle of Kodak's pictures."""
    found = []
    for path in sorted((data_folder() / "photos" / "kodak").glob("*.png")):
        pixels = open_media(path).pixels
        top, left = ((length - SIDE) // 2 for length in pixels.shape[:2])
        found.append(pixels[top : top + SIDE, left : left + SIDE].copy())
    return found


def large() -> list[Pixels]:
    """Return camera originals of about 12 megapixels."""
    every = [open_media(path).pixels for path in sorted((data_folder() / "photos" / "native").glob("*.jpg"))]
    return [pixels for pixels in every if LARGE[0] <= pixels.shape[0] * pixels.shape[1] <= LARGE[1]]


def measured(marker: Marker, pictures: list[Pixels], ending: str, runs: int, folder: Path) -> dict[str, Any]:
    """Return medians of marking some pictures into files of one type."""
    rows: list[dict[str, float]] = []
    for run in range(runs + 1):
        for number, pixels in enumerate(pictures):
            target = folder / f"{number}.{ending}"
            start, began = time.process_time(), time.perf_counter()
            done = marker.save(pixels, target, Order(overwrite=True))
            whole, wall = time.process_time() - start, time.perf_counter() - began
            start = time.process_time()
            fingerprints(pixels)
            codes = time.process_time() - start
            if run:  # the first is not counted
                rows.append({**done.seconds, "whole": whole, "wall": wall, "fingerprints": codes})
    names = (*STEPS, "whole", "wall", "fingerprints")
    medians = {name: statistics.median(row[name] for row in rows) for name in names}
    return {
        "format": ending,
        "files": len(rows),
        "seconds": {name: round(value, 5) for name, value in medians.items()},
        "pictures_per_second": round(1 / medians["whole"], 2),
        "slowest_wall_seconds": round(max(row["wall"] for row in rows), 4),
        "megabytes": round(statistics.median(p.stat().st_size for p in folder.glob(f"*.{ending}")) / 1e6, 2),
    }


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    cv2.setNumThreads(1)
    vars(clock)["perf_counter"] = time.process_time
    results = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        ca = create_dev_ca(folder / "ca")
        ManifestStore(folder / "store.sqlite", create=True).close()
        signer, policy = PemSigner(ca.chain, ca.key), TrustPolicy.load(ca.trust)
        profile = Profile(Key.generate(), signer, folder / "store.sqlite", "benchmark", policy=policy)
        with Marker(profile) as marker:
            for name, pictures in (("512 x 512", small()), ("12 megapixels", large())):
                for ending in ("png", "jpg"):
                    place = folder / f"{name} {ending}"
                    place.mkdir()
                    row = {"pictures": name, "different": len(pictures)}
                    results.append({**row, **measured(marker, pictures, ending, runs, place)})
                    print(results[-1])
    command = f"python benchmarks/marking_speed.py --runs {runs}"
    path = write_result("marking_speed", command, {"threads": 1, "rows": results})
    print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
