"""Messages: what fits, and that nobody without the key makes one."""

from __future__ import annotations

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.errors import UsageError
from forensics.watermark.keys import Key
from forensics.watermark.payload import (
    LAYOUTS,
    VERSION,
    Payload,
    identities_of,
    message,
    messages,
    parse_identity,
    read_message,
)

NAMES = sorted(LAYOUTS)


@pytest.mark.parametrize(
    ("name", "bits", "code"),
    [
        ("short", (0, 16, 16), (123, 32)),
        ("standard", (4, 36, 24), (127, 64)),
        ("long", (4, 100, 24), (252, 128)),
    ],
)
def test_layouts_are_as_documented(name: str, bits: tuple[int, int, int], code: tuple[int, int]) -> None:
    layout = LAYOUTS[name]
    assert (layout.version, layout.identity, layout.tag) == bits
    assert layout.code.size == code
    assert layout.size == code[1] == sum(bits)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), name=st.sampled_from(NAMES), secret=st.binary(min_size=32, max_size=32))
def test_message_is_read_back_by_its_key_alone(data: st.DataObject, name: str, secret: bytes) -> None:
    layout, key = LAYOUTS[name], Key(secret)
    identity = data.draw(st.integers(0, 2**layout.identity - 1))
    bits = message(key, identity, layout)
    assert bits.shape == (layout.size,)
    version = VERSION if layout.version else 0
    assert read_message(key, bits, layout) == Payload(name, version, f"{identity:0{layout.digits}x}", True)
    stranger = read_message(Key(bytes(b ^ 1 for b in secret)), bits, layout)
    assert not stranger.verified or layout.tag < 20  # 16 bits agree once in 65536 draws


@pytest.mark.parametrize("name", NAMES)
def test_every_changed_bit_breaks_the_tag(key: Key, name: str) -> None:
    layout = LAYOUTS[name]
    bits = message(key, 12345, layout)
    for i in range(layout.size):
        changed = bits.copy()
        changed[i] ^= 1
        assert not read_message(key, changed, layout).verified, i


# Each tag is the head of one AES block: version and identity, then zeros.
def test_tag_is_aes_of_the_head(key: Key) -> None:
    layout = LAYOUTS["standard"]
    bits = message(key, 0xC0FFEE, layout)
    block = ((VERSION << 36 | 0xC0FFEE) << 88).to_bytes(16, "big")
    secret = key.mac(b"tag", 32, b"standard")
    sealed = Cipher(algorithms.AES(secret), modes.ECB()).encryptor().update(block)  # noqa: S305
    assert "".join(map(str, bits[40:])) == f"{int.from_bytes(sealed, 'big') >> 104:024b}"
    assert "".join(map(str, bits[:40])) == f"{VERSION:04b}{0xC0FFEE:036b}"


def test_tags_of_layouts_have_nothing_in_common(key: Key) -> None:
    assert key.mac(b"tag", 32, b"standard") != key.mac(b"tag", 32, b"long")
    standard, long = (message(key, 5, LAYOUTS[name])[-24:] for name in ("standard", "long"))
    assert not np.array_equal(standard, long)


@pytest.mark.parametrize("name", NAMES)
def test_many_messages_are_those_of_each(key: Key, name: str) -> None:
    layout = LAYOUTS[name]
    numbers = [0, 1, 2**layout.identity - 1, 4711]
    every = messages(key, identities_of(numbers, layout), layout)
    np.testing.assert_array_equal(every, np.stack([message(key, n, layout) for n in numbers]))


@pytest.mark.parametrize("name", NAMES)
def test_random_words_are_never_taken_for_messages(key: Key, name: str, rng: np.random.Generator) -> None:
    layout = LAYOUTS[name]
    words = rng.integers(0, 2, (300, layout.size), dtype=np.uint8)
    assert not any(read_message(key, word, layout).verified for word in words)


@pytest.mark.parametrize("text", ["", "g", "0x1", " 1", "1 ", "-1", "+1", "1_0", "1\n", "\u0661", "1" * 65])
def test_what_is_no_number_is_refused(text: str) -> None:
    for layout in LAYOUTS.values():
        with pytest.raises(UsageError, match="hexadecimal digits"):
            parse_identity(text, layout)


@pytest.mark.parametrize("name", NAMES)
def test_number_that_does_not_fit_is_refused(name: str) -> None:
    layout = LAYOUTS[name]
    largest = 2**layout.identity - 1
    assert parse_identity(f"{largest:X}", layout) == largest
    assert parse_identity(f"000{largest:x}"[-layout.digits - 3 :], layout) == largest
    with pytest.raises(UsageError, match=f"{layout.identity} bits, layout {name}"):
        parse_identity(f"{largest + 1:x}", layout)
