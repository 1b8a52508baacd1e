"""What bits are worth: p-values that are true, and none where there is nothing to compare with."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forensics.errors import RegistryError, UsageError
from forensics.watermark.others import SCHEMES, MarkReader, parse_expected
from forensics.watermark.others.base import bits_of, digits
from forensics.watermark.others.dwt_dct import MESSAGES
from forensics.watermark.others.trustmark_code import SCHEMAS, encode
from forensics.watermark.others.weights import VARIABLE

from .onnx_fakes import fake_network
from .pictures import embedded, formula


@pytest.fixture(autouse=True)
def _no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "weights"))


def random_text(rng: np.random.Generator, bits: int) -> str:
    return "0b" + digits(rng.integers(0, 2, bits, dtype=np.uint8))


@pytest.fixture
def trustmark(tmp_path: Path) -> dict[str, Path]:
    """A fake network that reads one word from every picture."""
    word = encode("01" * 30 + "1", SCHEMAS[1])
    path = tmp_path / "fake.onnx"
    path.write_bytes(fake_network((1, 3, 256, 256), np.zeros((3, 100)), np.where(word, 0.1, -0.1)))
    return {"trustmark-q": path}


def test_mark_of_a_public_program_is_named(scene: Any) -> None:
    xl = next(m for m in MESSAGES if m.name == "Stable Diffusion XL")
    marked = embedded(scene(3, 512, 512), bits_of(xl.bits), "dwtDctSvd")
    weak, found = MarkReader(["dwtDct", "dwtDctSvd"]).read(marked)
    assert (found.compared, found.matches, found.length) == ("Stable Diffusion XL", 48, 48)
    assert found.log10_p is not None
    assert found.tried == 16  # two schemes, two orders of colours, four payloads
    assert found.log10_p == pytest.approx(math.log10(16) - 48 * math.log10(2))
    assert "published constant" in found.reason
    assert weak.log10_p is not None
    assert weak.log10_p > -2
    assert "No payload fits better than chance" in weak.reason


def test_published_constants() -> None:
    said = {message.name: message.bits for message in MESSAGES}
    assert np.packbits(bits_of(said["Stable Diffusion 1"])).tobytes() == b"StableDiffusionV1"
    assert np.packbits(bits_of(said["Stable Diffusion 2"])).tobytes() == b"SDV2"
    assert said["Stable Diffusion XL"] == "101100111110110010010000011110111011000110011110"
    written = 0b001010101111111010000111100111001111010100101110
    assert said["FLUX.1"] == bin(written)[2:]  # as its program takes it, without the leading zeros
    assert len(said["FLUX.1"]) == 46


def test_swapped_colours_are_found_and_said(scene: Any) -> None:
    said = random_text(np.random.default_rng(4), 64)
    expected = parse_expected(said)
    marked = embedded(scene(3, 512, 512), bits_of(expected.message.bits), "dwtDctSvd")[..., ::-1]
    (found,) = MarkReader(["dwtDctSvd"], [expected]).read(np.ascontiguousarray(marked))
    assert found.matches == 64
    assert "red and blue swapped" in found.reason
    assert "drawn at random" in found.reason


# The claim: of payloads drawn at random, whatever the picture, p <= t happens with probability at most t.
def test_p_values_of_random_payloads_are_true() -> None:
    rng = np.random.default_rng(9)
    picture = formula(256, 256)  # a strange one: its bits are far from fair coins
    fits = []
    for _ in range(300):
        (found,) = MarkReader(["dwtDct"], [parse_expected(random_text(rng, 16))]).read(picture)
        assert found.p_value is not None
        fits.append(found.p_value if str(found.compared).startswith("given") else 1.0)
    assert min(fits) < 0.2
    for level in (0.05, 0.1, 0.3):
        below = np.mean(np.array(fits) <= level)
        assert below <= level + 3 * math.sqrt(level * (1 - level) / len(fits))


def test_every_comparison_of_the_picture_is_paid_for(trustmark: dict[str, Path]) -> None:
    rng = np.random.default_rng(3)
    said = [parse_expected(random_text(rng, 61)) for _ in range(10)]
    one, ten = (MarkReader(["dwtDct", "trustmark-q"], some, trustmark) for some in (said[:1], said))
    assert [r.tried for r in one.read(formula(256, 256))] == [11, 11]  # (4 + 1) x 2 orders, and 1
    assert [r.tried for r in ten.read(formula(256, 256))] == [38, 38]  # 2 x (4 + 10), and 10


def test_without_a_payload_there_is_no_p_value(trustmark: dict[str, Path]) -> None:
    (found,) = MarkReader(["trustmark-q"], weights=trustmark).read(formula(256, 256))
    assert (found.p_value, found.log10_p, found.compared, found.tried) == (None, None, None, 0)
    assert (found.payload, found.schema) == ("01" * 30 + "1", "BCH_5")
    assert "one random word in 532: no proof" in found.reason
    assert found.weights
    assert len(found.bits) == 100


def test_expected_payload_of_trustmark_is_compared_before_correction(trustmark: dict[str, Path]) -> None:
    expected = parse_expected("1*" + "01" * 30 + "0")  # the last bit is another
    (found,) = MarkReader(["trustmark-q"], [expected], trustmark).read(formula(256, 256))
    assert (found.matches, found.length) == (60, 61)
    assert found.log10_p == pytest.approx(math.log10(62 / 2**61))


def test_what_cannot_be_read_says_why(scene: Any) -> None:
    readings = {r.scheme: r for r in MarkReader().read(formula(256, 256))}
    assert set(readings) == set(SCHEMES.names())
    assert readings["dwtDct"].error is None
    assert readings["videoseal"].error == "usage"
    assert "forensics watermark fetch videoseal" in readings["videoseal"].reason
    small = MarkReader(["dwtDct"]).read(formula(64, 64))[0]
    assert (small.error, small.log10_p) == ("usage", None)
    assert "too small" in small.reason


def test_comparisons_that_cannot_be_made_are_not_paid_for() -> None:
    readings = MarkReader(["dwtDct", "rivaGan"], [parse_expected("c0ffee11")]).read(formula(256, 256))
    assert readings[0].tried == 10


def test_wrong_names_are_refused() -> None:
    with pytest.raises(UsageError, match="no scheme is called 'dwt'; there are: dwtDct, dwtDctSvd, rivaGan"):
        MarkReader(["dwt"])
    with pytest.raises(RegistryError):
        SCHEMES.get("dwt")


@pytest.mark.parametrize("text", ["rivaGan=c0ffee", "trustmark-q=c0ffee11", "dwt=c0ffee11"])
def test_payloads_that_no_scheme_holds_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no scheme that is read holds a payload of"):
        MarkReader(["rivaGan", "trustmark-q"], [parse_expected(text)])


@pytest.mark.parametrize(
    ("text", "bits"),
    [("c0ffee11", "11000000111111111110111000010001"), ("0xA5", "10100101"),
     ("0x0b11", "0000101100010001"), ("0b00110101", "00110101"),
     ("1*0101010111", "0101010111"), (" dwtDct=0b11110000 ", "11110000")],
)  # fmt: skip
def test_payloads_are_read(text: str, bits: str) -> None:
    expected = parse_expected(text)
    assert expected.message.bits == bits
    assert expected.scheme == ("dwtDct" if "dwtDct" in text else None)


@pytest.mark.parametrize(
    "text", ["", "c", "0b0101010", "xyz", "0b01012", "0b0f0f0f", "dwtDct=", "f" * 257, "1*01010102"]
)
def test_no_payloads_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no payload of 8 to 1024 bits"):
        parse_expected(text)
