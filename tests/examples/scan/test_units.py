"""The units of systemd are confined, and resume."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
from pathlib import Path

import pytest

from forensics.scan.results import open_results

from .running import DATA, EXAMPLES, shell

UNITS = ("forensics-scan.service", "forensics-scan-watch.service", "forensics-scan.timer")


def unit(name: str) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(
        interpolation=None, strict=False, delimiters=("=",), comment_prefixes=("#",)
    )
    parsed.optionxform = str  # type: ignore[assignment, method-assign]
    parsed.read_string(re.sub(r"\\\n", " ", (EXAMPLES / name).read_text()))
    return parsed


@pytest.mark.parametrize("name", UNITS[:2])
def test_a_unit_is_confined_and_knows_what_ends_mean(name: str) -> None:
    service = unit(name)["Service"]
    wanted = {
        "ProtectSystem": "strict",
        "PrivateNetwork": "yes",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "UMask": "0077",
        "SuccessExitStatus": "3 130",
        "RestartPreventExitStatus": "2",
        "Restart": "on-failure",
        "KillSignal": "SIGTERM",
    }
    assert {key: service.get(key) for key in wanted} == wanted
    assert service["User"] not in ("", "root")
    most = int(service["MemoryMax"].removesuffix("G"))
    command = service["ExecStart"]
    each = re.search(r"--workers (\d+) --file-memory (\d+)G", command)
    assert each is not None
    assert most > int(each[1]) * int(each[2])
    assert ("--watch" in command) == (name == "forensics-scan-watch.service")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_has_nothing_to_say_against_the_units(environment: dict[str, str]) -> None:
    done = shell(["systemd-analyze", "verify", *(str(EXAMPLES / name) for name in UNITS)], environment)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "forensics" in line]) == (0, [])
    for name in UNITS[:2]:
        judged = shell(
            ["systemd-analyze", "security", "--offline=true", "--threshold=15", str(EXAMPLES / name)],
            environment,
        )
        assert judged.returncode == 0, judged.stdout
    when = unit(UNITS[2])["Timer"]["OnCalendar"]
    assert shell(["systemd-analyze", "calendar", when], environment).returncode == 0


@pytest.mark.slow
def test_a_unit_begins_and_then_goes_on(uploads: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    words = shlex.split(unit(UNITS[0])["Service"]["ExecStart"])
    assert words[:2] == ["/bin/sh", "-c"]
    script = (
        words[2].replace("$$", "$").replace("/opt/forensics/bin/", "").replace("/srv/uploads", str(uploads))
    )
    environment["STATE_DIRECTORY"] = str(tmp_path / "state")
    (tmp_path / "state").mkdir()
    for expected in (1, 2):
        done = shell(["/bin/sh", "-c", script], environment)
        assert done.returncode == 0, done.stderr
        manifest = open_results(tmp_path / "state" / "scan").manifest
        assert manifest is not None
        assert (manifest.sessions, manifest.listed) == (expected, expected)
        (uploads / "new.txt.jpg").write_bytes((DATA / "photo.jpg").read_bytes())
    assert "forensics_scan_running 0" in (tmp_path / "state" / "scan.prom").read_text()
