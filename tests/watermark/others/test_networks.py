"""rivaGan, TrustMark and VideoSeal with fake networks, which stand for weights that cannot ship."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from forensics.errors import UsageError
from forensics.media.types import Pixels
from forensics.watermark.others.base import SCHEMES, Word, bits_of, digits
from forensics.watermark.others.trustmark_code import SCHEMAS, encode

from .onnx_fakes import fake_network

RIVAGAN = (1, 3, 1, 0, 0)
PAYLOAD = digits(np.random.default_rng(2).integers(0, 2, SCHEMAS[1].data, dtype=np.uint8))


def says(bits: npt.NDArray[np.uint8], shape: tuple[int, ...], threshold: float = 0.0) -> bytes:
    """A fake that says these bits of every picture."""
    return fake_network(shape, np.zeros((3, len(bits))), threshold + np.where(bits, 0.1, -0.1))


def sees(plane: int, level: float, size: int, shape: tuple[int, ...], threshold: float = 0.0) -> bytes:
    """A fake whose bits are all one if the mean of a plane of its input is above a level, else all zero."""
    weights = np.zeros((3, size))
    weights[plane] = 1.0
    return fake_network(shape, weights, np.full(size, threshold - level))


def flat(red: int, green: int, blue: int, height: int = 256, width: int = 256) -> Pixels:
    return np.broadcast_to(np.array([red, green, blue], np.uint8), (height, width, 3)).copy()


def read(name: str, weights: bytes, pixels: Pixels, lengths: list[int] | None = None) -> tuple[Word, ...]:
    return SCHEMES.get(name).decoder(weights)(pixels, lengths or [])


def test_rivagan_reads_its_bits() -> None:
    bits = bits_of("01100111000011110000111100001111")
    (word,) = read("rivaGan", says(bits, RIVAGAN, 0.52), flat(1, 2, 3))
    assert digits(word.payload) == digits(bits)
    assert read("rivaGan", says(bits, RIVAGAN, 0.52), flat(1, 2, 3), [48]) == ()


@pytest.mark.parametrize(("blue", "bit"), [(201, 1), (189, 0)])
def test_rivagan_sees_blue_first_from_minus_one_to_one(blue: int, bit: int) -> None:
    fake = sees(0, 195 / 127.5 - 1, 32, RIVAGAN, 0.52)
    (word,) = read("rivaGan", fake, flat(0, 0, blue, 300, 260))
    assert set(word.payload) == {bit}


def test_rivagan_reads_the_middle_of_a_large_picture() -> None:
    pixels = flat(0, 0, 0, 1600, 1700)
    pixels[32:-32, 82:-82] = 200  # 1536 x 1536
    (word,) = read("rivaGan", sees(0, 199.5 / 127.5 - 1, 32, RIVAGAN, 0.52), pixels)
    assert set(word.payload) == {1}


def test_rivagan_refuses_what_its_library_refuses() -> None:
    with pytest.raises(UsageError, match="too small"):
        read("rivaGan", says(np.zeros(32, np.uint8), RIVAGAN), flat(0, 0, 0, 255, 256))


@pytest.mark.parametrize("variant", ["q", "p", "b", "c"])
def test_trustmark_reads_and_corrects(variant: str) -> None:
    side = 224 if variant == "p" else 256
    word = encode(PAYLOAD, SCHEMAS[1])
    word[[3, 70]] ^= 1
    scheme = SCHEMES.get(f"trustmark-{variant}")
    (found,) = read(scheme.about.name, says(word, (1, 3, side, side)), flat(9, 9, 9, 300, 400), [61])
    assert digits(found.payload) == digits(
        word[:61]
    )  # raw: p-values are of what was read, not of the corrected
    meaning = scheme.meaning(found)
    assert meaning is not None
    assert (meaning.payload, meaning.schema, meaning.corrected) == (PAYLOAD, "BCH_5", 2)


@pytest.mark.parametrize(("width", "bit"), [(512, 0), (516, 1)])
def test_trustmark_sees_the_middle_of_elongated_pictures_only(width: int, bit: int) -> None:
    pixels = flat(0, 0, 0, 256, width)
    middle = (width - 256) // 2
    pixels[:, middle : middle + 256] = 200
    (word,) = read("trustmark-q", sees(0, 190 / 127.5 - 1, 100, (1, 3, 256, 256)), pixels)
    assert set(word.raw) == {bit}


@pytest.mark.parametrize(("red", "bit"), [(130, 1), (120, 0)])
def test_trustmark_sees_red_first_from_minus_one_to_one(red: int, bit: int) -> None:
    fake = sees(0, 125 / 127.5 - 1, 100, (1, 3, 256, 256))
    (word,) = read("trustmark-q", fake, flat(red, 0, 0))
    assert set(word.raw) == {bit}


def test_trustmark_p_sees_the_middle_always() -> None:
    pixels = flat(0, 0, 0, 256, 400)
    pixels[:, 72:328] = 200
    (word,) = read("trustmark-p", sees(0, 190 / 127.5 - 1, 100, (1, 3, 224, 224)), pixels)
    assert set(word.raw) == {1}


@pytest.mark.parametrize("size", [256, 96])
def test_videoseal_leaves_the_mask_out(size: int) -> None:
    bits = np.random.default_rng(size).integers(0, 2, size, dtype=np.uint8)
    fake = says(np.concatenate([[1], bits]).astype(np.uint8), (1, 3, 256, 256))
    (word,) = read("videoseal", fake, flat(9, 9, 9, 100, 120), [size])
    assert digits(word.payload) == digits(bits)
    assert read("videoseal", fake, flat(9, 9, 9), [32]) == ()


@pytest.mark.parametrize(("red", "bit"), [(130, 1), (120, 0)])
def test_videoseal_sees_red_first_from_zero_to_one(red: int, bit: int) -> None:
    (word,) = read("videoseal", sees(0, 125 / 255, 257, (1, 3, 256, 256)), flat(red, 0, 0))
    assert set(word.payload) == {bit}


NAMES = ("rivaGan", "trustmark-q", "videoseal")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("data", [b"", b"no network", fake_network((1, 3, 8, 8), np.ones((3, 1)), [0])[:-20]])
def test_other_files_are_no_networks(name: str, data: bytes) -> None:
    with pytest.raises(UsageError, match=f"weights of {name} are no network"):
        SCHEMES.get(name).decoder(data)


@pytest.mark.parametrize(("name", "shape"), [("rivaGan", RIVAGAN), ("trustmark-q", (1, 3, 256, 256))])
def test_networks_with_other_outputs_are_refused(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="is another: its output is"):
        read(name, says(np.zeros(31, np.uint8), shape), flat(0, 0, 0))


@pytest.mark.parametrize("name", NAMES)
def test_networks_with_other_inputs_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="does not take this picture"):
        read(name, says(np.zeros(32, np.uint8), (1, 3, 64, 64)), flat(0, 0, 0))


def test_torchscript_needs_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    from forensics.errors import MissingExtra

    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingExtra, match="TorchScript"):
        SCHEMES.get("videoseal").decoder(b"PK\x03\x04 not really")


@pytest.mark.extra
def test_torchscript_is_read_like_onnx(tmp_path: Any) -> None:
    torch = pytest.importorskip("torch", reason="needs torch", exc_type=ImportError)

    class Fake(torch.nn.Module):  # type: ignore[name-defined,misc]
        def forward(self, x: Any) -> Any:
            return x

        @torch.jit.export
        def detect(self, x: torch.Tensor) -> torch.Tensor:  # type: ignore[name-defined]
            return torch.cat([x.mean() - 0.5 + 0.01 * torch.arange(257)]).reshape(1, 257) - 0.5

    torch.jit.save(torch.jit.script(Fake()), tmp_path / "fake.jit")
    (word,) = read("videoseal", (tmp_path / "fake.jit").read_bytes(), flat(128, 128, 128))
    level = 128 / 255 - 0.5 + 0.01 * np.arange(257) - 0.5
    assert digits(word.payload) == digits((level[1:] > 0).astype(np.uint8))
    with pytest.raises(UsageError, match="no TorchScript"):
        SCHEMES.get("videoseal").decoder(b"PK\x03\x04 not really")


@pytest.mark.extra
def test_rivagan_itself_agrees(scene: Any) -> None:
    pytest.importorskip("imwatermark", reason="needs the extra `benchmark`", exc_type=ImportError)
    from imwatermark import WatermarkDecoder, WatermarkEncoder

    from forensics.watermark.others.weights import find_weights

    said = [1, 0, 1, 1, 0, 0, 1, 0] * 4
    encoder = WatermarkEncoder()
    encoder.set_watermark("bits", said)
    encoder.loadModel()
    bgr = np.ascontiguousarray(scene(3, 300, 280)[..., ::-1])
    weights = find_weights("rivaGan").data  # those of the installed library, checked against the pinned hash
    for image in (bgr, encoder.encode(bgr, "rivaGan")):
        theirs = WatermarkDecoder("bits", 32).decode(image, "rivaGan")
        (word,) = read("rivaGan", weights, np.ascontiguousarray(image[..., ::-1]))
        assert word.payload.tolist() == theirs.tolist()
    assert word.payload.tolist() == said
