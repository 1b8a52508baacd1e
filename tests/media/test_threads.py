"""One file asked by several threads, and several files at once."""

from __future__ import annotations

import copy
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from forensics.errors import CorruptMedia
from forensics.media import Media, image, open_bytes
from forensics.media import metadata as metadata_module

from .helpers import encode

JPEG = encode(np.random.default_rng(3).integers(0, 255, (32, 32, 3)).astype(np.uint8), "jpeg")
WAIT = 5.0


def together(*calls):
    """Run calls in threads that start at the same moment; return what they return."""
    start = threading.Barrier(len(calls))
    with ThreadPoolExecutor(len(calls)) as pool:
        done = [pool.submit(lambda call=call: (start.wait(WAIT), call())[1]) for call in calls]
        return [future.result(WAIT) for future in done]


@pytest.mark.parametrize(
    ("name", "module", "decoder"),
    [
        ("luma", image, "decode_luma"),
        ("pixels", image, "load_rgb"),
        ("metadata", metadata_module, "read_metadata"),
    ],
)
def test_threads_that_ask_at_once_share_one_decoding(monkeypatch, name, module, decoder):
    calls = []
    decode = getattr(module, decoder)

    def counted(*given):
        calls.append(given)
        time.sleep(0.05)  # long enough for the others to ask meanwhile
        return decode(*given)

    monkeypatch.setattr(module, decoder, counted)
    media = open_bytes(JPEG)
    found = together(*[lambda: getattr(media, name)] * 4)
    assert len(calls) == 1
    assert all(each is found[0] for each in found)
    assert getattr(media, name) is found[0]


def test_different_files_and_properties_are_decoded_side_by_side(monkeypatch):
    """Each decoding waits for all the others: were one to wait for its turn, they would wait for ever."""
    meet = threading.Barrier(4)
    for decoder in ("decode_luma", "load_rgb"):
        decode = getattr(image, decoder)
        monkeypatch.setattr(
            image, decoder, lambda *given, decode=decode: (meet.wait(WAIT), decode(*given))[1]
        )
    one, two = open_bytes(JPEG), open_bytes(JPEG)
    first, second, *_ = together(lambda: one.luma, lambda: two.luma, lambda: one.pixels, lambda: two.pixels)
    assert np.array_equal(first, second)


def test_a_failure_is_told_to_all_and_not_kept(monkeypatch):
    decode = image.load_rgb
    media = open_bytes(JPEG)

    def fails(*given):
        raise CorruptMedia("broken")

    monkeypatch.setattr(image, "load_rgb", fails)
    for _ in range(2):
        with pytest.raises(CorruptMedia):
            _ = media.pixels
    monkeypatch.setattr(image, "load_rgb", decode)
    assert media.pixels.shape == (32, 32, 3)


def test_an_opened_file_can_be_copied():
    media = open_bytes(JPEG)
    assert media.luma is media.luma
    twin = copy.deepcopy(media)
    assert np.array_equal(twin.luma, media.luma)
    assert twin.sha256 == media.sha256


def test_the_class_shows_its_properties():
    assert "stored luminance" in (Media.luma.__doc__ or "")
