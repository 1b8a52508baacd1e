"""From votes to regions: what is chance, what is connected, and the probability of a block."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binom

from forensics.detectors.jpeg.growing import grow, rectangles
from forensics.detectors.jpeg.regions import foreign_grid, tampered_probability

MAIN, THEIRS = 0, 21


def votes(seed: int, rows: int = 50, columns: int = 60) -> np.ndarray:
    """Votes as a picture with a grid gives them: most for it, the others anywhere, some missing."""
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, 64, (rows, columns))
    cells[rng.random((rows, columns)) < 0.6] = MAIN
    cells[rng.random((rows, columns)) < 0.2] = -1
    return cells.astype(np.int8)


def with_paste(seed: int, share: float = 0.5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    cells, part = votes(seed), rng.integers(-1, 64, (14, 16))
    part[rng.random(part.shape) < share] = THEIRS
    cells[20:34, 30:46] = part
    return cells


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 4), (3, 2), (5, 6)])
def test_rectangles_are_counted(rows: int, columns: int) -> None:
    spans = [[(a, b) for a in range(n) for b in range(a, n)] for n in (rows, columns)]
    assert rectangles(rows, columns) == len(list(product(*spans)))


def test_a_paste_is_grown_to_its_outline() -> None:
    cells = with_paste(3)
    truth = np.zeros(cells.shape, bool)
    truth[20:34, 30:46] = True
    grown = grow(cells, THEIRS, truth)
    assert (grown.mask & truth).sum() / (grown.mask | truth).sum() > 0.8
    assert 0 < grown.votes < grown.cells <= 400


def test_the_number_of_false_alarms_is_the_binomial_tail_of_the_rectangle() -> None:
    cells = np.full((30, 30), -1, np.int8)
    cells[10:14, 8:13] = THEIRS
    cells[11, 9] = 5
    grown = grow(cells, THEIRS, np.ones(cells.shape, bool))
    tail = binom.sf(18, 20, 1 / 64) * 63 * rectangles(30, 30)
    assert grown.log10_nfa == pytest.approx(np.log10(tail), rel=1e-6)
    assert (grown.votes, grown.cells) == (19, 20)


def test_chance_is_not_grown() -> None:
    rng = np.random.default_rng(8)
    kept = 0
    for _ in range(200):
        cells = rng.integers(0, 64, (40, 40)).astype(np.int8)
        kept += bool(grow(cells, THEIRS, np.ones(cells.shape, bool)).mask.any())
    assert kept <= 2


def test_only_parts_that_touch_where_it_begins_are_kept() -> None:
    cells = np.full((40, 60), -1, np.int8)
    cells[5:12, 5:12] = cells[25:35, 40:50] = THEIRS
    near = np.zeros(cells.shape, bool)
    near[8, 8] = True
    mask = grow(cells, THEIRS, near).mask
    assert mask[5:12, 5:12].all()
    assert not mask[20:].any()
    assert not grow(cells, THEIRS, np.zeros(cells.shape, bool)).mask.any()


def test_maps_are_bright_in_the_region_and_dim_around_windows() -> None:
    found = foreign_grid(with_paste(5), MAIN)
    assert found.grown is not None
    np.testing.assert_array_equal(found.map > 0.5, found.grown.mask)
    clear = foreign_grid(votes(5), MAIN)
    assert clear.grown is None
    assert not clear.map.any()


def test_the_probability_of_a_block_is_bayes() -> None:
    rng = np.random.default_rng(2)
    plane = rng.normal(0, 2, (9, 11)).astype(np.float32)
    shown = tampered_probability(plane)
    around = sum(np.pad(plane, 1)[i : i + 9, j : j + 11] for i in range(3) for j in range(3))
    np.testing.assert_allclose(shown, expit(np.log(0.1 / 0.9) - around), rtol=1e-4)
    assert tampered_probability(np.zeros((4, 4), np.float32)) == pytest.approx(0.1)
