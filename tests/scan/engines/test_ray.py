"""Ray as the engine of a scan: the same rows as without it, also where it loses what it runs.

Each scan and each cluster is a process of its own, as in service. The clusters end with their tests.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from forensics.scan.manifest import verify
from forensics.scan.results import open_results
from forensics.scan.row import comparable
from forensics.scan.run import JOURNAL

pytestmark = [
    pytest.mark.extra,
    pytest.mark.skipif(find_spec("ray") is None, reason="needs the extra: ray"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]

PROGRAM = Path(sys.executable).with_name("forensics")
FORKSERVER, ACTOR = b"multiprocessing.forkserver", b"ray::MapWorker"
Fill = Callable[..., Path]


def _mark() -> bytes:
    return uuid.uuid4().hex.encode()


@dataclass(frozen=True)
class Driver:
    """Runs scans with Ray, in an environment whose processes can be told by a mark."""

    hooks: str
    environment: dict[str, str]
    mark: bytes = field(default_factory=_mark)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: object, engine: str = "ray") -> subprocess.Popen[str]:
        words = [PROGRAM, "scan", *arguments, "--engine", engine, "--workers", 6, "--no-page"]
        process = subprocess.Popen(
            [str(word) for word in (*words, "--format", "jsonl")],
            env=self.environment | {"MARK": self.mark.decode()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.communicate()

    def scan(self, source: Path, out: Path, *, engine: str = "ray") -> tuple[int, str]:
        process = self.start(source, "-o", out, *self.settings, engine=engine)
        error = process.communicate(timeout=400)[1]
        return process.returncode, error

    @property
    def settings(self) -> tuple[str, ...]:
        return "--profile", "triage", "--file-seconds", "5", "--hook", self.hooks


@dataclass(frozen=True)
class Cluster(Driver):
    """The same, on a cluster that `ray start` began."""

    head: int = 0

    def actors(self) -> list[int]:
        return [pid for pid in descendants(self.head) if _read(pid, "cmdline").startswith(ACTOR)]

    def workers(self) -> list[int]:
        """Processes of the embedded engine below its actors, and those that lost theirs."""
        return [p for p in processes() if FORKSERVER in _read(p, "cmdline") and self.marked(p)]

    def marked(self, pid: int) -> bool:
        return self.mark in _read(pid, "environ")


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:  # it is gone
        return b""


def processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def descendants(pid: int) -> set[int]:
    parents = {p: int(stat.rpartition(b")")[2].split()[1]) for p in processes() if (stat := _read(p, "stat"))}
    found: set[int] = set()
    new = {pid}
    while new:
        found |= new
        new = {p for p, parent in parents.items() if parent in new} - found
    return found - {pid}


def wait_for(what: str, holds: Callable[[], Any], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"no {what} after {seconds} s"
        time.sleep(0.1)


def done(out: Path) -> int:
    """Rows so far, without a hand on a journal that is just being made."""
    try:
        with closing(sqlite3.connect(f"file:{out / JOURNAL}?mode=ro", uri=True)) as journal:
            return int(journal.execute("SELECT count(*) FROM rows").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def rows(out: Path) -> list[dict[str, Any]]:
    return [comparable(row) for row in open_results(out).rows()]


@pytest.fixture
def environment(hooks: str, tmp_path: Path) -> dict[str, str]:
    """Ray's processes at no lower priority than others, with a token of their own that is kept nowhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    path = os.pathsep.join(filter(None, (str(tmp_path / "hooks"), kept.get("PYTHONPATH"))))
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": uuid.uuid4().hex}
    return kept | token | {"PYTHONPATH": path, "RAY_worker_niceness": "0", "RAY_USAGE_STATS_ENABLED": "0"}


@pytest.fixture
def driver(hooks: str, environment: dict[str, str]) -> Iterator[Driver]:
    alone = Driver(hooks, environment)
    yield alone
    alone.end()


