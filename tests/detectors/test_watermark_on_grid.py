"""The cheapest look for marks, of which a cascade has the first stage."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics import Auditor, TrustPolicy, Verdict
from forensics.datasets.procedural import camera
from forensics.detectors.watermark import OnGrid, Watermark
from forensics.evidence import Status
from forensics.media import open_bytes
from forensics.watermark import watermarker
from forensics.watermark.codecs import available
from forensics.watermark.keyfile import save_keys
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import Watermarker

Pixels = npt.NDArray[np.uint8]
KEY = Key(bytes(range(32)), "studio")


@pytest.fixture(autouse=True)
def _ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    save_keys([KEY], tmp_path / "keys.toml")
    monkeypatch.setenv("FORENSICS_KEYS", str(tmp_path / "keys.toml"))


@pytest.fixture(scope="module")
def marked() -> Pixels:
    return Watermarker(KEY).embed(camera(4, 384, 512), "c0ffee").pixels


def encoded(pixels: Pixels, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def test_it_finds_what_lies_as_it_was_put_in(marked: Pixels) -> None:
    for data in (encoded(marked, "PNG"), encoded(marked, quality=80)):
        (evidence,) = OnGrid().examine(open_bytes(data))
        assert evidence.status is Status.SIGNAL
        assert "000c0ffee" in evidence.summary


def test_what_was_scaled_is_left_to_the_whole_look(marked: Pixels) -> None:
    small = np.asarray(Image.fromarray(marked).resize((440, 330), Image.Resampling.BICUBIC))
    media = open_bytes(encoded(small, "PNG"))
    assert OnGrid().examine(media)[0].status is Status.CLEAR
    assert Watermark().examine(media)[0].status is Status.SIGNAL
    report = Auditor(trust=TrustPolicy.default(), stages=[[OnGrid()], [Watermark()]]).audit_bytes(
        encoded(small, "PNG")
    )
    assert report.verdict is Verdict.SYNTHETIC
    assert [e.code for e in report.evidence if e.detector == "watermark"] == ["watermark.found"]


def test_its_p_value_counts_the_looks_that_were_not_taken(marked: Pixels) -> None:
    plain = camera(9, 384, 512)
    for pixels in (marked, plain):
        quick = watermarker.detect(pixels, [KEY], codecs=available(), quick=True)
        whole = watermarker.detect(pixels, [KEY], codecs=available())
        assert quick.log10_p >= whole.log10_p - 1e-9, "the quick look is one of the looks of the whole"
    assert not watermarker.detect(plain, [KEY], codecs=available(), quick=True).detected
