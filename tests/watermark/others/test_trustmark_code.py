"""TrustMark's data layout: the words that it makes itself, and what its code corrects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.watermark.codes import generator_polynomial
from forensics.watermark.others.base import bits_of, digits
from forensics.watermark.others.trustmark_code import SCHEMAS, Schema, decode, encode

# Both from TrustMark: the first from the tests of its Rust crate, the others computed by its Python package.
PAYLOAD = "1011011110011000111111000000011111011111011100000110110110111"
WORD = PAYLOAD + "00011001010110111101001101100001000" + "0001"
OTHERS = json.loads(Path(__file__).with_name("library_words.json").read_text())["trustmark"]


def schema(name: str) -> Schema:
    return next(s for s in SCHEMAS if s.name == name)


def random_payload(rng: np.random.Generator, chosen: Schema) -> str:
    return digits(rng.integers(0, 2, chosen.data, dtype=np.uint8))


def test_published_word() -> None:
    found = decode(bits_of(WORD))
    assert found is not None
    assert (found.payload, found.schema, found.corrected) == (PAYLOAD, "BCH_5", 0)
    assert digits(encode(PAYLOAD, schema("BCH_5"))) == WORD


@pytest.mark.parametrize("record", [r for r in OTHERS if "payload" in r], ids=lambda r: r["schema"])
def test_words_of_the_library(record: dict[str, Any]) -> None:
    assert digits(encode(record["payload"], schema(record["schema"]))) == record["word"]
    found = decode(bits_of(record["word"]))
    assert found is not None
    assert found.payload == record["payload"]


def test_text_of_the_library() -> None:
    (record,) = (r for r in OTHERS if "text" in r)
    found = decode(bits_of(record["word"]))
    assert found is not None
    assert found.text == record["text"]


@given(st.sampled_from(SCHEMAS), st.integers(0, 2**32 - 1))
def test_as_many_errors_as_promised_are_corrected(chosen: Schema, seed: int) -> None:
    rng = np.random.default_rng(seed)
    payload, count = random_payload(rng, chosen), int(rng.integers(0, chosen.errors + 1))
    word = encode(payload, chosen)
    word[rng.choice(96, count, replace=False)] ^= 1
    found = decode(word)
    assert found is not None
    assert (found.payload, found.schema, found.corrected) == (payload, chosen.name, count)


@pytest.mark.parametrize("chosen", SCHEMAS, ids=lambda s: s.name)
def test_one_error_more_is_not_corrected(chosen: Schema, rng: np.random.Generator) -> None:
    for _ in range(20):
        payload = random_payload(rng, chosen)
        word = encode(payload, chosen)
        word[rng.choice(96, chosen.errors + 1, replace=False)] ^= 1
        found = decode(word)
        assert found is None or found.payload != payload


def test_random_words_are_accepted_as_often_as_is_said(rng: np.random.Generator) -> None:
    weakest = schema("BCH_3")
    assert weakest.chance == pytest.approx((1 + 96 + 96 * 95 / 2 + 96 * 95 * 94 / 6) / 2**21)
    words = rng.integers(0, 2, (800, 100), dtype=np.uint8)
    words[:, -2:] = 1
    accepted = sum(decode(word) is not None for word in words)
    deviation = np.sqrt(800 * weakest.chance * (1 - weakest.chance))
    assert abs(accepted - 800 * weakest.chance) < 4 * deviation


@pytest.mark.parametrize("chosen", [s for s in SCHEMAS if s.padding], ids=lambda s: s.name)
def test_zeros_that_are_not_embedded_cannot_be_wrong(chosen: Schema) -> None:
    divisor = generator_polynomial(7, chosen.errors)
    parity = 1 << chosen.parity  # the last of those zeros as a one: one error, where there can be none
    while parity.bit_length() >= divisor.bit_length():
        parity ^= divisor << (parity.bit_length() - divisor.bit_length())
    word = encode("0" * chosen.data, chosen) ^ bits_of(f"{parity:096b}0000")
    assert decode(word) is None


def test_other_lengths_are_no_words() -> None:
    assert decode(np.zeros(99, np.uint8)) is None
