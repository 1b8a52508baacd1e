"""A face is followed while it moves, blinks, is gone for a while and comes back."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.detectors.faces.finding import FaceFinder
from forensics.detectors.faces.geometry import Box
from forensics.detectors.faces.people import Clip, crops_of, people_in
from forensics.detectors.faces.reading import Look
from forensics.detectors.faces.tracking import Tracker, matched

from .drawn import blinking, scene

FRAMES, SHUT = 60, [30, 31, 32, 33]


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


def looks(frames: list[np.ndarray], fps: float = 30.0) -> list[Look]:
    return [Look(number / fps, frame) for number, frame in enumerate(frames)]


@pytest.fixture(scope="module")
def swaying(finder: FaceFinder) -> tuple[Clip, np.ndarray]:
    drawn = list(blinking(FRAMES, SHUT))
    return people_in(looks([frame for frame, _ in drawn]), finder), np.stack([eyes for _, eyes in drawn])


def test_one_person_from_the_first_frame_to_the_last(swaying: tuple[Clip, np.ndarray]) -> None:
    clip, _ = swaying
    (person,) = clip.people
    assert person.frames.tolist() == list(range(FRAMES))
    assert clip.shape == (240, 320)
    assert clip.finder == "cascades"
    assert person.seen.all()
    assert person.found > 0.8 * person.looked
    assert person.faces.shape == (FRAMES, 128, 128)


def test_eyes_are_where_they_were_drawn(swaying: tuple[Clip, np.ndarray]) -> None:
    clip, truth = swaying
    (person,) = clip.people
    corner, side = person.boxes[:, None, :2], person.sizes[:, None, None]
    middle = (person.eyes * side + corner).mean(axis=1)  # the tilt of the square turns about the middle
    assert np.abs(middle - truth.mean(axis=1)).max() < 6
    apart = np.linalg.norm(person.eyes[:, 1] - person.eyes[:, 0], axis=-1) * person.sizes
    np.testing.assert_allclose(apart, np.linalg.norm(truth[:, 1] - truth[:, 0], axis=-1), rtol=0.08)


def test_crops_show_the_blink(swaying: tuple[Clip, np.ndarray]) -> None:
    (person,) = swaying[0].people
    bright = crops_of(person, 32)[:, :, 10:22, 6:26].astype(float).std(axis=(0, 2, 3))
    open_ones = np.delete(bright, [29, *SHUT, 34])
    assert bright[SHUT].max() < 0.7 * open_ones.min()


def test_who_is_lost_is_found_again(finder: FaceFinder) -> None:
    drawn = [frame for frame, _ in blinking(50, [])]
    empty = np.full_like(drawn[0], 100)
    clip = people_in(looks([*drawn[:20], *[empty] * 8, *drawn[28:]]), finder)
    (person,) = clip.people
    assert set(range(20)) <= set(person.frames.tolist())
    assert not set(range(21, 28)) & set(person.frames.tolist())
    assert len(person.frames) > 38


def test_another_place_is_another_person(finder: FaceFinder) -> None:
    left = scene(at=(100, 120), side=140, shape=(240, 440))[0]
    right = scene(at=(340, 120), side=140, shape=(240, 440))[0]
    clip = people_in(looks([left] * 15 + [right] * 25), finder)
    assert len(clip.people) == 2
    first, second = sorted(clip.people, key=lambda person: person.number)
    assert first.frames.max() <= 15 <= second.frames.min()


def test_two_at_a_time_and_no_more(finder: FaceFinder) -> None:
    one, _ = scene(at=(90, 120), side=130, shape=(240, 440))
    other, _ = scene(at=(330, 120), side=170, shape=(240, 440))
    one[:, 220:] = other[:, 220:]
    assert len(people_in(looks([one] * 8), finder).people) == 2
    (person,) = people_in(looks([one] * 8), finder, most=1).people
    assert person.sizes.min() > 130


def test_nobody_is_nobody(finder: FaceFinder) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (10, 120, 160)).astype(np.uint8)
    assert people_in(looks(list(noise)), finder).people == ()
    assert people_in([], finder).people == ()


def test_frames_of_another_size_are_another_scene(finder: FaceFinder) -> None:
    small, large = scene()[0], scene(shape=(260, 340))[0]
    clip = people_in(looks([small] * 6 + [large] * 6), finder)
    assert sorted(person.frames.tolist() for person in clip.people) == [list(range(6)), list(range(6, 12))]


def test_a_standing_face_does_not_drift(finder: FaceFinder) -> None:
    tracker = Tracker(finder)
    rng = np.random.default_rng(3)
    ground = scene()[0].astype(float)
    boxes = []
    for _ in range(60):
        noisy = np.clip(ground + rng.normal(0, 3, ground.shape), 0, 255).astype(np.uint8)
        (track,) = tracker.follow(noisy)
        boxes.append((*track.box.centre, track.box.side))
    assert np.ptp(np.array(boxes), axis=0).max() < 6


def test_boxes_are_matched_best_first_and_once() -> None:
    tracks = [Box(0, 0, 10, 10), Box(4, 0, 10, 10)]
    found = [Box(4, 0, 10, 10), Box(1, 0, 10, 10), Box(2, 0, 10, 10), Box(50, 50, 10, 10)]
    assert matched(tracks, found) == {0: 1, 1: 0}
    assert matched([], found) == {}
