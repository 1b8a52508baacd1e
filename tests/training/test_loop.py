"""The loop that trainings share: turns, clocks, checkpoints, interruptions."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import Tensor, nn  # noqa: E402

from forensics.cli.train.watching import LOSS, Watching  # noqa: E402
from forensics.errors import ModelError, UsageError  # noqa: E402
from forensics.training.log import log_row, read_log  # noqa: E402
from forensics.training.loop import CHECKPOINT, LOG, fit  # noqa: E402
from forensics.training.machine import Machine  # noqa: E402
from forensics.training.run import Ramp, device_named  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402
from forensics.training.task import Alone, Turn  # noqa: E402

SCHEDULE = Schedule(steps=90, batch=32, rate=0.3, warm_up=5, every=30)


@dataclass(frozen=True)
class Config:
    schedule: Schedule = field(default_factory=lambda: SCHEDULE)


class Line(Alone):
    """Least squares: y = 3 x - 1 with noise."""

    def __init__(self, **changes: Any) -> None:
        self.config = Config(replace(SCHEDULE, **changes))
        self.schedule = self.config.schedule
        torch.manual_seed(0)
        self.module = nn.Linear(1, 1)

    def loss(self, step: int) -> Tensor:
        rng = np.random.default_rng(step)
        x = torch.from_numpy(rng.uniform(-1, 1, (self.schedule.batch, 1)).astype(np.float32))
        return ((self.module(x) - (3 * x - 1)) ** 2).mean()

    def measure(self, module: nn.Linear) -> dict[str, float]:
        return {"slope": float(module.weight), "offset": float(module.bias)}


class Saddle:
    """Two players at x y + (x^2 - y^2) / 10: one lowers it, one raises it; both end at nothing."""

    def __init__(self) -> None:
        self.config = Config(replace(SCHEDULE, steps=400, rate=0.05, momentum=(0.0, 0.9), decay=0.0))
        self.schedule = self.config.schedule
        self.module = nn.ParameterDict({"x": torch.ones(1), "y": torch.ones(1)})
        self.first, self.second = nn.ParameterList([self.module["x"]]), nn.ParameterList([self.module["y"]])
        self.seen: list[float] = []

    def players(self) -> Mapping[str, nn.Module]:
        return {"first": self.first, "second": self.second}

    def value(self) -> Tensor:
        x, y = self.module["x"], self.module["y"]
        return (x * y + (x**2 - y**2) / 10).sum()

    def turns(self, step: int, done: float) -> Iterator[Turn]:
        before = float(self.module["x"].detach())
        yield Turn("first", self.value())
        self.seen.append(float(self.module["x"].detach()) - before)  # the first update was made by now
        yield Turn("second", -self.value())

    def measure(self, module: Any) -> dict[str, float]:
        return {}

    def show(self, module: Any) -> Any:
        return np.zeros((2, 3, 3), np.uint8)


class Watcher:
    def __init__(self) -> None:
        self.steps: list[int] = []
        self.shares: list[float] = []
        self.records: list[Mapping[str, float]] = []
        self.pictures: list[Any] = []

    def stepped(self, step: int, done: float) -> None:
        self.steps.append(step)
        self.shares.append(done)

    def measured(self, record: Mapping[str, float], picture: Any) -> None:
        self.records.append(record)
        self.pictures.append(picture)


class Stop(Watcher):
    """Stops a run from outside after some steps."""

    def __init__(self, after: int, number: int | None = None) -> None:
        super().__init__()
        self.after, self.number = after, number

    def stepped(self, step: int, done: float) -> None:
        super().stepped(step, done)
        if step == self.after:
            if self.number is None:
                raise RuntimeError("the machine is gone")
            os.kill(os.getpid(), self.number)


class Slow(Line):
    """A line whose turns have a rate of their own."""

    def turns(self, step: int, done: float) -> Iterator[Turn]:
        yield Turn("module", self.loss(step), 0.0)


@pytest.mark.parametrize("task", [Slow(decay=0.0), Line(skip=1e-9, decay=0.0)], ids=["rate", "skip"])
def test_weights_stay_without_a_rate_and_beyond_the_norm_to_skip(task: Line, tmp_path: Path) -> None:
    before = float(task.module.weight.detach())
    fit(task, tmp_path)
    assert float(task.module.weight.detach()) == before


def test_gradients_within_the_norm_are_followed(tmp_path: Path) -> None:
    found = fit(Line(skip=1e9), tmp_path)
    assert float(found.weight) == pytest.approx(3, abs=0.15)


def test_loop_finds_the_line_and_logs_the_way(tmp_path: Path) -> None:
    watcher = Watcher()
    found = fit(Line(), tmp_path, watcher)
    assert float(found.weight) == pytest.approx(3, abs=0.15)
    assert float(found.bias) == pytest.approx(-1, abs=0.15)
    assert watcher.steps == list(range(91))
    assert watcher.shares == pytest.approx(np.linspace(0, 1, 91))
    log = read_log(tmp_path / LOG)
    assert log["step"] == [30, 60, 90]
    assert log["images"] == [960, 1920, 2880]
    assert log["slope"][-1] == pytest.approx(float(found.weight), abs=1e-3)
    assert log["loss"][0] > log["loss"][-1]
    assert [record["step"] for record in watcher.records] == [30, 60, 90]
    assert watcher.pictures == [None] * 3


def test_players_have_their_turns_one_after_the_other(tmp_path: Path) -> None:
    game, watcher = Saddle(), Watcher()
    found = fit(game, tmp_path, watcher)
    assert abs(float(found["x"])) < 0.1
    assert abs(float(found["y"])) < 0.1
    assert all(change != 0 for change in game.seen[:100])
    assert {"loss of first", "loss of second"} <= set(read_log(tmp_path / LOG))
    assert watcher.pictures[0].shape == (2, 3, 3)


def test_players_have_their_columns_before_their_first_turn(tmp_path: Path) -> None:
    """A critic that comes in late: rows of one length, and a plot of what there is."""

    class Late(Saddle):
        def turns(self, step: int, done: float) -> Iterator[Turn]:
            yield Turn("first", self.value())
            if done >= 0.5:
                yield Turn("second", -self.value())

    fit(Late(), tmp_path, Watching(tmp_path, lambda *_: None))
    log = read_log(tmp_path / LOG)
    assert np.isfinite(log["loss of first"]).all()
    done = np.array(log["step"]) / 400
    np.testing.assert_array_equal(np.isnan(log["loss of second"]), done <= 0.5)
    plot = (tmp_path / LOSS).read_text()
    assert plot.count("<polyline") == 2
    assert "nan" not in plot


@pytest.mark.parametrize("width", [0.0, 0.1])
def test_run_goes_on_where_it_stopped(tmp_path: Path, width: float) -> None:
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = fit(Line(width=width), tmp_path / "whole")
    with pytest.raises(RuntimeError, match="gone"):
        fit(Line(width=width), tmp_path / "parts", Stop(67))
    watcher = Watcher()
    parts = fit(Line(width=width), tmp_path / "parts", watcher)
    assert watcher.steps == list(range(60, 91))
    torch.testing.assert_close(parts.state_dict(), whole.state_dict(), rtol=0, atol=1e-6)


def test_what_modules_draw_goes_on_too(tmp_path: Path) -> None:
    """Dropout after a stop is that of the same run without one."""

    class Dropping(Line):
        def __init__(self) -> None:
            super().__init__()
            self.module = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.5), nn.Linear(8, 1))

        def measure(self, module: Any) -> dict[str, float]:
            return {}

    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = fit(Dropping(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(Dropping(), tmp_path / "parts", Stop(67, signal.SIGINT))
    parts = fit(Dropping(), tmp_path / "parts")
    torch.testing.assert_close(parts.state_dict(), whole.state_dict(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_keeps_its_last_step(tmp_path: Path, number: int) -> None:
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        fit(Line(), tmp_path / "parts", Stop(67, number))
    assert signal.getsignal(number) is before
    watcher = Watcher()
    parts = fit(Line(), tmp_path / "parts", watcher)
    assert watcher.steps == list(range(67, 91))
    whole = fit(Line(), tmp_path / "whole")
    torch.testing.assert_close(parts.state_dict(), whole.state_dict(), rtol=0, atol=1e-6)


def test_players_go_on_where_they_stopped(tmp_path: Path) -> None:
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = fit(Saddle(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(Saddle(), tmp_path / "parts", Stop(101, signal.SIGINT))
    parts = fit(Saddle(), tmp_path / "parts")
    torch.testing.assert_close(parts.state_dict(), whole.state_dict(), rtol=0, atol=1e-6)


def test_finished_run_is_not_run_again(tmp_path: Path) -> None:
    first = fit(Line(), tmp_path)
    watcher = Watcher()
    again = fit(Line(), tmp_path, watcher)
    assert (watcher.steps, watcher.shares) == ([90], [1.0])
    torch.testing.assert_close(first.state_dict(), again.state_dict())


class Clock:
    """A clock by which a step takes a quarter of a second, whatever the machine does."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 0.25
        return self.now


