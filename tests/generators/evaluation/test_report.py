"""All measures together, beside the same of real pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.generators.evaluation.report import Measure, Report, Spread, evaluate

RGB = np.ndarray
WITHOUT = ["sliced_wasserstein_32", "sliced_wasserstein_16", "sliced_wasserstein", "spectral_distance"]
WITH = ["frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage"]


class Thumbnails:
    """Features that show what they are made of: 4 x 4 cells of luminance."""

    name = "thumbnails"

    def __call__(self, pictures: RGB) -> RGB:
        return pictures.reshape(len(pictures), 4, 8, 4, 8, 3).mean(axis=(2, 4, 5)).reshape(-1, 16) / 255


def by_name(report: Report) -> dict[str, Measure]:
    return {measure.name: measure for measure in report.measures}


@pytest.fixture(scope="module")
def alike(pictures: RGB) -> Report:
    """Real pictures against real ones."""
    return evaluate(pictures[:32], pictures[32:], features=Thumbnails(), seed=5)


@pytest.fixture(scope="module")
def damaged(pictures: RGB, blurred) -> Report:
    return evaluate(blurred(pictures[:32], 1.5), pictures[32:])


def test_every_measure_stands_beside_that_of_real_pictures(alike: Report) -> None:
    report = alike
    assert [measure.name for measure in report.measures] == WITHOUT + WITH
    assert (report.width, report.height, report.features) == (32, 32, "thumbnails")
    assert (report.count, report.made, report.real) == (32, 32, 64)
    for measure in report.measures:
        for spread in (measure.made, measure.real):
            assert spread.low <= spread.mean <= spread.high
        assert measure.more_is_nearer is (measure.name in WITH[2:])
    assert report.copies is None
    assert report.control is None


def test_the_same_seed_gives_the_same_report(pictures: RGB) -> None:
    def done(seed: int) -> Report:
        return evaluate(
            pictures[:20], pictures[20:70], train=pictures[70:], features=Thumbnails(), splits=2, seed=seed
        )

    first = done(1)
    assert first == done(1)
    assert first.measures != done(2).measures


def test_damage_is_beyond_what_chance_gives(damaged: Report, alike: Report) -> None:
    report = by_name(damaged)
    assert report["spectral_distance"].beyond
    assert report["sliced_wasserstein_32"].beyond
    without = by_name(alike)["spectral_distance"]
    assert without.made.mean < report["spectral_distance"].made.mean / 3


def test_lost_variety_shows_in_features(pictures: RGB) -> None:
    lost = np.repeat(pictures[:2], 16, axis=0)
    found = by_name(evaluate(lost, pictures[32:], features=Thumbnails()))
    assert found["recall"].beyond
    assert found["coverage"].beyond
    assert found["frechet_distance"].beyond
    assert found["kernel_distance"].beyond


@pytest.mark.parametrize(("made", "real", "count"), [(16, 64, 16), (30, 64, 30), (31, 40, 20), (8, 17, 8)])
def test_both_sides_have_as_many(pictures: RGB, made: int, real: int, count: int, monkeypatch) -> None:
    from forensics.generators.evaluation import report as module

    seen: list[tuple[int, int]] = []
    original = module.figures
    monkeypatch.setattr(
        module,
        "figures",
        lambda a, b, s: seen.append((len(a.pictures), len(b.pictures))) or original(a, b, s),
    )
    report = evaluate(pictures[:made], pictures[made:][:real], splits=2)
    assert report.count == count
    assert seen == [(count, count)] * 4


def test_halves_share_no_picture(pictures: RGB, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture on both sides would make real pictures nearer to each other than they are."""
    from forensics.generators.evaluation import report as module

    pairs: list[set[bytes]] = []
    original = module.figures
    monkeypatch.setattr(
        module,
        "figures",
        lambda a, b, s: (
            pairs.append({p.tobytes() for p in a.pictures} & {p.tobytes() for p in b.pictures})
            or original(a, b, s)
        ),
    )
    evaluate(pictures[:20], pictures[20:], splits=3)
    assert pairs == [set()] * 6


