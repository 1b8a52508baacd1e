"""The public way: embed and detect, on every size and kind of picture, and what is refused."""

from __future__ import annotations

import logging
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio

from forensics.datasets.procedural import camera
from forensics.errors import ForensicsError, UsageError
from forensics.media.types import Pixels
from forensics.watermark import codecs
from forensics.watermark.attacks import parse_attack
from forensics.watermark.contract import embed_and_verify
from forensics.watermark.detection import Detection, Marked
from forensics.watermark.identification import Users
from forensics.watermark.keyfile import load_keys
from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS
from forensics.watermark.watermarker import Watermarker, added, detect

from .conftest import Scene


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    height=st.integers(128, 400),
    width=st.integers(128, 400),
    secret=st.binary(min_size=32, max_size=32),
    layout=st.sampled_from(sorted(LAYOUTS)),
    psnr=st.floats(32, 36),
    data=st.data(),
)
def test_what_is_embedded_is_read_exactly(
    seed: int, height: int, width: int, secret: bytes, layout: str, psnr: float, data: st.DataObject
) -> None:
    pixels, marker = camera(seed, height, width), Watermarker(Key(secret), layout=layout, psnr=psnr)
    payload = f"{data.draw(st.integers(0, 2 ** LAYOUTS[layout].identity - 1)):x}"
    marked = marker.embed(pixels, payload)
    assert marked.pixels.dtype == np.uint8
    assert marked.pixels.shape == pixels.shape
    measured = peak_signal_noise_ratio(pixels, marked.pixels)
    assert marked.psnr == pytest.approx(measured, abs=1e-6)
    assert psnr <= measured < psnr + 1.5
    assert marker.embed(pixels, payload).pixels.tobytes() == marked.pixels.tobytes()
    found = marker.detect(marked.pixels)
    assert found.detected
    assert found.payload == marked.payload
    assert int(found.payload.identity, 16) == int(payload, 16)
    assert (found.key, found.codec) == (marker.key.id, "spread")
    assert found.p_value == pytest.approx(10**found.log10_p)
    assert found.copied is not True
    stranger = Watermarker(Key(bytes(b ^ 0x55 for b in secret)), layout=layout).detect(marked.pixels)
    assert not stranger.detected
    assert stranger.payload is None


@pytest.mark.parametrize("psnr", [25, 30, 38, 44, 50, 60])
def test_error_is_as_asked(key: Key, scene: Scene, psnr: float) -> None:
    pixels = scene(41, 256, 320)
    marked = Watermarker(key, psnr=psnr).embed(pixels)
    assert psnr <= peak_signal_noise_ratio(pixels, marked.pixels) < psnr + 1.5


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket"])
def test_photographs_keep_their_marks(marker: Watermarker, name: str) -> None:
    pixels = getattr(skimage.data, name)()
    marked = marker.embed(pixels, "123456789")
    found = marker.detect(parse_attack("jpeg:75")(marked.pixels))
    assert found.payload == marked.payload
    assert marked.psnr >= 40
    assert not marker.detect(pixels).detected


def test_same_picture_gives_the_same_bytes_and_others_do_not(marker: Watermarker, scene: Scene) -> None:
    pixels = scene(42, 192, 256)
    first = marker.embed(pixels, "1")
    again = Watermarker(marker.key).embed(pixels.copy(), "01")
    assert first.pixels.tobytes() == again.pixels.tobytes()
    assert first.payload == again.payload
    assert first.pixels.tobytes() != marker.embed(pixels, "2").pixels.tobytes()


@pytest.mark.parametrize("level", [0, 1, 90, 254, 255])
def test_flat_pictures_are_marked_within_their_range(marker: Watermarker, level: int) -> None:
    pixels = np.full((256, 256, 3), level, np.uint8)
    marked = marker.embed(pixels, "5")
    assert marked.psnr >= 40
    assert marker.detect(marked.pixels).payload == marked.payload
    assert not marker.detect(pixels).detected


@pytest.mark.parametrize("size", [(128, 2000), (2000, 128), (128, 40_000)])
def test_elongated_pictures_are_marked(marker: Watermarker, scene: Scene, size: tuple[int, int]) -> None:
    part = scene(43, min(size), 500) if size[0] < size[1] else scene(43, 500, min(size))
    pixels = np.tile(part, (-(-size[0] // part.shape[0]), -(-size[1] // part.shape[1]), 1))[
        : size[0], : size[1]
    ]
    marked = marker.embed(pixels, "e")
    found = marker.detect(marked.pixels)
    assert found.payload == marked.payload
    assert marked.psnr >= 40


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 700), (5, 3), (31, 400), (32, 32), (33, 41), (64, 100), (127, 127)]
)
@pytest.mark.parametrize("kind", ["noise", "flat"])
def test_nothing_is_found_in_the_smallest_pictures(
    marker: Watermarker, rng: np.random.Generator, shape: tuple[int, int], kind: str
) -> None:
    pixels = rng.integers(0, 256 if kind == "noise" else 1, (*shape, 3), dtype=np.uint8)
    found = marker.detect(pixels, rate=1e-4)
    assert not found.detected
    assert found.log10_p > -4


