"""Does a scan that is killed, starved and locked out come to the same rows as one that is left alone?

    python benchmarks/scan_chaos.py CORPUS [--rounds 20] [--seed 3] [--workers 2]

CORPUS was made by `benchmarks/scan_corpus.py`. In each round a scan of it is disturbed again and again at
random moments until it comes to its end: the whole process is killed (SIGKILL), one of its workers is, the
disk is full (the results lie on a file system of a fixed size that something else fills up), or another
program holds the journal for longer than the scan waits. After each disturbance that ends it, it is resumed.
Needs the right to mount a tmpfs; without it the full disk is left out, and the result says so.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from common import write_result

KINDS = ("parent", "worker", "disk", "journal")
SIZE = 768 << 20  # of the file system that is filled up
MOST_RESUMED, MOST_DISTURBED = 60, 6
WAIT = "3"  # seconds that the scan waits for a locked journal, here


def run(corpus: Path, out: Path, workers: int) -> subprocess.Popen[bytes]:
    """Begin the scan, or go on with it, in a process of its own."""
    goes_on = (out / "journal.sqlite").is_file()
    what = ["--resume"] if goes_on else [str(corpus), "--profile", "triage", "--file-seconds", "10"]
    hooks = [] if goes_on else ["--hook", "scan_hooks"]
    command = [str(Path(sys.executable).with_name("forensics")), "scan", *what, *hooks]
    command += ["-o", str(out), "--format", "jsonl", "--no-page", "--workers", str(workers)]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def workers_of(pid: int) -> list[int]:
    """Return the processes that work for a scan: children of its fork server."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    table = [line.split(None, 2) for line in listed.splitlines()[1:]]
    servers = {int(p) for p, parent, what in table if int(parent) == pid and "forkserver" in what}
    return [int(p) for p, parent, _ in table if int(parent) in servers]


def disturb(kind: str, process: subprocess.Popen[bytes], out: Path, rng: random.Random) -> str:
    """Do one bad thing to a scan that runs; return what was done, "" if it was too late."""
    time.sleep(rng.uniform(0.2, 6.0))
    if process.poll() is not None:
        return ""
    if kind == "parent":
        process.send_signal(signal.SIGKILL)
    elif kind == "worker":
        if not (found := workers_of(process.pid)):
            return ""
        os.kill(rng.choice(found), signal.SIGKILL)
    elif kind == "disk":
        _fill(out, process)
    else:
        _hold(out, process)
    return kind


def _fill(out: Path, process: subprocess.Popen[bytes]) -> None:
    """Take all that is left of the file system until the scan ends over it, or has nothing more to write."""
    filler = out / ".filler"
    end = time.monotonic() + 20
    try:
        while process.poll() is None and time.monotonic() < end:
            try:
                with filler.open("ab", buffering=0) as stream:
                    while True:
                        stream.write(bytes(1 << 16))
            except OSError:
                time.sleep(0.05)
    finally:
        filler.unlink(missing_ok=True)


def _hold(out: Path, process: subprocess.Popen[bytes]) -> None:
    """Hold the journal until the scan gives up, or has nothing more to write."""
    if not (out / "journal.sqlite").is_file():
        return
    with sqlite3.connect(out / "journal.sqlite", timeout=10, isolation_level=None) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return
        end = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        other.execute("ROLLBACK")
    other.close()


def round_of(
    corpus: Path, out: Path, kinds: tuple[str, ...], rng: random.Random, workers: int
) -> dict[str, Any]:
    """Run one scan to its end, disturbed; return what was done to it and what it said."""
    done: Counter[str] = Counter()
    statuses: Counter[int] = Counter()
    said: list[str] = []
    for _ in range(MOST_RESUMED):
        process = run(corpus, out, workers)
        # After enough was done to it, a scan is left alone, so that it ends.
        while process.poll() is None and sum(done.values()) < MOST_DISTURBED:
            done[disturb(rng.choice(kinds), process, out, rng)] += 1
        error = process.communicate()[1].decode(errors="replace").strip()
        statuses[process.returncode] += 1
        if process.returncode in (0, 3):
            break
        lines = error.replace(f"{out}/", "").splitlines()
        said += [line[:200] for line in lines if line.startswith("forensics: ")][-1:]
    done.pop("", None)
    return {"disturbed": dict(done), "statuses": dict(statuses), "said": sorted(set(said))[:6]}


def rows_of(out: Path) -> dict[str, Any]:
    """Return what two scans of the same files have in common."""
    from forensics.scan.results import open_results
    from forensics.scan.row import comparable

    return {row.id: comparable(row) for row in open_results(out).rows()}


def mounted(folder: Path) -> bool:
    """Mount a file system of a fixed size; return whether that was possible."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def main() -> None:
    """Run the benchmark and write benchmarks/results/scan_chaos.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    rng, corpus = random.Random(given.seed), given.corpus.resolve()  # noqa: S311 - moments, no secrets
    here = str(Path(__file__).parent)
    os.environ["PYTHONPATH"] = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
    os.environ["FORENSICS_SCAN_WAIT"] = WAIT
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "disk"
        place.mkdir()
        limited = mounted(place)
        kinds = KINDS if limited else tuple(kind for kind in KINDS if kind != "disk")
        try:
            result = _rounds(given, corpus, place, kinds, rng)
        finally:
            if limited:
                subprocess.run(["umount", str(place)], check=True)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    sys.exit(int(result["rounds_that_differ"] > 0))


def _rounds(
    given: argparse.Namespace, corpus: Path, place: Path, kinds: tuple[str, ...], rng: random.Random
) -> dict[str, Any]:
    def fresh(name: str) -> Path:
        seen = place / f"{name}-seen"
        seen.mkdir()
        os.environ["SCAN_HOOKS_SEEN"] = str(seen)
        return place / name

    alone = fresh("alone")
    process = run(corpus, alone, given.workers)
    process.communicate()
    wanted = rows_of(alone)
    shutil.rmtree(alone)
    rounds, differ, result = [], 0, {}
    for number in range(given.rounds):
        out = fresh(f"round-{number}")
        told = round_of(corpus, out, kinds, rng, given.workers)
        found = rows_of(out)
        other = [id_ for id_ in sorted({*found, *wanted}) if found.get(id_) != wanted.get(id_)]
        differ += bool(other)
        rounds.append({**told, "differ": [Path(id_).name for id_ in other][:5]})
        sys.stderr.write(f"round {number + 1}: {json.dumps(rounds[-1])}\n")
        shutil.rmtree(out)
        result = _summed(rounds, len(wanted), kinds, differ)
        write_result("scan_chaos", f"python benchmarks/scan_chaos.py CORPUS --rounds {given.rounds}", result)
    return result


def _summed(rounds: list[dict[str, Any]], files: int, kinds: tuple[str, ...], differ: int) -> dict[str, Any]:
    total: Counter[str] = Counter()
    for one in rounds:
        total.update(one["disturbed"])
    return {
        "files": files,
        "rounds": len(rounds),
        "kinds": list(kinds),
        "disturbed": dict(total),
        "rounds_that_differ": differ,
        "each": rounds,
    }


if __name__ == "__main__":
    main()
