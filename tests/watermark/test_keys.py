"""Keys: streams that never change, and secrets that never show."""

from __future__ import annotations

import copy
import hashlib
import hmac
import traceback

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from forensics.errors import UsageError
from forensics.watermark.keys import ORIGINS, Key


def test_streams_are_the_same_for_ever(key: Key) -> None:
    """A change here makes every mark that was ever embedded unfindable."""
    assert key.id == "825de61bd4d0b552"
    assert [int(word) for word in key.stream("roles", 3)] == [
        9288809678104258863,
        8700732803026803289,
        5931695816857403064,
    ]
    assert key.signs("data", 12).tolist() == [1, -1, 1, 1, -1, 1, -1, 1, 1, 1, 1, 1]


@given(secret=st.binary(min_size=32, max_size=32), label=st.text(max_size=12), count=st.integers(1, 40))
def test_stream_is_shake_keyed_by_hmac(secret: bytes, label: str, count: int) -> None:
    text = b"\x00\x06stream" + label.encode()
    seed = hmac.new(secret, text, hashlib.sha256).digest()
    raw = hashlib.shake_256(seed).digest(8 * count)
    expected = [int.from_bytes(raw[i : i + 8], "little") for i in range(0, len(raw), 8)]
    assert [int(word) for word in Key(secret).stream(label, count)] == expected


def test_label_and_message_cannot_be_confused(key: Key) -> None:
    assert key.mac(b"ab", 32, b"c") != key.mac(b"a", 32, b"bc")


def test_id_is_of_the_secret_alone(key: Key, other: Key) -> None:
    assert key.id == Key(key.secret, "another name", "captured").id
    assert key.id != other.id
    assert bytes.fromhex(key.id) not in key.secret


def test_signs_and_phases_look_random(key: Key) -> None:
    signs = key.signs("x", 20_000)
    assert set(np.unique(signs)) == {-1.0, 1.0}
    assert binomtest(int((signs > 0).sum()), len(signs)).pvalue > 1e-4
    agreeing = int((signs[1:] == signs[:-1]).sum())
    assert binomtest(agreeing, len(signs) - 1).pvalue > 1e-4
    phases = key.phases("x", 8000)
    np.testing.assert_allclose(np.abs(phases), 1, atol=1e-6)
    same = int((phases.real * phases.imag > 0).sum())
    assert binomtest(same, len(phases)).pvalue > 1e-4


def test_different_labels_and_keys_have_nothing_in_common(key: Key, other: Key) -> None:
    first = key.signs("a", 20_000)
    for second in (key.signs("b", 20_000), other.signs("a", 20_000)):
        assert abs(float(first @ second)) < 5 * 20_000**0.5


def test_new_keys_differ() -> None:
    keys = [Key.generate("k", "edited") for _ in range(20)]
    assert len({key.secret for key in keys}) == 20
    assert {(len(key.secret), key.name, key.origin) for key in keys} == {(32, "k", "edited")}


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_secret_of_another_size_is_refused_without_showing_it(size: int) -> None:
    secret = b"\xab" * size
    with pytest.raises(UsageError, match=f"32 bytes, not {size}") as caught:
        Key(secret)
    said = "".join(traceback.format_exception(caught.value))
    assert "abab" not in said
    assert "xab" not in said


def test_unknown_origin_is_refused(key: Key) -> None:
    with pytest.raises(UsageError, match="not 'painted'"):
        Key(key.secret, "k", "painted")
    assert {Key(key.secret, "k", origin).origin for origin in ORIGINS} == set(ORIGINS)


def test_secret_is_never_shown(key: Key) -> None:
    _ = key.id
    for shown in (repr(key), str(key), f"{key}", repr([key]), repr(copy.copy(key)), repr({"key": key})):
        assert key.secret.hex() not in shown
        assert repr(key.secret)[2:-1] not in shown
        assert "secret" not in shown
