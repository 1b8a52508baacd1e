"""Every maker: of the photo's size, the same for the same numbers, another picture than the photo."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.datasets.procedural import camera
from forensics.detectors.aligned import MAKERS, Made, default_makers, maker_of
from forensics.detectors.aligned.blocks import cells_of, fitted, picture_of
from forensics.detectors.aligned.matching import emphasised, matched
from forensics.detectors.aligned.painted import blob
from forensics.detectors.aligned.storing import Stored, store
from forensics.detectors.aligned.upsampled import convolved
from forensics.errors import ModelError, RegistryError, UsageError

NAMES = MAKERS.names()


def photo(side: int, number: int = 0) -> np.ndarray:
    return camera(np.random.default_rng([5, number]), side, side)


@pytest.mark.parametrize("name", NAMES)
def test_a_maker_keeps_the_size_and_draws_from_its_numbers_alone(name: str) -> None:
    side = MAKERS.get(name).side or 64
    picture = photo(side)
    before = picture.copy()
    make = maker_of(name, side).open()
    made, again, other = (make(picture, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert made.pixels.shape == picture.shape
    assert made.pixels.dtype == np.uint8
    assert np.array_equal(picture, before)
    assert np.array_equal(made.pixels, again.pixels)
    assert not np.array_equal(made.pixels, picture)
    if name != "autoencoder":  # which draws nothing
        assert not np.array_equal(made.pixels, other.pixels)


@pytest.mark.parametrize("name", [n for n in NAMES if MAKERS.get(n).paired])
def test_what_is_paired_shows_the_photo(name: str) -> None:
    side = MAKERS.get(name).side or 64
    picture = photo(side)
    made = maker_of(name, side).open()(picture, np.random.default_rng(0)).pixels
    shared = np.corrcoef(picture.ravel(), made.ravel())[0, 1]
    unrelated = np.corrcoef(picture.ravel(), photo(side, 1).ravel())[0, 1]
    assert shared > 0.8 > unrelated


@pytest.mark.parametrize("name", ["telea", "navier_stokes", "flow_painted"])
def test_what_is_painted_leaves_the_rest_alone(name: str) -> None:
    picture = photo(80)
    made = maker_of(name, 80).open()(picture, np.random.default_rng(4))
    assert made.mask is not None
    assert 0 < made.mask.mean() < 0.5
    assert np.array_equal(made.pixels[~made.mask], picture[~made.mask])


def test_sides_that_do_not_fit_are_refused_with_those_that_do() -> None:
    with pytest.raises(UsageError, match="64"):
        maker_of("flow", 128)
    with pytest.raises(UsageError, match="steps of 8"):
        maker_of("cells8", 100)
    with pytest.raises(RegistryError, match="there are"):
        maker_of("midjourney", 64)
    assert "flow_edited" in default_makers(64)
    assert not {"flow", "gan"} & set(default_makers(64))  # they do not show the photo
    assert set(default_makers(127)) <= set(default_makers(128))


def test_models_of_users_by_their_folder(tmp_path: object) -> None:
    maker = maker_of("codec:codec", 64)
    assert maker.name == "codec_codec"
    drawn = maker_of("model:gan", 32)
    assert (drawn.side, drawn.paired) == (32, False)
    with pytest.raises(UsageError, match="no model"):
        maker_of(f"codec:{tmp_path}/nowhere", 64)
    with pytest.raises(ModelError):
        maker_of("model:video", 32)


def test_a_convolution_near_the_identity_keeps_flat_pictures() -> None:
    flat = np.full((12, 10, 3), 77, np.float32)
    assert np.allclose(convolved(flat, np.random.default_rng(0)), flat, atol=1e-3)


def test_cells_and_pictures_are_inverse() -> None:
    picture = np.random.default_rng(0).normal(size=(24, 16, 3)).astype(np.float32)
    assert np.array_equal(picture_of(cells_of(picture)), picture)
    assert np.array_equal(cells_of(picture)[1, 0], picture[8:16, :8].reshape(-1))


def test_more_latents_lose_less_and_all_of_them_nothing() -> None:
    cells = cells_of(photo(64).astype(np.float32) - 128)

    def loss(latents: int) -> float:
        encoder, decoder = fitted(latents, lapped=False)
        return float(np.square(cells @ encoder @ decoder - cells).mean())

    assert loss(24) > loss(72) > loss(192)
    assert loss(192) < 0.1


def test_a_blob_is_inside_and_uneven() -> None:
    masks = [blob(64, np.random.default_rng(seed)) for seed in range(20)]
    assert all(0.01 < mask.mean() < 0.25 for mask in masks)
    assert len({int(mask.sum()) for mask in masks}) > 10


def test_emphasis_of_nothing_is_the_picture() -> None:
    picture = photo(32)
    assert np.array_equal(emphasised(picture, 0.0), picture)
    assert (
        np.abs(np.diff(emphasised(picture, 1.0).astype(int), axis=0)).mean()
        > np.abs(np.diff(picture.astype(int), axis=0)).mean()
    )


@pytest.mark.parametrize("gain", [-0.5, 0.6])
def test_matching_takes_as_many_bytes_as_the_photo(gain: float) -> None:
    picture, how = photo(96), Stored("jpeg", 90, "420")
    made = Made(emphasised(picture, gain))
    wanted = len(store(picture, how))
    before, after = (abs(len(store(m.pixels, how)) - wanted) for m in (made, matched(made, picture, how)))
    assert after <= 0.02 * wanted < 0.05 * wanted < before


def test_matching_changes_what_was_painted_alone() -> None:
    picture = photo(96)
    mask = np.zeros((96, 96), bool)
    mask[20:60, 20:60] = True
    made = Made(np.where(mask[..., None], np.uint8(90), picture), mask)
    done = matched(made, picture, Stored("png"))
    assert np.array_equal(done.pixels[~mask], picture[~mask])
