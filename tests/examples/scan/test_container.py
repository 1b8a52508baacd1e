"""The image runs as nobody, and a scan can live with the limits that it promises."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from forensics.scan.results import open_results

from .running import EXAMPLES, ROOT, shell


def instructions() -> list[tuple[str, str]]:
    text = re.sub(
        r"\\\n", " ", re.sub(r"^#.*\n", "", (EXAMPLES / "Containerfile").read_text(), flags=re.MULTILINE)
    )
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]  # type: ignore[misc]


def test_the_image_is_small_pinned_and_nobodys() -> None:
    found = instructions()
    names = [name for name, _ in found]
    assert set(names) <= {
        "ARG", "FROM", "COPY", "RUN", "ENV", "USER", "WORKDIR", "HEALTHCHECK", "ENTRYPOINT", "CMD",
    }  # fmt: skip
    arguments = dict(value.split("=", 1) for name, value in found if name == "ARG")
    bases = [
        value.split()[0].replace("${PYTHON}", arguments["PYTHON"]) for name, value in found if name == "FROM"
    ]
    assert len(bases) == 2
    assert all(re.fullmatch(r"docker\.io/library/python:3\.\d+-slim-\w+", base) for base in bases)
    final = found[len(names) - 1 - names[::-1].index("FROM") :]
    order = [name for name, _ in final]
    assert dict(final)["USER"] == "10001:10001"
    assert order.index("RUN") < order.index("USER") < order.index("ENTRYPOINT")
    assert "RUN" not in order[order.index("USER") :], "nothing is built by the user of the container"
    assert dict(final)["ENTRYPOINT"] == '["forensics"]'
    assert "HEALTHCHECK" in order
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(arguments["EXTRAS"].split(",")) == {"cpu", "video", "scan"} <= set(extras)


def test_a_container_is_healthy_while_its_metrics_are_fresh(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    check = dict(instructions())["HEALTHCHECK"].partition("CMD ")[2]
    environment["METRICS"] = str(tmp_path / "scan.prom")
    assert shell(["sh", "-c", check], environment).returncode == 0, "a scan without metrics"
    (tmp_path / "scan.prom").write_text("")
    assert shell(["sh", "-c", check], environment).returncode == 0
    os.utime(tmp_path / "scan.prom", (0, 0))
    assert shell(["sh", "-c", check], environment).returncode == 1


def test_a_scan_needs_no_network_and_writes_only_where_it_may(
    uploads: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    """The limits that the Containerfile and the units promise it can live with, set by the kernel itself."""
    box = ["unshare", "--user", "--map-root-user", "--mount", "--net"]
    if not shutil.which("unshare") or shell([*box, "true"], environment).returncode:
        pytest.skip("needs namespaces for users")
    out, temporary = tmp_path / "out", tmp_path / "temporary"
    out.mkdir()
    temporary.mkdir()
    settings = dict(pair.split("=", 1) for pair in shlex.split(dict(instructions())["ENV"]))
    assert settings["HOME"] == "/tmp"
    environment |= {"HOME": str(temporary), "TMPDIR": str(temporary)}
    environment |= {"XDG_CONFIG_HOME": settings["XDG_CONFIG_HOME"].replace("/out", str(out), 1)}
    environment |= {"PYTHONDONTWRITEBYTECODE": settings["PYTHONDONTWRITEBYTECODE"]}
    script = f"""
        for place in {out} {temporary}; do mount --bind $place $place; done
        mount -o remount,bind,ro /
        ! touch {tmp_path}/elsewhere 2> /dev/null || exit 90
        forensics scan {uploads} -o {out}/scan --profile triage --workers 1 --metrics {out}/scan.prom
    """
    done = shell([*box, "sh", "-c", script], environment)
    assert done.returncode == 0, done.stderr
    assert open_results(out / "scan").manifest is not None
    assert (out / "config" / "forensics" / "scan-key.pem").is_file()
