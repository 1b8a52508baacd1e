"""Times rise from noise to picture, as their formulas say."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.generators.sampling.paths import PATHS
from forensics.generators.sampling.times import karras, log_snr, reversed_times, shifted, uniform


def test_uniform_times_are_those_of_numpy() -> None:
    np.testing.assert_allclose(uniform(7), np.linspace(0, 1, 8))
    np.testing.assert_allclose(uniform(4, 0.2, 0.6), np.linspace(0.2, 0.6, 5))
    assert uniform(3)[-1] == 1.0


@pytest.mark.parametrize("name", sorted(PATHS))
def test_levels_follow_the_power_law(name: str) -> None:
    path = PATHS[name]
    times = karras(6, path, 0.01, 50, 7)
    found = [path.at(t).sigma / path.at(t).alpha for t in times[:-1]]
    expected = np.linspace(50 ** (1 / 7), 0.01 ** (1 / 7), 6) ** 7
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert times[-1] == 1.0
    assert len(karras(6, path, clean=False)) == 7


@pytest.mark.parametrize("name", sorted(PATHS))
def test_log_snr_rises_evenly(name: str) -> None:
    path = PATHS[name]
    logs = [np.log(path.at(t).alpha / path.at(t).sigma) for t in log_snr(6, path, 0.01, 50)[:-1]]
    np.testing.assert_allclose(np.diff(logs), np.full(5, np.log(50 / 0.01) / 5), rtol=1e-5)


def test_shift_multiplies_the_level_of_the_straight_path() -> None:
    for before, after in zip(uniform(5)[1:-1], shifted(uniform(5), 3.0)[1:-1], strict=True):
        assert (1 - after) / after == pytest.approx(3 * (1 - before) / before)
    assert shifted(uniform(5), 1.0) == pytest.approx(uniform(5))
    assert shifted(uniform(5), 3.0)[0] == 0.0
    assert shifted(uniform(5), 3.0)[-1] == 1.0


def test_way_back_begins_just_before_the_picture() -> None:
    assert reversed_times(uniform(2)) == [0.999, 0.5, 0.0]


@pytest.mark.parametrize("steps", [0, -3])
def test_no_steps_are_refused(steps: int) -> None:
    for make in (uniform, lambda n: karras(n, PATHS["ve"]), lambda n: log_snr(n, PATHS["ve"])):
        with pytest.raises(UsageError, match="at least one step"):
            make(steps)
