"""Whom a mark was made for, also where it cannot be decoded any more."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from forensics.errors import UsageError
from forensics.watermark.identification import Users
from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, message, read_message
from forensics.watermark.statistics import RADEMACHER
from forensics.watermark.watermarker import Watermarker

from .conftest import Scene

NAMES = [f"{7919 * i:x}" for i in range(1, 2001)]


@pytest.fixture(scope="module")
def users(key: Key) -> Users:
    return Users(key, NAMES)


def word_of(key: Key, identity: str, layout: str = "standard") -> np.ndarray:
    chosen = LAYOUTS[layout]
    return 1 - 2 * chosen.code.encode(message(key, int(identity, 16), chosen)).astype(np.float32)


def test_scores_are_the_plain_correlations(users: Users, key: Key, rng: np.random.Generator) -> None:
    seen = rng.standard_normal(127).astype(np.float32)
    words = np.stack([word_of(key, name) for name in NAMES])
    scores = words @ seen / np.linalg.norm(seen)
    found = users.identify(seen)
    best, second = np.argsort(-scores)[:2]
    assert (found.user, found.identity) == (best, NAMES[best])
    assert found.agreement == pytest.approx(scores[best] / 127**0.5, abs=1e-5)
    assert found.runner_up == pytest.approx(scores[second] / 127**0.5, abs=1e-5)
    tail = words[best][40:] @ seen[40:] / np.linalg.norm(seen[40:])  # the tag and the parity
    expected = norm.logsf(tail) / math.log(10) + math.log10(RADEMACHER * 2000)
    assert found.log10_p == pytest.approx(min(0, expected), abs=1e-4)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_every_layout_finds_its_users(key: Key, rng: np.random.Generator, layout: str) -> None:
    names = [f"{i:x}" for i in range(300)]
    users = Users(key, names, layout)
    assert len(users) == 300
    for user in (0, 17, 299):
        word = word_of(key, names[user], layout)
        found = users.identify((word + rng.normal(0, 0.8, len(word))).astype(np.float32))
        assert found.user == user
        assert found.log10_p < -6


def test_mark_of_nobody_is_assigned_to_nobody(users: Users, rng: np.random.Generator) -> None:
    surest = [users.identify(rng.standard_normal(127).astype(np.float32)).log10_p for _ in range(400)]
    for limit in (-1.0, -2.0):
        assert sum(p <= limit for p in surest) <= 400 * 10**limit + 3 * (400 * 10**limit) ** 0.5
    assert min(surest) > -4


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_user_who_is_not_listed_is_not_taken_for_a_neighbour(key: Key, layout: str) -> None:
    """Identities that were counted up share most bits; a perfect mark of the next one is still nobody's."""
    users = Users(key, [f"{i:x}" for i in range(1, 1001)], layout)
    surest = [users.identify(word_of(key, f"{i:x}", layout)).log10_p for i in range(1001, 1401)]
    assert sum(p <= -1 for p in surest) <= 60
    assert sum(p <= -2 for p in surest) <= 12
    assert min(surest) > -4


def test_scale_of_soft_bits_does_not_matter(users: Users, key: Key, rng: np.random.Generator) -> None:
    seen = (word_of(key, NAMES[3]) + rng.normal(0, 1, 127)).astype(np.float32)
    assert users.identify(seen).log10_p == pytest.approx(users.identify(seen * 1000).log10_p, abs=1e-3)


def test_nothing_seen_is_nobody(users: Users) -> None:
    assert users.identify(np.zeros(127, np.float32)).log10_p == 0


def test_one_user_has_no_runner_up(key: Key) -> None:
    found = Users(key, ["abc"]).identify(word_of(key, "abc"))
    assert (found.identity, found.agreement) == ("abc", pytest.approx(1))
    assert found.runner_up == -math.inf


def test_user_is_told_where_the_payload_cannot_be_read(
    key: Key, users: Users, marker: Watermarker, scene: Scene, rng: np.random.Generator
) -> None:
    layout = LAYOUTS["standard"]
    found = marker.detect(marker.embed(scene(61, 256, 256), NAMES[99]).pixels)
    clean = found.likelihoods / np.abs(found.likelihoods).mean()
    lost = told = wrong = 0
    for _ in range(20):
        seen = (clean + rng.normal(0, 1.2, 127)).astype(np.float32)
        lost += not read_message(key, layout.code.decode(seen)[0].message, layout).verified
        who = users.identify(seen)
        told += who.user == 99 and who.log10_p < -3
        wrong += who.user != 99 and who.log10_p < -3
    assert lost >= 10
    assert told >= 15
    assert wrong == 0


def test_wrong_lists_are_refused(key: Key, users: Users) -> None:
    with pytest.raises(UsageError, match="at least one user"):
        Users(key, [])
    with pytest.raises(UsageError, match="same identity"):
        Users(key, ["1", "a", "01"])
    with pytest.raises(UsageError, match="hexadecimal"):
        Users(key, ["1", "xyz"])
    with pytest.raises(UsageError, match="no layout 'huge'"):
        Users(key, ["1"], "huge")
    for bits in (0, 126, 252):
        with pytest.raises(UsageError, match=f"the mark has {bits} bits"):
            users.identify(np.zeros(bits, np.float32))
