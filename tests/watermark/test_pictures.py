"""Samples through marking: every format and mode comes back with the residual added and nothing else."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from forensics.errors import (
    ForensicsError,
    LimitExceeded,
    MediaError,
    TruncatedMedia,
    UnsupportedMedia,
    UsageError,
)
from forensics.media import Limits, open_bytes
from forensics.watermark import pictures
from forensics.watermark.pictures import encode_marked, load_bytes_for_marking
from forensics.watermark.pictures.fields import numbers, tiff_with_fields

from .picture_files import SIDES, animated, pixels_of, saved, wide_file, wide_of, wide_png

RESIDUAL = np.random.default_rng(8).integers(-4, 5, SIDES).astype(np.float32)

EIGHT = {
    "png grey": (saved(pixels_of(1), "PNG"), pixels_of(1)[..., None]),
    "png grey alpha": (saved(pixels_of(2), "PNG"), pixels_of(2)),
    "png rgb": (saved(pixels_of(3), "PNG"), pixels_of(3)),
    "png rgb alpha": (saved(pixels_of(4), "PNG"), pixels_of(4)),
    "tiff grey": (saved(pixels_of(1), "TIFF"), pixels_of(1)[..., None]),
    "tiff grey alpha": (saved(pixels_of(2), "TIFF", compression="tiff_lzw"), pixels_of(2)),
    "tiff rgb": (saved(pixels_of(3), "TIFF", compression="tiff_adobe_deflate"), pixels_of(3)),
    "tiff rgb alpha": (saved(pixels_of(4), "TIFF", compression="packbits"), pixels_of(4)),
    "bmp grey": (saved(pixels_of(1), "BMP"), pixels_of(1)[..., None]),
    "bmp rgb": (saved(pixels_of(3), "BMP"), pixels_of(3)),
    "webp rgb": (saved(pixels_of(3), "WEBP", lossless=True), pixels_of(3)),
    "webp rgb alpha": (saved(pixels_of(4), "WEBP", lossless=True, exact=True), pixels_of(4)),
}
WIDE = {
    "png grey": (wide_png(wide_of(1)[..., None]), wide_of(1)[..., None]),
    "png rgb": (wide_png(wide_of(3)), wide_of(3)),
    "png rgb alpha": (wide_png(wide_of(4)), wide_of(4)),
    "tiff grey": (wide_file(wide_of(1), ".tiff"), wide_of(1)[..., None]),
    "tiff rgb": (wide_file(wide_of(3), ".tiff"), wide_of(3)),
    "tiff rgb alpha": (wide_file(wide_of(4), ".tiff"), wide_of(4)),
}


def marked_by_hand(samples: np.ndarray, scale: int) -> np.ndarray:
    """Samples plus the residual, but for alpha and what is fully transparent."""
    result = samples.astype(np.int64)
    colours = samples.shape[2] - (samples.shape[2] in (2, 4))
    result[..., :colours] += (RESIDUAL.astype(np.int64) * scale)[..., None]
    if colours < samples.shape[2]:
        hidden = samples[..., -1] == 0
        result[hidden] = samples[hidden]
    return result.astype(samples.dtype)


@pytest.mark.parametrize("name", EIGHT)
def test_eight_bits_come_back_with_exactly_the_residual(name: str) -> None:
    data, samples = EIGHT[name]
    source = load_bytes_for_marking(data)
    assert np.array_equal(source.frames[0], samples)
    encoded = encode_marked(source.with_residual(RESIDUAL))
    assert encoded.format == name.split(maxsplit=1)[0]
    assert encoded.notes == ()
    again = load_bytes_for_marking(encoded.data)
    assert np.array_equal(again.frames[0], marked_by_hand(samples, 1))
    assert np.array_equal(open_bytes(encoded.data).pixels, encoded.pixels)


@pytest.mark.parametrize("name", WIDE)
def test_sixteen_bits_stay_and_get_the_residual_at_their_precision(name: str) -> None:
    data, samples = WIDE[name]
    source = load_bytes_for_marking(data)
    assert source.bits == 16
    assert np.array_equal(source.frames[0], samples)
    assert np.array_equal(source.pixels, open_bytes(data).pixels)
    encoded = encode_marked(source.with_residual(RESIDUAL))
    assert encoded.notes == ()
    again = load_bytes_for_marking(encoded.data)
    assert again.frames[0].dtype == np.uint16
    assert np.array_equal(again.frames[0], marked_by_hand(samples, 257))


def test_a_residual_below_one_level_survives_in_sixteen_bits() -> None:
    source = load_bytes_for_marking(WIDE["png rgb"][0])
    again = load_bytes_for_marking(encode_marked(source.with_residual(np.full(SIDES, 0.5))).data)
    grown = again.frames[0].astype(int) - source.frames[0]
    assert set(np.unique(grown)) <= {128, 129}


def test_wide_grey_with_alpha_becomes_colour_and_says_so() -> None:
    samples = wide_of(2)
    source = load_bytes_for_marking(wide_png(samples))
    assert np.array_equal(source.frames[0], samples)
    encoded = encode_marked(source.with_residual(RESIDUAL))
    assert any("grey with alpha" in n for n in encoded.notes)
    again = load_bytes_for_marking(encoded.data).frames[0]
    wanted = marked_by_hand(samples, 257)
    assert np.array_equal(again, wanted[..., [0, 0, 0, 1]])


def test_a_wide_tiff_is_read_on_its_stored_grid() -> None:
    """Decoders turn such a picture by its orientation, and some take white for zero."""
    tiff = wide_file(wide_of(3), ".tiff")
    turned = tiff_with_fields(tiff, None, [numbers("<", 274, 3, 6)])
    source = load_bytes_for_marking(turned)
    assert source.baggage.orientation == 6
    assert np.array_equal(source.frames[0], wide_of(3))
    again = load_bytes_for_marking(encode_marked(source).data)
    assert again.baggage.orientation == 6
    assert np.array_equal(again.frames[0], wide_of(3))
    grey = wide_file(wide_of(1), ".tiff")
    negative = tiff_with_fields(grey, None, [numbers("<", 262, 3, 0)])
    source = load_bytes_for_marking(negative)
    assert np.array_equal(source.pixels, open_bytes(negative).pixels)
    assert np.array_equal(encode_marked(source).pixels, source.pixels)


def test_a_wide_tiff_says_what_its_fourth_sample_is() -> None:
    encoded = encode_marked(load_bytes_for_marking(WIDE["tiff rgb alpha"][0]))
    with Image.open(io.BytesIO(encoded.data)) as picture:
        assert picture.tag_v2[338] == (2,)  # plain alpha


def test_a_cut_wide_png_takes_no_memory() -> None:
    """A cut chunk may declare any length."""
    data = WIDE["png rgb"][0]
    place = data.index(b"IDAT") - 4
    bomb = data[:place] + struct.pack(">I", 0x7FFFFFF0) + data[place + 4 :]
    tracemalloc.start()
    began = time.perf_counter()
    with pytest.raises(TruncatedMedia):
        load_bytes_for_marking(bomb)
    assert time.perf_counter() - began < 2
    assert tracemalloc.get_traced_memory()[1] < 50 << 20
    tracemalloc.stop()


def test_tiles_far_larger_than_the_picture_are_refused() -> None:
    data = tiff_with_fields(WIDE["tiff rgb"][0], None, [numbers("<", tag, 4, 1 << 14) for tag in (322, 323)])
    with pytest.raises(MediaError):
        load_bytes_for_marking(data)


def test_pixels_marked_elsewhere_are_taken_over() -> None:
    for data, _ in (*EIGHT.values(), *WIDE.values()):
        source = load_bytes_for_marking(data)
        wanted = source.pixels.astype(int) + RESIDUAL.astype(int)[..., None]
        marked = source.with_pixels(wanted.astype(np.uint8))
        seen = slice(None) if source.alpha is None else source.alpha > 0
        # 257 for a level may carry into the next one.
        assert np.abs(marked.pixels[seen].astype(int) - wanted[seen]).max() <= (source.bits == 16)


def test_the_source_stays_as_it_is() -> None:
    source = load_bytes_for_marking(EIGHT["png rgb alpha"][0])
    before = source.frames[0].copy()
    source.with_residual(RESIDUAL)
    assert np.array_equal(source.frames[0], before)
    for array in (source.frames[0], source.pixels, source.with_residual(RESIDUAL).frames[0]):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0, 0] = 1


def test_sums_stay_in_range() -> None:
    source = load_bytes_for_marking(EIGHT["png rgb"][0])
    assert source.with_residual(np.full(SIDES, 300.0)).pixels.min() == 255
    assert source.with_residual(np.full(SIDES, -300.0)).pixels.max() == 0


def test_a_coloured_residual_reaches_colours_apart_and_grey_by_its_luminance() -> None:
    coloured = np.zeros((*SIDES, 3), np.float32)
    coloured[..., 1] = 5
    colour, grey = (load_bytes_for_marking(EIGHT[f"png {n}"][0]) for n in ("rgb", "grey"))
    grown = colour.with_residual(coloured).pixels.astype(int) - colour.pixels
    assert np.unique(grown.reshape(-1, 3), axis=0).tolist() == [[0, 5, 0]]
    grown = grey.with_residual(coloured).pixels.astype(int) - grey.pixels
    assert set(np.unique(grown)) == {round(5 * 0.587)}


@pytest.mark.parametrize(
    "residual",
    [
        np.zeros((3, 3)),
        np.zeros((*SIDES, 1)),
        np.full(SIDES, np.nan),
        np.full(SIDES, "x"),
        np.zeros(SIDES[::-1]),
    ],
)
def test_wrong_residuals_are_named(residual: np.ndarray) -> None:
    with pytest.raises(UsageError, match="residual"):
        load_bytes_for_marking(EIGHT["png rgb"][0]).with_residual(residual)


@pytest.mark.parametrize("marked", [np.zeros(SIDES, np.uint8), np.zeros((*SIDES, 3), np.float32), None])
def test_wrong_pixels_are_named(marked: np.ndarray) -> None:
    with pytest.raises(UsageError, match="marked pixels"):
        load_bytes_for_marking(EIGHT["png rgb"][0]).with_pixels(marked)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (saved(pixels_of(3), "PNG", mode="P"), "palette"),
        (saved(pixels_of(4), "PNG", mode="P"), "palette"),
        (saved(pixels_of(3), "GIF"), "palette"),
        (saved(pixels_of(1), "PNG", mode="1"), "black and white"),
        (saved(pixels_of(1), "TIFF", mode="1"), "black and white"),
        (saved(pixels_of(1) // 64, "PNG", bits=2), "2 bits"),
    ],
)
def test_few_levels_become_more_and_it_is_said(data: bytes, words: str) -> None:
    source = load_bytes_for_marking(data)
    assert np.array_equal(source.pixels, open_bytes(data).pixels)
    marked = source.with_residual(RESIDUAL)
    encoded = encode_marked(marked, "png")
    assert any(words in note for note in encoded.notes)
    assert np.array_equal(encoded.pixels, marked.pixels)


def test_a_transparent_colour_becomes_alpha() -> None:
    """Marking moves colours away from the one that a PNG declares transparent."""
    pixels = pixels_of(3)
    pixels[:10] = (40, 50, 60)
    source = load_bytes_for_marking(saved(pixels, "PNG", transparency=(40, 50, 60)))
    again = load_bytes_for_marking(encode_marked(source.with_residual(RESIDUAL)).data)
    assert again.alpha is not None
    assert (again.alpha[:10] == 0).all()
    assert (again.alpha[10:] == 255).all()


def test_inks_pages_and_clips_are_refused_with_advice() -> None:
    for format_name in ("JPEG", "TIFF"):
        with pytest.raises(UnsupportedMedia, match="convert the picture to RGB"):
            load_bytes_for_marking(saved(pixels_of(3), format_name, mode="CMYK"))
    with pytest.raises(UnsupportedMedia, match="CIELAB"):
        load_bytes_for_marking(saved(pixels_of(3), "TIFF", mode="LAB"))
    with pytest.raises(UnsupportedMedia, match="split it"):
        load_bytes_for_marking(animated([pixels_of(3), pixels_of(3, seed=4)], "TIFF"))
    with pytest.raises(UnsupportedMedia):
        load_bytes_for_marking(saved(pixels_of(1), "TIFF", mode="F"))
    with pytest.raises(UnsupportedMedia, match="clip"):
        load_bytes_for_marking(b"\x00\x00\x00\x14ftypisom\x00\x00\x00\x00isom" + bytes(100))


FRAMES = [pixels_of(3), pixels_of(3, seed=4), pixels_of(3, seed=5)]


@pytest.mark.parametrize("target", ["png", "webp"])
@pytest.mark.parametrize("format_name", ["PNG", "WEBP", "GIF"])
def test_every_frame_of_an_animation_is_marked_alike(format_name: str, target: str) -> None:
    options = {"lossless": True} if format_name == "WEBP" else {}
    data = animated(FRAMES, format_name, duration=[70, 150, 40], loop=2, **options)
    source = load_bytes_for_marking(data)
    assert source.animated
    marked = source.with_residual(RESIDUAL)
    again = load_bytes_for_marking(encode_marked(marked, target).data)
    assert len(again.frames) == 3
    for frame, first, made in zip(again.frames, source.frames, FRAMES, strict=True):
        assert np.array_equal(frame, marked_by_hand(first, 1))
        assert format_name == "GIF" or np.array_equal(first, made)
    assert again.storage.durations == source.storage.durations == (70, 150, 40)
    assert again.storage.loop == source.storage.loop == 2 + (format_name == "GIF")  # it counts repetitions


@pytest.mark.parametrize("format_name", ["PNG", "WEBP"])
def test_animations_keep_their_alpha(format_name: str) -> None:
    frames = [pixels_of(4), pixels_of(4, seed=4)]
    options = {"lossless": True} if format_name == "WEBP" else {"disposal": 1, "blend": 0}
    source = load_bytes_for_marking(animated(frames, format_name, duration=50, **options))
    again = load_bytes_for_marking(encode_marked(source.with_residual(RESIDUAL)).data)
    for frame, first in zip(again.frames, frames, strict=True):
        assert np.array_equal(frame[..., 3], first[..., 3])
        seen = first[..., 3] > 0
        assert np.array_equal(frame[seen], marked_by_hand(first, 1)[seen])


def test_a_lossy_animation_stays_lossy() -> None:
    source = load_bytes_for_marking(animated(FRAMES, "WEBP", duration=50, quality=80))
    encoded = encode_marked(source)
    assert not load_bytes_for_marking(encoded.data).storage.lossless
    assert np.abs(encoded.pixels.astype(int) - source.pixels).mean() < 3


def test_very_long_frames_are_cut_to_what_the_format_can_say() -> None:
    source = load_bytes_for_marking(animated(FRAMES, "WEBP", duration=[100_000, 50, 50], lossless=True))
    encoded = encode_marked(source, "png")
    assert load_bytes_for_marking(encoded.data).storage.durations == (65_535, 50, 50)
    assert any("66 s" in n for n in encoded.notes)
    assert encode_marked(source, "webp").notes == ()


def test_animations_fit_few_formats_and_limits() -> None:
    data = animated(FRAMES, "PNG", duration=50)
    source = load_bytes_for_marking(data)
    for name in ("jpeg", "tiff", "bmp", "avif"):
        with pytest.raises(UsageError, match="animation"):
            encode_marked(source, name)
    with pytest.raises(LimitExceeded, match="frames"):
        load_bytes_for_marking(data, limits=Limits(pixels=2 * SIDES[0] * SIDES[1]))


@pytest.mark.parametrize("name", [*EIGHT, *(f"wide {n}" for n in WIDE)])
@pytest.mark.parametrize("target", ["jpeg", "png", "webp", "avif", "tiff", "bmp"])
def test_any_picture_can_become_any_format(name: str, target: str) -> None:
    data = WIDE[name.removeprefix("wide ")][0] if name.startswith("wide") else EIGHT[name][0]
    source = load_bytes_for_marking(data).with_residual(RESIDUAL)
    encoded = encode_marked(source, target)
    seen = slice(None) if source.alpha is None else source.alpha == source.alpha.max()
    error = np.abs(encoded.pixels[seen].astype(int) - source.pixels[seen])
    assert error.max() == 0 if target in ("png", "tiff", "bmp", "webp") else error.mean() < 4
    lost = [n for n in encoded.notes if "became 8" in n]
    assert bool(lost) == (source.bits == 16 and target not in ("png", "tiff"))
    white = [n for n in encoded.notes if "white" in n]
    assert bool(white) == (source.alpha is not None and target in ("jpeg", "bmp"))


def test_what_was_hidden_does_not_come_to_light() -> None:
    """A JPEG has no alpha: what lies below full transparency must not be seen in it."""
    source = load_bytes_for_marking(EIGHT["png rgb alpha"][0])
    encoded = encode_marked(source, "jpeg", quality=100)
    assert (source.alpha[:8] == 0).all()
    assert source.pixels[:8].max() < 240
    assert encoded.pixels[:8].min() > 250


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    channels=st.sampled_from([1, 2, 3, 4]),
    format_name=st.sampled_from(["PNG", "TIFF"]),
    seed=st.integers(0, 1000),
)
def test_any_size_comes_back(height: int, width: int, channels: int, format_name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, 256, (height, width, channels), np.uint8)
    source = load_bytes_for_marking(saved(samples[..., 0] if channels == 1 else samples, format_name))
    residual = rng.integers(-300, 300, (height, width))
    again = load_bytes_for_marking(encode_marked(source.with_residual(residual)).data).frames[0]
    wanted = samples.astype(int)
    colours = channels - (channels in (2, 4))
    seen = samples[..., -1] > 0 if colours < channels else np.ones((height, width), bool)
    wanted[seen, :colours] += residual[seen][:, None]
    assert np.array_equal(again, np.clip(wanted, 0, 255))


def test_an_encoder_that_fails_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    source = load_bytes_for_marking(EIGHT["png rgb"][0])
    encode = cv2.imencode
    monkeypatch.setattr(cv2, "imencode", lambda kind, samples, *rest: encode(kind, samples ^ 1, *rest))
    with pytest.raises(ForensicsError, match="does not decode to the marked picture"):
        encode_marked(source)
    monkeypatch.setattr(cv2, "imencode", lambda kind, samples, *rest: encode(kind, samples[1:], *rest))
    with pytest.raises(ForensicsError, match="another size"):
        encode_marked(source)
    monkeypatch.setattr(cv2, "imencode", lambda kind, samples, *rest: (True, np.zeros(50, np.uint8)))
    with pytest.raises(ForensicsError, match="read back"):
        encode_marked(source)
    monkeypatch.setattr(Image.Image, "save", lambda *args, **options: 1 / 0)
    with pytest.raises(ForensicsError, match="cannot be encoded as jpeg"):
        encode_marked(source, "jpeg")


def test_public_names_are_sorted() -> None:
    assert sorted(pictures.__all__) == pictures.__all__
