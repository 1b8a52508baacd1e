"""What the eye overlooks, against the equations worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.watermark.spread.masking import visibility


# Chou & Li 1995, eq. 5: 17 (1 - sqrt(L / 127)) + 3 below 127, 3 (L - 127) / 128 + 3 above.
@pytest.mark.parametrize(
    ("level", "expected"), [(0, 20.0), (31.75, 11.5), (127, 3.0), (255, 6.0), (191, 4.5)]
)
def test_flat_grey_hides_what_its_level_hides(level: float, expected: float) -> None:
    seen = visibility(np.full((20, 24), level, np.float32))
    assert seen.shape == (20, 24)
    np.testing.assert_allclose(seen, expected, rtol=1e-5)


# A ramp of slope s has a Scharr gradient of 32 s, contrast 2 s; Wu et al. 2017, eq. 5.
def test_slope_hides_by_its_contrast() -> None:
    slope = 4.0
    luma = np.tile(
        np.float32(127 - slope * 15) + np.float32(slope) * np.arange(31, dtype=np.float32), (31, 1)
    )
    contrast = 2 * slope
    texture = 0.117 * 16 * contrast**2.4 / (contrast**2 + 26**2)
    assert visibility(luma)[15, 15] == pytest.approx(3 + texture - 0.3 * min(3, texture), rel=1e-4)


def test_texture_hides_more_than_flat_parts(rng: np.random.Generator) -> None:
    luma = np.full((60, 120), 127, np.float32)
    luma[:, 60:] += 40 * rng.standard_normal((60, 60)).astype(np.float32)
    seen = visibility(luma)
    assert seen[:, 66:].mean() > 2 * seen[:, :54].mean()
    assert seen.min() > 0
