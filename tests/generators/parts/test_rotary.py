"""Places by turning: as complex numbers do it, without a change of size, and by distances alone."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.parts.rotary import grid_angles, line_angles, rotated  # noqa: E402


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(5)


def test_pairs_turn_as_complex_numbers_do() -> None:
    x = torch.randn(2, 3, 7, 8)
    angles = np.arange(7)[:, None] * 1e4 ** (-2 * np.arange(4) / 8)  # eq. 15 of the paper
    pairs = (x[..., :4].numpy() + 1j * x[..., 4:].numpy()) * np.exp(1j * angles)
    wanted = np.concatenate([pairs.real, pairs.imag], axis=-1)
    np.testing.assert_allclose(rotated(x, line_angles(7, 8)), wanted, rtol=1e-4, atol=1e-5)


def test_grids_turn_one_half_down_and_the_other_across() -> None:
    angles = grid_angles(3, 5, 16).reshape(3, 5, 8)
    for row in range(3):
        for column in range(5):
            torch.testing.assert_close(angles[row, column, :4], line_angles(3, 8)[row])
            torch.testing.assert_close(angles[row, column, 4:], line_angles(5, 8)[column])


def test_sizes_stay_and_the_first_place_is_not_turned() -> None:
    x = torch.randn(4, 15, 16)
    turned = rotated(x, grid_angles(3, 5, 16))
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))
    torch.testing.assert_close(turned[:, 0], x[:, 0])
    assert not torch.allclose(turned[:, 1:], x[:, 1:])


def test_what_counts_is_the_distance_alone() -> None:
    query, key = torch.randn(16).expand(30, 16), torch.randn(16).expand(30, 16)
    angles = grid_angles(5, 6, 16)
    products = (rotated(query, angles) @ rotated(key, angles).T).reshape(5, 6, 5, 6)
    for down, across in ((0, 0), (1, 0), (0, 2), (2, 1), (1, -2)):
        here = [
            (row, column) for row in range(5 - down) for column in range(max(0, -across), 6 - max(0, across))
        ]
        found = torch.stack([products[row, column, row + down, column + across] for row, column in here])
        torch.testing.assert_close(found, found[:1].expand(len(found)), rtol=1e-4, atol=1e-4)
    assert (products[0, 0] - products[0, 0, 0, 0]).abs().max() > 0.1


def test_widths_without_pairs_are_refused() -> None:
    with pytest.raises(UsageError, match="pairs"):
        line_angles(4, 7)
    with pytest.raises(UsageError, match="down and across"):
        grid_angles(4, 4, 6)
