"""Standard output of every kind: encodings that hold little, pipes that close, a user who presses Ctrl-C."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from forensics.cli import main

REFERENCE = Path(__file__).parents[1] / "data" / "c2pa"
STRANGE = "żółw—写真😀\udcff.jpg"  # no encoding holds all of it
# Unbuffered streams have nothing left to write at the end, and so would hide what goes wrong there.
ENV = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
MODULE = [sys.executable, "-m", "forensics"]


def run(*arguments: object, encoding: str = "utf-8") -> subprocess.CompletedProcess[bytes]:
    environment = {**ENV, "PYTHONIOENCODING": encoding, "COLUMNS": "120"}
    command = [*MODULE, *map(os.fsencode, map(str, arguments))]
    return subprocess.run(command, capture_output=True, check=False, timeout=60, env=environment)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a development CA whose name no small encoding holds."""
    folder = tmp_path_factory.mktemp("写真") / "ca"
    assert (
        run("credentials", "dev-ca", folder, "--organisation", "写真 żółw", encoding="ascii").returncode == 0
    )
    return folder


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    path = tmp_path / STRANGE
    path.write_bytes((REFERENCE / "CA.jpg").read_bytes())
    return path


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_every_encoding_holds_every_text(
    encoding: str, strange: Path, pki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, key, trust = pki / "chain.pem", pki / "signer.key", pki / "trust.toml"
    signed = tmp_path / f"signed {strange.name}"
    template = ("--template", "captured", "--cert", chain, "--key", key, "--trust", trust)
    commands = {
        ("audit", strange, "--only", "metadata"): 0,
        ("audit", strange, "--json", "--only", "metadata"): 0,
        ("audit", strange.with_name(f"missing {strange.name}")): 3,
        ("audit", strange, "--html", strange): 2,
        ("audit", "--help"): 0,
        ("detectors",): 0,
        ("detectors", "--json"): 0,
        ("credentials", "sign", strange, signed, *template, "--title", "写真", "--discard-credentials"): 0,
        ("credentials", "verify", signed, "--trust", trust): 0,
        ("credentials", "inspect", signed, "--trust", trust): 0,
        ("credentials", "inspect", signed, "--trust", trust, "--json"): 0,
        ("credentials", "doctor", chain, "--key", key, "--trust", trust): 0,
        ("credentials", "trust", "list", "--policy", trust): 0,
        ("credentials", "trust", "show", "--policy", trust): 0,
        ("credentials", "dev-ca", tmp_path / f"ca {strange.name}"): 0,
    }
    for command, status in commands.items():
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding, write_through=True) for _ in range(2))
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", out)
            patch.setattr("sys.stderr", err)
            with pytest.raises(SystemExit) as stop:
                main(list(map(str, command)))
        assert stop.value.code == status, (command, err.buffer.getvalue())
        if "--json" in command:
            assert out.buffer.getvalue().isascii()
            assert all(map(json.loads, out.buffer.getvalue().splitlines()))


def test_a_name_that_is_no_text_is_shown_as_it_can_be(strange: Path) -> None:
    policy = strange.with_suffix(".toml")
    policy.touch()
    listing = ("credentials", "trust", "list", "--policy", policy)
    for arguments in (listing, ("audit", strange.parent / "\udcff")):
        done = run(*arguments)
        assert done.returncode in (0, 3), done.stderr
        assert b"xff" in done.stdout or b"udcff" in done.stdout


@pytest.mark.slow
def test_marks_that_the_encoding_does_not_hold_are_ascii(photo_file: Path) -> None:
    shown = {name: run("audit", photo_file, encoding=name) for name in ("ascii", "cp1252", "utf-8")}
    assert "○ " in shown["utf-8"].stdout.decode()
    for name in ("ascii", "cp1252"):
        text = shown[name].stdout.decode(name)
        assert " o " in text
        assert "\\u25" not in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "--json", "--only", "metadata", "--fail-on", "synthetic"),
        ("audit", "--only", "metadata", "--fail-on", "synthetic"),
        ("credentials", "verify", "--allow-untrusted"),
        ("credentials", "inspect"),
        ("detectors",),
        ("audit", "--help"),
        ("--help",),
    ],
)
def test_a_closed_pipe_is_neither_success_nor_a_finding(arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    files = [str(REFERENCE / "CA.jpg")] if arguments[0] in ("audit", "credentials") else []
    command = [*MODULE, *arguments, *files]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60, env=ENV)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_reader_that_stops_after_one_line(photo_file: Path) -> None:
    command = [*MODULE, "audit", "--json", "--only", "metadata", *[str(photo_file)] * 40]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 141


def test_an_error_keeps_its_status_where_nobody_reads_of_it() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    for arguments in (["audit", "--nonsense"], ["audit", "--fail-on", "nonsense", "x"]):
        command = [*MODULE, *arguments]
        done = subprocess.run(command, stdout=writer, stderr=writer, check=False, timeout=60, env=ENV)
        assert done.returncode == 2
    os.close(writer)


def test_no_standard_output_at_all(photo_file: Path) -> None:
    for extra in ([], ["--json"]):
        command = [*MODULE, "audit", "--only", "metadata", *extra, str(photo_file)]
        shell = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
        done = subprocess.run(shell, stderr=subprocess.PIPE, check=False, timeout=60, env=ENV)
        assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_a_failure() -> None:
    with Path("/dev/full").open("wb") as full:
        command = [*MODULE, "detectors"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60, env=ENV)
    assert done.returncode == 4
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs SIGINT")
def test_ctrl_c_keeps_what_is_finished_and_writes_no_half_page(photo_file: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    options = ["--json", "--only", "metadata", "--html", str(page)]
    # Shells let what they run in the background ignore the signal, and this test may run there.
    awake = (
        "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "runpy.run_module('forensics', run_name='__main__')"
    )
    command = [sys.executable, "-c", awake, "audit", *options, *[str(photo_file)] * 500]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.decode().split() == ["interrupted"]
    lines = io.BytesIO(first + rest).readlines()
    assert 1 <= len(lines) < 500
    assert all(line.endswith(b"\n") and json.loads(line)["verdict"] for line in lines)
    assert list(tmp_path.iterdir()) == [photo_file]


INSIDE_OF = {
    "exec": 'exec("raise KeyboardInterrupt")',  # as dataclasses and named tuples are made
    "class": """
class Name:
    def __set_name__(self, owner, name):
        raise KeyboardInterrupt
class Model:
    field = Name()
""",
}


@pytest.mark.parametrize("place", INSIDE_OF)
def test_ctrl_c_is_no_failure_of_ours_wherever_in_a_library_it_comes(place: str, tmp_path: Path) -> None:
    (tmp_path / "library.py").write_text(INSIDE_OF[place], encoding="utf-8")
    program = """
from forensics.cli.main import COMMANDS, main
COMMANDS["audit"] = ("library:audit", "")
main(["audit"])
"""
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    done = subprocess.run(  # Python asks how it was ended only where it runs a module
        [sys.executable, "-m", "program"],
        capture_output=True,
        check=False,
        timeout=60,
        env={**ENV, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        text=True,
    )
    assert (done.returncode, done.stderr.split()) == (130, ["interrupted"])
