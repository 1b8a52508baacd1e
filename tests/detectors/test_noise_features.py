"""Counts of residual sequences against a plain count, and the properties they were made for."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from forensics.detectors.noise.features import (
    CLASSES,
    QUIET,
    cell_counts,
    orbits,
    residual_step,
    third_difference,
)


def noisy(seed: int, height: int, width: int, level: float = 4.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.clip(np.rint(rng.normal(128, level, (height, width))), 0, 255).astype(np.uint8)


def test_a_sequence_its_reverse_and_its_negative_are_one_class() -> None:
    table = orbits()
    assert table.size == 81
    assert len(set(table.tolist())) == CLASSES
    assert (table == QUIET).sum() == 1
    assert table[40] == QUIET  # 1111 in base three
    number = {s: i for i, s in enumerate(product(range(3), repeat=4))}
    for s, i in number.items():
        assert table[number[s[::-1]]] == table[i] == table[number[tuple(2 - v for v in s)]]


@pytest.mark.parametrize("axis", [0, 1])
def test_third_differences_are_numpys_and_blind_to_parabolas(axis: int) -> None:
    luma = noisy(1, 20, 30, 40)
    np.testing.assert_array_equal(third_difference(luma, axis), np.diff(luma.astype(int), 3, axis))
    x = np.arange(15)
    parabola = np.tile((x * x).astype(np.uint8), (15, 1))
    assert not third_difference(parabola if axis else parabola.T.copy(), axis).any()


def plain_counts(luma: np.ndarray, side: int, step: int) -> np.ndarray:
    """The same counts, one sequence at a time."""
    rows, columns = luma.shape[0] // side, luma.shape[1] // side
    out = np.zeros((rows, columns, 2 * CLASSES))
    bad = (luma <= 3) | (luma >= 252)
    for axis in (0, 1):
        d = np.diff(luma.astype(int), 3, axis)
        unit = np.eye(2, dtype=int)[axis]
        for turn in (0, 1):
            along = np.eye(2, dtype=int)[axis ^ turn]
            for y, x in product(range(rows * side), range(columns * side)):
                places = [np.array([y, x]) + k * along for k in range(4)]
                if any((p >= d.shape).any() for p in places):
                    continue
                if any(bad[tuple(p + k * unit)] for p in places for k in range(4)):
                    continue
                levels = [1 + int(np.sign(d[tuple(p)]) * (abs(d[tuple(p)]) > step)) for p in places]
                number = int("".join(map(str, levels)), 3)
                out[y // side, x // side, turn * CLASSES + orbits()[number]] += 1
    return out


@pytest.mark.parametrize("shape", [(24, 16), (22, 19)])
def test_counts_are_those_of_a_plain_count(shape: tuple[int, int]) -> None:
    luma = noisy(4, *shape, 30)
    luma[3, 4] = 255
    luma[9, 2] = 0
    np.testing.assert_array_equal(cell_counts(luma, 8, 20.0), plain_counts(luma, 8, 20))


def test_mirrored_and_inverted_pictures_count_alike() -> None:
    luma = noisy(2, 70, 70)
    inner = slice(0, 64)
    counts = cell_counts(luma, 64, 6.0)[0, 0]
    for other in (luma[:, ::-1], luma[::-1], luma.T, 255 - luma):
        again = cell_counts(np.ascontiguousarray(other), 64, 6.0)[0, 0]
        # Only sequences at the border of the cell differ.
        assert np.abs(again - counts).sum() < 0.2 * counts.sum()
    assert luma[inner, inner].size == 64 * 64


def test_large_cells_look_at_their_first_rows_only() -> None:
    luma = noisy(3, 140, 140)
    changed = luma.copy()
    changed[40:64] = 128
    np.testing.assert_array_equal(cell_counts(luma, 64, 6.0)[0], cell_counts(changed, 64, 6.0)[0])


def test_the_step_follows_the_noise() -> None:
    # The third difference of white noise has sqrt(20) times its deviation; a third lies below 0.43 of that.
    assert residual_step(noisy(5, 300, 300, 8.0)) == pytest.approx(8 * 20**0.5 * 0.43, rel=0.1)
    assert residual_step(np.full((50, 50), 90, np.uint8)) == 0
    assert residual_step(np.full((50, 50), 255, np.uint8)) == 0
