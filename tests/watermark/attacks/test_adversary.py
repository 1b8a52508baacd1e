from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from forensics.errors import UsageError
from forensics.media.types import Pixels
from forensics.watermark.attacks import parse_attack
from forensics.watermark.attacks.adversary import (
    add_mark,
    collude,
    copy_mark,
    estimate_mark,
    find_period,
    mean_mark,
    remark,
)

Floats = npt.NDArray[np.float32]


def pictures(count: int, height: int = 192, width: int = 256) -> list[Pixels]:
    """Pictures with falling spectra, each different."""
    found = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
        field = np.real(np.fft.ifft2(np.fft.fft2(rng.normal(size=(height, width))) / (radius + 0.01) ** 2.5))
        plane = 120 + 40 * (field - field.mean()) / field.std()
        found.append(np.clip(np.rint(plane[..., None] + (0, 5, -5)), 0, 255).astype(np.uint8))
    return found


def mark(height: int = 192, width: int = 256, seed: int = 77) -> Floats:
    """White noise between 0.1 and 0.25 cycles a pixel, of deviation 3."""
    noise = np.random.default_rng(seed).normal(size=(height, width))
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    band = np.real(np.fft.ifft2(np.fft.fft2(noise) * ((radius > 0.1) & (radius < 0.25))))
    return (3 * band / band.std()).astype(np.float32)


