"""Deliveries: what a text names, what kind of file comes out, and that it was done."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from forensics.detectors.aligned.storing import Stored, store
from forensics.detectors.judging import checking, deliveries
from forensics.detectors.judging.checking import check, corpus_of, deliveries_of
from forensics.detectors.judging.deliveries import USUAL, deliver, parse_deliveries, parse_delivery
from forensics.errors import ForensicsError, UsageError
from forensics.media import Media, open_bytes
from forensics.watermark.attacks import parse_attack

from .trials import shown

PNG = Stored("png")


@pytest.fixture(scope="module")
def media(photo: npt.NDArray[np.uint8]) -> Media:
    return open_bytes(store(photo[:96, :128], PNG), "p.png")


@pytest.mark.parametrize(
    ("text", "before", "how"),
    [
        ("none", "None", "None"),
        ("jpeg:75", "None", "jpeg:75:420"),
        ("jpeg:75,444", "None", "jpeg:75:444"),
        ("webp:80", "None", "webp:80"),
        ("blur:1", "blur:1", "png"),
        (" blur:1 + jpeg:60 ", "blur:1", "jpeg:60:420"),
        ("screenshot", "resize:0.75,filter=bilinear+blur:0.5", "jpeg:80:420"),
        ("screenshot:0.5,frame=yes", "screenshot:0.5,frame=yes", "png"),
        ("social:640,quality=60,sharpen=yes", "limit:640+sharpness:1.5", "jpeg:60:420"),
        ("double_jpeg:75", "jpeg:50+shift:4,columns=4", "jpeg:75:420"),
        ("double_jpeg:75,shift=0", "jpeg:50", "jpeg:75:420"),
        ("combined", "crop:0.5+brightness:1.5", "jpeg:80:420"),
        ("double_share", "limit:2048+jpeg:85+resize:0.8", "jpeg:75:420"),
        ("crop:0.5+double_share", "crop:0.5+limit:2048+jpeg:85+resize:0.8", "jpeg:75:420"),
    ],
)
def test_a_save_at_the_end_is_a_file(text: str, before: str, how: str) -> None:
    found = parse_delivery(text, PNG)
    assert (str(found.before), str(found.how)) == (before, how)


@pytest.mark.parametrize(
    "spec", ["screenshot", "social:64,quality=60,sharpen=yes", "double_jpeg:75,first=60,shift=3", "combined"]
)
def test_files_hold_the_pixels_that_the_attack_gives(media: Media, spec: str) -> None:
    found = deliver(media, parse_delivery(spec, PNG), "s").media
    assert found.container.format == "jpeg"
    assert np.array_equal(found.pixels, parse_attack(spec)(media.pixels))


@pytest.mark.parametrize("name", USUAL)
def test_every_usual_delivery_changes_a_photo_and_says_so(media: Media, name: str) -> None:
    found = deliver(media, parse_delivery(name, PNG), "s")
    assert found.changed is (name != "none")
    assert found.size == len(found.media.data)


def test_all_of_one_source_have_the_same_random_numbers(media: Media) -> None:
    noise = parse_delivery("noise:5", PNG)
    one, same, other = (deliver(media, noise, source).media.pixels for source in ("a", "a", "b"))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_several_are_listed_and_files_as_they_are_come_first() -> None:
    assert [d.name for d in parse_deliveries("jpeg:75; none;blur:1;", PNG)] == ["none", "jpeg:75", "blur:1"]
    assert tuple(d.name for d in parse_deliveries("", PNG)) == USUAL
    suite = parse_deliveries("quick", PNG)
    assert suite[0].name == "none"
    assert len(suite) > 3


@pytest.mark.parametrize("text", ["jpeg:75;jpeg:75", "nothing", "jpeg:500", "blur:1++jpeg"])
def test_what_is_no_delivery_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_deliveries(text, PNG)


def test_an_encoder_that_ignores_the_quality_is_found(media: Media, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "store", lambda pixels, how: store(pixels, Stored("jpeg", 95, "420")))
    with pytest.raises(ForensicsError, match=r"the encoder wrote quality 95, asked for jpeg:75"):
        deliver(media, parse_delivery("jpeg:75", PNG), "s")


def test_a_delivery_that_did_nothing_is_an_error() -> None:
    done = [shown(f"{n}", 1.0, delivery=d, changed=d == "jpeg:75") for n in "ab" for d in ("none", "jpeg:75")]
    check(done)
    with pytest.raises(ForensicsError, match=r"changed no pixel of any picture: blur:0"):
        check([*done, shown("a", 1.0, delivery="blur:0", changed=False)])


def test_two_deliveries_that_give_the_same_files_are_an_error() -> None:
    same = [shown(n, 1.0, delivery=d, delivered=n) for n in "ab" for d in ("jpeg:85", "jpeg:75")]
    with pytest.raises(ForensicsError, match=r"the same files: jpeg:85 and jpeg:75"):
        check(same)
    check([*same, shown("c", 1.0, delivery="jpeg:85"), shown("c", 1.0, delivery="jpeg:75")])


def test_what_was_done_is_counted() -> None:
    done = [shown("a", 1.0, changed=False), shown("b", 2.0, fake=True, changed=False)]
    done += [shown("b", 2.0, fake=True, delivery="blur:1")]
    native, blurred = deliveries_of(done)
    assert (native.real, native.fake, native.changed, native.formats) == (1, 1, 0, {"png": 2})
    assert (blurred.real_bytes_per_pixel, blurred.fake_bytes_per_pixel) == (None, 0.25)
    corpus = corpus_of("c", "test", done)
    assert (corpus.real, corpus.fake, corpus.fake_sources) == (1, 1, 1)
    assert corpus.sha256 == corpus_of("c", "test", done[:2]).sha256
    assert checking.corpus_of("c", "test", done[:1]).sha256 != corpus.sha256
