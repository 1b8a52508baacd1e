"""Whole reports: bounded, every text may be shown, and only pictures that are pictures."""

from __future__ import annotations

import base64

import pytest

from forensics.report.safe import printable
from forensics.scan.detail import Detail, MapPicture
from forensics.scan.page.details import DEPTH, MOST_BRANCHES, MOST_POINTS, detail_record
from forensics.scan.page.plain import LONG

from .samples import HOSTILE, chain, png, report
from .test_plain import texts


def branches(*links: tuple[str, ...]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = detail_record(Detail(report(credentials=chain(*links))))["credentials"][
        "branches"
    ]
    return found


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_every_text_may_be_shown(text: str) -> None:
    record = detail_record(
        Detail(report(text, chain(("0", text), (text,))), (MapPicture(text, text, text, png()),))
    )
    record["maps"][0].pop("png")
    assert all(printable(one, LONG) == one for one in texts(record))


def test_what_people_read_comes_over() -> None:
    record = detail_record(Detail(report("because")))
    assert record["reasons"] == ["First reason because", "second reason"]
    (evidence,) = record["evidence"]
    assert (evidence["weight"], evidence["question"], evidence["grade"]) == (
        "LLR +1.25",
        "altered",
        "opinion",
    )
    assert evidence["calibration"] == "because: 100 without, 90 with. because"
    assert record["opinions"][0]["terms"] == [["jpeg.ghost", 1.25, 1.0, 1.25]]
    assert record["contradictions"] == [
        {"name": "exif_and_iptc", "decisive": True, "summary": "because", "sides": []}
    ]


def test_plots_are_thinned() -> None:
    (series,) = detail_record(Detail(report()))["evidence"][0]["plots"][0]["series"]
    assert 100 < len(series["x"]) == len(series["y"]) <= MOST_POINTS


def test_only_bounded_png_are_maps() -> None:
    maps = [MapPicture("a", str(n), "", data) for n, data in enumerate([png(), b"<svg/>", png(5000, 1), b""])]
    (kept,) = detail_record(Detail(report(), tuple(maps)))["maps"]
    assert base64.b64decode(kept["png"]) == png()


def test_a_diamond_is_drawn_once() -> None:
    drawn = branches(("0", "1", "2"), ("1", "3"), ("2", "3"), ("3",))
    assert [(b["depth"], b["note"]) for b in drawn] == [
        *((0, ""), (1, ""), (2, ""), (1, "")),
        (2, "drawn elsewhere in this chain"),
    ]


def test_a_cycle_and_missing_parts_end() -> None:
    drawn = branches(("0", "0", "", "gone"))
    assert [b["note"] for b in drawn] == [
        *("", "drawn elsewhere in this chain", "no credential of its own", "its credential is missing")
    ]


def test_depth_and_number_are_bounded() -> None:
    deep = branches(*[(str(n), str(n + 1)) for n in range(3 * DEPTH)])
    assert [b["note"] for b in deep] == [""] * DEPTH + ["not drawn: too deep"]
    wide = branches(("0", *["1"] * 5000), ("1",))
    assert len(wide) == MOST_BRANCHES + 1
    assert wide[-1]["note"] == "more than is drawn"
