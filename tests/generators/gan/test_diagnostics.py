"""Diagnostics of games against SciPy, scikit-learn and closed forms."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
stats = pytest.importorskip("scipy.stats")

from scipy.spatial.distance import pdist  # noqa: E402
from sklearn.model_selection import LeaveOneOut, cross_val_score  # noqa: E402
from sklearn.neighbors import KNeighborsClassifier  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.gan.diagnostics import earth_mover, spread, thumbnails, told_apart  # noqa: E402


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(8)


def drawing() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def test_spread_is_the_mean_distance_and_nothing_after_collapse() -> None:
    x = torch.randn(12, 3, 4, 4)
    assert spread(x) == pytest.approx(pdist(x.flatten(1).numpy().astype(float)).mean(), rel=1e-6)
    collapsed = x[:1].expand(12, -1, -1, -1) + 1e-4 * torch.randn(12, 3, 4, 4)
    assert spread(collapsed) < 1e-3 * spread(x)
    with pytest.raises(UsageError, match="two pictures"):
        spread(x[:1])


def test_earth_is_moved_by_the_best_of_all_plans() -> None:
    first, second = torch.randn(2, 6, 3)
    cost = np.linalg.norm(first.numpy()[:, None] - second.numpy()[None], axis=2)
    best = min(np.mean([cost[i, j] for i, j in enumerate(plan)]) for plan in permutations(range(6)))
    assert earth_mover(first, second) == pytest.approx(best, rel=1e-6)
    line = torch.randn(2, 40, 1)
    expected = stats.wasserstein_distance(line[0, :, 0], line[1, :, 0])
    assert earth_mover(line[0], line[1]) == pytest.approx(expected, rel=1e-6)
    assert earth_mover(first, first[[3, 1, 0, 2, 5, 4]]) == pytest.approx(0.0, abs=1e-6)
    shift = torch.tensor([3.0, 0.0, -4.0])
    assert earth_mover(first, first + shift) == pytest.approx(5.0, rel=1e-6)
    with pytest.raises(UsageError, match="equally many"):
        earth_mover(first, second[:4])


def test_kinds_are_told_apart_as_by_scikit_learn() -> None:
    real, made = torch.randn(30, 4), torch.randn(25, 4) + 0.7
    x, kind = torch.cat([real, made]).double().numpy(), np.repeat([0, 1], [30, 25])
    expected = cross_val_score(KNeighborsClassifier(1), x, kind, cv=LeaveOneOut()).mean()
    assert told_apart(real, made, 0.0, drawing()) == pytest.approx(expected)
    with pytest.raises(UsageError, match="two pictures"):
        told_apart(real[:1], made, 0.0, drawing())


def test_supports_that_are_disjoint_meet_under_noise() -> None:
    """Two parallel lines, as in example 1 of the Wasserstein GAN."""
    along = torch.rand(2, 150, 1)
    real = torch.cat([along[0], torch.zeros(150, 1)], 1)
    made = torch.cat([along[1], torch.full((150, 1), 0.2)], 1)
    assert told_apart(real, made, 0.0, drawing()) == 1.0
    assert told_apart(real, made, 2.0, drawing()) == pytest.approx(0.5, abs=0.12)
    assert told_apart(real, real.clone(), 0.0, drawing()) == 0.0  # copies


def test_thumbnails_are_means_of_areas() -> None:
    x = torch.rand(2, 3, 16, 16)
    expected = x.numpy().reshape(2, 3, 8, 2, 8, 2).mean(axis=(3, 5)).reshape(2, -1)
    np.testing.assert_allclose(thumbnails(x).numpy(), expected, rtol=1e-5)
