"""What does it cost to look for near-duplicates among a million files?

    python benchmarks/near_duplicates_search.py [--entries 1000000] [--files 1000000]

Random codes. A thousand look-ups among a million entries, of which one is near to each, by engine; and
clusters of a million files, a quarter of them in groups of copies. Seconds are those of one core, memory is
the most that is resident, beyond what the listing itself takes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import numpy.typing as npt
from common import ROOT, write_result

from forensics.fingerprints.positions import turned_codes
from forensics.scan.duplicates import Prints, clusters, open_index, thresholds

QUERIES = 1000

Codes = npt.NDArray[np.uint8]


def memory(line: str = "VmRSS") -> int:
    """Return the megabytes that are resident now, or with VmHWM that were at most."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(text.split()[1]) // 1024 for text in lines if text.startswith(line))


def near(chosen: Codes, most: int, rng: np.random.Generator) -> Codes:
    """Return codes with 0 to so many bits inverted."""
    flips = np.zeros((len(chosen), 256), np.uint8)
    for row in flips:
        row[rng.choice(256, rng.integers(0, most + 1), replace=False)] = 1
    return np.asarray(chosen ^ np.packbits(flips, axis=1), np.uint8)


def looked_up(entries: int) -> list[dict[str, Any]]:
    """Return what a thousand look-ups cost, among random codes of which one is near to each."""
    rng = np.random.default_rng(1)
    stored = rng.integers(0, 256, (entries, 32), dtype=np.uint8)
    truth = rng.choice(entries, QUERIES, replace=False)
    rows = []
    ways = [
        ("tables, sure", "tables", True, 31),
        ("tables", "tables", False, 31),
        ("tables, 28 bits", "tables", False, 28),
    ]
    ways += [("exact", "exact", True, 31)]
    if find_spec("faiss"):
        ways += [("faiss, sure", "faiss", True, 31), ("faiss", "faiss", False, 31)]
    for name, engine, sure, bits in ways:
        queries = near(stored[truth], bits, np.random.default_rng(2))
        begun = time.process_time()
        index = open_index(stored, bits, engine, sure)
        built = time.process_time() - begun
        taken = []
        for _ in range(1 if engine == "exact" else 5):
            begun = time.process_time()
            hits = index.within(queries, bits)
            taken.append(time.process_time() - begun)
        found = len(
            set(zip(hits.query.tolist(), hits.entry.tolist(), strict=True)) & set(enumerate(truth.tolist()))
        )
        rows.append(
            {
                "engine": name,
                "bits": bits,
                "seconds": float(np.median(taken)),
                "build": built,
                "found": found,
            }
        )
        print(rows[-1], flush=True)
        del index
    if find_spec("faiss"):
        rows.append(_flat(stored, near(stored[truth], 31, np.random.default_rng(2)), truth))
    return rows


def _flat(stored: Codes, queries: Codes, truth: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Return the same for the full scan of faiss, which names the nearest one only."""
    import faiss

    index = faiss.IndexBinaryFlat(256)
    begun = time.process_time()
    index.add(stored)
    built, begun = time.process_time() - begun, time.process_time()
    _, nearest = index.search(queries, 1)
    taken = time.process_time() - begun
    found = int((nearest[:, 0] == truth).sum())
    return {
        "engine": "faiss, full scan",
        "bits": 31,
        "seconds": taken,
        "build": built,
        "found": found,
    }


def scanned(files: int) -> Iterator[tuple[Prints, int]]:
    """Yield random files, a quarter of them in groups of two to five in any position, and their first one."""
    rng = np.random.default_rng(4)
    number = 0
    while number < files:
        size = min(1 if rng.random() < 0.9 else int(rng.integers(2, 6)), files - number)
        dct, pdq = rng.integers(0, 256, (4, 32), np.uint8), rng.integers(0, 256, (1, 32), np.uint8)
        for copy in range(size):
            position = int(rng.integers(0, 8)) if copy else 0
            mine = [dct, pdq]
            if copy:
                turned = (turned_codes(dct, "dct")[position], turned_codes(pdq, "pdq")[position])
                mine = [near(code, 20, rng) for code in turned]
            texts = [code.tobytes().hex() for code in mine]
            name = f"/pictures/some/folder/{number + copy:08}.jpg"
            yield Prints(name, rng.bytes(32).hex(), *texts), number if size > 1 else -1
        number += size


def large_scan(files: int) -> dict[str, Any]:
    """Return what clusters of many files cost."""
    listed = list(scanned(files))
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is counted from here on
    before = memory()
    begun = time.process_time()
    found = clusters(one for one, _ in listed)
    taken = time.process_time() - begun
    firsts = [listed[first][0].id if first >= 0 else "" for _, first in listed]
    return {
        "files": files,
        "limits": vars(thresholds(files)),
        "seconds": taken,
        "mb": memory("VmHWM") - before,
        "as planted": sum(one == other for one, other in zip(found, firsts, strict=True)),
        "linked wrongly": sum(one not in ("", other) for one, other in zip(found, firsts, strict=True)),
    }


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=1_000_000, help="codes that are looked through")
    parser.add_argument("--files", type=int, default=1_000_000, help="of the scan")
    options = parser.parse_args()
    result = {
        "entries": options.entries,
        "scan": large_scan(options.files),
        "search": looked_up(options.entries),
    }
    command = (
        f"python benchmarks/near_duplicates_search.py --entries {options.entries} --files {options.files}"
    )
    print(write_result("near_duplicates_search", command, result).relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
