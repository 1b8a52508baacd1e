"""Do hostile files crash, hang or starve an audit?

    python benchmarks/hostile.py [--count 10000] [--seed 7]

Audits mutated files of every format and hand-made bombs in worker processes. A worker that dies, or takes
longer than the time allowed for one file, is counted against the suite and replaced. A listener on the
loopback interface, whose address some of the files name, and a blocked resolver watch for network use.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import multiprocessing.connection
import os
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from common import ROOT, data_folder, write_result
from hostile_files import HostileFile, bombs, mutate, seeds

HANG = 10.0
WORKERS = 2


@dataclass
class Tally:
    """What came of all files."""

    verdicts: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    internal: list[str] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    peak_bytes: int = 0
    peak_at: str = ""

    def add(self, name: str, outcome: dict[str, Any]) -> None:
        """Count one file."""
        self.verdicts[outcome["verdict"]] += 1
        self.problems.update(outcome["problems"])
        if "internal" in outcome["problems"]:
            self.internal.append(f"{name}: {outcome['messages']}")
        if outcome["peak_bytes"] > self.peak_bytes:
            self.peak_bytes, self.peak_at = outcome["peak_bytes"], name
        self.slowest = sorted([*self.slowest, (outcome["seconds"], name)], reverse=True)[:5]


def _block_resolver() -> None:
    def refuse(*arguments: object, **options: object) -> Any:
        raise OSError("name resolution is blocked in this benchmark")

    socket.getaddrinfo = refuse
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        os.environ[name] = "http://127.0.0.1:9"


def _work(conn: multiprocessing.connection.Connection) -> None:
    """Audit the paths that come in until None does."""
    _block_resolver()
    os.environ["OMP_NUM_THREADS"] = "1"
    from forensics import Auditor, TrustPolicy

    auditor = Auditor(trust=TrustPolicy.default())
    while (path := conn.recv()) is not None:
        start = time.perf_counter()
        report = auditor.audit(path)
        report.model_dump_json()
        conn.send(
            {
                "verdict": report.verdict.value,
                "problems": [problem.code for problem in report.errors],
                "messages": [f"{p.where}: {p.message}" for p in report.errors if p.code == "internal"],
                "seconds": round(time.perf_counter() - start, 3),
                "peak_bytes": _peak_bytes(),
            }
        )


# Not ru_maxrss: that begins with the memory of the process that forked this one.
def _peak_bytes() -> int:
    """Return the most memory that this process has held (Linux)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


class Worker:
    """One audit process, replaced when it dies or hangs."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.conn, other = context.Pipe()
        self.process = context.Process(target=_work, args=(other,), daemon=True)
        self.process.start()
        other.close()

    def run(self, path: Path) -> dict[str, Any] | str:
        """Return the outcome, or "crash" or "hang"."""
        self.conn.send(path)
        if not self.conn.poll(HANG + 20 * (self.process.exitcode is None and not hasattr(self, "warm"))):
            self.process.kill()
            self._start()
            return "hang"
        try:
            outcome: dict[str, Any] = self.conn.recv()
        except EOFError:
            self._start()
            return "crash"
        self.warm = True
        return "hang" if outcome["seconds"] > HANG else outcome

    def close(self) -> None:
        """Let the process end."""
        self.conn.send(None)
        self.process.join()


def _audit_all(files: Iterable[HostileFile], folder: Path, tally: Tally, lock: threading.Lock) -> None:
    worker = Worker()
    for file in files:
        path = folder / file.name
        path.write_bytes(file.data)
        outcome = worker.run(path)
        with lock:
            if outcome == "crash":
                tally.crashes.append(file.name)
            elif outcome == "hang":
                tally.hangs.append(file.name)
            elif isinstance(outcome, dict):
                tally.add(file.name, outcome)
        path.unlink()
    worker.close()


def _listen() -> tuple[socket.socket, list[str]]:
    """Open a listener that remembers every connection; hostile files name its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[str] = []

    def accept() -> None:
        while True:
            try:
                connection, address = listener.accept()
            except OSError:
                return
            seen.append(str(address))
            connection.close()

    threading.Thread(target=accept, daemon=True).start()
    return listener, seen


def _calling_home(port: int) -> list[HostileFile]:
    """Return files whose metadata names the listener as the place of their manifest."""
    from PIL import Image

    url = f"http://127.0.0.1:{port}/manifest.c2pa"
    xmp = (
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        f"<rdf:Description xmlns:dcterms='http://purl.org/dc/terms/' dcterms:provenance='{url}'/>"
        "</rdf:RDF></x:xmpmeta>"
    ).encode()
    import io

    files = []
    for form in ("JPEG", "PNG", "WEBP"):
        buffer = io.BytesIO()
        if form == "PNG":
            from PIL.PngImagePlugin import PngInfo

            info = PngInfo()
            info.add_itxt("XML:com.adobe.xmp", xmp.decode())
            Image.new("RGB", (80, 80)).save(buffer, form, pnginfo=info)
        else:
            Image.new("RGB", (80, 80)).save(buffer, form, xmp=xmp)
        files.append(HostileFile(f"home.{form.lower()}", buffer.getvalue()))
    return files


def main() -> int:
    """Run the benchmark; exit 1 if anything crashed, hung or went over memory."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    reading = data_folder() / "c2pa" / "reading"
    extra = tuple(p for p in sorted(reading.iterdir()) if p.stat().st_size < 250_000)
    listener, seen = _listen()
    originals = seeds(extra)
    by_hand = [*bombs(), *_calling_home(listener.getsockname()[1])]

    def share(worker: int) -> Iterator[HostileFile]:
        numbers = range(worker, options.count, WORKERS)
        mutated = (mutate(originals, number, options.seed) for number in numbers)
        return itertools.chain(mutated, by_hand[worker::WORKERS])

    tally, lock = Tally(), threading.Lock()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        threads = [
            threading.Thread(target=_audit_all, args=(share(i), Path(name), tally, lock))
            for i in range(WORKERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    listener.close()
    counted = sum(tally.verdicts.values()) + len(tally.crashes) + len(tally.hangs)
    result = {
        "files": options.count + len(by_hand),
        "counted": counted,
        "formats": sorted({Path(o.name).suffix for o in originals}),
        "seed": options.seed,
        "seconds": round(time.perf_counter() - start, 1),
        "verdicts": dict(tally.verdicts),
        "problems": dict(tally.problems),
        "crashes": tally.crashes,
        "hangs_over_10s": tally.hangs,
        "internal_errors": tally.internal[:20],
        "slowest_seconds": tally.slowest,
        "peak_memory_mb": round(tally.peak_bytes / 1e6),
        "peak_memory_at": tally.peak_at,
        "connections": seen,
    }
    path = write_result(
        "hostile", f"python benchmarks/hostile.py --count {options.count} --seed {options.seed}", result
    )
    print({k: v for k, v in result.items() if k != "formats"})
    print(path.relative_to(ROOT))
    failed = tally.crashes or tally.hangs or tally.internal or seen or counted != result["files"]
    return int(bool(failed) or tally.peak_bytes > 1_500_000_000)


if __name__ == "__main__":
    sys.exit(main())
