"""Schedules: how rates fall and grow, batches that make one step, gradients that are cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import Tensor, nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.training.log import read_log  # noqa: E402
from forensics.training.loop import LOG, fit  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402
from forensics.training.task import Alone, Turn  # noqa: E402

SCHEDULE = Schedule(steps=6, batch=8, rate=0.1, warm_up=1, every=1, width=0.0)


@dataclass(frozen=True)
class Config:
    schedule: Schedule


class Points(Alone):
    """Least squares on points that depend on the number of the batch; some batches may be taken at once."""

    def __init__(self, schedule: Schedule, together: int = 1) -> None:
        self.config, self.schedule, self.together = Config(schedule), schedule, together
        torch.manual_seed(0)
        self.module = nn.Linear(3, 1)
        self.numbers: list[int] = []

    def loss(self, step: int) -> Tensor:
        self.numbers.append(step)
        x = torch.cat([self._points(step * self.together + i) for i in range(self.together)])
        return (self.module(x) - x.sum(1, keepdim=True).sin()).square().mean()

    def _points(self, number: int) -> Tensor:
        return torch.from_numpy(np.random.default_rng(number).normal(size=(8, 3)).astype(np.float32))

    def measure(self, module: Any) -> dict[str, float]:
        return {}


def weights(module: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in module.parameters()])


def test_batches_of_a_step_are_one_large_batch(tmp_path: Path) -> None:
    for name in ("parts", "whole", "one"):
        (tmp_path / name).mkdir()
    parts = Points(replace(SCHEDULE, accumulate=4))
    found = weights(fit(parts, tmp_path / "parts"))
    whole = weights(fit(Points(replace(SCHEDULE, batch=32), together=4), tmp_path / "whole"))
    torch.testing.assert_close(found, whole, rtol=0, atol=1e-6)
    assert parts.numbers == list(range(24))
    logs = [read_log(tmp_path / name / LOG) for name in ("parts", "whole")]
    for column in ("images", "loss", "gradient"):
        assert logs[0][column] == pytest.approx(logs[1][column], rel=1e-4)
    assert logs[0]["images"][-1] == 6 * 4 * 8
    one = weights(fit(Points(SCHEDULE), tmp_path / "one"))
    assert (one - whole).abs().max() > 1e-3


def test_games_take_no_batches_together(tmp_path: Path) -> None:
    class Two:
        def __init__(self) -> None:
            schedule = replace(SCHEDULE, accumulate=2)
            self.config, self.schedule, self.module = Config(schedule), schedule, nn.Linear(1, 1)

        def players(self) -> Mapping[str, nn.Module]:
            return {"a": self.module}

        def turns(self, step: int, done: float) -> Iterator[Turn]:
            yield Turn("a", self.module.weight.sum())

        def measure(self, module: Any) -> dict[str, float]:
            return {}

        def show(self, module: Any) -> None:
            return None

    with pytest.raises(UsageError, match="players of a game"):
        fit(Two(), tmp_path)


def test_logs_say_how_large_gradients_are(tmp_path: Path) -> None:
    fit(Points(replace(SCHEDULE, steps=1)), tmp_path)
    by_hand = Points(SCHEDULE)
    by_hand.loss(0).backward()
    size = torch.cat([p.grad.flatten() for p in by_hand.module.parameters() if p.grad is not None]).norm()
    assert read_log(tmp_path / LOG)["gradient"] == [pytest.approx(float(size), abs=1e-5)]


def test_values_of_gradients_are_cut(tmp_path: Path) -> None:
    bound = 0.01
    fit(Points(replace(SCHEDULE, steps=1, clip_value=bound)), tmp_path)
    by_hand = Points(SCHEDULE)
    by_hand.loss(0).backward()
    values = torch.cat([p.grad.flatten() for p in by_hand.module.parameters() if p.grad is not None])
    assert values.abs().max() > bound
    cut = values.clamp(-bound, bound).norm()
    assert read_log(tmp_path / LOG)["gradient"] == [pytest.approx(float(cut), abs=1e-5)]


@pytest.mark.parametrize(
    ("fall", "shares"),
    [
        ("constant", [1, 1, 1, 1, 1]),
        ("stairs", [1, 1, 0.1, 0.01, 0.01]),
        ("cosine", [1, 0.8536, 0.5, 0.1464, 0]),
    ],
)  # fmt: skip
def test_rates_fall_as_asked(fall: Any, shares: list[float]) -> None:
    schedule = Schedule(steps=100, batch=1, rate=2.0, warm_up=1, fall=fall)
    found = [schedule.rate_at(step) / 2.0 for step in (0, 25, 50, 75, 100)]
    assert found == pytest.approx(shares, abs=1e-4)


def test_rates_grow_with_the_pictures_of_a_step() -> None:
    assert SCHEDULE.of_batches(32) == replace(SCHEDULE, batch=32)
    linear = SCHEDULE.of_batches(16, 4, "linear")
    assert (linear.batch, linear.accumulate, linear.seen, linear.rate) == (16, 4, 64, pytest.approx(0.8))
    assert SCHEDULE.of_batches(32, scaling="root").rate == pytest.approx(0.2)
    assert linear.of_batches(8, scaling="linear") == SCHEDULE
