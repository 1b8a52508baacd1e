"""What a worker process may take, set where it begins and enforced by the kernel."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")

BEGUN = """
import ctypes, json, resource, signal
from forensics.scan.engines.processes import _begin
from forensics.scan.settings import WorkSettings
_begin(WorkSettings(file_memory=1 << 30))
told = ctypes.c_int()
ctypes.CDLL(None).prctl(2, ctypes.byref(told))  # PR_GET_PDEATHSIG
try:
    bytearray(2 << 30)
    fits = True
except MemoryError:
    fits = False
print(json.dumps([resource.getrlimit(resource.RLIMIT_DATA)[0], told.value, fits]))
assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
"""

HANGING = """
from forensics.scan.engines.base import Task
from forensics.scan.engines.processes import _begin, work_chunk
from forensics.scan.items import Item, Locator
from forensics.scan.settings import WorkSettings
_begin(WorkSettings(profile="triage", file_seconds=1.0, hooks=(sys.argv[1],)))
work_chunk(sys.argv[2], [Task(1, Item("spin.jpg", "s", Locator("file", "spin.jpg"), "spin.jpg"))])
"""

SLOW = """
import signal, time
from forensics.scan.settings import WorkSettings

class Slow(WorkSettings):
    def __reduce__(self):
        return read, ()

def read():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as one that has not come to it yet
    time.sleep(1)
    return WorkSettings(profile="triage")
"""
LEFT_EARLY = """
sys.path.insert(0, sys.argv[1])
from forensics.scan.engines.processes import opened_pool
from slow import Slow
with opened_pool(Slow(), 2) as pool:
    pool.schedule(print)
"""

INTERRUPTED = """
import os, signal, time
from multiprocessing import forkserver
from forensics.scan.engines.processes import opened_pool
from forensics.scan.settings import WorkSettings
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background has not
connect = forkserver.connect_to_new_process
def connected(*given):
    ends = connect(*given)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.3)  # the moment in which a signal is noticed
    return ends
forkserver.connect_to_new_process = connected
try:
    with opened_pool(WorkSettings(profile="triage"), 2) as pool:
        pool.schedule(print)
except KeyboardInterrupt:
    print("interrupted")
"""
REFUSED = """
from multiprocessing import forkserver
from forensics.errors import ScanError
from forensics.scan.engines.processes import opened_pool
from forensics.scan.settings import WorkSettings
def connected(*given):
    raise BlockingIOError(11, "Resource temporarily unavailable")
forkserver.connect_to_new_process = connected
try:
    with opened_pool(WorkSettings(profile="triage"), 2) as pool:
        pool.schedule(print)
except ScanError as error:
    print(error)
"""


def child(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    whole = f"import sys; sys.path[:0] = {sys.path!r}\n{program}"
    command = [sys.executable, "-c", whole, *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def test_a_worker_has_its_memory_and_dies_with_its_parent() -> None:
    done = child(BEGUN)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [1 << 30, signal.SIGKILL, False]


def test_a_file_that_hangs_in_native_code_is_ended_by_its_own_timer(hooks: str, tmp_path: Path) -> None:
    done = child(HANGING, hooks, str(tmp_path / "1.chunk"))
    assert done.returncode == -signal.SIGALRM, done.stderr


def test_workers_that_were_only_starting_when_a_scan_ended_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
    done = child(LEFT_EARLY, str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_ctrl_c_while_workers_start_leaves_none_half_started() -> None:
    done = child(INTERRUPTED)
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")


def test_a_machine_that_lets_no_worker_start_is_a_scan_error() -> None:
    done = child(REFUSED)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "workers cannot be started: [Errno 11] Resource temporarily unavailable\n"
