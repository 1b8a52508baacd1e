"""Text of hostile files stays text: printable, bounded, and nothing that ends a script."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.report.safe import printable
from forensics.scan.page.plain import LONG, MOST_ITEMS, as_script, plain, plain_tree
from forensics.scan.page.records import row_record

from .samples import HOSTILE, row

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    return [value] if isinstance(value, str) else []


@given(st.text(st.characters()), st.integers(5, 50))
def test_plain_is_printable_by_a_shorter_way(text: str, limit: int) -> None:
    assert plain(text, limit) == printable(text, limit)


@given(VALUES)
def test_a_script_gives_back_the_value_and_holds_no_markup(value: object) -> None:
    script = as_script(value)
    assert script.isascii()
    assert "<" not in script
    assert "\n" not in script
    inner = script.removeprefix("JSON.parse(").removesuffix(")")
    assert json.loads(json.loads(inner)) == value


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_every_text_of_a_record_may_be_shown(text: str) -> None:
    made = plain_tree({text: [text, (text, {"a": text})], "number": 1.5, "flag": True, "none": None})
    assert all(printable(one, LONG) == one for one in texts(made))
    assert (made["number"], made["flag"], made["none"]) == (1.5, True, None)


def test_lists_are_bounded() -> None:
    assert len(plain_tree(["x"] * 10_000)) == MOST_ITEMS


def test_a_record_keeps_the_exact_id_where_it_cannot_be_shown() -> None:
    assert "exact_id" not in row_record(row(1))
    hostile = row(1, id="a/\u202egpj.exe")
    record = row_record(hostile)
    assert (record["id"], record["exact_id"]) == ("a/\\u202egpj.exe", hostile.id)
