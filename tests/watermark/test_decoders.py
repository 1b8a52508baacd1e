"""What decoders sign with, against the search that is to find it."""

import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.watermark.decoders import agreement, signature, signed_tile
from forensics.watermark.identification import Users
from forensics.watermark.keys import Key
from forensics.watermark.payload import SIGNED
from forensics.watermark.spread.carriers import make_plan
from forensics.watermark.watermarker import detect

KEY = Key(bytes(range(32)))


def picture(tile, strength=5.0, side=192, seed=0):
    """Return noise around grey with a tile on it, as RGB."""
    rng = np.random.default_rng(seed)
    noise = 128 + 12 * rng.standard_normal((side, side))
    repeated = np.tile(tile, (side // 64, side // 64))
    luma = np.clip(np.rint(noise + strength * repeated), 0, 255).astype(np.uint8)
    return np.repeat(luma[..., None], 3, axis=2)


def test_tiles_have_unit_mean_square_and_no_mean():
    tile = signature(KEY, "c0ffee").tile
    assert tile.shape == (64, 64)
    assert tile.dtype == np.float32
    assert np.mean(tile**2) == pytest.approx(1.0, abs=1e-5)
    assert tile.mean() == pytest.approx(0.0, abs=1e-5)


def test_the_search_for_marks_finds_and_reads_them():
    signed = signature(KEY, "c0ffee123")
    found = detect(picture(signed.tile), [KEY])
    assert found.detected
    assert found.payload == signed.payload
    assert found.payload.version == SIGNED
    assert found.copied is None  # nothing binds them to a picture, so nobody is accused


def test_nothing_is_found_without_them_or_with_another_key():
    assert not detect(picture(np.zeros((64, 64))), [KEY]).detected
    assert not detect(picture(signature(KEY, "1").tile), [Key(bytes(32))]).detected


def test_tiles_of_other_keys_and_identities_differ():
    tile, other, foreign = (signature(k, i).tile for k, i in ((KEY, "1"), (KEY, "2"), (Key(bytes(32)), "1")))
    assert abs(np.mean(tile * foreign)) < 0.15
    assert np.mean(tile * other) < 0.9  # what finds them is the same


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_share_of_what_finds_them_is_as_asked_for(share):
    plan = make_plan(KEY, 48)
    code = np.ones(48, np.float32)
    power = np.abs(np.fft.rfft2(signed_tile(plan, code, share))) ** 2
    bins = power[plan.bins.rows, plan.bins.columns]
    assert bins[plan.sync].sum() / bins.sum() == pytest.approx(share, abs=1e-4)
    assert bins[plan.bind].sum() == pytest.approx(0.0, abs=1e-3)


def test_marks_of_decoders_are_told_apart_by_user():
    identities = [f"{number:x}" for number in range(40)]
    users = Users(KEY, identities, version=SIGNED)
    for number in (0, 17, 39):
        found = detect(picture(signature(KEY, identities[number]).tile, seed=number), [KEY])
        said = users.identify(found.likelihoods)
        assert said.user == number
        assert said.log10_p < -4
    others = Users(KEY, identities[:17], version=SIGNED)
    assert others.identify(found.likelihoods).log10_p > -3  # its user is not on the list


def test_identities_have_to_fit():
    with pytest.raises(UsageError, match="36 bits"):
        signature(KEY, "f" * 10)


def test_who_has_the_tile_sees_without_a_key_how_well_a_picture_agrees_with_it():
    tile, other = signature(KEY, "1").tile, signature(Key(bytes(32)), "1").tile
    weak, strong = (agreement(picture(tile, strength), tile) for strength in (0.5, 5.0))
    assert 3.0 < weak < strong
    unmarked = [agreement(picture(np.zeros((64, 64)), seed=seed), tile) for seed in range(20)]
    assert abs(np.mean(unmarked)) < 1.0
    assert 0.5 < np.std(unmarked) < 1.6
    assert abs(agreement(picture(tile), other)) < 5.0
    large = picture(tile, side=1024)
    assert agreement(large, tile) > strong
