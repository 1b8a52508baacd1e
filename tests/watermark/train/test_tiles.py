"""The channel in PyTorch is the one that the detector has in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from forensics.watermark.keys import Key  # noqa: E402
from forensics.watermark.spread.analysis import fold, tile_spectrum  # noqa: E402
from forensics.watermark.spread.carriers import bins, make_plan, tile_of  # noqa: E402
from forensics.watermark.train.tiles import Channel, at_psnr  # noqa: E402


def test_bins_are_read_as_the_detector_reads_them(rng: np.random.Generator) -> None:
    residual = rng.standard_normal((2, 256, 384)).astype(np.float32)
    found = Channel().read(torch.from_numpy(residual[:, None]), 5, 61).numpy()
    for i, plane in enumerate(residual):
        plan = make_plan(Key(bytes(32)), 127)
        spectrum = plan.seen(tile_spectrum(fold(plane)), np.arange(len(bins().rows)), 5, 61)
        weak = np.abs(spectrum) < 3.4  # the detector cuts larger ones
        np.testing.assert_allclose(found[i, 0][weak], spectrum.real[weak], atol=1e-3)
        np.testing.assert_allclose(found[i, 1][weak], spectrum.imag[weak], atol=1e-3)


def test_tiles_are_those_of_the_embedder(rng: np.random.Generator) -> None:
    channel = Channel()
    signs = rng.choice(np.array([-1, 1], np.float32), (3, 2, channel.size))
    found = channel.tiles(torch.from_numpy(signs)).numpy()
    plan = make_plan(Key(bytes(32)), 127)
    for tile, (real, imaginary) in zip(found, signs, strict=True):
        expected = tile_of(plan, (real + 1j * imaginary).astype(np.complex64) / np.sqrt(2 * channel.size))
        np.testing.assert_allclose(tile, expected, atol=1e-5)
    np.testing.assert_allclose((found**2).mean(axis=(1, 2)), 1, rtol=1e-4)


def test_signs_come_back_with_the_place_of_the_tiles(rng: np.random.Generator) -> None:
    channel = Channel()
    signs = torch.from_numpy(rng.choice(np.array([-1, 1], np.float32), (1, 2, channel.size)))
    plane = torch.roll(channel.tiles(signs), (7, 30), (1, 2)).repeat(1, 4, 4)[:, None]
    noisy = plane + 0.5 * torch.from_numpy(rng.standard_normal(plane.shape).astype(np.float32))
    assert float((torch.sign(channel.read(noisy, 7, 30)) == signs).float().mean()) > 0.99
    assert float((torch.sign(channel.read(noisy, 0, 0)) == signs).float().mean()) < 0.6


def test_error_is_as_asked_for(rng: np.random.Generator) -> None:
    added = at_psnr(torch.from_numpy(rng.standard_normal((2, 1, 64, 64))), torch.tensor([40.0, 30.0]))
    psnr = 10 * np.log10(255**2 / (added.numpy() ** 2).mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(psnr, [40, 30], atol=1e-6)
