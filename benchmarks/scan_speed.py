"""What does a scan cost, beside merely decoding the same files, and beside doing the like by hand?

    python benchmarks/scan_speed.py CORPUS [--files 3000] [--rounds 5] [--part triage --part ...]
        [--peer PYTHON --peer-path FOLDER]

CORPUS was made by `benchmarks/scan_corpus.py`; its plain files are taken, hostile ones are not. In each round
every contender runs once, one after the other, from its start to its end, and ratios are of the same round.
Medians. Parts:

decoding   `triage` against processes that only decode the same files, to (H, W, 3), with Pillow as most do,
           with OpenCV, and with this suite's own decoder
scaling    `triage` and `standard` with one and two workers
standard   its rate and where its time goes
ray        `triage` by Ray with two actors against the embedded engine with two workers
peer       one process that does for each file what people put together from packages: credentials by c2pa,
           a perceptual hash by imagehash, the noise residual of polimi-ispl/prnu-python. `--peer` and
           `--peer-path` are as for `benchmarks/prnu.py`; the environment has c2pa-python and ImageHash too.
           The like of it is `triage` with the detector `residual`, which looks at the noise of every
           picture; `triage` alone is also compared with the loop without the residual, and `standard`,
           which looks for marks and more, with the whole loop
memory     resident memory of workers over a scan of all good files of the corpus
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from common import write_result
from scan_chaos import workers_of

PARTS = ("decoding", "scaling", "standard", "ray", "peer", "memory")
STANDARD_FILES, PEER_FILES, MOST_OF_A_SIZE = 300, 400, 6000
SIDES = (("below 512", 0, 512), ("512 to 1023", 512, 1024), ("1024 or more", 1024, 1 << 20))


def with_pillow(path: str) -> int:
    """Decode a file as most people do."""
    from PIL import Image

    with Image.open(path) as picture:
        return int(np.asarray(picture.convert("RGB")).size)


def with_opencv(path: str) -> int:
    """Decode a file with OpenCV; formats that it does not know, it does not decode."""
    import cv2

    found = cv2.imread(path, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    return 0 if found is None else int(found.size)


def with_ours(path: str) -> int:
    """Decode a file with this suite."""
    from forensics.media import open_media

    return int(open_media(path).pixels.size)


DECODERS: dict[str, Callable[[str], int]] = {
    "pillow": with_pillow,
    "opencv": with_opencv,
    "ours": with_ours,
}


def _alone() -> None:
    import cv2

    cv2.setNumThreads(1)


def decoded(decoder: str, files: list[str], workers: int) -> float:
    """Return the seconds that processes take to decode files, from their start to their end."""
    start = time.monotonic()
    context = multiprocessing.get_context("forkserver")
    with context.Pool(workers, _alone) as pool:
        pixels = sum(pool.imap_unordered(DECODERS[decoder], files, chunksize=32))
    if not pixels:
        sys.exit(f"{decoder} decoded nothing")
    return time.monotonic() - start


def scanned(
    files: list[str], profile: str, workers: int, *, engine: str = "local", only: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Scan files; return the seconds from start to end, and the rows' own times."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "files.txt"
        listed.write_text("\n".join(files), encoding="utf-8")
        out = Path(folder) / "out"
        program = str(Path(sys.executable).with_name("forensics"))
        command = [program, "scan", f"@{listed}", "-o", str(out), "--profile", profile, "--no-page"]
        command += ["--workers", str(workers), "--engine", engine, "--no-previews", "--details", "none"]
        command += ["--no-near-duplicates", *(f"--only={name}" for name in only)]
        start = time.monotonic()
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds = time.monotonic() - start
        from forensics.scan.results import open_results, summarise

        summary = summarise(open_results(out).rows())
        if summary.files != len(files):
            sys.exit(f"{summary.files} rows for {len(files)} files")
        return {"seconds": seconds, "steps": summary.steps, "files": summary.files}


def rounds_of(contenders: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Run all contenders one after the other, again and again; return the seconds of each."""
    for run in contenders.values():
        run()  # not counted: files come from the disk
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            found[name].append(run())
    return found


