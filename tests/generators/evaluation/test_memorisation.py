"""Copies of training pictures are counted, whichever question finds them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from forensics.errors import UsageError
from forensics.generators.evaluation import memorisation as module
from forensics.generators.evaluation.memorisation import memorisation, nearest_pictures

RGB = np.ndarray


@pytest.mark.parametrize("block", [1 << 23, 20_000])
def test_nearest_are_those_of_scikit_learn(
    pictures: RGB, grainy, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BLOCK", block)
    made, train = np.concatenate([pictures[:20], grainy(pictures[40:44], 2)]), pictures[30:]
    flat = [p.reshape(len(p), -1) / 255.0 for p in (made, train)]
    distances, numbers = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(flat[1]).kneighbors(flat[0])
    found = nearest_pictures(made, train)
    assert found.train.tolist() == numbers[:, 0].tolist()
    np.testing.assert_allclose(found.first, distances[:, 0], rtol=1e-6)
    np.testing.assert_allclose(found.second, distances[:, 1], rtol=1e-6)
    np.testing.assert_allclose(found.ratios, distances[:, 0] / distances[:, 1], rtol=1e-6)


def test_one_grey_level_is_told_from_none() -> None:
    """In single precision both would be at 0."""
    white = np.full((1, 64, 64, 3), 250, np.uint8)
    train = np.concatenate([white, white, white])
    train[0, 0, 0, 0] += 1
    train[2, 0, 0, 0] += 2
    found = nearest_pictures(white, train)
    assert (found.train[0], found.first[0]) == (1, 0.0)
    assert found.second[0] == pytest.approx(1 / 255)
    assert found.ratios[0] == 0.0


def test_copies_are_found_and_named(pictures: RGB, grainy) -> None:
    train = pictures[48:]
    made = pictures[:48].copy()
    made[5], made[11] = train[7], grainy(train[20:21], 3)[0]
    made[30] = train[2, :, ::-1]
    found = memorisation(made, train)
    assert [(close.made, close.train) for close in found.close] == [(5, 7), (11, 20)]
    assert found.close[0].ratio == 0.0
    assert {(m.made, m.train, m.mirrored) for m in found.matches} >= {(5, 7, False), (30, 2, True)}
    assert found.copied == 3
    assert (found.count, found.train) == (48, 48)
    assert found.share == pytest.approx(3 / 48)
    assert found.interval.low < 3 / 48 < found.interval.high


def test_new_pictures_are_no_copies(pictures: RGB) -> None:
    found = memorisation(pictures[:48], pictures[48:])
    assert found.copied == 0
    assert 0.5 < found.median_ratio <= 1


def test_copies_of_what_is_there_twice_are_seen_by_their_looks_alone(pictures: RGB) -> None:
    train = np.concatenate([pictures[48:], pictures[48:]])
    found = memorisation(pictures[48:52] // 8 * 8, train)
    assert found.close == ()
    assert {match.made for match in found.matches} == {0, 1, 2, 3}


def test_what_cannot_be_compared_is_refused(pictures: RGB) -> None:
    for wrong in (pictures[:1], pictures[:, :30], pictures[..., 0], pictures.astype(float)):
        with pytest.raises(UsageError):
            memorisation(pictures, wrong)
    with pytest.raises(UsageError):
        memorisation(pictures[:0], pictures)
