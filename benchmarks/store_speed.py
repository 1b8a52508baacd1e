"""What does the manifest store cost, and does it hold under several writers?

    python benchmarks/store_speed.py [--entries 1000000] [--runs 9] [--writers 8] [--each 50]

Fills a SQLite store with random records in batches by `add_many`, each with a manifest store of 20 000
bytes, a mark and one DCT fingerprint. Then, as medians: look-ups by mark, by file and by fingerprint in all
eight positions, warm in one process; and the first look-ups of new processes, from opening the store to the
answer, imports not counted. "First of all" is the look-up that makes the copy of the fingerprints beside the
store. At last some processes add records one by one to the same store, and the whole past is checked.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from common import write_result

from forensics.fingerprints import Fingerprint
from forensics.provenance.store import ManifestStore, Mark, Record

MANIFEST = 20_000  # bytes
BATCH = 2000
POSITIONS = 8
COLD = """
import json, sys, time
sys.path.insert(0, {folder!r})
from store_speed import by_fingerprint, by_mark
from forensics.provenance.store import ManifestStore
look = {{"mark": by_mark, "fingerprint": by_fingerprint}}[{what!r}]
start = time.perf_counter()
with ManifestStore({place!r}) as store:
    look(store, {number})
    print(json.dumps(time.perf_counter() - start))
"""


def record(number: int) -> Record:
    """Return a record whose content is drawn from its number."""
    rng = np.random.default_rng(number)
    digest = hashlib.sha256(number.to_bytes(8, "big")).hexdigest()
    return Record(
        manifest_id=f"urn:c2pa:{number:012d}",
        manifest=rng.bytes(MANIFEST),
        media_type="image/jpeg",
        asset_sha256=digest,
        pixel_sha256=digest,
        mark=Mark("spread", "0011223344556677", f"{number:09x}"),
        fingerprints=(code(rng),),
        model="sketch",
    )


def code(rng: np.random.Generator) -> Fingerprint:
    """Return a random fingerprint of the DCT kind."""
    return Fingerprint("dct", rng.bytes(128), 0.9)


def by_mark(store: ManifestStore, number: int) -> None:
    """Look for the entry of a number by its mark."""
    mark = record(number).mark
    _only(store.by_payload(mark.scheme, mark.key, mark.payload) if mark else (), number)


def by_file(store: ManifestStore, number: int) -> None:
    """Look for the entry of a number by the SHA-256 of its file."""
    _only(store.by_asset(record(number).asset_sha256), number)


def by_fingerprint(store: ManifestStore, number: int) -> None:
    """Look for the entry of a number by a fingerprint with 20 other bits, as one of eight positions."""
    (own,) = record(number).fingerprints
    bits = np.unpackbits(np.frombuffer(own.code, np.uint8)).reshape(-1, 256)
    bits[:, :20] ^= 1
    near = Fingerprint("dct", np.packbits(bits).tobytes(), 0.9)
    others = [code(np.random.default_rng([number, other])) for other in range(POSITIONS - 1)]
    match = store.nearest([*others, near], most=10)[0]
    if match.chance.distance != 20:
        sys.exit(f"entry {number} was not found again")
    _only((match.entry,), number)


def _only(found: Any, number: int) -> None:
    if [entry.record.manifest_id for entry in found] != [f"urn:c2pa:{number:012d}"]:
        sys.exit(f"entry {number} was not found again")


def fill(store: ManifestStore, entries: int) -> float:
    """Add records in batches, and return the seconds in the store, not those of drawing them."""
    seconds = 0.0
    for start in range(0, entries, BATCH):
        made = [record(number) for number in range(start, min(start + BATCH, entries))]
        begin = time.perf_counter()
        store.add_many(made)
        seconds += time.perf_counter() - begin
    return seconds


def warm(store: ManifestStore, look: Callable[[ManifestStore, int], None], numbers: list[int]) -> list[float]:
    """Return the seconds of look-ups, after one that is not counted."""
    look(store, numbers[0])
    seconds = []
    for number in numbers:
        start = time.perf_counter()
        look(store, number)
        seconds.append(time.perf_counter() - start)
    return seconds


def cold(place: Path, what: str, number: int) -> float:
    """Return the seconds of the first look-up of a new process."""
    script = COLD.format(folder=str(Path(__file__).parent), place=str(place), what=what, number=number)
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return float(json.loads(run.stdout))


def _write(place: str, first: int, each: int) -> None:
    with ManifestStore(place, wait=60) as store:
        for number in range(first, first + each):
            store.add(record(number))


def written(place: Path, first: int, writers: int, each: int) -> dict[str, Any]:
    """Let processes add records at once; every one of them has to be there afterwards."""
    context = multiprocessing.get_context("spawn")
    jobs = [context.Process(target=_write, args=(str(place), first + each * n, each)) for n in range(writers)]
    start = time.perf_counter()
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    seconds = time.perf_counter() - start
    with ManifestStore(place) as store:
        numbers = range(first, first + writers * each)
        missing = sum(store.get(f"urn:c2pa:{number:012d}") is None for number in numbers)
    return {
        "writers": writers,
        "records": writers * each,
        "seconds_with_start": round(seconds, 2),
        "failed": sum(job.exitcode != 0 for job in jobs),
        "missing": missing,
    }


def measured(place: Path, options: argparse.Namespace) -> Iterator[tuple[str, Any]]:
    """Yield each figure with its name."""
    entries, runs = options.entries, options.runs
    numbers = [int(n) for n in np.random.default_rng(5).integers(0, entries, runs)]
    with ManifestStore(place, create=True) as store:
        seconds = fill(store, entries)
    yield "fill", {"seconds": round(seconds, 1), "per_second": round(entries / seconds)}
    yield "file_megabytes", round(place.stat().st_size / 1e6)
    yield "fingerprint_first_of_all_seconds", round(cold(place, "fingerprint", numbers[0]), 3)
    for what in ("mark", "fingerprint"):
        yield f"{what}_cold_seconds", _spread([cold(place, what, number) for number in numbers])
    with ManifestStore(place) as store:
        for what, look in (("mark", by_mark), ("file", by_file), ("fingerprint", by_fingerprint)):
            yield f"{what}_warm_seconds", _spread(warm(store, look, numbers))
    yield "writing", written(place, entries, options.writers, options.each)
    begin = time.perf_counter()
    with ManifestStore(place) as store:
        intact = store.verify().intact
    yield "verify", {"intact": intact, "seconds": round(time.perf_counter() - begin, 1)}


def _spread(seconds: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(seconds), 4),
        "min": round(min(seconds), 4),
        "max": round(max(seconds), 4),
    }


def main() -> None:
    """Run the benchmark and write benchmarks/results/store_speed_ENTRIES.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--each", type=int, default=50)
    options = parser.parse_args()
    result: dict[str, Any] = {"entries": options.entries, "manifest_bytes": MANIFEST, "runs": options.runs}
    with tempfile.TemporaryDirectory() as folder:
        for name, value in measured(Path(folder) / "store.sqlite", options):
            result[name] = value
            sys.stdout.write(json.dumps({name: value}) + "\n")
            sys.stdout.flush()
    command = "python benchmarks/store_speed.py " + " ".join(
        f"--{name} {value}" for name, value in vars(options).items()
    )
    write_result(f"store_speed_{options.entries}", command, result)


if __name__ == "__main__":
    main()
