"""Square lattices of all sizes and angles, against each of them scored by itself."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.watermark.spread.autocorrelation import Autocorrelation, autocorrelation
from forensics.watermark.spread.plane import plane_of
from forensics.watermark.spread.points import most_multiples, multiples_of, signs_of, strengths
from forensics.watermark.spread.squares import squares

SHORTEST, LONGEST = 40.0, 92.0
SIZES = SHORTEST * np.exp(np.arange(0.0, np.log(LONGEST / SHORTEST), 0.009))


def scored(found: Autocorrelation, alternating: bool) -> np.ndarray:
    """(sizes, angles) strengths by the definition of a lattice's strength."""
    angles = np.radians(np.arange(0.0, 90.0, 0.5))
    turns = np.array([[[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]] for a in angles])
    return np.stack(
        [strengths(found, size * turns, int(most_multiples(size)), alternating) for size in SIZES]
    )


@pytest.mark.parametrize("alternating", [False, True])
@pytest.mark.parametrize("shape", [(700, 640), (260, 400), (130, 128)], ids=["all", "some", "few"])
def test_the_best_of_each_size_is_found(
    rng: np.random.Generator, shape: tuple[int, int], alternating: bool
) -> None:
    found = autocorrelation(plane_of(rng.standard_normal(shape).astype(np.float32)))
    best = scored(found, alternating).max(axis=1)
    got = list(squares(found, SHORTEST, LONGEST, 200.0, alternating))
    assert 3 < len(got) <= 20
    sizes = [float(np.hypot(*lattice.basis[:, 0])) for lattice in got]
    places = [int(np.abs(SIZES - size).argmin()) for size in sizes]
    assert [lattice.strength for lattice in got] == pytest.approx(best[places])
    assert [lattice.strength for lattice in got] == sorted((g.strength for g in got), reverse=True)
    assert got[0].strength == pytest.approx(best.max())
    for place in places:
        assert best[place] == best[max(0, place - 2) : place + 3].max()


@pytest.mark.parametrize("alternating", [False, True])
def test_a_strength_is_the_sum_over_its_points(rng: np.random.Generator, alternating: bool) -> None:
    found = autocorrelation(plane_of(rng.standard_normal((200, 220)).astype(np.float32)))
    basis = np.array([[50.0, -9.0], [12.0, 70.0]])
    total, count = 0.0, 0
    for (i, j), sign in zip(multiples_of(3), signs_of(multiples_of(3)), strict=True):
        x, y = np.rint(basis @ [i, j]) + found.centre
        if 0 <= x < found.values.shape[1] and 0 <= y < found.values.shape[0]:
            total += (found.dips if alternating and sign < 0 else found.peaks)[int(y), int(x)]
            count += 1
    assert 0 < count < len(multiples_of(3))
    assert strengths(found, basis, 3, alternating) == pytest.approx(total / np.sqrt(count))
