"""How often all looks together give a small p-value: measured on pictures, or on made-up trials."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from scipy.stats import norm

from forensics.datasets.procedural import corpus
from forensics.watermark import codecs
from forensics.watermark.calibration import Counted, Tried, calibrated, counted, try_picture
from forensics.watermark.codecs import codec_named, looks
from forensics.watermark.keys import Key
from forensics.watermark.spread.nulls import Trial, measure, shipped
from forensics.watermark.statistics import Together, fit_together
from forensics.watermark.watermarker import detect

trained = pytest.mark.skipif(find_spec("onnxruntime") is None, reason="needs ONNX Runtime")
SEARCHED = (1000, 4000, 9000)


def made_up(rng: np.random.Generator, pictures: int, each: int) -> list[tuple[Trial, ...]]:
    """Trials whose p-values are exactly uniform, each search independent of the others."""
    z = norm.isf(rng.exponential(size=(pictures, each, 3)) / np.array(SEARCHED))
    return [tuple(Trial(a, SEARCHED[0], b, SEARCHED[1], c, SEARCHED[2]) for a, b, c in one) for one in z]


def without_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "find_spec", lambda _: None)


def test_searches_that_are_independent_are_counted_in_full(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_onnx(monkeypatch)
    (nulls,) = calibrated("made up", [(trials,) for trials in made_up(rng, 400, 20)])
    assert (nulls.name, nulls.front, nulls.own_grid.pairs) == ("made up", "classical", 8000)
    found = nulls.together["spread"]
    assert found.share == pytest.approx(1.0, abs=0.1)
    assert found.decline < 0.05


def test_searches_that_see_the_same_count_once(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_onnx(monkeypatch)
    z = norm.isf(rng.exponential(size=(400, 20)) / 1000)
    tried = [(tuple(Trial(v, 1000, v, 1000, v, 1000) for v in one),) for one in z]
    (nulls,) = calibrated("made up", tried)
    assert nulls.together["spread"].share == pytest.approx(1 / 3, abs=0.1)


def test_what_is_measured_is_the_sum_over_the_ways(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_onnx(monkeypatch)
    tried = [(trials,) for trials in made_up(rng, 100, 20)]
    (nulls,) = calibrated("made up", tried)
    sums = [nulls.log10_p(t, quick=False) for (trials,) in tried for t in trials]
    assert nulls.together["spread"] == fit_together(sums)


@trained
def test_looks_for_one_mark_twice_are_counted_together(rng: np.random.Generator) -> None:
    """The trained look sees what the classical one saw, and the other codec's mark is another."""
    first, other = made_up(rng, 300, 20), made_up(rng, 300, 20)
    tried: list[Tried] = [(a, a, b) for a, b in zip(first, other, strict=True)]
    classical, learned = calibrated("made up", tried)
    assert set(classical.together) == {"spread"}
    assert set(learned.together) == {"spread", "learned", "spread+learned"}
    assert learned.together["learned"].share == pytest.approx(1.0, abs=0.1)
    quick, same, new = (
        np.array([nulls.log10_p(t, quick=quick) for trials in made for t in trials])
        for nulls, made, quick in ((classical, first, True), (learned, first, False), (learned, other, False))
    )
    both = np.minimum(quick, same)
    assert learned.together["spread"] == fit_together((both + np.log10(2)).tolist())
    every = np.minimum(both, new) + np.log10(3)
    assert learned.together["spread+learned"] == fit_together(every.tolist())


@trained
def test_p_value_counts_the_looks_as_measured() -> None:
    picture = next(iter(corpus(4, 1, 192, 192)))
    shares = {"spread": Together(0.125), "spread+learned": Together(0.5, 0.2)}
    measured = replace(codec_named("learned").nulls, together=shares)
    nothing = replace(measured, together={})
    assert counted(looks(["spread"]), [nothing]) == Counted(2, Together())
    assert counted(looks(["spread"]), [measured]) == Counted(2, Together(0.125))
    assert counted(looks(["spread", "learned"]), [measured]) == Counted(3, Together(0.5, 0.2))
    assert counted(looks(["learned"]), [measured]) == Counted(1, Together())
    keys = [Key(f"key {i:028d}".encode()) for i in range(12)]
    for key in keys:
        full, less = (detect(picture, [key], nulls=[n]) for n in (nothing, measured))
        assert less.log10_p == pytest.approx(full.log10_p - np.log10(8)) or full.log10_p == 0


def test_counting_is_undone_by_the_rate() -> None:
    cost = Counted(3, Together(0.5, 0.2))
    for log10_p in (-0.2, -1.0, -2.5, -4.0, -9.0):
        each = np.log10(cost.of_each(10**log10_p))
        assert cost.of_all(float(each)) == pytest.approx(log10_p)
    assert Counted(3, Together()).of_all(-6.0) == pytest.approx(-6 + np.log10(3))
    assert Counted(3, Together()).of_all(-0.1) == 0.0


def test_shipped_looks_count_as_little_as_the_guide_says() -> None:
    """docs/watermark.md: far out, without them p-values would be larger by a factor of at most 3.9."""
    pytest.importorskip("onnxruntime")
    measured = (shipped(), codec_named("learned").nulls)
    far = [found.corrected(-9.0) + 9.0 for nulls in measured for found in nulls.together.values()]
    assert len(far) == 4
    assert 10 ** -min(far) == pytest.approx(3.9, abs=0.05)


def test_without_the_trained_front_end_the_classical_one_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    without_onnx(monkeypatch)
    nulls = replace(shipped(), together={"spread": Together(0.6)})
    assert counted(looks(["spread"]), [nulls]) == Counted(1, Together(0.6))
    assert counted(looks(["spread"]), [replace(nulls, together={})]) == Counted(1, Together())


def test_a_picture_is_tried_in_every_way_with_every_key() -> None:
    luma = next(iter(corpus(4, 1, 160, 176)))[..., 1].copy()
    keys = [Key(f"key {i:028d}".encode()) for i in range(2)]
    tried = try_picture(luma, keys)
    taken = looks(codecs.available())
    ways = [codec for look in taken for codec in look.codecs]
    assert len(tried) == len(ways)
    for codec, trials in zip(ways, tried, strict=True):
        assert list(trials) == measure(luma, [codec.plan(key) for key in keys], codec.front)
