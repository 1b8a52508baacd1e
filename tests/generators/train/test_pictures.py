"""What is held out is spread over all that there is, and the same each time."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from forensics.generators.train.pictures import Pictures  # noqa: E402


@pytest.mark.parametrize("classes", [2, 4, 5, 10, 19, 20, 21, 40])
def test_classes_that_take_turns_are_all_trained_on(classes: int) -> None:
    """They do in what `load_labelled` returns."""
    labels = np.arange(2000) % classes
    pictures, again = (
        Pictures(np.arange(2000, dtype=np.float32)[:, None], labels, torch.device("cpu"), mirrored=False)
        for _ in range(2)
    )
    torch.testing.assert_close(pictures.held_out.x, again.held_out.x)
    assert len(pictures) == 1900
    held = np.bincount(pictures.held_out.label.numpy(), minlength=classes)
    assert held.sum() == 100
    assert (held < 0.25 * 2000 / classes).all()
    assert (held > 0).mean() > 0.8
    seen = set(pictures.batch(20_000, torch.Generator().manual_seed(0)).label.tolist())
    assert seen == set(range(classes))


@pytest.mark.parametrize(("count", "held"), [(2, 1), (20, 1), (21, 2), (40, 2)])
def test_one_in_twenty_is_held_out(count: int, held: int) -> None:
    pictures = Pictures(np.zeros((count, 2), np.float32), None, torch.device("cpu"))
    assert (len(pictures), len(pictures.held_out.x)) == (count - held, held)
