"""What unmarked pictures show: p-values that hold, on pictures and keys that calibrated nothing."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest, kstest
from scipy.stats import norm as normal

from forensics.datasets.procedural import coloured_noise, corpus, gradient
from forensics.errors import UsageError
from forensics.watermark.keys import Key
from forensics.watermark.spread.carriers import Plan
from forensics.watermark.spread.nulls import Nulls, Trial, load, measure, nulls_of, shipped, to_json
from forensics.watermark.spread.searching import sync_plan
from forensics.watermark.statistics import RADEMACHER, Null, fit_null


def plans(start: int, count: int, *, alternating: bool = False) -> list[Plan]:
    keys = [Key(f"null {i:027d}".encode()) for i in range(start, start + count)]
    return [sync_plan(key, alternating=alternating) for key in keys]


def odd_pictures(side: int) -> list[np.ndarray]:
    """Pictures that no camera takes: stripes, boards, blocks of JPEG, noise of all colours, a ramp."""
    y, x = np.indices((side, side))
    rng = np.random.default_rng(5)
    waves = [
        127 + 90 * np.sin(2 * np.pi * (x * a + y * b) / 64) for a, b in ((4, 0), (3, 5), (8, 8), (0, 11))
    ]
    boards = [255.0 * ((x // n + y // n) % 2) for n in (8, 16, 32, 64)]
    noises = [127 + 45 * coloured_noise(7, side, side, e) for e in (0.0, 0.5, 1.5)]
    tiled = np.tile(rng.uniform(0, 255, (64, 64)), (side // 64 + 1, side // 64 + 1))[:side, :side]
    blocks = np.kron(rng.uniform(0, 255, (side // 8, side // 8)), np.ones((8, 8)))
    ramp = 255 * gradient(3, side, side)[..., 0]
    return [np.clip(p, 0, 255).astype(np.uint8) for p in (*waves, *boards, *noises, tiled, blocks, ramp)]


def p_values(trials: list[Trial], nulls: Nulls) -> np.ndarray:
    own = [10 ** nulls.own_grid.log10_p(t.own_grid, t.own_searched) for t in trials]
    other = [10 ** nulls.lattices.log10_p(t.lattices, t.lattices_searched) for t in trials]
    return np.array([own, other])


@pytest.mark.slow
@pytest.mark.parametrize("alternating", [False, True])
def test_p_values_of_odd_pictures_are_never_too_small(alternating: bool) -> None:
    """The bound holds for any picture whatever, also one that repeats itself every 64 pixels."""
    trials = [
        trial
        for i, picture in enumerate(odd_pictures(192))
        for trial in measure(picture, plans(100 * i, 4, alternating=alternating))
    ]
    for found in p_values(trials, Nulls("bound", Null(), Null())):
        assert found.min() > 1e-4
        for limit in (0.1, 0.01):
            assert (
                binomtest(int((found <= limit).sum()), len(found), limit, alternative="greater").pvalue > 1e-3
            )


def uniform_enough(side: int, pictures: int, each: int) -> None:
    lumas = [p[..., 1].copy() for p in corpus(77, pictures, side, side)]
    measured = [measure(luma, plans(1000 * i, each)) for i, luma in enumerate(lumas)]
    half = pictures // 2
    first = [trial for trials in measured[:half] for trial in trials]
    fitted = Nulls(
        "half",
        fit_null([t.own_grid for t in first], [t.own_searched for t in first], half),
        fit_null([t.lattices for t in first], [t.lattices_searched for t in first], half),
    )
    for found in p_values([t for m in measured[half:] for t in m], fitted):
        assert kstest(found, "uniform", alternative="greater").pvalue > 1e-3  # not too many small ones
        assert kstest(found, "uniform").statistic < 0.1 + 1 / len(found) ** 0.5
        assert found.min() > 1e-5


@pytest.mark.slow
def test_fitted_p_values_are_uniform_on_other_pictures_and_keys() -> None:
    uniform_enough(128, 8, 8)


@pytest.mark.slow
def test_fitted_p_values_are_uniform_on_many_pictures() -> None:
    uniform_enough(256, 60, 40)


def test_one_picture_is_measured_with_each_key(rng: np.random.Generator) -> None:
    luma = rng.integers(0, 256, (130, 140), dtype=np.uint8)
    both = measure(luma, plans(0, 2))
    assert both == [*measure(luma, plans(0, 1)), *measure(luma, plans(1, 1))]
    assert both[0] != both[1]
    assert both[0].lattices_searched > both[0].own_searched > 64 * 64 * 8


def test_file_holds_what_was_measured(tmp_path: Path, rng: np.random.Generator) -> None:
    pictures = [
        [Trial(*row) for row in rng.uniform([4, 1e6, 4, 1e7], [6, 2e6, 6, 2e7], (100, 4))] for _ in range(5)
    ]
    nulls = nulls_of("own", pictures)
    assert (nulls.name, nulls.own_grid.pictures, nulls.lattices.pairs) == ("own", 5, 500)
    path = tmp_path / "nulls.json"
    path.write_text(to_json([nulls]))
    assert load(path) == (nulls,)
    with pytest.raises(UsageError, match="499 trials are too few"):
        nulls_of("own", [*pictures[:4], pictures[4][:-1]])


@pytest.mark.parametrize(
    "change",
    [
        {"front": 7},
        {"own_grid": None},
        {"lattices": {"share": 1}},
        {"own_grid": {"wrong": 1, "counts": []}},
        {"together": {"spread": {"share": 0, "decline": 0}}},
        {"together": {"spread": {"share": 1.2, "decline": 0}}},
        {"together": {"spread": {"share": "much", "decline": 0}}},
        {"together": {"spread": {"share": 1, "decline": -0.1}}},
        {"together": {"spread": {"share": 1, "decline": 1.1}}},
        {"together": {"spread": {"share": 1}}},
        {"together": {"spread": 0.6}},
        {"together": [1]},
    ],
)
def test_other_files_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "nulls.json"
    document = json.loads(to_json([shipped()]))
    document["nulls"][0].update(change)
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match="holds no calibration"):
        load(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"format": 4}, "format 4, not 5; calibrate again"), ({"nulls": []}, "measured"), ({"nulls": 5}, "int")],
)
def test_other_documents_are_refused(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    path = tmp_path / "nulls.json"
    path.write_text(json.dumps({**json.loads(to_json([shipped()])), **change}))
    with pytest.raises(UsageError, match=f"holds no calibration: .*{reason}"):
        load(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json", "null", '"text"', "\udcff", "[" * 100_000])
def test_no_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "nulls.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UsageError, match="holds no calibration"):
        load(path)
    with pytest.raises(UsageError, match="holds no calibration"):
        load(tmp_path / "missing.json")


def test_p_value_of_a_look_is_that_of_its_best_search() -> None:
    """Of three searches the best counts; 1 % for the tags of each of three layouts is kept back."""
    nulls = Nulls("own", Null(0.5), Null(0.1), Null(0.2))
    trial = Trial(5.0, 1000, 6.0, 5000, 6.5, 20_000)
    tail = {z: normal.sf(z) for z in (5.0, 6.0, 6.5)}
    expected = [tail[5.0] * 500, tail[6.0] * 500, tail[6.5] * 4000]
    assert 10 ** nulls.log10_p(trial, quick=True) == pytest.approx(expected[0] / 0.97, rel=1e-3)
    assert 10 ** nulls.log10_p(trial, quick=False) == pytest.approx(min(expected) * 3 / 0.97, rel=1e-3)
    no_parts = Trial(5.0, 1000, 6.0, 5000, 0.0, 0)
    assert nulls.log10_p(no_parts, quick=False) == pytest.approx(math.log10(expected[1] * 3 / 0.97), abs=1e-3)
    assert nulls.log10_p(Trial(-1.0, 1000, 0.0, 5000), quick=False) == 0.0


def test_shipped_nulls_are_within_the_bound() -> None:
    nulls = shipped()
    for null in (nulls.own_grid, nulls.lattices):
        assert 0 < null.share <= RADEMACHER
        assert sum(null.counts) in (0, null.pairs)
