"""What marks survive, as a drawing."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from forensics.report.survival import FOUND, LEFT, MISSED, RIGHT, UNREAD, WIDTH, Strip, svg_strips

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*strips: Strip, rate: float = 1e-6) -> ElementTree.Element:
    return ElementTree.fromstring(svg_strips("a < b", strips, rate))  # noqa: S314 - our own


def test_every_picture_is_a_dot_and_its_colour_says_what_was_found() -> None:
    page = drawn(Strip("jpeg:50", [-20.0, -8.0, -0.3], [True, False, False]), Strip("none", [-40.0], [True]))
    dots = page.findall(f"{SVG}circle")
    assert [dot.get("fill") for dot in dots] == [FOUND, UNREAD, MISSED, FOUND]
    x = [float(dot.get("cx", "nan")) for dot in dots]
    assert x[3] == pytest.approx(WIDTH - RIGHT)
    assert x[0] == pytest.approx((x[3] + LEFT) / 2)
    texts = [text.text for text in page.findall(f"{SVG}text")]
    assert "2 of 3" in texts
    assert "1 of 1" in texts
    assert texts[0] == "a < b"


def test_the_line_parts_found_from_missed() -> None:
    page = drawn(Strip("blur", [-5.9, -6.1], [False, False]))
    line = next(p for p in page.findall(f"{SVG}path") if p.get("stroke-dasharray"))
    at = float(str(line.get("d"))[1:].split()[0])
    missed, found = (float(dot.get("cx", "nan")) for dot in page.findall(f"{SVG}circle"))
    assert missed < at < found


def test_hostile_names_stay_text() -> None:
    text = svg_strips("t", [Strip('<script>"\x1b[31m\u202e', [-1.0], [False])], 1e-3)
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    ElementTree.fromstring(text)  # noqa: S314 - our own
