"""Hostile text is shown, never obeyed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.report.safe import HIDDEN, printable


@given(st.text())
def test_nothing_hidden_survives(text: str) -> None:
    shown = printable(text, 1000)
    assert not any(unicodedata.category(c) in HIDDEN for c in shown)
    assert len(shown) <= 1000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain äöü 写真 😀", "plain äöü 写真 😀"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\nb\u2028c", "a\\x0ab\\u2028c"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_examples(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_long_text_is_cut() -> None:
    assert printable("x" * 500, 10) == "x" * 9 + "…"
    assert printable("x" * 10, 10) == "x" * 10
