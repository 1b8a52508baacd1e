"""What decoders sign with, against the search that is to find it."""

import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.watermark.decoders import (
    BITS,
    CONTRACT,
    accuracies,
    raw_tile,
    read_raw,
    signature,
    signed_tile,
    tile_agreement,
)
from forensics.watermark.identification import Users
from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, SIGNED
from forensics.watermark.spread.carriers import make_plan
from forensics.watermark.statistics import bit_match_p_value
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


@pytest.mark.parametrize("many", [2, 3, 5])
def test_holders_who_mix_their_tiles_accuse_nobody_else(many):
    identities = [f"{7919**2 * (number + 1):x}" for number in range(200)]
    users, guilty = Users(KEY, identities, version=SIGNED), identities[60 : 60 + many]
    mixed = np.mean([signature(KEY, one).tile for one in guilty], axis=0)
    found = detect(picture(mixed, side=128, seed=many), [KEY])
    assert found.detected  # what they have in common stays
    who = users.identify(found.bits(127))
    assert who.identity in guilty or who.log10_p > -3
    if many == 2:
        assert who.identity in guilty
        assert who.log10_p < -3


def test_what_cannot_be_read_has_bits_of_every_layout():
    mixed = np.mean([signature(KEY, f"{7919 * n:x}").tile for n in range(1, 6)], axis=0)
    found = detect(picture(mixed, side=128), [KEY])
    assert (found.detected, found.payload) == (True, None)
    sizes = {layout.code.size[0] for layout in LAYOUTS.values()}
    assert {len(found.bits(size)) for size in sizes} == sizes
    assert found.bits(1) is None
    read = detect(picture(signature(KEY, "1").tile, side=128), [KEY])
    assert read.otherwise == ()
    assert read.bits(127) is read.likelihoods


def test_identities_have_to_fit():
    with pytest.raises(UsageError, match="36 bits"):
        signature(KEY, "f" * 10)


def test_agreement_with_a_tile_is_of_unit_variance_without_it_and_grows_with_it():
    tile = signature(KEY, "c0ffee").tile
    found = [tile_agreement(picture(np.zeros((64, 64)), seed=seed), tile) for seed in range(60)]
    assert abs(np.mean(found)) < 0.5
    assert 0.6 < np.std(found) < 1.4
    weak, strong = (tile_agreement(picture(tile, strength), tile) for strength in (1.0, 4.0))
    assert 3 < weak < strong
    assert abs(tile_agreement(picture(tile, 4.0), signature(Key(bytes(32)), "1").tile)) < 5


def bits_by_chance(count=BITS, seed=5):
    return np.random.default_rng([seed, count]).choice(np.array([-1, 1], np.float32), count)


def by_hand(luma, plan, count):
    """Return sums of signs over the bins of a tile that lies where it was put, from the definition alone."""
    height, width = (size // 64 for size in luma.shape)
    tile = luma[: 64 * height, : 64 * width].reshape(height, 64, width, 64).mean(axis=(0, 2))
    y, x = np.indices((64, 64))
    total = np.zeros(count)
    parts = len(plan.data)
    for number, one in enumerate(plan.data):
        across, down = plan.bins.frequency[one]
        value = (tile * np.exp(-2j * np.pi * (across * x + down * y) / 64)).sum()
        for part, number_of_part in ((value.real, number), (value.imag, number + parts)):
            total[plan.data_bits[number_of_part]] += part * plan.data_signs[0, number_of_part]
    return total


@pytest.mark.parametrize("count", [16, BITS])
def test_raw_bits_are_the_signs_of_their_bins(count):
    bits, plan = bits_by_chance(count), make_plan(KEY, count)
    tile = raw_tile(KEY, bits)
    assert np.mean(tile**2) == pytest.approx(1.0, abs=1e-5)
    assert (np.sign(by_hand(tile, plan, count)) == bits).all()
    pixels = picture(tile, seed=1)
    assert (np.sign(by_hand(pixels[..., 0].astype(float), plan, count)) == bits).all()
    found = read_raw(pixels, KEY, count)
    assert found.soft.shape == (count,)
    assert (np.sign(found.soft) == bits).all()
    assert found.log10_sync < -9


def test_raw_bits_are_read_wherever_the_tile_begins_and_however_it_is_turned():
    bits = bits_by_chance()
    pixels = picture(raw_tile(KEY, bits), seed=2)
    for other in (np.roll(pixels, (7, 30), (0, 1)), pixels[:, ::-1], np.rot90(pixels)):
        assert (read_raw(np.ascontiguousarray(other), KEY).soft * bits > 0).all()


def test_bits_read_where_there_are_none_are_no_more_than_chance():
    plain, bits = picture(np.zeros((64, 64)), side=64), bits_by_chance()
    for found in (read_raw(plain, Key(bytes([n]) * 32)) for n in range(2)):
        right = int((found.soft * bits > 0).sum())
        assert bit_match_p_value(right, BITS) > 1e-4
        assert found.log10_sync > -4


def test_a_picture_that_is_too_small_to_be_searched_has_no_bits():
    found = read_raw(np.zeros((31, 40, 3), np.uint8), KEY)
    assert (found.soft == 0).all()
    assert found.log10_sync == 0.0


def test_accuracies_are_the_shares_of_bits_right_after_each_attack():
    bits = bits_by_chance()
    pictures = [picture(raw_tile(KEY, bits), side=128, seed=seed) for seed in (3, 4)]
    found = accuracies(pictures, KEY, bits, ("none", "jpeg:80"))
    assert found == {"none": 1.0, "jpeg:80": 1.0}
    wrong = bits.copy()
    wrong[:12] *= -1
    assert accuracies(pictures, KEY, wrong, ("none",)) == {"none": 0.75}
    with pytest.raises(UsageError):
        accuracies(pictures, KEY, bits, ("no such attack",))


def test_the_contract_is_one_of_attacks_and_shares():
    assert CONTRACT["none"] == max(CONTRACT.values()) <= 1
    assert min(CONTRACT.values()) > 41 / BITS  # what 1e-6 asks for, on average
