"""The tile: every bin has one role, every bit its share of all bands."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS
from forensics.watermark.spread.carriers import HIGH, LOW, SIDE, SPLIT, VARIANTS, make_plan, tile_of

BITS = [layout.code.size[0] for layout in LAYOUTS.values()]


def test_plan_is_the_same_for_ever(key: Key) -> None:
    """A change here makes every mark that was ever embedded unfindable."""
    plan = make_plan(key, 127)
    parts = (plan.rows, plan.columns, plan.sync, plan.bind, plan.data, plan.data_bits)
    whole = b"".join(part.astype("<i8").tobytes() for part in parts)
    signs = (plan.sync_phases.real > 0, plan.sync_phases.imag > 0, plan.data_signs > 0)
    whole += b"".join(np.packbits(part).tobytes() for part in signs)
    assert hashlib.sha256(whole).hexdigest()[:16] == "3b8251d438b81ce7"


def test_band_is_all_of_the_half_plane(key: Key) -> None:
    plan = make_plan(key, 127)
    every = {
        (row % SIDE, column)
        for row in range(-32, 32)
        for column in range(1, 32)
        if LOW * SIDE <= np.hypot(row, column) <= HIGH * SIDE
    }
    assert {*zip(plan.rows.tolist(), plan.columns.tolist(), strict=True)} == every
    assert len(plan.rows) == len(every)
    signed = np.where(plan.rows > 32, plan.rows - SIDE, plan.rows)
    np.testing.assert_allclose(plan.radius, np.hypot(signed, plan.columns), rtol=1e-6)


@pytest.mark.parametrize("bits", BITS)
def test_every_bin_has_one_role(key: Key, bits: int) -> None:
    plan = make_plan(key, bits)
    roles = np.concatenate([plan.sync, plan.bind, plan.data])
    np.testing.assert_array_equal(np.sort(roles), np.arange(len(plan.rows)))
    assert set(np.flatnonzero(plan.radius < SPLIT * SIDE)) <= set(plan.sync)
    assert len(plan.data) > len(plan.rows) / 2


@pytest.mark.parametrize("bits", BITS)
def test_every_bit_is_carried_about_as_often_and_in_all_bands(key: Key, bits: int) -> None:
    plan = make_plan(key, bits)
    count = np.bincount(plan.data_bits, minlength=bits)
    assert count.max() - count.min() <= 1
    assert count.min() >= 1
    radius = np.tile(plan.radius[plan.data], 2)
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


def test_tile_has_the_bins_and_the_energy_asked_for(key: Key, rng: np.random.Generator) -> None:
    plan = make_plan(key, 127)
    values = (rng.standard_normal(len(plan.rows)) + 1j * rng.standard_normal(len(plan.rows))).astype(
        np.complex64
    )
    tile = tile_of(plan, values)
    assert tile.dtype == np.float32
    assert float((tile.astype(np.float64) ** 2).mean()) == pytest.approx(
        float((np.abs(values) ** 2).sum()), rel=1e-4
    )
    spectrum = np.fft.fft2(tile)
    np.testing.assert_allclose(spectrum[plan.rows, plan.columns] * 2**0.5 / SIDE**2, values, atol=1e-4)
    kept = np.zeros((SIDE, SIDE), bool)
    kept[plan.rows, plan.columns] = kept[-plan.rows % SIDE, -plan.columns % SIDE] = True
    assert np.abs(spectrum[~kept]).max() < 1e-2
