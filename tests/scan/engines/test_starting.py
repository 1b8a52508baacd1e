"""How workers start: from one process that has the imports done, which a Ctrl-C does not end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from forensics.datasets.procedural import camera
from forensics.scan.engines import starting
from forensics.scan.engines.starting import one_thread_each, process_context

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks a server of workers on Linux only")

_SECONDS = 60.0


def answer(program: str, tmp_path: Path) -> list[str]:
    """Run a program in a process of its own; return the lines that it prints."""
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(program), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, path], capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout.splitlines()


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + _SECONDS
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_the_server_starts_once_and_outlives_a_ctrl_c(tmp_path: Path) -> None:
    lines = answer(
        """
        import os, signal
        from multiprocessing import forkserver
        from forensics.scan.engines.starting import process_context, start_early

        def nothing():
            pass

        if __name__ == "__main__":
            signal.signal(signal.SIGINT, signal.default_int_handler)
            before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
            start_early()
            first = forkserver._forkserver._forkserver_pid
            start_early()
            print(first == forkserver._forkserver._forkserver_pid, first != os.getpid())
            print(signal.pthread_sigmask(signal.SIG_BLOCK, []) == before)
            os.kill(first, signal.SIGINT)  # before its imports are done
            one = process_context().Process(target=nothing)
            one.start()
            one.join()
            print(one.exitcode, os.getpgid(first) == os.getpgid(0))
        """,
        tmp_path,
    )
    assert lines == ["True True", "True", "0 True"]


def test_a_folder_whose_name_is_too_long_for_a_socket_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setenv("TMPDIR", str(deep))
    lines = answer(
        """
        from multiprocessing import forkserver
        from forensics.scan.engines.starting import process_context, start_early

        start_early()
        print(forkserver._forkserver._forkserver_pid, process_context().get_start_method())
        """,
        tmp_path,
    )
    assert lines == ["None spawn"]


def test_libraries_of_workers_use_one_thread_unless_the_user_said_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with one_thread_each():
        seen = [
            os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        ]
    assert seen == ["3", "1", "1"]
    assert (os.environ["OMP_NUM_THREADS"], "OPENBLAS_NUM_THREADS" in os.environ) == ("3", False)


def test_other_systems_start_each_worker_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting.sys, "platform", "darwin")
    assert process_context().get_start_method() == "spawn"
    assert starting.start_early() is None


@pytest.fixture
def heeded() -> Iterator[None]:
    """Programs started now heed a Ctrl-C, as a job in the background does not: nor do those it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
@pytest.mark.parametrize("moment", ["server", "journal", "rows"])
def test_a_ctrl_c_ends_a_scan_quietly_however_early_it_comes(tmp_path: Path, moment: str) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(12):
        Image.fromarray(camera(number, 96, 128)).save(source / f"{number}.jpg")
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "settings")}
    command = [sys.executable, "-m", "forensics", "scan", str(source), "-o", str(out), "--profile", "triage"]
    process = subprocess.Popen(
        [*command, "--no-page", "--progress", "none"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    moments: dict[str, Callable[[], bool]] = {
        "server": lambda: _has_server(process.pid),
        "journal": (out / "journal.sqlite").exists,
        "rows": lambda: any((out / "spool").glob("*")) or process.poll() is not None,
    }
    until(moments[moment])
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=_SECONDS)[1]
    assert "Traceback" not in said
    assert process.returncode == 130 or (moment == "rows" and process.returncode == 0)
    assert said.count("\n") <= 2, said


def _has_server(parent: int) -> bool:
    """Whether a process has started the one that workers are forked from."""
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
        return any(b"forkserver" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children)
    except OSError:  # one of them has just ended
        return False