VIEWS: dict[str, Callable[[Pixels], Pixels]] = {
    "columns first": np.asfortranarray,
    "every second pixel": lambda p: np.repeat(np.repeat(p, 2, 0), 2, 1)[::2, ::2],
    "channels reversed twice": lambda p: np.ascontiguousarray(p[..., ::-1])[..., ::-1],
    "upside down twice": lambda p: np.ascontiguousarray(p[::-1])[::-1],
    "part of a wider one": lambda p: np.pad(p, ((0, 0), (7, 9), (0, 0)))[:, 7:-9],
}


@pytest.mark.parametrize("view", VIEWS)
def test_layout_in_memory_does_not_matter(marker: Watermarker, scene: Scene, view: str) -> None:
    pixels = scene(44, 192, 224)
    laid = VIEWS[view](pixels)
    np.testing.assert_array_equal(laid, pixels)
    expected = marker.embed(pixels, "9")
    marked = marker.embed(laid, "9")
    np.testing.assert_array_equal(marked.pixels, expected.pixels)
    assert marked.psnr == pytest.approx(expected.psnr)
    again = marker.detect(VIEWS[view](marked.pixels))
    assert again.log10_p == marker.detect(expected.pixels).log10_p


def test_input_is_left_as_it_is(marker: Watermarker, scene: Scene) -> None:
    pixels = scene(45, 160, 160)
    assert not pixels.flags.writeable
    before = pixels.tobytes()
    marked = marker.embed(pixels, "9")
    assert pixels.tobytes() == before
    assert marked.pixels.flags.writeable
    marked.pixels.flags.writeable = False
    assert marker.detect(marked.pixels).detected


def test_residual_is_what_embedding_adds(marker: Watermarker, scene: Scene) -> None:
    for size in ((160, 300), (1040, 1100)):
        pixels = scene(46, *size)
        residual = marker.residual(pixels, "a")
        whole = residual.rows(0, size[0])
        strips = np.concatenate([strip for _, strip in residual.strips(100)])
        np.testing.assert_allclose(strips, whole, atol=2e-3)
        marked = marker.embed(pixels, "a").pixels
        expected = np.clip(np.rint(pixels + strips[..., None]), 0, 255)
        assert np.abs(marked - expected).max() <= 1
        assert np.mean(marked != expected) < 1e-3
        np.testing.assert_array_equal(added(pixels, residual), marked)


def test_key_is_told_among_many(key: Key, other: Key, scene: Scene) -> None:
    marked = Watermarker(other).embed(scene(47, 256, 256), "77")
    found = detect(marked.pixels, [key, Key(bytes(32)), other])
    assert (found.key, found.payload) == (other.id, marked.payload)
    alone = detect(marked.pixels, [other])
    assert found.log10_p == pytest.approx(alone.log10_p + np.log10(3), abs=1e-9)


def test_one_payload_of_every_layout_is_told_from_the_others(key: Key, scene: Scene) -> None:
    for layout in LAYOUTS:
        found = Watermarker(key).detect(
            Watermarker(key, layout=layout).embed(scene(48, 320, 320), "a1").pixels
        )
        assert found.payload is not None
        assert (found.payload.layout, int(found.payload.identity, 16)) == (layout, 0xA1)


def test_two_marks_in_one_picture_are_both_found(key: Key, other: Key, scene: Scene) -> None:
    once = Watermarker(key).embed(scene(49, 384, 384), "1")
    twice = Watermarker(other).embed(once.pixels, "2")
    assert Watermarker(key).detect(twice.pixels).payload == once.payload
    assert Watermarker(other).detect(twice.pixels).payload == twice.payload


def test_many_are_the_same_as_one_by_one(marker: Watermarker, scene: Scene) -> None:
    pictures = [(scene(50 + i, 160, 192), f"{i}") for i in range(3)]
    marked = list(marker.embed_many(iter(pictures)))
    assert [m.payload for m in marked] == [marker.payload(text) for _, text in pictures]
    found = list(marker.detect_many((m.pixels for m in marked), rate=1e-3))
    assert [f.payload for f in found] == [m.payload for m in marked]
    assert {f.rate for f in found} == {1e-3}


def test_rate_decides(marker: Watermarker, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "find_spec", lambda _: None)  # a second look might find it after all
    marked = marker.embed(scene(51, 192, 192), "1")
    log10_p = marker.detect(marked.pixels).log10_p
    assert marker.detect(marked.pixels, rate=10 ** (log10_p + 0.1)).detected
    missed = marker.detect(marked.pixels, rate=10 ** (log10_p - 0.1))
    assert not missed.detected
    assert (missed.log10_p, missed.key, missed.payload, missed.geometry) == (log10_p, "", None, None)
    assert missed.likelihoods.size == 0


