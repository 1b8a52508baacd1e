"""What the benchmark counts."""

from __future__ import annotations

import dataclasses
import statistics

import pytest
from scipy.stats import binomtest

from forensics.errors import UsageError
from forensics.watermark.attacks import Row, Suite, parse_attack
from forensics.watermark.bench import Trial, run, summarise
from forensics.watermark.watermarker import Watermarker

from .conftest import Scene

FIELDS = {field.name for field in dataclasses.fields(Suite)}


def suite(**demands: float | None) -> Suite:
    rows = tuple(Row("group", parse_attack(spec), demand) for spec, demand in demands.items())
    values = {"name": "own", "rows": rows, **{name: "" for name in FIELDS - {"name", "rows"}}}
    return Suite(**values)


def trial(i: int, *, log10_p: float, exact: bool) -> Trial:
    return Trial(f"p{i}", "none", log10_p, log10_p <= -6, exact, None, 0.5 * (i + 1), 2.0)


def test_marks_are_tried_under_every_attack(marker: Watermarker, scene: Scene) -> None:
    pixels = scene(31, 256, 320)
    trials = run(marker, "p", pixels, suite(**{"none": 1.0, "crop:0.5": None, "blur:20": None}), payload="7")
    assert [t.attack for t in trials] == ["none", "crop:0.5", "blur:20"]
    assert [t.detected for t in trials] == [True, True, False]
    assert [t.exact for t in trials] == [True, True, False]
    assert trials[0].megapixels == pytest.approx(256 * 320 / 1e6)
    assert trials[1].megapixels == pytest.approx(128 * 320 / 1e6, rel=0.02)
    assert all(t.seconds > 0 and t.picture == "p" for t in trials)
    assert trials[0].log10_p == marker.detect(marker.embed(pixels, "7").pixels).log10_p


def test_results_are_counted_by_attack() -> None:
    trials = [
        trial(i, log10_p=p, exact=e)
        for i, (p, e) in enumerate([(-9, True), (-30, True), (-7, False), (0, False)])
    ]
    (result,) = summarise(suite(none=0.5), trials)
    assert (result.pictures, result.detected, result.exact) == (4, 3, 2)
    assert (result.weakest, result.median) == (0, statistics.median([-9, -30, -7, 0]))
    assert result.seconds_per_megapixel == pytest.approx(statistics.median([0.25, 0.5, 0.75, 1.0]))
    expected = binomtest(3, 4).proportion_ci(method="wilson")
    assert (result.interval.low, result.interval.high) == pytest.approx(
        (expected.low, expected.high), abs=1e-6
    )
    assert result.met
    assert not summarise(suite(none=0.75), trials)[0].met  # three found, but only two read
    assert summarise(suite(none=None), trials)[0].met
    assert summarise(suite(none=0.5), trials[:3])[0].median == -9


def test_attack_that_was_not_tried_is_an_error() -> None:
    with pytest.raises(UsageError, match="no picture was tried"):
        summarise(suite(**{"none": 1.0, "jpeg:50": 1.0}), [trial(0, log10_p=-9, exact=True)])