def told(found: dict[str, list[float]], files: int) -> dict[str, Any]:
    """Return medians and rates."""
    return {
        name: {
            "seconds": round(statistics.median(values), 2),
            "files_per_second": round(files / statistics.median(values), 1),
            "all_seconds": [round(value, 2) for value in values],
        }
        for name, values in found.items()
    }


def ratio(of: list[float], to: list[float]) -> float:
    """Return the median over rounds of how many times faster the first is."""
    return round(statistics.median(b / a for a, b in zip(of, to, strict=True)), 3)


def decoding(files: list[str], rounds: int) -> dict[str, Any]:
    """Compare a triage scan with merely decoding, by the longest side of the pictures."""
    sides = {path: _side(path) for path in files}
    groups = {"all": files}
    for name, low, high in SIDES:
        groups[name] = [path for path, side in sides.items() if low <= side < high][:MOST_OF_A_SIZE]
    return {"sizes": {name: _decoding(some, rounds) for name, some in groups.items()}}


def _side(path: str) -> int:
    from PIL import Image

    with Image.open(path) as picture:
        return max(picture.size)


def _decoding(files: list[str], rounds: int) -> dict[str, Any]:
    contenders: dict[str, Callable[[], float]] = {
        f"decoding, {name}": lambda name=name: decoded(name, files, 2) for name in DECODERS
    }
    contenders["triage"] = lambda: scanned(files, "triage", 2)["seconds"]
    found = rounds_of(contenders, rounds)
    rates = {name: ratio(found["triage"], found[f"decoding, {name}"]) for name in DECODERS}
    return {"files": len(files), **told(found, len(files)), "triage_rate_over_decoding": rates}


def scaling(files: list[str], rounds: int) -> dict[str, Any]:
    """Compare one worker with two."""
    found: dict[str, Any] = {}
    for profile, some in (("triage", files), ("standard", files[:STANDARD_FILES])):
        contenders: dict[str, Callable[[], float]] = {
            f"{n} workers": lambda n=n, p=profile, f=some: scanned(f, p, n)["seconds"] for n in (1, 2)
        }
        seconds = rounds_of(contenders, rounds)
        found[profile] = {
            "files": len(some),
            **told(seconds, len(some)),
            "two_over_one": ratio(seconds["2 workers"], seconds["1 workers"]),
        }
    return found


def standard(files: list[str], rounds: int) -> dict[str, Any]:
    """Return the rate of a standard scan, and where its time goes."""
    some = files[:STANDARD_FILES]
    runs = [scanned(some, "standard", 2) for _ in range(rounds)]
    steps: dict[str, float] = {}
    for name in runs[0]["steps"]:
        each = statistics.median(run["steps"].get(name, 0.0) for run in runs)
        steps[name] = round(1000 * each / len(some), 2)
    seconds = statistics.median(run["seconds"] for run in runs)
    return {
        "files": len(some),
        "keys": 1,
        "files_per_second": round(len(some) / seconds, 2),
        "milliseconds_of_a_file": dict(sorted(steps.items(), key=lambda pair: -pair[1])),
    }


def ray(files: list[str], rounds: int) -> dict[str, Any]:
    """Compare the engines."""
    contenders: dict[str, Callable[[], float]] = {
        name: lambda name=name: scanned(files, "triage", 2, engine=name)["seconds"]
        for name in ("local", "ray")
    }
    found = rounds_of(contenders, min(rounds, 3))
    return {
        "files": len(files),
        **told(found, len(files)),
        "ray_seconds_over_local": ratio(found["local"], found["ray"]),
    }


