"""Many processes, killed ones, full disks and locks: nothing that was acknowledged is lost."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from forensics.errors import StoreLocked
from forensics.provenance.store import ManifestStore

WRITER = """
import sys
from datetime import UTC, datetime
from forensics.provenance.store import ManifestStore, Record
store = ManifestStore(sys.argv[1], wait=120)
for number in range(int(sys.argv[3])):
    name = f"{sys.argv[2]}-{number}"
    store.add(Record(name, b"jumb" * 500, "image/png", "0" * 64))
    sys.stdout.write(name + "\\n")
    sys.stdout.flush()
"""
LIMITED = """
import resource, signal, sys
from forensics.errors import StoreFull
from forensics.provenance.store import ManifestStore, Record
store = ManifestStore(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
for number in range(1000):
    try:
        store.add(Record(f"m-{number}", bytes(10_000), "image/png", "0" * 64))
    except StoreFull as error:
        print(number, error)
        break
"""


def writer(place: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(place), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.slow
def test_eight_writers_of_which_four_are_killed_lose_nothing(store: ManifestStore, place: Path) -> None:
    last = [writer(place, f"kept{n}", 12) for n in range(4)]
    killed = [writer(place, f"killed{n}", 10**6) for n in range(4)]
    said = []
    for process in killed:
        assert process.stdout is not None
        said += [process.stdout.readline().strip() for _ in range(5)]  # five are acknowledged, more follow
        process.send_signal(signal.SIGKILL)
    for process in (*killed, *last):
        out, _ = process.communicate(timeout=600)
        said += out.split()
    assert [process.returncode for process in killed] == [-signal.SIGKILL] * 4
    assert [process.returncode for process in last] == [0] * 4
    # A name may have been cut by the kill; whole lines end in a number that was acknowledged.
    kept = {f"kept{n}-{number}" for n in range(4) for number in range(12)}
    assert kept <= set(said)
    whole = [name for name in said if name in kept or name.startswith("killed")]
    missing = [name for name in whole[:-1] if store.get(name) is None and not _cut(name, whole)]
    assert not missing
    assert store.verify().intact
    stats = store.stats()
    assert stats.entries == stats.records >= 48 + 20


def _cut(name: str, names: list[str]) -> bool:
    """Whether a name is the beginning of another that the same writer would have written next."""
    return sum(other.startswith(name) for other in names) > 1


def test_a_full_disk_is_told_and_harms_nothing(store: ManifestStore, place: Path) -> None:
    pytest.importorskip("resource")
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(place)], capture_output=True, text=True, timeout=600, check=False
    )
    assert run.returncode == 0, run.stderr
    number, _, message = run.stdout.partition(" ")
    assert "no room left" in message
    assert int(number) >= 1
    assert store.verify().intact
    assert store.stats().records == int(number)


def test_a_lock_is_waited_for_and_then_told(place: Path, make: ModuleType) -> None:
    with ManifestStore(place, create=True, wait=0.3) as store:
        other = sqlite3.connect(place, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        start = time.monotonic()
        with pytest.raises(StoreLocked, match="try again"):
            store.add(make.record(1))
        assert time.monotonic() - start >= 0.25
        assert store.stats().entries == 0  # readers do not wait
        other.execute("ROLLBACK")
        other.close()
        assert store.add(make.record(1))
