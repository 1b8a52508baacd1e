"""Finding a keyed tile, against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from forensics.watermark.keys import Key
from forensics.watermark.spread.carriers import SIDE, VARIANTS, Plan, make_plan, tile_of
from forensics.watermark.spread.sync import COARSE, hypotheses, strongest, surface

KINDS = pytest.mark.parametrize("alternating", [False, True])


def bins_of(cell: np.ndarray, plan: Plan) -> np.ndarray:
    """The synchronising bins of what repeats."""
    odd, step = int(plan.alternating), len(cell) // SIDE
    return plan.seen(np.fft.rfft2(cell)[odd::step, odd::step].astype(np.complex64), plan.sync)


@KINDS
@pytest.mark.parametrize("grid", [SIDE, COARSE])
def test_tile_is_found_where_it_was_put(
    key: Key, rng: np.random.Generator, grid: int, alternating: bool
) -> None:
    plan = make_plan(key, 127, alternating=alternating)
    for _ in range(6):
        variant, row, column = rng.integers(len(plan.sync_phases)), *rng.integers(SIDE, size=2)
        values = np.zeros(len(plan.bins.rows), np.complex64)
        values[plan.sync] = plan.sync_phases[variant]
        tile = np.roll(tile_of(plan, values), (row, column), (0, 1))
        noisy = tile + rng.normal(0, 2.5 * tile.std(), tile.shape)
        others = rng.standard_normal((4, len(plan.sync))) + 1j * rng.standard_normal((4, len(plan.sync)))
        seen = np.concatenate([others[:2], bins_of(noisy, plan)[None] / 50, others[2:]]).astype(np.complex64)
        number, found = strongest(seen, plan, grid=grid)[0]
        assert number == 2
        assert (found.variant, found.row, found.column) == (variant, row, column)
        assert found.z > 7


@KINDS
def test_agreement_is_that_of_brute_force(key: Key, rng: np.random.Generator, alternating: bool) -> None:
    plan = make_plan(key, 127, alternating=alternating)
    seen = (rng.standard_normal(len(plan.sync)) + 1j * rng.standard_normal(len(plan.sync))).astype(
        np.complex64
    )
    (columns, rows), radius = plan.bins.frequency[plan.sync].T, plan.bins.radius[plan.sync]
    y, x = np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")
    best = -np.inf
    for kept in (np.ones(len(rows), bool), radius <= 6.4):
        turn = np.exp(2j * np.pi * (y[..., None] * rows[kept] + x[..., None] * columns[kept]) / SIDE)
        for phases in plan.sync_phases:
            total = (turn @ (seen[kept] * np.conj(phases[kept]))).real
            best = max(best, float(total.max()) / np.sqrt((np.abs(seen[kept]) ** 2).sum() / 2))
    ((_, found),) = strongest(seen[None], plan)
    assert found.z == pytest.approx(best, abs=1e-3)


@KINDS
def test_all_offsets_are_summed_as_by_hand(key: Key, rng: np.random.Generator, alternating: bool) -> None:
    plan = make_plan(key, 127, alternating=alternating)
    used = plan.data[::7]
    values = (rng.standard_normal((3, len(used))) + 1j * rng.standard_normal((3, len(used)))).astype(
        np.complex64
    )
    for grid in (SIDE, 48):
        found = surface(values, used, plan, grid)
        assert found.shape == (3, grid, grid)
        for row, column in ((0, 0), (5, 40), (grid - 1, 1)):
            turn = np.exp(2j * np.pi / grid * (plan.bins.frequency[used] @ [column, row]))
            np.testing.assert_allclose(found[:, row, column], (values @ turn).real, atol=1e-3)


def test_both_signs_of_a_tile_that_alternates_are_tries(key: Key) -> None:
    assert hypotheses(make_plan(key, 127)) == VARIANTS * 2 * SIDE * SIDE
    assert hypotheses(make_plan(key, 127, alternating=True)) == 2 * VARIANTS * 2 * SIDE * SIDE


def test_agreement_with_any_picture_is_standard_normal_over_keys(rng: np.random.Generator) -> None:
    """For one fixed picture, however odd, and many keys: mean 0, deviation 1, as the p-values assume."""
    spectrum = rng.standard_exponential((64, 33)) ** 2 * np.exp(2j * np.pi * rng.uniform(size=(64, 33)))
    z = []
    for i in range(300):
        plan = make_plan(Key(bytes([i % 256, i // 256] * 16)), 127)
        seen = spectrum[plan.bins.rows[plan.sync], plan.bins.columns[plan.sync]]
        z.append(
            float((seen * np.conj(plan.sync_phases[0])).real.sum() / np.sqrt((np.abs(seen) ** 2).sum() / 2))
        )
    assert kstest(z, "norm").pvalue > 1e-3


def test_several_candidates_come_best_first(key: Key, rng: np.random.Generator) -> None:
    plan = make_plan(key, 127)
    seen = rng.standard_normal((40, len(plan.sync))) + 1j * rng.standard_normal((40, len(plan.sync)))
    found = strongest(seen.astype(np.complex64), plan, 3)
    assert len(found) == 3
    assert [s.z for _, s in found] == sorted((s.z for _, s in found), reverse=True)
    assert max(s.z for _, s in found) < 9


def test_nothing_to_see_agrees_with_nothing(key: Key) -> None:
    plan = make_plan(key, 127)
    ((_, found),) = strongest(np.zeros((1, len(plan.sync)), np.complex64), plan)
    assert found.z == 0