def peer(files: list[str], rounds: int, python: str, path: str) -> dict[str, Any]:
    """Compare scans with a loop over packages."""
    some = files[:PEER_FILES]
    script = str(Path(__file__).parent / "scan_peer.py")
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}

    def loop(*options: str) -> float:
        run = subprocess.run(
            [python, "-P", script, *options],
            input="\n".join(some),
            text=True,
            capture_output=True,
            env=environment,
            check=True,
        )
        return float(run.stdout)

    contenders: dict[str, Callable[[], float]] = {
        "peer": loop,
        "peer without residual": lambda: loop("--no-residual"),
        "triage": lambda: scanned(some, "triage", 2)["seconds"],
        "triage and residual": lambda: scanned(some, "triage", 2, only=("metadata", "residual"))["seconds"],
        "standard": lambda: scanned(some, "standard", 2)["seconds"],
    }
    found = rounds_of(contenders, rounds)
    return {
        "files": len(some),
        **told(found, len(some)),
        "triage_and_residual_over_peer": ratio(found["triage and residual"], found["peer"]),
        "triage_over_peer": ratio(found["triage"], found["peer"]),
        "standard_over_peer": ratio(found["standard"], found["peer"]),
        "triage_over_peer_without_residual": ratio(found["triage"], found["peer without residual"]),
    }


def mixed(every: list[str]) -> list[str]:
    """Return all files in an order that mixes them, the same each time."""
    return sorted(every, key=lambda path: hashlib.sha256(Path(path).name.encode()).digest())


def memory(files: list[str]) -> dict[str, Any]:
    """Return how the memory of workers grows over a long scan."""
    samples: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        listed, out = Path(folder) / "files.txt", Path(folder) / "out"
        listed.write_text("\n".join(files), encoding="utf-8")
        program = str(Path(sys.executable).with_name("forensics"))
        command = [program, "scan", f"@{listed}", "-o", str(out), "--profile", "triage", "--no-page"]
        command += ["--workers", "2", "--progress", "json"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        done = [0]

        def follow() -> None:
            for line in process.stderr or ():
                done[0] = json.loads(line)["done"]

        thread = threading.Thread(target=follow)
        thread.start()
        while process.poll() is None:
            found = [_resident(pid) for pid in workers_of(process.pid)]
            if len(found) == 2 and min(found) > 0 and done[0]:
                samples.append((done[0], sum(found) / 2))
            time.sleep(1.0)
        thread.join()
    taken = np.array([sample for sample in samples if sample[0] > len(files) // 10])
    slope = float(np.polyfit(taken[:, 0], taken[:, 1], 1)[0]) * 1000
    return {
        "files": len(files),
        "samples": len(taken),
        "megabytes_of_a_worker": round(float(np.median(taken[:, 1])), 1),
        "megabytes_at_most": round(float(taken[:, 1].max()), 1),
        "megabytes_per_1000_files": round(slope, 3),
    }


def _resident(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    lines = (line for line in text.splitlines() if line.startswith("VmRSS:"))
    return int(next(lines, "VmRSS: 0").split()[1]) / 1000


def settings(corpus: Path, folder: Path) -> None:
    """Let scans look for the marks of the corpus."""
    os.environ["XDG_CONFIG_HOME"] = str(folder)
    os.environ["FORENSICS_KEYS"] = str(corpus.parent / f"{corpus.name}-keys.toml")


def main() -> None:
    """Run the benchmark and write benchmarks/results/scan_speed_PART.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--part", action="append", choices=PARTS)
    parser.add_argument("--peer")
    parser.add_argument("--peer-path")
    given = parser.parse_args()
    corpus = given.corpus.resolve()
    every = sorted(str(path) for path in (corpus / "plain").rglob("*") if path.is_file())
    files = every[:: max(1, len(every) // given.files)][: given.files]
    work: dict[str, Callable[[], dict[str, Any]]] = {
        "decoding": lambda: decoding(mixed(every), given.rounds),
        "scaling": lambda: scaling(files, given.rounds),
        "standard": lambda: standard(files, given.rounds),
        "ray": lambda: ray(files, given.rounds),
        "peer": lambda: peer(files, given.rounds, given.peer, given.peer_path),
        "memory": lambda: memory(every),
    }
    with tempfile.TemporaryDirectory() as folder:
        settings(corpus, Path(folder))
        for part in given.part or [p for p in PARTS if p != "peer" or given.peer]:
            result = work[part]()
            options = f"--part {part} --files {given.files} --rounds {given.rounds}"
            write_result(f"scan_speed_{part}", f"python benchmarks/scan_speed.py CORPUS {options}", result)
            sys.stdout.write(json.dumps({part: result}, indent=2) + "\n")
            sys.stdout.flush()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
