"""The loop that trainings share: schedules, averages, checkpoints, logs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import Tensor, nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.training.checkpoint import load_checkpoint, save_checkpoint  # noqa: E402
from forensics.training.loop import Schedule, fit  # noqa: E402
from forensics.training.run import Averaged, Ramp, device_named, log_line  # noqa: E402


@dataclass(frozen=True)
class Config:
    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=90, batch=32, rate=0.3, warm_up=5, every=30)
    )


class Line:
    """Least squares: y = 3 x - 1 with noise."""

    def __init__(self) -> None:
        self.config = Config()
        self.schedule = self.config.schedule
        torch.manual_seed(0)
        self.module = nn.Linear(1, 1)

    def loss(self, step: int) -> Tensor:
        rng = np.random.default_rng(step)
        x = torch.from_numpy(rng.uniform(-1, 1, (self.schedule.batch, 1)).astype(np.float32))
        return ((self.module(x) - (3 * x - 1)) ** 2).mean()

    def measure(self, module: nn.Linear) -> dict[str, float]:
        return {"slope": float(module.weight), "offset": float(module.bias)}


def test_loop_finds_the_line_and_logs_the_way(tmp_path: Path) -> None:
    steps: list[int] = []
    found = fit(Line(), tmp_path, steps.append)
    assert float(found.weight) == pytest.approx(3, abs=0.15)
    assert float(found.bias) == pytest.approx(-1, abs=0.15)
    assert steps == list(range(91))
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [30, 60, 90]
    assert lines[-1]["slope"] == pytest.approx(float(found.weight), abs=1e-3)
    assert lines[0]["loss"] > lines[-1]["loss"]


def test_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(done: int) -> None:
        if done == 67:
            raise StopError

    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = fit(Line(), tmp_path / "whole")
    with pytest.raises(StopError):
        fit(Line(), tmp_path / "parts", stop)
    steps: list[int] = []
    parts = fit(Line(), tmp_path / "parts", steps.append)
    assert steps == list(range(60, 91))
    torch.testing.assert_close(parts.state_dict(), whole.state_dict(), rtol=0, atol=1e-6)


def test_finished_run_is_not_run_again(tmp_path: Path) -> None:
    first = fit(Line(), tmp_path)
    steps: list[int] = []
    again = fit(Line(), tmp_path, steps.append)
    assert steps == [90]
    torch.testing.assert_close(first.state_dict(), again.state_dict())


def test_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    module = nn.Linear(2, 2)
    save_checkpoint(tmp_path / "a", {"m": module}, None, 7, {"seed": 0})
    other = nn.Linear(2, 2)
    assert load_checkpoint(tmp_path / "a", {"m": other}, None, {"seed": 0}) == 7
    torch.testing.assert_close(module.state_dict(), other.state_dict())
    with pytest.raises(UsageError, match="other settings"):
        load_checkpoint(tmp_path / "a", {"m": other}, None, {"seed": 1})
    (tmp_path / "b").write_bytes(b"\x10" * 40)
    with pytest.raises(UsageError, match="no checkpoint"):
        load_checkpoint(tmp_path / "b", {"m": other}, None, {})


def test_learning_rate_rises_and_falls() -> None:
    rates = [Schedule(steps=100, batch=1, rate=2.0, warm_up=10).rate_at(step) for step in range(100)]
    assert max(rates) == pytest.approx(2.0, rel=0.03)
    assert 5 < int(np.argmax(rates)) < 12
    assert rates[0] < 0.3
    assert rates[-1] < 0.01
    assert np.all(np.diff(rates[12:]) < 0)


def test_ramp_goes_from_one_value_to_the_other() -> None:
    ramp = Ramp(0.2, 0.6, 30.0, 40.0)
    assert [ramp(x) for x in (0, 0.2, 0.4, 0.6, 1)] == pytest.approx([30, 30, 35, 40, 40])


def test_average_follows_the_weights() -> None:
    module, average = nn.Linear(1, 1), nn.Linear(1, 1)
    mean = Averaged(average, keep=0.9)
    with torch.no_grad():
        average.weight.zero_()
        module.weight.fill_(1.0)
    for step in range(200, 210):
        mean.update(module, step)
    assert float(average.weight) == pytest.approx(1 - 0.9**10, rel=1e-5)
    assert not average.weight.requires_grad


def test_device_that_is_not_there_is_refused() -> None:
    assert device_named("cpu").type == "cpu"
    assert device_named("auto").type in ("cpu", "cuda")
    with pytest.raises(UsageError, match="no device"):
        device_named("abacus")


def test_log_is_json_lines(tmp_path: Path) -> None:
    log_line(tmp_path / "log", {"step": 1, "loss": torch.tensor(0.5)})
    assert [json.loads(x) for x in (tmp_path / "log").read_text().splitlines()] == [{"step": 1, "loss": 0.5}]
