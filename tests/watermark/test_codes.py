"""Codes against the published tables, and soft decision against maximum likelihood."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.errors import UsageError
from forensics.watermark.codes import LinearCode, bch, generator_polynomial, shortened
from forensics.watermark.payload import LAYOUTS

# Lin & Costello, "Error Control Coding", appendix C: generator polynomials in octal, and sizes of codes.
OCTAL = {
    (6, 10, 18): "1363026512351725",
    (7, 10, 64): "1206534025570773100045",
    (7, 15, 36): "3146074666522075044764574721735",
    (8, 18, 131): "215713331471510151261250277442142024165471",
}
TABLE = {6: {1: 57, 2: 51, 3: 45, 4: 39, 5: 36, 6: 30, 7: 24, 10: 18, 11: 16, 13: 10, 15: 7},
         7: {1: 120, 5: 92, 9: 71, 10: 64, 11: 57, 13: 50, 14: 43, 15: 36, 21: 29, 27: 15, 31: 8},
         8: {1: 247, 10: 179, 18: 131, 31: 55, 47: 29, 63: 9}}  # fmt: skip


@pytest.mark.parametrize(("m", "t", "k"), OCTAL)
def test_generator_polynomial_is_the_published_one(m: int, t: int, k: int) -> None:
    assert oct(generator_polynomial(m, t)) == "0o" + OCTAL[m, t, k]
    assert bch(m, t).size == ((1 << m) - 1, k)
    assert bch(m, t).name == f"BCH({(1 << m) - 1},{k})"


@pytest.mark.parametrize(("m", "t"), [(m, t) for m, rows in TABLE.items() for t in rows])
def test_size_is_the_published_one(m: int, t: int) -> None:
    n = (1 << m) - 1
    assert n - (generator_polynomial(m, t).bit_length() - 1) == TABLE[m][t]


@cache
def every_word(m: int, t: int) -> np.ndarray:
    code = bch(m, t)
    return code.encode(np.array(list(itertools.product((0, 1), repeat=code.size[1])), np.uint8))


@pytest.mark.parametrize(("t", "distance"), [(11, 23), (13, 27), (15, 31)])
def test_least_weight_is_the_published_one(t: int, distance: int) -> None:
    weights = every_word(6, t).sum(axis=1)
    assert weights[weights > 0].min() == distance


@pytest.mark.parametrize("name", LAYOUTS)
def test_no_sum_of_few_rows_is_lighter_than_the_distance(name: str) -> None:
    layout = LAYOUTS[name]
    rows = layout.code.generator
    pairs = rows[:, None] ^ rows[None]
    weights = np.concatenate([rows.sum(axis=1), pairs.sum(axis=2)[np.triu_indices(len(rows), 1)]])
    assert weights.min() >= 2 * layout.errors + 1


@settings(max_examples=25, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(LAYOUTS)))
def test_code_words_are_multiples_of_the_generator(data: st.DataObject, name: str) -> None:
    layout = LAYOUTS[name]
    k = layout.code.size[1]
    message = np.array(data.draw(st.lists(st.integers(0, 1), min_size=k, max_size=k)), np.uint8)
    word = layout.code.encode(message)
    np.testing.assert_array_equal(word[:k], message)
    value, divisor = int("".join(map(str, word)), 2), generator_polynomial(layout.order, layout.errors)
    while value.bit_length() >= divisor.bit_length():
        value ^= divisor << (value.bit_length() - divisor.bit_length())
    assert value == 0


def test_many_messages_at_once_are_the_same_as_one_by_one(rng: np.random.Generator) -> None:
    code = LAYOUTS["standard"].code
    messages = rng.integers(0, 2, (50, 64), dtype=np.uint8)
    np.testing.assert_array_equal(code.encode(messages), np.stack([code.encode(m) for m in messages]))


@pytest.mark.parametrize("noise", [0.6, 0.9, 1.1])
def test_decoder_finds_the_likeliest_of_all_words(rng: np.random.Generator, noise: float) -> None:
    code, words = bch(6, 11), every_word(6, 11)
    signs = 1.0 - 2.0 * words.astype(np.float32)
    for _ in range(60):
        sent = signs[rng.integers(len(words))]
        seen = (sent + rng.normal(0, noise, 63)).astype(np.float32)
        best = int((signs @ seen).argmax())
        (found,) = code.decode(seen)
        np.testing.assert_array_equal(found.message, words[best][:16])
        assert found.correlation == pytest.approx(
            float(signs[best] @ seen) / float(np.abs(seen).sum()), abs=1e-5
        )


def test_several_candidates_come_in_order_the_likeliest_first(rng: np.random.Generator) -> None:
    code, words = bch(6, 13), every_word(6, 13)
    signs = 1.0 - 2.0 * words.astype(np.float32)
    for _ in range(20):
        seen = (signs[rng.integers(len(words))] + rng.normal(0, 1.0, 63)).astype(np.float32)
        found = code.decode(seen, most=3)
        scores = signs @ seen / np.abs(seen).sum()
        numbers = [int("".join(map(str, c.message)), 2) for c in found]  # the list runs through all messages
        assert len(set(numbers)) == 3
        assert numbers[0] == scores.argmax()
        assert [c.correlation for c in found] == pytest.approx(scores[numbers].tolist(), abs=1e-5)
        assert list(scores[numbers]) == sorted(scores[numbers], reverse=True)


@pytest.mark.parametrize("name", LAYOUTS)
def test_more_errors_are_corrected_than_half_the_distance(rng: np.random.Generator, name: str) -> None:
    layout = LAYOUTS[name]
    n, k = layout.code.size
    right = 0
    for _ in range(20):
        message = rng.integers(0, 2, k, dtype=np.uint8)
        sent = 1.0 - 2.0 * layout.code.encode(message).astype(np.float32)
        wrong = rng.choice(n, layout.errors + 2, replace=False)
        reliability = rng.uniform(0.5, 1.5, n)
        reliability[wrong] *= -0.4
        right += np.array_equal(
            layout.code.decode((sent * reliability).astype(np.float32))[0].message, message
        )
    assert right == 20


def test_flipping_three_bits_at_once_reads_more(rng: np.random.Generator) -> None:
    """At noise of 0.92 about four words in five are read; with pairs alone it would be two in three."""
    code, right = LAYOUTS["standard"].code, 0
    for _ in range(150):
        message = rng.integers(0, 2, 64, dtype=np.uint8)
        seen = 1.0 - 2.0 * code.encode(message) + rng.normal(0, 0.92, 127)
        right += np.array_equal(code.decode(seen.astype(np.float32))[0].message, message)
    assert right > 0.72 * 150


def test_quick_decoding_trusts_the_most_reliable_bits(rng: np.random.Generator) -> None:
    code = LAYOUTS["standard"].code
    message = rng.integers(0, 2, 64, dtype=np.uint8)
    sent = (1.0 - 2.0 * code.encode(message)).astype(np.float32)
    weak = sent * np.where(np.arange(127) < 100, 1.0, -0.1).astype(np.float32)
    quick = code.decode(weak, quick=True)
    assert len(quick) == 1
    np.testing.assert_array_equal(quick[0].message, message)
    assert quick[0].correlation == pytest.approx((100 - 2.7) / 102.7, abs=1e-5)


def test_nothing_seen_gives_an_answer_without_agreement() -> None:
    (found,) = LAYOUTS["standard"].code.decode(np.zeros(127, np.float32))
    assert found.correlation == 0
    assert found.message.shape == (64,)


def test_shortened_code_is_a_part_of_the_whole(rng: np.random.Generator) -> None:
    whole = bch(7, 15)
    short = shortened(whole, 32)
    assert (short.name, short.size) == ("BCH(123,32)", (123, 32))
    message = rng.integers(0, 2, 32, dtype=np.uint8)
    longer = whole.encode(np.concatenate([np.zeros(4, np.uint8), message]))
    np.testing.assert_array_equal(longer[4:], short.encode(message))
    assert shortened(whole, 36).size == whole.size


@pytest.mark.parametrize("k", [0, -1, 37])
def test_code_cannot_be_shortened_to_nothing_or_lengthened(k: int) -> None:
    with pytest.raises(UsageError, match="cannot be shortened"):
        shortened(bch(7, 15), k)


@pytest.mark.parametrize(("m", "t"), [(5, 3), (9, 3), (7, 0), (7, -1), (6, 32)])
def test_code_that_does_not_exist_is_refused(m: int, t: int) -> None:
    with pytest.raises(UsageError, match=r"no BCH code|cannot correct"):
        bch(m, t)


def test_code_is_made_once() -> None:
    assert isinstance(bch(7, 10), LinearCode)
    assert LAYOUTS["standard"].code is LAYOUTS["standard"].code
