"""Airflow and Prefect, which are not there: stand-ins call what they would call."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from forensics.errors import ScanError, ScanMismatch
from forensics.scan.results import open_results

from .running import DATA, EXAMPLES


@dataclass
class Planned:
    """A call of a task inside a DAG."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]


@dataclass
class Planner:
    """Stands in for the decorators of Airflow and Prefect."""

    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    planned: list[Planned] = field(default_factory=list)

    def task(self, function: Callable[..., Any] | None = None, **options: Any) -> Any:
        def made(function: Callable[..., Any]) -> Any:
            self.options[function.__name__] = options

            def plan(*arguments: Any) -> Planned:
                self.planned.append(Planned(function, arguments))
                return self.planned[-1]

            plan.function = function  # type: ignore[attr-defined]
            return plan

        return made(function) if function else made

    def dag(self, **options: Any) -> Any:
        def made(function: Callable[..., Any]) -> Callable[..., Any]:
            self.options[function.__name__] = options
            return function

        return made

    def at_once(self, function: Callable[..., Any] | None = None, **options: Any) -> Any:
        def made(function: Callable[..., Any]) -> Callable[..., Any]:
            self.options[function.__name__] = options
            return function

        return made(function) if function else made


def load(name: str, monkeypatch: pytest.MonkeyPatch, **stand_ins: object) -> ModuleType:
    """Import an example where what it is written for is not installed."""
    for module, content in stand_ins.items():
        monkeypatch.setitem(sys.modules, module.replace("__", "."), content)
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


class AirflowFailException(Exception):
    """Stands in for the one that ends all tries."""


def test_airflow_scans_resumes_and_knows_when_trying_again_helps(
    uploads: Path, tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    planner = Planner()
    sdk = SimpleNamespace(dag=planner.dag, task=planner.task)
    exceptions = SimpleNamespace(AirflowFailException=AirflowFailException)
    example = load(
        "airflow_dag",
        monkeypatch,
        airflow=SimpleNamespace(),
        airflow__sdk=sdk,
        airflow__exceptions=exceptions,
    )
    assert [plan.function.__name__ for plan in planner.planned] == ["scan", "look"]
    assert planner.options["scan"]["retries"] > 0
    assert planner.options["forensics_scan"]["max_active_runs"] == 1
    run = example.scan.function
    monkeypatch.setattr(example, "SOURCE", str(uploads))
    monkeypatch.setattr(example, "RESULTS", str(tmp_path / "results"))
    shutil.copyfile(DATA / "tampered.jpg", uploads / "bad.jpg")

    done = run("2026-11-01")
    assert done == {"results": str(tmp_path / "results" / "2026-11-01"), "found": True}
    assert run("2026-11-01") == done, "a try after a try resumes"
    manifest = open_results(Path(str(done["results"]))).manifest
    assert manifest is not None
    assert manifest.sessions == 2
    assert "altered" in example.look.function(done)
    assert "FINDINGS" in capfd.readouterr().out

    (tmp_path / "results" / "2026-11-02").mkdir()
    (tmp_path / "results" / "2026-11-02" / "letter.txt").write_text("dear")
    with pytest.raises(AirflowFailException):
        run("2026-11-02")
    monkeypatch.setattr(example, "RESULTS", str(uploads / "photo.jpg"))
    with pytest.raises(RuntimeError, match="will be resumed"):
        run("2026-11-03")


def test_prefect_scans_resumes_and_knows_when_trying_again_helps(
    uploads: Path, tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    planner = Planner()
    prefect = SimpleNamespace(flow=planner.at_once, task=planner.at_once)
    example = load("prefect_flow", monkeypatch, prefect=prefect)
    assert planner.options["scan_folder"]["retry_condition_fn"] is example.retriable
    shutil.copyfile(DATA / "tampered.jpg", uploads / "bad.jpg")

    assert example.nightly(str(uploads), str(tmp_path / "results"), "triage") == {"altered": 1}
    assert example.nightly(str(uploads), str(tmp_path / "results"), "triage") == {"altered": 1}
    assert "findings: {'altered': 1}" in capsys.readouterr().out
    (out,) = (tmp_path / "results").iterdir()
    manifest = open_results(out).manifest
    assert manifest is not None
    assert (manifest.sessions, manifest.listed) == (2, 2)

    def ended(error: Exception | None) -> SimpleNamespace:
        def result() -> None:
            if error:
                raise error

        return SimpleNamespace(result=result)

    tried = [
        example.retriable(None, None, ended(e)) for e in (ScanError("full"), ScanMismatch("other"), None)
    ]
    assert tried == [True, False, False]