def test_run_ends_with_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forensics.training.loop.time", Clock())
    watcher = Watcher()
    fit(Line(steps=1_000_000, seconds=5.0), tmp_path, watcher)
    assert watcher.steps == list(range(21))
    assert watcher.shares == [step / 20 for step in range(21)]
    assert (tmp_path / CHECKPOINT).exists()
    again = Watcher()
    fit(Line(steps=1_000_000, seconds=5.0), tmp_path, again)
    assert again.steps == [20]


def test_tasks_hear_how_much_of_the_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[float] = []

    class Listening(Line):
        def turns(self, step: int, done: float) -> Iterator[Turn]:
            heard.append(done)
            return super().turns(step, done)

    monkeypatch.setattr("forensics.training.loop.time", Clock())
    fit(Listening(steps=1_000_000, seconds=5.0), tmp_path)
    assert heard == [step / 20 for step in range(20)]


def test_checkpoints_come_by_the_clock_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forensics.training.loop._SAVED_EVERY", -1.0)
    with pytest.raises(RuntimeError, match="gone"):
        fit(Line(), tmp_path, Stop(7))
    watcher = Watcher()
    fit(Line(), tmp_path, watcher)
    assert watcher.steps[0] == 7


def test_loss_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    class Broken(Line):
        def loss(self, step: int) -> Tensor:
            return super().loss(step) * (float("nan") if step >= 40 else 1.0)

    with pytest.raises(ModelError, match="no number any more at step 50"):
        fit(Broken(), tmp_path)
    watcher = Watcher()
    fit(Line(), tmp_path, watcher)
    assert watcher.steps[0] == 30


