"""Blocks, principal components, sorting and voting, each against an independent reference."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import binom
from sklearn.decomposition import PCA

from forensics.detectors.copy_move.blocks import (
    Blocks,
    anchored,
    dense,
    gather,
    lively,
    principal_components,
    project,
)
from forensics.detectors.copy_move.matching import Pairs, lexicographic_order, match, quantise
from forensics.detectors.copy_move.voting import log10_nfa, vote

Pixels = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def noise() -> Pixels:
    return np.random.default_rng(3).integers(20, 230, (90, 120), dtype=np.uint8)


def test_gather_cuts_the_blocks(noise: Pixels) -> None:
    blocks = Blocks(np.array([0, 7, 82]), np.array([5, 9, 112]), 8)
    expected = [noise[r : r + 8, c : c + 8] for r, c in ((0, 5), (7, 9), (82, 112))]
    np.testing.assert_array_equal(gather(noise, blocks), expected)


def test_dense_takes_every_textured_block(noise: Pixels) -> None:
    assert len(dense(noise, 8).rows) == (90 - 7) * (120 - 7)
    half = noise.copy()
    half[:, 60:] = 128
    assert dense(half, 8).columns.max() <= 60


def test_straight_edges_and_clipped_areas_are_no_texture() -> None:
    ramp = np.tile(np.linspace(10, 240, 64).astype(np.uint8), (64, 1))
    edge = np.where(np.arange(64) < 32, 40, 200).astype(np.uint8)[None].repeat(64, axis=0)
    white = np.full((64, 64), 255, np.uint8)
    assert not lively(ramp, 8).any()
    assert not lively(edge, 8).any()
    assert not lively(white, 8).any()


@pytest.mark.parametrize("epsilon", [0.3, 0.05])
def test_components_are_those_of_scikit_learn(epsilon: float) -> None:
    rng = np.random.default_rng(8)
    blocks = (rng.normal(size=(400, 6)) * [30, 20, 10, 5, 2, 1]) @ rng.normal(size=(6, 64)) + 100
    basis = principal_components(blocks.astype(np.float32), epsilon, most=64)
    reference = PCA(n_components=1 - epsilon, svd_solver="full").fit(blocks)
    assert len(basis.components) == reference.n_components_
    np.testing.assert_allclose(basis.variances, reference.explained_variance_, rtol=1e-3)
    alike = np.abs((basis.components * reference.components_).sum(axis=1))
    np.testing.assert_allclose(alike, 1.0, atol=1e-3)


def test_projection_is_the_transform_of_scikit_learn(noise: Pixels) -> None:
    blocks = dense(noise, 8)
    pixels = gather(noise, blocks)
    basis = principal_components(pixels, 0.02, most=5)
    reference = PCA(n_components=5, svd_solver="full").fit(pixels.reshape(len(pixels), -1))
    ours = project(noise, blocks, basis)
    theirs = reference.transform(pixels.reshape(len(pixels), -1).astype(np.float64))
    signs = np.sign((basis.components * reference.components_).sum(axis=1))
    np.testing.assert_allclose(ours * signs, theirs, atol=0.2)


def test_order_is_numpys_lexicographic_order() -> None:
    codes = np.random.default_rng(1).integers(-3, 4, (2000, 6)).astype(np.int32)
    expected = np.lexsort((np.arange(len(codes)), *codes.T[::-1]))
    np.testing.assert_array_equal(lexicographic_order(codes), expected)


def test_quantise_floors_with_a_phase() -> None:
    values = np.array([[-0.1, 7.9, 8.0]], np.float32)
    np.testing.assert_array_equal(quantise(values, 8.0), [[-1, 0, 1]])
    np.testing.assert_array_equal(quantise(values, 8.0, 0.5), [[0, 1, 1]])


def test_match_finds_exactly_the_duplicates_of_brute_force(noise: Pixels) -> None:
    noise = noise.copy()
    noise[50:70, 70:95] = noise[10:30, 8:33]
    blocks = dense(noise, 8)
    flat = gather(noise, blocks).reshape(len(blocks.rows), -1)
    features = np.rint(project(noise, blocks, principal_components(flat, 0.02, 12))).astype(np.int16)
    pairs = match(blocks, features, step=16, tolerance=1, neighbours=3, least=12)
    same: dict[bytes, list[int]] = {}
    for index, block in enumerate(flat):
        same.setdefault(block.tobytes(), []).append(index)
    expected = sorted(tuple(v) for v in same.values() if len(v) == 2)
    assert sorted(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == expected
    assert len(expected) == 13 * 18


def test_vote_names_the_shift(noise: Pixels) -> None:
    noise = noise.copy()
    noise[50:70, 70:95] = noise[10:30, 8:33]
    blocks = dense(noise, 8)
    basis = principal_components(gather(noise, blocks), 0.02, 12)
    features = np.rint(project(noise, blocks, basis)).astype(np.int16)
    pairs = match(blocks, features, step=16, tolerance=1, neighbours=3, least=12)
    found = vote(noise, blocks, pairs, least=4, most=3)
    assert [tuple(c.matrix[:, 2]) for c in found] == [(62, 40)]
    assert found[0].log10_nfa < -20
    assert not vote(noise, blocks, Pairs(pairs.first[:0], pairs.second[:0]), least=4, most=3)


@pytest.mark.parametrize(("votes", "pairs"), [(5, 20), (12, 400), (30, 30)])
def test_nfa_bounds_the_binomial_tail(votes: int, pairs: int) -> None:
    shifts = 20_000
    exact = math.log10(shifts) + binom.logsf(votes - 1, pairs, 1 / shifts) / math.log(10)
    ours = log10_nfa(votes, pairs, shifts)
    assert exact <= ours + 1e-9
    assert ours < exact + 3


def test_one_vote_is_no_surprise() -> None:
    assert log10_nfa(1, 10_000, 1000) >= 0


def test_anchors_move_with_the_content() -> None:
    rng = np.random.default_rng(5)
    import cv2

    field = cv2.GaussianBlur(rng.normal(128, 120, (300, 400)), (0, 0), 2).clip(0, 255).astype(np.uint8)
    here, there = anchored(field, 16, 10_000), anchored(field[17:, 31:], 16, 10_000)
    places = set(zip((here.rows - 17).tolist(), (here.columns - 31).tolist(), strict=True))
    moved = [p for p in zip(there.rows.tolist(), there.columns.tolist(), strict=True) if min(p) > 16]
    assert len(moved) > 50
    assert all(p in places for p in moved)
    assert len(anchored(field, 16, 25).rows) <= 25
