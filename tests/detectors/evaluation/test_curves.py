"""Curves: their ends, their length, and that they can be drawn."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.detectors.evaluation.curves import (
    abstention_plot,
    det_plot,
    rates_plot,
    reliability_plot,
    roc_plot,
    tippett_plot,
)
from forensics.detectors.evaluation.outcomes import Outcomes
from forensics.detectors.evaluation.ranking import auc
from forensics.report.plots import svg_file

PLOTS = (abstention_plot, det_plot, rates_plot, reliability_plot, roc_plot, tippett_plot)


@pytest.fixture(scope="module")
def many() -> Outcomes:
    rng = np.random.default_rng(7)
    return Outcomes.split(rng.normal(-0.4, 0.6, 3000), rng.normal(0.5, 0.6, 2000))


@pytest.mark.parametrize("plot", PLOTS)
def test_curves_are_short_and_can_be_drawn(plot: object, many: Outcomes) -> None:
    made = plot(many)  # type: ignore[operator]
    assert all(2 <= len(series.x) == len(series.y) <= 240 for series in made.series)
    assert svg_file(made).startswith(b"<svg ")


def test_shortened_curve_has_the_same_area(many: Outcomes) -> None:
    line = roc_plot(many).series[0]
    assert (line.x[0], line.y[0], line.x[-1], line.y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(line.y, line.x) == pytest.approx(float(auc(many)), abs=2e-3)


def test_det_curve_of_equal_normals_is_a_falling_line() -> None:
    rng = np.random.default_rng(8)
    line = det_plot(Outcomes.split(rng.normal(0, 1, 40_000), rng.normal(2, 1, 40_000))).series[0]
    inside = [(x, y) for x, y in zip(line.x, line.y, strict=True) if abs(x) < 2 and abs(y) < 2]
    assert len(inside) > 20
    assert [x + y for x, y in inside] == pytest.approx([-2.0] * len(inside), abs=0.1)


def test_tippett_at_even_is_the_misleading_evidence(many: Outcomes) -> None:
    lines = {series.name: series for series in tippett_plot(many).series}
    alarms = np.interp(0, lines["no is true"].x[::-1], lines["no is true"].y[::-1])
    assert alarms == pytest.approx(float((many.scores[~many.truth] > 0).mean()), abs=0.01)


def test_curves_of_classes_that_are_apart_can_be_drawn() -> None:
    apart = Outcomes.split([-1.0, -2.0], [3.0])
    assert det_plot(apart).series[0].x == ()
    assert svg_file(roc_plot(apart))


def test_reliability_of_true_ratios_lies_on_the_diagonal() -> None:
    rng = np.random.default_rng(9)
    x = np.concatenate([rng.normal(-1, 1, 20_000), rng.normal(1, 1, 20_000)])
    line = reliability_plot(Outcomes.of(2 * x / np.log(10), np.repeat([False, True], 20_000))).series[0]
    assert line.y == pytest.approx(line.x, abs=0.03)
