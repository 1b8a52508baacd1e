"""Thresholds, cells and false alarms, against figures computed by other means."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from forensics.detectors.aligned.storing import Stored
from forensics.detectors.judging import seen
from forensics.detectors.judging.accusing import alarms_of
from forensics.detectors.judging.cells import ALL, SEEN, UNSEEN, cells_of
from forensics.detectors.judging.freezing import freeze, threshold_at
from forensics.detectors.judging.looking import Shown
from forensics.detectors.judging.notes import notes_of
from forensics.detectors.judging.results import Cell, Frozen, Thresholds
from forensics.detectors.judging.seen import record_of, seen_by_row
from forensics.detectors.judging.table import CONTROL, rows_of, tabulated

from .trials import Bright, shown

SEED = np.random.default_rng(5)
REAL, NEAR, FAR = SEED.normal(0, 1, 80), SEED.normal(1, 1, 40), SEED.normal(3, 1, 40)


@pytest.fixture(scope="module")
def lines() -> list[Shown]:
    """Photos, and pictures by two makers, one told apart better; of one of each class nothing is said."""
    found = [shown(f"r{i}", float(s), llr=float(s)) for i, s in enumerate(REAL)]
    for maker, scores in (("near", NEAR), ("far", FAR)):
        found += [
            shown(f"{maker}{i}", float(s), fake=True, maker=maker, llr=float(s)) for i, s in enumerate(scores)
        ]
    return [*found, shown("silent real", None), shown("silent fake", None, fake=True, maker="near")]


@pytest.fixture(scope="module")
def cells(lines: list[Shown]) -> dict[tuple[str, str, str], Cell]:
    limits = Thresholds(
        log10_odds=2.0, corpus="v", rows=(Frozen(row="a.x", score=1.0, photos=100, sources=100),)
    )
    seen = {"a.x": frozenset({"far"})}
    found = cells_of(tabulated(lines, rows_of(lines)), limits, seen, replicates=30)
    return {(c.row, c.maker, c.delivery): c for c in found}


def value(cell: Cell, name: str) -> float:
    figure = cell.figure(name)
    assert figure is not None
    assert figure.low <= figure.value <= figure.high
    return figure.value


def test_cells_are_what_others_compute(cells: dict[tuple[str, str, str], Cell]) -> None:
    truth = [0] * 80 + [1] * 40
    near = cells["a.x", "near", "none"]
    assert value(near, "AUC") == pytest.approx(roc_auc_score(truth, [*REAL, *NEAR]))
    both = cells["a.x", ALL, "none"]
    every = ([0] * 80 + [1] * 80, [*REAL, *NEAR, *FAR])
    assert value(both, "AUC") == pytest.approx(roc_auc_score(*every))
    assert value(both, "AP") == pytest.approx(average_precision_score(*every))
    bits = [np.log2(1 + 10 ** -np.r_[NEAR, FAR]).mean(), np.log2(1 + 10**REAL).mean()]
    assert value(both, "Cllr") == pytest.approx(np.mean(bits))
    assert value(both, "Cllr_min") < value(both, "Cllr")


def test_decisions_are_of_all_pictures_and_silence_accuses_nobody(
    cells: dict[tuple[str, str, str], Cell],
) -> None:
    both = cells["a.x", ALL, "none"]
    assert value(both, "found at frozen 1 %") == pytest.approx((np.r_[NEAR, FAR] >= 1.0).sum() / 81)
    assert value(both, "false alarms at frozen 1 %") == pytest.approx((REAL >= 1.0).sum() / 81)
    assert value(both, "found at odds") == pytest.approx((np.r_[NEAR, FAR] >= 2.0).sum() / 81)
    assert (both.real, both.fake, both.real_answered) == (80, 80, pytest.approx(80 / 81, abs=1e-4))
    fused = cells["fused", ALL, "none"]
    assert (fused.real, fused.fake) == (80, 80)
    assert fused.figure("found at frozen 1 %") is None  # no threshold was fixed for it


def test_makers_that_were_seen_stand_apart(cells: dict[tuple[str, str, str], Cell]) -> None:
    assert {key[1] for key in cells if key[0] == "a.x"} == {ALL, "near", "far", SEEN, UNSEEN}
    assert (cells["a.x", "far", "none"].seen, cells["a.x", "near", "none"].seen) == (True, False)
    unseen, near = cells["a.x", UNSEEN, "none"], cells["a.x", "near", "none"]
    assert value(unseen, "AUC") == value(near, "AUC")
    assert value(cells["a.x", SEEN, "none"], "AUC") > value(unseen, "AUC")
    assert ("fused", SEEN, "none") not in cells


def test_the_control_says_what_the_size_of_files_tells(cells: dict[tuple[str, str, str], Cell]) -> None:
    control = cells[CONTROL, ALL, "none"]
    assert value(control, "AUC") == 0.5  # all of one size
    assert len(control.figures) == 1


def test_a_share_without_spread_has_an_interval_by_source() -> None:
    found = [shown(f"r{i}", 0.0, llr=0.0) for i in range(50)]
    found += [shown(f"f{i}", 3.0, fake=True, llr=3.0) for i in range(50)]
    limits = Thresholds(log10_odds=2.0, corpus="", rows=())
    (cell, *_) = cells_of(tabulated(found, rows_of(found)), limits, {}, replicates=20)
    alarms = cell.figure("false alarms at odds")
    assert alarms is not None
    assert (alarms.value, alarms.low) == (0.0, 0.0)
    assert alarms.high == pytest.approx(0.0713, abs=1e-3)  # Wilson, 0 of 50


@pytest.mark.parametrize(("count", "share"), [(1000, 0.01), (100, 0.01), (99, 0.01), (5, 0.0)])
def test_thresholds_leave_at_most_that_share_above(count: int, share: float) -> None:
    scores = SEED.permutation(np.arange(float(count)))
    limit = threshold_at(scores, share)
    assert (scores >= limit).mean() <= share
    assert (scores >= np.nextafter(limit, -np.inf)).sum() == int(share * count + 1e-9) + 1
    assert threshold_at(np.zeros(50)) > 0  # ties are all above, or none


def test_thresholds_are_fixed_on_photos_that_were_spoken_of() -> None:
    photos = [shown(f"r{i}", float(i), llr=0.1) for i in range(200)] + [shown("silent", None)]
    photos += [shown("f", 1e9, fake=True, maker="m", llr=9.0)]
    found = freeze(tabulated(photos, rows_of(photos)), 2.0, "v")
    by_row = {each.row: each for each in found.rows}
    assert set(by_row) == {"a.x", "fused"}
    assert by_row["a.x"].score == pytest.approx(197.0)
    assert (by_row["a.x"].photos, by_row["a.x"].sources, by_row["fused"].photos) == (200, 200, 200)
    assert found.of("a.x") == by_row["a.x"].score
    assert found.of("b") is None
    silent = [shown("r", None)]
    nothing = freeze(tabulated(silent, ("a.x", *rows_of(silent))), 2.0, "v")
    assert nothing.rows == ()
    assert "Nothing was said of the photos of v" in notes_of([], nothing, Stored("png"))[0]
    none = nothing.model_copy(update={"corpus": ""})
    assert "No photos were kept apart" in notes_of([], none, Stored("png"))[0]


def test_false_alarms_on_photos_alone() -> None:
    photos = [shown(f"r{i}", float(i), llr=i / 10) for i in range(40)] + [shown("silent", None)]
    limits = Thresholds(
        log10_odds=2.0, corpus="v", rows=(Frozen(row="a.x", score=38.5, photos=1, sources=1),)
    )
    found = {(a.row, a.at): a for a in alarms_of(tabulated(photos, rows_of(photos)), "camera", limits)}
    assert set(found) == {("a.x", "odds"), ("a.x", "frozen 1 %"), ("fused", "odds")}
    odds = found["a.x", "odds"]
    assert (odds.pictures, odds.answered, odds.accused) == (41, 40, 20)
    assert found["a.x", "frozen 1 %"].accused == 1
    assert odds.low < 20 / 41 < odds.high


def test_makers_that_papers_name_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    record = record_of(Bright(), ["nearest2", "nearest", "near"], told=["near", "gone"])
    assert record.seen == ("near", "nearest2")
    monkeypatch.setattr(seen, "_card", lambda _: {"data": "trained on near, far", "command": "--without m"})
    assert record_of(Bright(), ["m", "near", "far", "nea"]).seen == ("far", "near")
    assert record_of(Bright(), ["cells8"], notes=["On cells8, and others."]).seen == ("cells8",)
    by_row = seen_by_row([record], {"bright.light": "bright"}, ["bright.light", "fused"])
    assert by_row == {
        "bright.light": frozenset({"near", "nearest2"}),
        "fused": frozenset({"near", "nearest2"}),
    }
    assert seen_by_row([], {}, ["fused"]) == {"fused": frozenset()}
