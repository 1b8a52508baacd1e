"""Several frames to one answer, with dependence counted."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from forensics.detectors.base import DetectorInfo, not_applicable
from forensics.detectors.buckets import quality_of
from forensics.detectors.over_time import (
    Still,
    autocorrelation,
    effective_number,
    joined,
    joined_p_value,
    over_time,
)
from forensics.errors import UsageError
from forensics.evidence import Calibration, Evidence, Grade, Measurement, Question, Status
from forensics.media import Kind, Media, open_bytes

INFO = DetectorInfo("brightness", "1", "", (Question.SYNTHETIC,), (Kind.IMAGE,), "", "", None, "a test")
KNOWN = Calibration(name="made up", negatives=9, positives=99)


def animation(levels: Sequence[int]) -> Media:
    """A clip whose frames are grey, of these levels."""
    frames = [Image.fromarray(np.full((16, 16, 3), level, np.uint8)) for level in levels]
    file = io.BytesIO()
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], lossless=True, duration=100, loop=0)
    return open_bytes(file.getvalue())


def bright(media: Media) -> tuple[Evidence, ...]:
    """Light speaks for it, with a ratio and a p-value; black says nothing."""
    level = float(media.pixels.mean())
    if level < 10:
        return (not_applicable(INFO, Question.SYNTHETIC, "It is black."),)
    return (
        Evidence(
            detector="brightness", code="brightness.light", question=Question.SYNTHETIC,
            grade=Grade.OPINION, status=Status.SIGNAL if level > 128 else Status.CLEAR,
            summary="The picture is bright." if level > 128 else "The picture is dark.",
            llr=(level - 128) / 128, p_value=1 - level / 255, calibration=KNOWN,
            measurements=(Measurement(name="score", value=level),),
        ),
    )  # fmt: skip


def test_independent_frames_all_count_where_nothing_is_common() -> None:
    rng = np.random.default_rng(0)
    found = [effective_number(rng.normal(size=40), common=0.0) for _ in range(200)]
    assert np.median(found) > 25
    assert max(found) <= 40


def test_effective_number_of_a_process_with_memory_is_that_of_theory() -> None:
    """AR(1) with coefficient a: n (1 - a) / (1 + a) independent values in the long run."""
    rng, a, n = np.random.default_rng(1), 0.6, 4000
    x = np.zeros(n)
    for i, e in enumerate(rng.normal(size=n - 1), 1):
        x[i] = a * x[i - 1] + e
    assert effective_number(x, common=0.0) == pytest.approx(n * (1 - a) / (1 + a), rel=0.15)


def test_the_variance_of_a_mean_is_that_of_so_many_independent_values() -> None:
    rng, n, common = np.random.default_rng(2), 8, 0.5
    means = [
        (np.sqrt(common) * rng.normal() + np.sqrt(1 - common) * rng.normal(size=n)).mean()
        for _ in range(4000)
    ]
    assert 1 / np.var(means) == pytest.approx(n / (1 + (n - 1) * common), rel=0.1)


def test_frames_that_say_the_same_are_one() -> None:
    assert effective_number([0.7] * 8) == pytest.approx(1.0)
    assert joined([0.7] * 8).llr == pytest.approx(0.7)
    assert effective_number([0.3]) == 1.0
    assert (autocorrelation([2.0, 2.0, 2.0]) == 1).all()


@pytest.mark.parametrize("seed", range(5))
def test_bounds(seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=8)
    number = effective_number(values)
    assert 1.0 <= number <= 2.0  # half of it common: two frames at most
    assert joined(values.tolist(), most=0.1, least=-0.1).llr == np.clip(values.mean() * number, -0.1, 0.1)
    assert -1 <= autocorrelation(values).min() <= autocorrelation(values).max() <= 1


def test_joined_p_values_are_valid_for_copies_and_for_independent_ones() -> None:
    rng = np.random.default_rng(3)
    same = [joined_p_value([p] * 8) for p in rng.random(2000)]
    other = [joined_p_value(rng.random(8)) for _ in range(2000)]
    for level in (0.01, 0.05, 0.2):
        assert np.mean(np.array(same) <= level) <= level + 0.02
        assert np.mean(np.array(other) <= level) <= level + 0.02
    assert joined_p_value([0.03]) == 0.03


def test_nothing_to_join_is_told() -> None:
    with pytest.raises(UsageError):
        effective_number([])
    with pytest.raises(UsageError):
        effective_number([1.0], common=1.5)
    with pytest.raises(UsageError):
        joined_p_value([])


def test_a_clip_says_what_its_frames_say() -> None:
    (found,) = over_time(INFO, bright, animation([200, 210, 190, 205, 0]))
    assert found.status is Status.SIGNAL
    assert found.summary == "In 4 of 4 frames looked at: the picture is bright."
    numbers = {m.name: m.value for m in found.measurements}
    assert numbers["frames looked at"] == 5
    assert numbers["frames to which it applies"] == 4
    assert numbers["score"] == pytest.approx(201.25)
    mean = (201.25 - 128) / 128
    assert mean < found.llr <= 1.0  # more than one frame, never more than nine negatives allow
    assert found.p_value == pytest.approx(2 * (1 - 201.25 / 255), abs=1e-6)
    assert found.plots[0].series[0].y[0] == pytest.approx((200 - 128) / 128, abs=1e-3)


def test_frames_that_disagree_outweigh_each_other() -> None:
    (found,) = over_time(INFO, bright, animation([250, 20, 240, 25]))
    assert found.status is Status.CLEAR
    assert abs(found.llr) < 0.3


def test_no_frame_to_which_it_applies() -> None:
    (found,) = over_time(INFO, bright, animation([0, 1]))
    assert found.status is Status.NOT_APPLICABLE
    assert found.summary == "None of 2 frames: It is black."


def test_a_frame_is_no_picture_of_its_own() -> None:
    clip = animation([10, 20, 30])
    frames = [Still(clip, frame) for frame in clip.frames(2)]
    assert len(frames) == 2
    assert (frames[0].pixels == 10).all()
    assert (frames[1].luma == frames[1].pixels[..., 0]).all()
    assert frames[0].container == clip.container
    assert quality_of(frames[0]).pixels == 256
    assert len(over_time(INFO, bright, clip, frames=1)) == 1
