"""Two curves and a band, as a drawing."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from forensics.report.bands import FRAME, MADE, REAL, Banded, svg_band

SVG = "{http://www.w3.org/2000/svg}"
LEFT, RIGHT, TOP, BOTTOM = FRAME.left, FRAME.width - FRAME.right, FRAME.top, FRAME.height - FRAME.bottom
PLOT = Banded("a < b", "x", "y", (0.0, 1.0, 2.0), (5.0, 9.0, 1.0), (5, 6, 7), (4, 5, 6), (6, 7, 8))


def drawn(plot: Banded) -> ElementTree.Element:
    return ElementTree.fromstring(svg_band(plot))  # noqa: S314 - our own


def points(element: ElementTree.Element | None) -> list[tuple[float, float]]:
    assert element is not None
    pairs = (pair.split(",") for pair in str(element.get("points")).split())
    return [(float(x), float(y)) for x, y in pairs]


def test_curves_and_band_lie_where_they_should() -> None:
    page = drawn(PLOT)
    real, made = page.findall(f"{SVG}polyline")
    assert (real.get("stroke"), made.get("stroke")) == (REAL, MADE)
    middle = (LEFT + RIGHT) / 2
    assert points(made) == [
        (LEFT, pytest.approx((TOP + BOTTOM) / 2)),
        (pytest.approx(middle), TOP),
        (RIGHT, BOTTOM),
    ]
    band = points(page.find(f"{SVG}polygon"))
    assert len(band) == 6
    assert [x for x, _ in band[:3]] == [x for x, _ in reversed(band[3:])]
    lines = points(real)
    for (_, low), (_, line), (_, high) in zip(band[:3], lines, reversed(band[3:]), strict=True):
        assert high < line < low  # down is more


def test_words_stay_text_and_level_curves_are_drawn() -> None:
    texts = [text.text for text in drawn(PLOT).findall(f"{SVG}text")]
    assert texts[:3] == ["a < b", "x", "y"]
    assert "<script" not in svg_band(replace(PLOT, title='<script>"'))
    level = (3.0, 3.0, 3.0)
    page = drawn(replace(PLOT, made=level, real=level, low=level, high=level))
    assert {y for _, y in points(page.find(f"{SVG}polyline"))} == {(TOP + BOTTOM) / 2}
