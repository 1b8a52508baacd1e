"""What a worker may take, and what it keeps."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import pytest

from forensics.scan.engines import limits
from forensics.scan.engines.limits import keep_freed_memory

_PROGRAM = """
import resource, sys
import numpy as np
from forensics.scan.engines.limits import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()
def picture():
    parts = [np.ones(1_500_000) for _ in range(4)]

for _ in range(3):
    picture()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    picture()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told so")
def test_memory_of_one_picture_is_there_for_the_next() -> None:
    faults = {
        how: int(
            subprocess.run([sys.executable, "-c", _PROGRAM, how], capture_output=True, check=True).stdout
        )
        for how in ("kept", "as usual")
    }
    assert faults["kept"] * 5 < faults["as usual"]


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())  # a C library without such a function
    keep_freed_memory()
    monkeypatch.setattr(limits.sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: 1 / 0)
    keep_freed_memory()