def tile(side: int, height: int = 192, width: int = 256) -> Floats:
    one = mark(side, side)
    return np.tile(one, (-(-height // side), -(-width // side)))[:height, :width]


def share(pixels: Pixels | Floats, plain: Pixels | Floats, pattern: Floats) -> float:
    """Return how much of a mark a picture has more than another: 1 where it was put in."""
    change = pixels.astype(float) - plain
    change = change.mean(axis=2) if change.ndim == 3 else change
    return float((change * pattern).sum() / (pattern * pattern).sum())


def likeness(estimate: Floats, pattern: Floats) -> float:
    return float(np.corrcoef(estimate.ravel(), pattern.ravel())[0, 1])


def test_estimate_looks_like_the_mark() -> None:
    plain, pattern = pictures(1)[0], mark()
    marked = add_mark(plain, pattern)
    assert share(marked, plain, pattern) == pytest.approx(1, abs=0.01)
    assert likeness(estimate_mark(marked, 3), pattern) > 0.4
    assert abs(likeness(estimate_mark(plain, 3), pattern)) < 0.03
    assert likeness(estimate_mark(marked, 3) - estimate_mark(plain, 3), pattern) > 0.65


def test_remodulation_weakens_and_then_turns_the_mark_round() -> None:
    plain, pattern = pictures(1)[0], mark()
    marked = add_mark(plain, pattern)
    left = [share(parse_attack(f"remodulate:{gain}")(marked), plain, pattern) for gain in (0, 1, 4)]
    assert left[0] == pytest.approx(1, abs=0.01)
    assert left[1] < 0.8
    assert left[2] < 0


def test_average_of_many_pictures_shows_what_they_share() -> None:
    pattern, plain = mark(), pictures(24)
    marked = [add_mark(pixels, pattern) for pixels in plain]
    few, many = (likeness(mean_mark(marked[:n]), pattern) for n in (2, 24))
    assert many > few + 0.05
    assert many > 0.9
    shared = mean_mark(marked[1:])
    gain = share(shared, np.zeros_like(shared), pattern)
    assert share(add_mark(marked[0], shared, -1 / gain), plain[0], pattern) == pytest.approx(0, abs=0.1)


def test_average_of_pictures_of_different_sizes_is_that_of_their_common_corner() -> None:
    first, second = pictures(1)[0], pictures(1, 64, 300)[0]
    expected = (estimate_mark(first[:64]) + estimate_mark(second[:, :256])) / 2
    assert mean_mark([first, second]) == pytest.approx(expected, abs=1e-3)


def test_copied_mark_is_found_in_the_target() -> None:
    (source, target), pattern = pictures(2), mark()
    marked = add_mark(source, pattern)
    assert share(copy_mark(marked, target), target, pattern) > 0.3
    assert share(copy_mark(marked, target, gain=2), target, pattern) > 0.6
    assert abs(share(copy_mark(source, target), target, pattern)) < 0.05


def test_copy_is_evened_out_and_shaped_anew() -> None:
    source, target = pictures(2)
    source[:, :128] = parse_attack("contrast:0.1")(source)[:, :128]  # calm on the left
    target[:, 128:] = parse_attack("contrast:0.1")(target)[:, 128:]  # calm on the right
    change = copy_mark(add_mark(source, mark()), target).astype(float) - target
    assert change[:, :128].std() > 5 * change[:, 128:].std()


def test_copy_uses_the_common_corner() -> None:
    source, target = pictures(1, 80, 120)[0], pictures(1, 100, 90)[0]
    assert copy_mark(source, target).shape == (80, 90, 3)
    assert np.array_equal(copy_mark(source, target, gain=0), target[:80, :90])


@pytest.mark.parametrize(("side", "width"), [(24, 500), (32, 512), (48, 528), (64, 512)])
def test_period_of_a_tile_is_found_and_not_a_multiple(side: int, width: int) -> None:
    plain = pictures(1, 384, width)[0]
    period = find_period(add_mark(plain, tile(side, 384, width)))
    assert period.pixels == side
    assert period.score > 2 * find_period(plain).score


@pytest.mark.parametrize("spec", ["remove_tile:1", "remove_tile:1,period=48", "remove_tile:1,period=96"])
def test_tile_is_removed_without_the_key(spec: str) -> None:
    plain, pattern = pictures(1, 384, 512)[0], tile(48, 384, 512)
    marked = add_mark(plain, pattern)
    cleaned = parse_attack(spec)(marked)
    assert abs(share(cleaned, plain, pattern)) < 0.25
    assert np.mean((cleaned.astype(float) - plain) ** 2) < np.mean((marked.astype(float) - plain) ** 2)


def test_picture_without_a_tile_stays_as_it_is(photo: Pixels) -> None:
    for plain in (photo, *pictures(3), np.full((64, 64, 3), 90, np.uint8), photo[:20, :20]):
        assert np.array_equal(parse_attack("remove_tile")(plain), plain)


@pytest.mark.parametrize(("rule", "expected"), [("mean", 17), ("median", 10), ("middle", 20)])
def test_collusion_joins_copies(rule: str, expected: int) -> None:
    copies = [np.full((20, 20, 3), level, np.uint8) for level in (0, 10, 40)]
    assert (collude(copies, rule) == expected).all()  # type: ignore[arg-type]


def test_collusion_weakens_every_mark() -> None:
    plain = pictures(1)[0]
    copies = [add_mark(plain, mark(seed=seed)) for seed in range(5)]
    joined = collude(copies)
    for seed, copy in enumerate(copies):
        assert share(copy, plain, mark(seed=seed)) == pytest.approx(1, abs=0.01)
        assert share(joined, plain, mark(seed=seed)) == pytest.approx(0.2, abs=0.03)


def test_second_mark_is_added_by_the_embedder(photo: Pixels) -> None:
    pattern = mark()
    assert np.array_equal(remark(photo, lambda x: add_mark(x, pattern)), add_mark(photo, pattern))
    with pytest.raises(UsageError, match="the embedder returned"):
        remark(photo, lambda x: x[:100])


def test_what_does_not_fit_is_refused(photo: Pixels) -> None:
    with pytest.raises(UsageError, match="there are no pictures"):
        mean_mark([])
    with pytest.raises(UsageError, match="does not fit"):
        add_mark(photo, mark(64, 64))
    with pytest.raises(UsageError, match="two or more copies of one size, not 1 of 1"):
        collude([photo])
    with pytest.raises(UsageError, match="not 2 of 2 sizes"):
        collude([photo, photo[:100]])
    with pytest.raises(UsageError, match="uint8 RGB"):
        copy_mark(photo, photo[..., 0])
