"""The tile: every bin has one role, every bit its share of all bands."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS
from forensics.watermark.spread.carriers import HIGH, LOW, SIDE, SPLIT, VARIANTS, make_plan, tile_of

BITS = [layout.code.size[0] for layout in LAYOUTS.values()]


@pytest.mark.parametrize(("alternating", "digest"), [(False, "3b8251d438b81ce7"), (True, "43404af5bf78c35f")])
def test_plan_is_the_same_for_ever(key: Key, alternating: bool, digest: str) -> None:
    """A change here makes every mark that was ever embedded unfindable."""
    plan = make_plan(key, 127, alternating=alternating)
    parts = (plan.bins.rows, plan.bins.columns, plan.sync, plan.bind, plan.data, plan.data_bits)
    whole = b"".join(part.astype("<i8").tobytes() for part in parts)
    signs = (plan.sync_phases.real > 0, plan.sync_phases.imag > 0, plan.data_signs > 0)
    whole += b"".join(np.packbits(part).tobytes() for part in signs)
    assert hashlib.sha256(whole).hexdigest()[:16] == digest


def test_band_is_all_of_the_half_plane(key: Key) -> None:
    plan = make_plan(key, 127)
    every = {
        (row % SIDE, column)
        for row in range(-32, 32)
        for column in range(1, 32)
        if LOW * SIDE <= np.hypot(row, column) <= HIGH * SIDE
    }
    assert {*zip(plan.bins.rows.tolist(), plan.bins.columns.tolist(), strict=True)} == every
    assert len(plan.bins.rows) == len(every)
    signed = np.where(plan.bins.rows > 32, plan.bins.rows - SIDE, plan.bins.rows)
    np.testing.assert_allclose(plan.bins.radius, np.hypot(signed, plan.bins.columns), rtol=1e-6)
    np.testing.assert_array_equal(plan.bins.frequency, np.stack([plan.bins.columns, signed], axis=1))


def test_band_of_a_tile_that_alternates_is_all_halves_of_the_half_plane(key: Key) -> None:
    plan = make_plan(key, 127, alternating=True)
    every = {
        (column + 0.5, row + 0.5)
        for row in range(-32, 32)
        for column in range(32)
        if LOW * SIDE <= np.hypot(row + 0.5, column + 0.5) <= HIGH * SIDE
    }
    assert {*map(tuple, plan.bins.frequency.tolist())} == every
    assert len(plan.bins.rows) == len(every)
    np.testing.assert_allclose(plan.bins.radius, np.hypot(*plan.bins.frequency.T), rtol=1e-6)
    np.testing.assert_array_equal(plan.bins.rows, (plan.bins.frequency[:, 1] - 0.5) % SIDE)


def test_variants_of_a_tile_that_alternates_come_with_both_signs(key: Key) -> None:
    plan = make_plan(key, 127, alternating=True)
    assert len(plan.sync_phases) == len(plan.data_signs) == 2 * VARIANTS
    np.testing.assert_array_equal(plan.sync_phases[VARIANTS:], -plan.sync_phases[:VARIANTS])
    np.testing.assert_array_equal(plan.data_signs[VARIANTS:], -plan.data_signs[:VARIANTS])


@pytest.mark.parametrize("alternating", [False, True])
def test_bins_are_moved_back_with_the_picture(key: Key, rng: np.random.Generator, alternating: bool) -> None:
    """Against a picture of two by two tiles that is rolled."""
    plan, cell = make_plan(key, 127, alternating=alternating), rng.standard_normal((128, 128))
    every, odd = np.arange(len(plan.bins.rows)), int(alternating)
    moved = np.roll(cell, (-5, -61), (0, 1))
    here, there = (np.fft.rfft2(c)[odd::2, odd::2].astype(np.complex64) for c in (cell, moved))
    np.testing.assert_allclose(plan.seen(here, every, 5, 61), plan.seen(there, every), atol=1e-2)
    np.testing.assert_array_equal(plan.seen(here, every[:3]), here[plan.bins.rows[:3], plan.bins.columns[:3]])


@pytest.mark.parametrize("bits", BITS)
def test_every_bin_has_one_role(key: Key, bits: int) -> None:
    plan = make_plan(key, bits)
    roles = np.concatenate([plan.sync, plan.bind, plan.data])
    np.testing.assert_array_equal(np.sort(roles), np.arange(len(plan.bins.rows)))
    assert set(np.flatnonzero(plan.bins.radius < SPLIT * SIDE)) <= set(plan.sync)
    assert len(plan.data) > len(plan.bins.rows) / 2


@pytest.mark.parametrize("bits", BITS)
def test_every_bit_is_carried_about_as_often_and_in_all_bands(key: Key, bits: int) -> None:
    plan = make_plan(key, bits)
    count = np.bincount(plan.data_bits, minlength=bits)
    assert count.max() - count.min() <= 1
    assert count.min() >= 1
    radius = np.tile(plan.bins.radius[plan.data], 2)
    mean = np.bincount(plan.data_bits, radius, bits) / count
    assert mean.std() < radius.std() / count.mean() ** 0.5 * 1.2


def test_layouts_share_what_finds_the_mark(key: Key) -> None:
    plans = [make_plan(key, bits) for bits in BITS]
    for plan in plans[1:]:
        np.testing.assert_array_equal(plan.sync, plans[0].sync)
        np.testing.assert_array_equal(plan.sync_phases, plans[0].sync_phases)
        np.testing.assert_array_equal(plan.bind, plans[0].bind)


def test_keys_differ_in_everything(key: Key, other: Key) -> None:
    mine, theirs = make_plan(key, 127), make_plan(other, 127)
    assert set(mine.sync) != set(theirs.sync)
    assert np.mean(mine.data_signs == theirs.data_signs) == pytest.approx(0.5, abs=0.05)
    assert mine.sync_phases.shape == (VARIANTS, len(mine.sync))


def test_tile_that_alternates_changes_its_sign_and_shows_nothing_to_one_that_repeats(
    key: Key, rng: np.random.Generator
) -> None:
    plan = make_plan(key, 127, alternating=True)
    values = np.exp(2j * np.pi * rng.uniform(size=len(plan.bins.rows))).astype(np.complex64)
    cell = tile_of(plan, values)
    assert float((cell.astype(np.float64) ** 2).mean()) == pytest.approx(len(values), rel=1e-4)
    np.testing.assert_allclose(cell[SIDE:, :SIDE], -cell[:SIDE, :SIDE], atol=1e-4)
    np.testing.assert_allclose(cell[:SIDE, SIDE:], -cell[:SIDE, :SIDE], atol=1e-4)
    spectrum = np.fft.fft2(cell) * 2**0.5 / (2 * SIDE) ** 2
    np.testing.assert_allclose(spectrum[2 * plan.bins.rows + 1, 2 * plan.bins.columns + 1], values, atol=1e-4)
    assert np.abs(spectrum[::2]).max() < 1e-4
    assert np.abs(spectrum[:, ::2]).max() < 1e-4


def test_tile_has_the_bins_and_the_energy_asked_for(key: Key, rng: np.random.Generator) -> None:
    plan = make_plan(key, 127)
    values = (
        rng.standard_normal(len(plan.bins.rows)) + 1j * rng.standard_normal(len(plan.bins.rows))
    ).astype(np.complex64)
    tile = tile_of(plan, values)
    assert tile.dtype == np.float32
    assert float((tile.astype(np.float64) ** 2).mean()) == pytest.approx(
        float((np.abs(values) ** 2).sum()), rel=1e-4
    )
    spectrum = np.fft.fft2(tile)
    np.testing.assert_allclose(
        spectrum[plan.bins.rows, plan.bins.columns] * 2**0.5 / SIDE**2, values, atol=1e-4
    )
    kept = np.zeros((SIDE, SIDE), bool)
    kept[plan.bins.rows, plan.bins.columns] = kept[-plan.bins.rows % SIDE, -plan.bins.columns % SIDE] = True
    assert np.abs(spectrum[~kept]).max() < 1e-2
