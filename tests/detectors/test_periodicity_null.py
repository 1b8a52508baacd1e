"""The tails against SciPy and simulation; the measurements under nulls that are known exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import fft, ndimage, signal, stats

from forensics.datasets import procedural
from forensics.detectors.periodicity import Periodicity, null
from forensics.detectors.periodicity.detector import measure
from forensics.detectors.periodicity.findings import pattern
from forensics.detectors.periodicity.peaks import Group, Line, Lines, find_lines, group_of
from forensics.detectors.periodicity.resampling import strongest
from forensics.detectors.periodicity.spectrum import activity, cut, radial_profile, residual, spectra

LN10 = math.log(10)


def noise(seed: int, height: int = 256, width: int = 256, sigma: float = 12.0) -> np.ndarray:
    values = np.random.default_rng(seed).normal(128, sigma, (height, width))
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


@given(st.integers(1, 200), st.floats(0.01, 600))
def test_gamma_tail_agrees_with_scipy(count: int, total: float) -> None:
    expected = stats.gamma.logsf(total, count) / LN10
    assert null.gamma_tail_log10(count, total) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(st.integers(1, 300), st.floats(0, 1000))
def test_f_tail_agrees_with_scipy(neighbours: int, ratio: float) -> None:
    ours = float(null.f_tail_exponent(np.array([ratio], np.float32), neighbours)[0])
    expected = -stats.f.logsf(np.float32(ratio), 2, 2 * neighbours)
    assert ours == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(("count", "level"), [(1, 2.9), (8, 1.6), (40, 1.2), (40, 1.4)])
def test_limited_tail_is_a_bound_and_close(count: int, level: float) -> None:
    draws = np.minimum(np.random.default_rng(1).exponential(size=(100_000, count)), 3.0).sum(axis=1)
    simulated = (draws >= level * count).mean()
    bound = 10 ** null.limited_tail_log10(count, level * count, 3.0)
    assert simulated <= bound + 4 * math.sqrt(bound / 100_000)
    assert bound <= max(10 * simulated, 1e-3)
    assert null.limited_tail_log10(count, 3.0 * count, 3.0) == pytest.approx(-3 * count / LN10, abs=0.1)


@settings(max_examples=15)
@given(st.lists(st.floats(0.1, 3.0), min_size=2, max_size=40), st.integers(0, 2**32 - 1))
def test_bounds_hold_for_any_amplitudes(amplitudes: list[float], seed: int) -> None:
    a = np.array(amplitudes)
    rng = np.random.default_rng(seed)
    draws = 20_000
    phases = np.exp(2j * np.pi * rng.random((draws, a.size))) @ a
    signs = rng.choice([-1.0, 1.0], (draws, a.size)) @ a
    for simulated, bound in ((phases, null.random_phase_log10), (signs, null.random_sign_log10)):
        strength = np.abs(simulated) ** 2 / (a**2).sum()
        for level in (2.0, 4.0, 6.0):
            slack = 4 * math.sqrt(10 ** bound(level) / draws)
            assert (strength > level).mean() <= 10 ** bound(level) + slack


def test_bounds_are_not_idle() -> None:
    # The Gaussian limits are e^-s and erfc(sqrt(s / 2)); the bounds may cost a factor of 20, not more.
    for s in (5.0, 20.0, 80.0):
        assert -s / LN10 <= null.random_phase_log10(s) <= -s / LN10 + 1.5
        exact = stats.chi2.logsf(s, 1) / LN10
        assert exact <= null.random_sign_log10(s) <= exact + 2
    assert null.random_phase_log10(0.5) == null.random_sign_log10(1.0) == 0
    assert null.bonferroni(-1.0, 100) == 1


def line(row: int, column: int, strength: float) -> Line:
    return Line(row, column, group_of(row, column), strength, 0.5)


@pytest.mark.parametrize("tiles", [4, 8, 12, 20])
@pytest.mark.parametrize(("row", "column"), [(0, 4), (4, 0), (4, 4)])
def test_at_real_frequencies_only_signs_can_agree_by_chance(tiles: int, row: int, column: int) -> None:
    # All signs agree with the chance 2^(1-T): the strength is T then, and no p-value may be smaller.
    assert line(row, column, tiles).log10_p >= math.log10(2.0 ** (1 - tiles))
    # Phases agree far more seldom; the bound for them is T! / T^T.
    phases = math.log10(math.factorial(tiles)) - tiles * math.log10(tiles)
    assert line(2, 2, tiles).log10_p == pytest.approx(phases)
    assert phases < math.log10(2.0 ** (1 - tiles))


def test_the_best_line_pays_for_all_that_were_looked_at() -> None:
    halves = (line(0, 4, 12.0), line(4, 0, 3.0), line(4, 4, 2.0))
    signs = 11 * 9 * 7 * 5 * 3 / 12**6  # (2p - 1)!! / s^p at its best p
    alone = Lines(halves, tiles=12)
    assert 10 ** alone.of(Group.HALF)[0].log10_p == pytest.approx(signs)
    assert alone.p_value(Group.HALF) == pytest.approx(3 * signs)
    quarters = tuple(line(*place, 1.5) for place in ((2, 2), (2, 4), (4, 2), (6, 2)))
    both = Lines((*halves, *quarters), tiles=12)
    assert both.p_value(Group.HALF) == pytest.approx(3 * signs)
    assert both.p_value(Group.HALF, Group.QUARTER) == pytest.approx(7 * signs)
    # The same in the evidence: the p-value is corrected, the measurement is that of the line alone.
    evidence = pattern(Periodicity.info, both)
    assert evidence.p_value == pytest.approx(7 * signs)
    said = {m.name: m.value for m in evidence.measurements}
    assert said["log10 p of that line"] == pytest.approx(math.log10(signs), abs=0.01)
    assert said["strongest line"] == "(0/8, 4/8)"


def test_a_pattern_of_signs_by_chance_is_seldom_called_rare() -> None:
    rng = np.random.default_rng(7)
    tiles, draws, level = 12, 20_000, 2.0**-10
    signs = rng.choice([-1.0, 1.0], (draws, 3, tiles)).sum(axis=2) ** 2 / tiles
    places = ((0, 4), (4, 0), (4, 4))
    p_values = [
        Lines(tuple(line(*at, s) for at, s in zip(places, row, strict=True)), tiles).p_value(Group.HALF)
        for row in signs
    ]
    share = float((np.array(p_values) <= level).mean())
    assert share <= level + 4 * math.sqrt(level / draws)


def test_spectra_agree_with_scipy() -> None:
    tiles = np.random.default_rng(0).random((3, 64, 64), dtype=np.float32)
    window = np.outer(signal.windows.hann(64, sym=False), signal.windows.hann(64, sym=False))
    expected = fft.fft2((tiles - tiles.mean(axis=(1, 2), keepdims=True)) * window)
    assert np.allclose(spectra(tiles), expected, atol=1e-3)


def test_filters_agree_with_scipy() -> None:
    tiles = np.random.default_rng(0).normal(0, 3, (2, 64, 64)).astype(np.float32)
    inside = np.s_[:, 2:-2, 2:-2]
    binomial = np.outer([1, 2, 1], [1, 2, 1]) / 16
    high = np.stack([t - ndimage.convolve(t.astype(float), binomial) for t in tiles])
    mine = residual(tiles)
    limit = 3 * np.abs(high).mean(axis=(1, 2), keepdims=True)
    small = np.abs(high[inside]) < 0.95 * limit
    assert 0.9 < small.mean() < 1
    assert np.allclose(mine[inside][small], high[inside][small], atol=1e-4)
    assert np.abs(mine).max() <= 1.05 * limit.max()
    # Kirchner's predictor: the neighbours weigh 1/2 across, -1/4 diagonally.
    predictor = np.array([[-0.25, 0.5, -0.25], [0.5, 0, 0.5], [-0.25, 0.5, -0.25]])
    error = np.stack([t - ndimage.convolve(t.astype(float), predictor) for t in tiles])
    assert np.allclose(activity(tiles)[inside], np.log1p(np.abs(error))[inside], atol=1e-4)


def test_radial_profile_agrees_with_a_plain_loop_and_finds_a_ring() -> None:
    rng = np.random.default_rng(0)
    transform = np.fft.fft2(rng.normal(size=(4, 32, 32))).astype(np.complex64)
    power = np.mean([np.abs(t) ** 2 / (np.abs(t) ** 2).sum() for t in transform], axis=0)
    rings: dict[int, list[float]] = {}
    for y in range(32):
        for x in range(32):
            radius = round(math.hypot((y + 16) % 32 - 16, (x + 16) % 32 - 16))
            rings.setdefault(radius, []).append(power[y, x])
    reference = 10 * np.log10([np.mean(rings[k]) for k in range(16)])
    reference -= 10 * np.log10(power.ravel()[1:].mean())
    assert radial_profile(transform)[1:] == pytest.approx(reference[1:], abs=1e-3)
    # White noise is flat within the spread of the few bins of a ring; coloured noise falls by 20 dB a decade.
    white = radial_profile(spectra(rng.normal(size=(64, 64, 64)).astype(np.float32)))
    assert np.abs(white[2:]).max() < 1
    field = procedural.coloured_noise(0, 512, 512, 1.0).reshape(8, 64, 8, 64).transpose(0, 2, 1, 3)
    pink = radial_profile(spectra(np.ascontiguousarray(field.reshape(64, 64, 64))))
    assert pink[3] - pink[30] == pytest.approx(20, abs=3)


def test_tiles_keep_the_grid_and_drop_what_says_nothing() -> None:
    picture = noise(0, 200, 330)
    tiles = cut(picture, 64, 100)
    assert tiles.seen == len(tiles.pixels) == 3 * 5
    assert np.array_equal(tiles.pixels[6], picture[64:128, 64:128])
    assert len(cut(picture, 64, 4).pixels) == 4
    half = picture.copy()
    half[:, :192] = 77
    half[:, 256:] = 255
    assert len(cut(half, 64, 100).pixels) == 3
    burnt = np.where(np.arange(330) % 3 == 0, np.uint8(255), picture)  # textured, but a third is white
    assert len(cut(burnt, 64, 100).pixels) == 0
    assert len(cut(picture[:30], 64, 100).pixels) == 0


def test_strength_of_a_complex_line_in_white_noise_is_exponential() -> None:
    strengths, shares = [], []
    for seed in range(40):
        lines = find_lines(spectra(residual(cut(noise(seed), 64, 16).pixels)))
        strengths += [line.strength for line in lines.of(Group.EIGHTH)]
        shares.append(lines.share(Group.EIGHTH))
    assert np.mean(shares) == pytest.approx(0, abs=0.01)
    # At 16 tiles |sum u|^2 / sum |u|^2 is still a little lighter-tailed than its limit.
    assert stats.kstest(strengths, "expon").statistic < 0.05
    assert len(strengths) > 500


def test_exponent_of_one_tile_in_white_noise_is_exponential(monkeypatch: pytest.MonkeyPatch) -> None:
    from forensics.detectors.periodicity import resampling

    monkeypatch.setattr(resampling, "_MOST", math.inf)
    rng = np.random.default_rng(5)
    samples: list[float] = []
    for _ in range(60):
        field = rng.normal(0, 1, (1, 128, 128)).astype(np.float32)
        found = resampling.periodogram(spectra(field))
        samples += found.exponent[10:60:8, 10:60:8].ravel().tolist()  # far apart: independent
    assert stats.kstest(samples, "expon").pvalue > 1e-3
    # The far tail depends on how many neighbours the ring is worth.
    fields = rng.normal(0, 1, (60, 128, 128)).astype(np.float32)
    far = np.mean([(resampling.periodogram(spectra(f[None])).exponent > 6).mean() for f in fields])
    assert far == pytest.approx(math.exp(-6), rel=0.1)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 1.7])
def test_p_values_are_valid_on_noise_of_any_colour(exponent: float) -> None:
    halves, eighths, scaled = [], [], []
    for seed in range(60):
        field = procedural.coloured_noise(seed, 256, 256, exponent)
        measured = measure(np.clip(np.rint(128 + 30 * field), 0, 255).astype(np.uint8))
        assert measured.lines is not None
        assert measured.resampling is not None
        halves.append(measured.lines.p_value(Group.HALF))
        eighths.append(measured.lines.p_value(Group.EIGHTH))
        scaled.append(strongest(measured.resampling).p_value)
    for p_values in (halves, eighths, scaled):
        assert (np.array(p_values) < 0.05).mean() <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 60)
        assert min(p_values) > 1e-4