NOT_PICTURES = {
    "grey": np.zeros((256, 256), np.uint8),
    "alpha": np.zeros((256, 256, 4), np.uint8),
    "float": np.zeros((256, 256, 3)),
    "16 bits": np.zeros((256, 256, 3), np.uint16),
    "signed": np.zeros((256, 256, 3), np.int8),
    "clip": np.zeros((2, 256, 256, 3), np.uint8),
    "empty": np.zeros((0, 256, 3), np.uint8),
    "list": [[[0, 0, 0]]],
    "none": None,
}


@pytest.mark.parametrize("kind", NOT_PICTURES)
def test_what_is_no_picture_is_refused(marker: Watermarker, kind: str) -> None:
    for use in (marker.embed, marker.detect, marker.residual):
        with pytest.raises(UsageError, match=r"a picture is|too small"):
            use(NOT_PICTURES[kind])


@pytest.mark.parametrize("shape", [(127, 128), (128, 127), (1, 4000)])
def test_picture_too_small_to_be_marked_is_refused(marker: Watermarker, shape: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match="least 128 px"):
        marker.embed(np.zeros((*shape, 3), np.uint8))
    assert marker.embed(np.zeros((128, 128, 3), np.uint8)).pixels.shape == (128, 128, 3)


def test_picture_too_long_to_be_marked_is_refused(marker: Watermarker) -> None:
    with pytest.raises(UsageError, match="too long"):
        marker.embed(np.broadcast_to(np.zeros(3, np.uint8), (128, 64_001, 3)))


def test_wrong_options_are_refused(key: Key, scene: Scene) -> None:
    with pytest.raises(UsageError, match="no layout 'huge'"):
        Watermarker(key, layout="huge")
    for psnr in (24.9, 60.1, float("nan"), -40):
        with pytest.raises(UsageError, match="25 to 60 dB"):
            Watermarker(key, psnr=psnr)
    for rate in (0, 1, -1e-6, 2, float("nan")):
        with pytest.raises(UsageError, match="between 0 and 1"):
            Watermarker(key).detect(scene(52, 128, 128), rate=rate)
    with pytest.raises(UsageError, match="needs a key"):
        detect(scene(52, 128, 128), [])
    with pytest.raises(UsageError, match="hexadecimal digits"):
        Watermarker(key, layout="short").embed(scene(52, 128, 128), "10000")


def everything(key: Key, pixels: Pixels, folder: Path) -> list[object]:
    """Use the whole interface, rightly and wrongly; return all results and all errors."""
    marker = Watermarker(key, psnr=36)
    marked = marker.embed(pixels, "5")
    bad = folder / "bad.toml"
    bad.write_text(f'[[keys]]\nsecret = "{key.secret.hex()}"\nid = "00"\n')
    found = marker.detect(marked.pixels)
    users = Users(key, ["5", "6"])
    results: list[object] = [
        key,
        marker,
        marked,
        found,
        users,
        users.identify(found.likelihoods),
        marker.layout,
    ]
    for mode in (0o644, 0o600):
        bad.chmod(mode)
        results.append(_error(lambda: load_keys(bad)))
    results += [
        _error(lambda: Key(key.secret + b"x")),
        _error(lambda: Key(key.secret, "k", "no origin")),
        _error(lambda: marker.embed(pixels[:50])),
        _error(lambda: marker.embed(pixels, "no payload")),
        _error(lambda: marker.detect(pixels, rate=3)),
        _error(lambda: embed_and_verify(marker, pixels, "5", [parse_attack("blur:20")])),
        _error(lambda: users.identify(found.likelihoods[1:])),
    ]
    return results


def _error(action: Callable[[], object]) -> str:
    with pytest.raises(ForensicsError) as caught:
        action()
    return "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))


def test_no_result_message_or_log_shows_a_secret(
    scene: Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = Key(bytes(range(0x61, 0x81)), "quiet")
    with caplog.at_level(logging.DEBUG):
        shown = [text for r in everything(key, scene(53, 192, 192), tmp_path) for text in (repr(r), str(r))]
    every = "\n".join([*shown, caplog.text])
    assert len(shown) > 20
    for secret in (key.secret.hex(), key.secret.hex()[:16], "abcdefgh", "[97, 98, 99", "0x61, 0x62"):
        assert secret not in every, secret


def test_results_print_no_pixels(marked: Marked, marker: Watermarker) -> None:
    found: Detection = marker.detect(marked.pixels)
    assert "array" not in repr(marked) + repr(found)


def test_running_needs_neither_torch_nor_scipy() -> None:
    code = (
        "import sys, numpy as np\n"
        "from forensics.watermark.keys import Key\n"
        "from forensics.watermark.watermarker import Watermarker\n"
        "assert 'cv2' not in sys.modules\n"
        "m = Watermarker(Key(bytes(32)), psnr=34)\n"
        "p = np.random.default_rng(0).integers(0, 256, (160, 160, 3), dtype=np.uint8)\n"
        "assert m.detect(m.embed(p).pixels).detected\n"
        "bad = {'torch', 'scipy', 'skimage', 'sklearn', 'ray'} & set(sys.modules)\n"
        "assert not bad, bad\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