def test_what_broke_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by the clock nor at a measurement: the checkpoint is from before, as the message says."""

    class Broken(Line):
        def loss(self, step: int) -> Tensor:
            return super().loss(step) * (float("nan") if step >= 40 else 1.0)

    class Steep(Line):
        def loss(self, step: int) -> Tensor:
            root = (0.0 * self.module.weight).sqrt().sum() if step == 39 else 0.0  # its slope is no number
            return super().loss(step) + root

    monkeypatch.setattr("forensics.training.loop._SAVED_EVERY", -1.0)
    for broken, reason, kept in ((Broken, "the loss of module is", 40), (Steep, "a weight is", 39)):
        folder = tmp_path / broken.__name__
        folder.mkdir()
        with pytest.raises(ModelError, match=f"{reason} no number any more at step {kept + 1}"):
            fit(broken(), folder)
        watcher = Watcher()
        found = fit(Line(), folder, watcher)
        assert watcher.steps[0] == kept
        assert np.isfinite(float(found.weight))


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_too_little_memory_says_what_to_do(tmp_path: Path, error: BaseException) -> None:
    class Large(Line):
        def loss(self, step: int) -> Tensor:
            raise error

    with pytest.raises(UsageError, match="not enough memory for 32 pictures"):
        fit(Large(), tmp_path)


def test_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    fit(Line(steps=5), tmp_path)
    with pytest.raises(UsageError, match="other settings"):
        fit(Line(steps=6), tmp_path)
    (tmp_path / CHECKPOINT).write_bytes(b"\x10" * 40)
    with pytest.raises(UsageError, match="no checkpoint"):
        fit(Line(steps=5), tmp_path)


def test_learning_rate_rises_and_falls() -> None:
    schedule = Schedule(steps=100, batch=4, rate=2.0, warm_up=10, seconds=50.0)
    rates = [schedule.rate_at(step) for step in range(100)]
    assert max(rates) == pytest.approx(2.0, rel=0.03)
    assert 5 < int(np.argmax(rates)) < 12
    assert rates[0] < 0.3
    assert rates[-1] < 0.01
    assert np.all(np.diff(rates[12:]) < 0)
    assert schedule.rate_at(20, 45.0) == pytest.approx(schedule.rate_at(90))
    assert schedule.done(20, 60.0) == 1.0
    assert schedule.images == 400


def test_ramp_goes_from_one_value_to_the_other() -> None:
    ramp = Ramp(0.2, 0.6, 30.0, 40.0)
    assert [ramp(x) for x in (0, 0.2, 0.4, 0.6, 1)] == pytest.approx([30, 30, 35, 40, 40])


def test_device_that_is_not_there_is_refused() -> None:
    assert device_named("cpu").type == "cpu"
    assert device_named("auto").type in ("cpu", "cuda")
    with pytest.raises(UsageError, match="no device"):
        device_named("abacus")
    with pytest.raises(UsageError, match="no device"):
        Machine("abacus")


def test_log_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    for step in (1, 2):
        log_row(path, {"step": step, "loss, all": 0.5 / step})
    assert path.read_text() == 'step,"loss, all"\n1,0.5\n2,0.25\n'
    assert read_log(path) == {"step": [1, 2], "loss, all": [0.5, 0.25]}
    for text in ("", "a,b\n1,x\n", "a,b\n1\n"):
        path.write_text(text)
        with pytest.raises(UsageError, match="no log of a training"):
            read_log(path)