@pytest.mark.parametrize(("sizes", "count"), [([4] * 16, 20), ([1, 9, 3, 3, 8, 2, 12, 4], 15), ([5] * 7, 15)])
def test_squares_of_one_picture_stay_on_one_side(
    pictures: RGB, sizes: list[int], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On both, they would make halves of real pictures nearer to each other than new pictures can be."""
    from forensics.generators.evaluation import report as module

    real = np.split(pictures[20 : 20 + sum(sizes)], np.cumsum(sizes)[:-1])
    origin = {square.tobytes(): number for number, part in enumerate(real) for square in part}
    halves: list[list[set[int]]] = []
    original = module.figures

    def noted(a, b, s):
        halves.append([{origin.get(p.tobytes(), -1) for p in half.pictures} for half in (a, b)])
        return original(a, b, s)

    monkeypatch.setattr(module, "figures", noted)
    report = evaluate(pictures[:20], real, splits=4)
    assert (report.count, report.real) == (count, sum(sizes))
    assert all(first.isdisjoint(second) for first, second in halves)
    assert len({frozenset(second) for _, second in halves}) > 1


def test_squares_of_too_few_pictures_are_refused(pictures: RGB) -> None:
    with pytest.raises(UsageError, match="cut from too few"):
        evaluate(pictures[:10], [pictures[10:30], pictures[30:40]])
    with pytest.raises(UsageError, match="one alone gave 30 of 30"):
        evaluate(pictures[:10], [pictures[10:40]])
    with pytest.raises(UsageError, match="at least 1 pictures, not 0"):
        evaluate(pictures[:10], [])
    with pytest.raises(UsageError, match="at least 16 pictures, not 6"):
        evaluate(pictures[:10], [pictures[10:13], pictures[30:33]])
    with pytest.raises(UsageError, match="differ in size"):
        evaluate(pictures[:10], [pictures[10:30], pictures[30:50, :30, :30]])


def test_spectra_have_a_band(damaged: Report) -> None:
    spectra = damaged.spectra
    assert len(spectra.frequencies) == 16
    assert all(
        low <= real <= high for low, real, high in zip(spectra.low, spectra.real, spectra.high, strict=True)
    )
    assert all(m < low for m, low in zip(spectra.made[6:], spectra.low[6:], strict=True))


def test_copies_stand_beside_those_of_chance(pictures: RGB) -> None:
    made = pictures[:24].copy()
    made[3] = pictures[90]
    made[4] = cv2.GaussianBlur(pictures[91], (0, 0), 0.5)
    report = evaluate(made, pictures[24:60], train=pictures[60:])
    assert report.copies is not None
    assert report.control is not None
    assert report.copies.copied == 2
    assert (report.control.copied, report.control.count) == (0, 36)


def test_progress_ends_at_all_of_the_work(pictures: RGB) -> None:
    for options in ({}, {"features": Thumbnails()}, {"train": pictures[60:]}):
        told: list[float] = []
        evaluate(pictures[:10], pictures[10:40], splits=2, advance=told.append, **options)
        assert told == sorted(told)
        assert told[-1] == pytest.approx(1.0)
        assert len(told) >= 6


def test_beyond_is_without_overlap() -> None:
    near, far = Spread(1, 0.5, 2), Spread(3, 2.5, 4)
    assert Measure("d", "d", far, near).beyond
    assert not Measure("d", "d", near, far).beyond
    assert not Measure("d", "d", Spread(2, 1.5, 3), near).beyond
    assert Measure("p", "p", near, far, more_is_nearer=True).beyond
    assert not Measure("p", "p", far, near, more_is_nearer=True).beyond
    assert not Measure("p", "p", Spread(2, 1.5, 3), far, more_is_nearer=True).beyond


def test_sets_that_cannot_be_compared_are_refused(pictures: RGB) -> None:
    for made, real, train, splits, message in (
        (pictures[:7], pictures, None, 4, "at least 8 pictures, not 7"),
        (pictures[:10], pictures[:15], None, 4, "at least 16 pictures, not 15"),
        (pictures[:10, :, :30], pictures, None, 4, "differ in size: 32 x 30 and 32 x 32"),
        (pictures[:10], pictures, pictures[:, :30], 4, "differ in size"),
        (pictures[:10], pictures, pictures[:1], 4, "training pictures must be at least 2"),
        (pictures[:10].astype(float), pictures, None, 4, "must be pictures"),
        (pictures[:10], pictures, None, 1, "at least two splits"),
    ):
        with pytest.raises(UsageError, match=message):
            evaluate(made, real, train=train, splits=splits)
