"""Patches are the parts of a picture, in order, and places are told apart."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.parts.embeddings import (  # noqa: E402
    Condition,
    dropped,
    one_hot,
    time_features,
)
from forensics.generators.parts.patches import patchify, positions, unpatchify  # noqa: E402


@pytest.mark.parametrize(("side", "height", "width"), [(1, 3, 4), (2, 4, 6), (4, 8, 4)])
def test_patches_come_back(side: int, height: int, width: int) -> None:
    x = torch.randn(2, 3, height, width)
    patches = patchify(x, side)
    assert patches.shape == (2, height * width // side**2, 3 * side**2)
    torch.testing.assert_close(unpatchify(patches, side, height // side, width // side), x)


def test_patches_run_row_by_row() -> None:
    x = torch.arange(2 * 4 * 6).reshape(1, 2, 4, 6).float()
    patches = patchify(x, 2)
    torch.testing.assert_close(patches[0, 4], x[0, :, 2:4, 2:4].reshape(-1))


def test_parts_of_patches_are_refused() -> None:
    with pytest.raises(UsageError, match="not made of patches"):
        patchify(torch.zeros(1, 3, 6, 5), 2)


def test_places_differ_and_grow_with_the_grid() -> None:
    small, large = positions(3, 3, 16), positions(5, 5, 16)
    distances = torch.cdist(large, large) + torch.eye(25)
    assert distances.min() > 0.1
    torch.testing.assert_close(small.reshape(3, 3, 16), large.reshape(5, 5, 16)[1:4, 1:4])


def test_times_are_told_apart() -> None:
    found = time_features(torch.tensor([0.0, 0.001, 0.5, 1.0]), 64)
    assert found.shape == (4, 64)
    assert (torch.cdist(found, found) + torch.eye(4)).min() > 0.5
    expected = torch.cos(torch.tensor(500.0) * 1e4 ** -(torch.arange(32) / 32))
    torch.testing.assert_close(found[2, :32], expected, rtol=1e-3, atol=1e-3)


def test_any_class_is_a_class_of_its_own() -> None:
    torch.manual_seed(0)
    condition = Condition(8, labels=3)
    t = torch.full((4,), 0.3)
    found = condition(t, torch.tensor([0, 1, 2, -1]))
    assert (torch.cdist(found, found) + torch.eye(4)).min() > 0
    torch.testing.assert_close(condition(t), found[3:].expand(4, -1))
    with pytest.raises(UsageError, match="classes"):
        Condition(8)(t, torch.zeros(4, dtype=torch.long))


def test_labels_are_left_out_as_often_as_asked() -> None:
    label = torch.arange(10_000) % 7
    found = dropped(label, 0.15, torch.Generator().manual_seed(1))
    assert ((found == label) | (found == -1)).all()
    assert (found == -1).float().mean().item() == pytest.approx(0.15, abs=0.02)
    again = dropped(label, 0.15, torch.Generator().manual_seed(1))
    assert (found == again).all()


def test_one_hot_of_any_is_zero() -> None:
    torch.testing.assert_close(
        one_hot(torch.tensor([2, -1]), 3), torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    )
