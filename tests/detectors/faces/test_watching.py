"""From a clip to blinks, and to evidence: with a network that stands in, and with refusals."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.detectors.faces.blink import BlinkDetector
from forensics.detectors.faces.blinks import RATES, at_most, find_blinks
from forensics.detectors.faces.people import people_in
from forensics.detectors.faces.reading import frames_of, rate_of
from forensics.detectors.faces.telling import NOTICED, measured, too_few
from forensics.detectors.faces.watching import Refusal, Watched, people_of, states_of, watch
from forensics.errors import MissingExtra
from forensics.evidence import Question, Status
from forensics.media import open_media

from .clips import filmed, turned
from .drawn import blinking, scene

INFO = BlinkDetector.info
SHUT = [20, 21, 22, 23, 50, 51, 52]


class Contrast:
    """A network that stands in: an eye is open where the middle of its crop varies."""

    side = 32

    def closed(self, crops: np.ndarray) -> np.ndarray:
        middle = crops[..., 10:22, 6:26].astype(float).std(axis=(2, 3))
        return np.asarray(1 / (1 + np.exp((middle - 35) / 3)), np.float32)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = (np.dstack([frame] * 3) for frame, _ in blinking(75, SHUT))
    return filmed(tmp_path_factory.mktemp("clips") / "talking.mp4", frames, rate=25)


@pytest.fixture(scope="module")
def watched(clip: Path) -> Watched:
    found = watch(open_media(clip), Contrast())  # type: ignore[arg-type]
    assert isinstance(found, Watched)
    return found


def test_frames_are_those_of_the_clip(clip: Path) -> None:
    looks = list(frames_of(open_media(clip)))
    assert len(looks) == 75
    drawn = [frame for frame, _ in blinking(75, SHUT)]
    assert looks[0].luma.shape == (240, 320)
    grey = looks[40].luma.astype(float)
    assert np.corrcoef(grey.ravel(), drawn[40].ravel().astype(float))[0, 1] > 0.99
    assert rate_of(np.array([look.seconds for look in looks])) == pytest.approx(25)
    assert looks[0].seconds == 0
    assert len(list(frames_of(open_media(clip), most=1.0))) == 26


def test_rate_of_too_few_frames() -> None:
    assert rate_of(np.array([])) == 0
    assert rate_of(np.array([3.0])) == 0
    assert rate_of(np.array([3.0, 3.0, 3.0])) == 0


def test_clips_that_lie_on_their_side_are_turned(clip: Path, tmp_path: Path) -> None:
    lying = turned(clip, tmp_path / "lying.mp4")
    media = open_media(lying)
    assert media.video is not None
    assert media.video.rotation
    look = next(iter(frames_of(media)))
    assert look.luma.shape == (320, 240)
    upright = next(iter(frames_of(open_media(clip)))).luma
    ways = [np.rot90(upright, k) for k in (1, 3)]
    assert max(np.corrcoef(look.luma.ravel(), way.ravel())[0, 1] for way in ways) > 0.99


def test_both_blinks_are_seen(watched: Watched) -> None:
    blinks = watched.blinks.blinks
    assert [round(b.start * 25) for b in blinks] == pytest.approx([20, 50], abs=1)
    assert [round(b.duration * 25) for b in blinks] == pytest.approx([4, 3], abs=1)
    assert watched.blinks.watched == pytest.approx(3.0, abs=0.1)
    assert watched.rate == pytest.approx(25)
    assert watched.people == 1
    assert 100 < watched.side < 180


def test_people_are_found_once_for_an_open_file(clip: Path) -> None:
    media = open_media(clip)
    assert people_of(media) is people_of(media)
    assert people_of(open_media(clip)) is not people_of(media)


def test_states_are_not_known_where_eyes_are_not(clip: Path) -> None:
    (person,) = people_in(frames_of(open_media(clip))).people
    eyes = person.eyes.copy()
    eyes[30:40] = np.nan
    states = states_of(replace(person, eyes=eyes), Contrast())  # type: ignore[arg-type]
    assert np.flatnonzero(np.isnan(states)).tolist() == list(range(30, 40))
    assert states[5] < 0.4
    assert states[21] > 0.6


def frames_like(count: int, side: float = 150, shut: float = 0.0) -> list[np.ndarray]:
    return [np.dstack([scene(shut, side=side)[0]] * 3)] * count


@pytest.mark.parametrize(
    ("frames", "rate", "reason"),
    [
        (frames_like(30), 10, "frames per second"),
        (frames_like(30), 25, "No face"),
        ([np.full((240, 320, 3), 90, np.uint8)] * 60, 25, "No face"),
        (frames_like(60, side=48), 25, "pixels wide"),
        (frames_like(60, shut=1.0), 25, "eyes are found"),
    ],
)
def test_refusals(tmp_path: Path, frames: list[np.ndarray], rate: int, reason: str) -> None:
    media = open_media(filmed(tmp_path / "clip.mp4", frames, rate=rate))
    found = watch(media, Contrast())  # type: ignore[arg-type]
    assert isinstance(found, Refusal)
    assert reason in found.reason


def test_one_frame_shows_no_blinks(tmp_path: Path) -> None:
    path = tmp_path / "still.gif"
    Image.fromarray(scene()[0]).save(path)
    found = watch(open_media(path), Contrast())  # type: ignore[arg-type]
    assert found == Refusal("One frame shows no blinks.")


def test_states_that_cannot_be_told_are_refused(clip: Path) -> None:
    class Unsure(Contrast):
        def closed(self, crops: np.ndarray) -> np.ndarray:
            return np.full(crops.shape[:2], 0.5, np.float32)

    found = watch(open_media(clip), Unsure())  # type: ignore[arg-type]
    assert isinstance(found, Refusal)
    assert "cannot be told" in found.reason


def long_one(minutes: float, starts: list[float]) -> Watched:
    times = np.arange(int(minutes * 60 * 25)) / 25
    closed = np.full(len(times), 0.02)
    for start in starts:
        closed[(times >= start) & (times < start + 0.2)] = 0.98
    return Watched(times, closed, find_blinks(times, closed), 25.0, 120.0, 1, "cascades")


def test_a_short_clip_says_so_with_its_power(watched: Watched) -> None:
    short = too_few(INFO, watched)
    assert short.status is Status.NOT_APPLICABLE
    assert short.llr is None
    assert "power" in short.summary
    other = measured(INFO, watched)
    assert other.question is Question.HISTORY
    assert other.llr is None
    values = {m.name: m.value for m in other.measurements}
    assert values["blinks"] == 2
    assert 0 < values["power, reading (4.5 per minute)"] < values["power, at rest (17 per minute)"] < 1
    (plot,) = other.plots
    (line,) = plot.series
    assert max(line.y) > 0.9
    assert len(line.x) <= 1200


def test_nobody_who_blinks_is_accused() -> None:
    for minutes, count in ((2, 4), (3, 9), (3, 60)):
        found = too_few(INFO, long_one(minutes, [1 + i * 60 * minutes / (count + 1) for i in range(count)]))
        assert found.status is Status.CLEAR, (minutes, count)
        assert found.llr is None


def test_eyes_that_never_close_are_odd_after_minutes_only() -> None:
    assert too_few(INFO, long_one(0.5, [])).status is Status.NOT_APPLICABLE
    assert too_few(INFO, long_one(2.0, [])).status is Status.CLEAR
    found = too_few(INFO, long_one(3.0, []))
    assert found.status is Status.SIGNAL
    assert found.llr is None  # it moves no verdict
    assert found.p_value == pytest.approx(at_most(0, 180, RATES[-1], NOTICED))
    assert found.p_value == pytest.approx((2 / (2 + 10 * 3 * NOTICED)) ** 2)
    assert found.calibration is not None
    assert found.calibration.negatives == 0
    assert "not once" in found.summary


def test_long_closures_are_eyes_that_close() -> None:
    odd = long_one(3.0, [])
    asleep = odd.closed.copy()
    asleep[1000:1100] = 0.99
    other = replace(odd, closed=asleep, blinks=find_blinks(odd.seconds, asleep))
    assert len(other.blinks.long) == 1
    assert (too_few(INFO, other).p_value or 0) > (too_few(INFO, odd).p_value or 0)


def test_missing_onnx_runtime_is_no_failure(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise MissingExtra("running trained models", "cpu")

    monkeypatch.setattr("forensics.detectors.faces.blink.watch", missing)
    (found,) = BlinkDetector().examine(open_media(clip))
    assert found.status is Status.NOT_APPLICABLE
    assert "[cpu]" in found.summary


def test_powers_are_finite(watched: Watched) -> None:
    for evidence in (too_few(INFO, long_one(3, [])), measured(INFO, watched)):
        numbers = [m.value for m in evidence.measurements if isinstance(m.value, float)]
        assert all(math.isfinite(value) for value in numbers)