@pytest.fixture
def cluster(hooks: str, environment: dict[str, str]) -> Iterator[Cluster]:
    """A cluster of its own, on ports of its own."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    place = Path(tempfile.mkdtemp(prefix="r", dir="/tmp"))  # sockets have short names
    mark = _mark()
    options = {
        "port": port,
        "num-cpus": 1,
        "object-store-memory": 100_000_000,
        "temp-dir": place,
        "include-dashboard": "false",
    }
    command = [Path(sys.executable).with_name("ray"), "start", "--head", "--block", "--disable-usage-stats"]
    log = place / "start.log"
    with log.open("wb") as said:
        head = subprocess.Popen(
            [*map(str, command), *(f"--{name}={value}" for name, value in options.items())],
            env=environment | {"MARK": mark.decode(), "TMPDIR": str(place)},
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        wait_for("cluster", lambda: b"Ray runtime started" in log.read_bytes() or head.poll() is not None)
        assert head.poll() is None, log.read_text()
        joined = environment | {"RAY_ADDRESS": f"127.0.0.1:{port}"}
        joint = Cluster(hooks, joined, mark, head=head.pid)
        yield joint
        joint.end()
    finally:
        for pid in (*descendants(head.pid), head.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        head.wait()
        shutil.rmtree(place, ignore_errors=True)


def test_rows_are_those_of_the_local_engine_and_nobody_else_speaks(
    fill: Fill, driver: Driver, tmp_path: Path
) -> None:
    bad = ("abort.jpg", "exit.jpg", "hang.jpg", "segfault.jpg")
    source = fill(tmp_path / "in", *bad, *(f"good{n:02d}.jpg" for n in range(20)))
    (source / "text.jpg").write_text("no picture")
    (source / "same.jpg").write_bytes((source / "good00.jpg").read_bytes())
    (source / "cut.jpg").write_bytes((source / "good00.jpg").read_bytes()[:900])

    status, said = driver.scan(source, tmp_path / "ray")
    expected = driver.scan(source, tmp_path / "local", engine="local")

    assert status == expected[0] == 3
    assert sorted(said.splitlines()) == sorted(expected[1].splitlines())  # each names one quarantined file
    found = rows(tmp_path / "ray")
    assert found == rows(tmp_path / "local")
    assert [row["state"] for row in found].count("quarantined") == len(bad)
    assert len(found) == 27
    assert verify(tmp_path / "ray").adds_up
    left = [p for p in processes() if driver.mark in _read(p, "environ")]
    assert not left, [_read(p, "cmdline") for p in left]


def test_an_actor_that_is_killed_costs_nothing_but_time(fill: Fill, cluster: Cluster, tmp_path: Path) -> None:
    source = fill(tmp_path / "in", *(f"slow{n:02d}.jpg" for n in range(60)))
    scanning = cluster.start(source, "-o", tmp_path / "out", *cluster.settings)
    wait_for("two actors", lambda: scanning.poll() is not None or len(cluster.actors()) > 1)
    wait_for("first rows", lambda: scanning.poll() is not None or done(tmp_path / "out"))
    assert scanning.poll() is None, scanning.communicate()
    os.kill(cluster.actors()[0], signal.SIGKILL)
    so_far = done(tmp_path / "out")
    said = scanning.communicate(timeout=300)[1]
    assert (scanning.returncode, said) == (0, "")
    assert so_far < 60
    cluster.scan(source, tmp_path / "local", engine="local")
    assert rows(tmp_path / "out") == rows(tmp_path / "local")
    assert verify(tmp_path / "out").adds_up
    wait_for("end of all actors", lambda: not cluster.actors() and not cluster.workers())


def test_a_driver_that_is_killed_is_resumed(fill: Fill, cluster: Cluster, tmp_path: Path) -> None:
    source = fill(tmp_path / "in", *(f"slow{n:02d}.jpg" for n in range(60)))
    scanning = cluster.start(source, "-o", tmp_path / "out", *cluster.settings)
    wait_for("first rows", lambda: scanning.poll() is not None or done(tmp_path / "out"))
    assert scanning.poll() is None, scanning.communicate()
    scanning.kill()
    scanning.communicate()
    before = done(tmp_path / "out")
    assert 0 < before < 60
    wait_for("end of its actors", lambda: not cluster.actors() and not cluster.workers())

    resumed = cluster.start("--resume", "-o", tmp_path / "out")
    assert (resumed.communicate(timeout=300)[1], resumed.returncode) == ("", 0)

    cluster.scan(source, tmp_path / "local", engine="local")
    assert rows(tmp_path / "out") == rows(tmp_path / "local")
    assert verify(tmp_path / "out").sessions == 2
    wait_for("end of all actors", lambda: not cluster.actors() and not cluster.workers())


def test_a_cluster_that_is_not_there_is_named(fill: Fill, driver: Driver, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        driver.environment["RAY_ADDRESS"] = f"127.0.0.1:{found.getsockname()[1]}"
    status, said = driver.scan(fill(tmp_path / "in", "a.jpg"), tmp_path / "out")
    assert status == 4
    assert "there is no Ray cluster to work with" in said
    assert "Traceback" not in said
