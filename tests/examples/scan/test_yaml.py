"""What is written for GitHub, Kubernetes and Prometheus is of one piece, and its scripts run."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import forensics
from forensics import Verdict
from forensics.scan.progress import Progress, prometheus
from forensics.scan.results import open_results
from forensics.scan.row import State

from .running import DATA, documents, shell


@pytest.mark.slow
def test_the_workflow_scans_what_a_pull_request_changes(
    tmp_path: Path, photo: npt.NDArray[np.uint8], environment: dict[str, str]
) -> None:
    (workflow,) = documents("github-action.yml")
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow[True] == ["pull_request"], "never pull_request_target: what is scanned is not trusted"
    steps = workflow["jobs"]["scan"]["steps"]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in steps if "uses" in step)
    assert steps[-1]["if"] == "always()"
    runs = {step["name"]: step["run"] for step in steps if "run" in step}
    assert f"=={forensics.__version__}'" in runs["install"]
    assert not any("${{" in script for script in runs.values()), "nothing of the pull request becomes code"

    repository = tmp_path / "repository"
    repository.mkdir()
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]

    def commit(**files: Path) -> str:
        for name, source in files.items():
            shutil.copyfile(source, repository / f"{name} $(exit 9)\n.JPG")
        shell([*git, "add", "-A"], environment, repository)
        shell([*git, "commit", "--allow-empty", "-m", "more"], environment, repository)
        return shell([*git, "rev-parse", "HEAD"], environment, repository).stdout.strip()

    shell([*git, "init"], environment, repository)
    base = commit(old=DATA / "tampered.jpg")
    environment |= {
        "BASE": base,
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }

    def checked() -> int:
        for name in ("list", "scan"):
            done = shell(["bash", "-e", "-c", runs[name]], environment, repository)
            if done.returncode:
                return done.returncode
        return 0

    assert checked() == 0, "nothing changed"
    small = tmp_path / "small.jpg"
    Image.fromarray(photo).save(small, quality=90)
    commit(fine=small)
    assert checked() == 0
    assert "1 files" in (tmp_path / "summary").read_text()
    shutil.rmtree(tmp_path / "scan")
    commit(cut=Path(__file__))
    assert checked() == 0, "a file that cannot be read fails no check"
    shutil.rmtree(tmp_path / "scan")
    commit(bad=DATA / "tampered.jpg")
    assert checked() == 1
    kept = [line.strip() for line in steps[-1]["with"]["path"].splitlines()]
    assert all(list(tmp_path.glob(line.removeprefix("${{ runner.temp }}/"))) for line in kept)


def test_the_job_for_kubernetes_is_of_one_piece() -> None:
    script, job = documents("rayjob.yaml")
    spec = job["spec"]["rayClusterSpec"]
    groups = [spec["headGroupSpec"], *spec["workerGroupSpecs"]]
    pods = [group["template"]["spec"] for group in groups]
    containers = [container for pod in pods for container in pod["containers"]]
    assert len({container["image"] for container in containers}) == 1
    assert not containers[0]["image"].endswith(("latest", "forensics-scan-ray"))
    environments = [{entry["name"]: entry["value"] for entry in container["env"]} for container in containers]
    assert all(one == environments[0] for one in environments)
    assert environments[0]["RAY_USAGE_STATS_ENABLED"] == "0"
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"]
        mounted = {mount["name"] for container in pod["containers"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}
    data = [mount for c in containers for mount in c["volumeMounts"] if mount["name"] == "data"]
    assert len(data) == len(containers)
    assert all(mount == {"name": "data", "mountPath": "/data", "readOnly": True} for mount in data)
    text = script["data"]["scan.sh"]
    workers = sum(
        g["replicas"] * int(g["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"])
        for g in groups[1:]
    )
    assert f"--workers {workers} " in text
    assert script["metadata"]["name"] in [
        volume.get("configMap", {}).get("name") for volume in pods[0]["volumes"]
    ]


@pytest.mark.slow
def test_the_job_for_kubernetes_begins_and_then_goes_on(
    uploads: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    text = documents("rayjob.yaml")[0]["data"]["scan.sh"]
    (tmp_path / "results").mkdir()
    (uploads / "text.jpg").write_text("no picture")
    for place, here in (("/results", tmp_path / "results"), ("/data", uploads)):
        text = text.replace(place, str(here))
    text = text.replace("--engine ray --workers 32", "--engine local --workers 1 --profile triage")
    for expected in (1, 2):
        done = shell(["sh", "-c", text], environment)
        assert done.returncode == 0, done.stderr
        manifest = open_results(tmp_path / "results" / "scan").manifest
        assert manifest is not None
        assert (manifest.sessions, manifest.states) == (expected, {"ok": 1, "unreadable": 1})


def test_every_number_that_alerts_name_is_told() -> None:
    (alerts,) = documents("alerts.yml")
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    told = prometheus(
        Progress("working", 5, 2, 10, 1.0, 2.0, 10.0, 1.5, {"ok": 2}, {"altered": 1}, {"internal": 1})
    )
    names = {line.split()[2] for line in told.splitlines() if line.startswith("# TYPE")}
    expressions = [rule["expr"] for rule in rules]
    named = set(re.findall(r"\bforensics_scan_\w+", " ".join(expressions)))
    assert len(named) >= 6
    assert named <= names
    labelled = re.findall(r'(\w+)\{(\w+)=~?"([^"]+)"\}', " ".join(expressions))
    known = {"state": {s.value for s in State}, "verdict": {v.value for v in Verdict}, "reason": {"internal"}}
    for metric, label, values in labelled:
        if label in known:
            assert set(values.split("|")) <= known[label]
            assert f"{metric}{{{label}=" in told
    assert len({rule["alert"] for rule in rules}) == len(rules)
    assert all(rule["annotations"]["summary"] and rule["labels"]["severity"] for rule in rules)
