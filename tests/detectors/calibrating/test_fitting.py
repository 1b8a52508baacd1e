"""Calibration by bucket: what gets a scale of its own, what is measured on what, and files."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from forensics.detectors.buckets import Quality
from forensics.detectors.calibrating.fitting import FOLDS, Observation, fit_buckets, folds_of, held_out
from forensics.detectors.calibrating.table import BucketScale, CalibrationTable, load_table
from forensics.errors import RegistryError, UsageError
from forensics.evidence import Question

GOOD, POOR, PNG = (
    Quality("jpeg", 95, 300_000),
    Quality("jpeg", 50, 300_000),
    Quality("lossless", None, 300_000),
)


def observed(count: int, quality: Quality, gap: float, seed: int = 1, start: int = 0) -> list[Observation]:
    """Pairs of a real and a fake picture of one source, `gap` standard deviations apart."""
    rng = np.random.default_rng(seed)
    return [
        Observation(float(rng.normal(gap * fake, 1)), bool(fake), f"s{start + i}", quality)
        for i in range(count)
        for fake in (0, 1)
    ]


@pytest.fixture(scope="module")
def both() -> tuple[BucketScale, ...]:
    seen = observed(100, GOOD, 3.0) + observed(100, POOR, 0.0, seed=2) + observed(12, PNG, 3.0, seed=3)
    return fit_buckets(seen, replicates=60)


def table(buckets: tuple[BucketScale, ...]) -> CalibrationTable:
    return CalibrationTable(
        code="a.x", detector="a", version="1", question=Question.SYNTHETIC, name="own", buckets=buckets
    )


def test_buckets_with_enough_sources_get_a_scale_of_their_own(both: tuple[BucketScale, ...]) -> None:
    expected = {"all", "jpeg", "jpeg.high", "jpeg.high.medium", "jpeg.low", "jpeg.low.medium"}
    assert {b.bucket for b in both} == expected


def test_a_score_weighs_what_it_does_at_that_quality(both: tuple[BucketScale, ...]) -> None:
    own = table(both)
    assert own.llr(4.0, GOOD) > 1.2
    assert abs(own.llr(4.0, POOR)) < 0.4
    assert own.of(PNG).bucket == "all"
    assert own.to_calibration(GOOD).note == "Pictures of the bucket 'jpeg.high.medium'."
    assert not own.needs_resampling


def test_cards_speak_of_the_pictures_of_their_bucket(both: tuple[BucketScale, ...]) -> None:
    cards = {b.bucket: {f.name: f for f in b.figures} for b in both}
    assert cards["jpeg.high"]["AUC"].value == pytest.approx(0.983, abs=0.015)  # Phi(3 / sqrt 2)
    assert cards["jpeg.high"]["Cllr"].value < 0.4
    assert cards["jpeg.low"]["AUC"].value == pytest.approx(0.5, abs=0.1)
    assert cards["jpeg.low"]["Cllr"].value == pytest.approx(1.0, abs=0.1)
    for card in cards.values():
        assert card["Cllr_min"].value <= card["Cllr"].value
        for figure in (card["AUC"], card["Cllr"]):
            assert figure.low - 1e-9 <= figure.value <= figure.high + 1e-9


def test_nothing_is_measured_on_what_it_was_fitted_on() -> None:
    # One source gives all its pictures away by a score of its own: held out, it cannot be known.
    seen = observed(40, GOOD, 0.0)
    marked = [Observation(9.0, True, "alone", GOOD)] * 30
    llrs = held_out([*seen, *marked])
    others = held_out(seen)
    assert np.isfinite(llrs).all()
    assert abs(llrs[-30:]).max() < 1.0
    assert others.shape == (80,)


def test_folds_hold_whole_sources_and_are_even() -> None:
    folds = folds_of([f"s{i // 4}" for i in range(400)])
    assert all(len({int(f) for f in folds[i : i + 4]}) == 1 for i in range(0, 400, 4))
    assert (np.bincount(folds, minlength=FOLDS) == 80).all()
    assert (folds == folds_of([f"s{i // 4}" for i in range(400)])).all()


def test_copies_of_a_source_raise_no_cap() -> None:
    seen = observed(20, GOOD, 8.0) * 9
    scale = fit_buckets(seen, replicates=0)[0].scale
    assert (scale.negatives, scale.negative_sources) == (180, 20)
    assert scale.llr(99.0) == pytest.approx(math.log10(21))


def test_too_few_sources_are_refused_in_numbers() -> None:
    with pytest.raises(UsageError, match="9 real and 9 fake sources gave a score: at least 10"):
        fit_buckets(observed(9, GOOD, 1.0) * 5)


def test_a_table_is_read_as_it_was_written(both: tuple[BucketScale, ...], tmp_path: Path) -> None:
    own = table(both)
    own.save(tmp_path / "t.json")
    assert CalibrationTable.load(tmp_path / "t.json") == own


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "is no calibration table: code: Field required"),
        ("[", "is no calibration table"),
        (None, "cannot read"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "t.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=message):
        CalibrationTable.load(path)


def test_shipped_tables_are_found_by_name(
    both: tuple[BucketScale, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forensics.detectors.calibrating import table as module

    (tmp_path / "tables").mkdir()
    own = table(both)
    own.save(tmp_path / "tables" / "some_finding.json")
    monkeypatch.setattr(module.resources, "files", lambda _: tmp_path)
    assert load_table("some_finding") == own
    for wrong in ("none_such", "../tables/some_finding"):
        with pytest.raises(RegistryError, match="no calibration"):
            load_table(wrong)
    load_table.cache_clear()


def test_a_table_has_each_bucket_once_and_one_for_all(both: tuple[BucketScale, ...]) -> None:
    with pytest.raises(ValueError, match="each bucket once"):
        table((both[0], both[0]))
    with pytest.raises(ValueError, match="bucket 'all'"):
        table(both[1:])
