"""Pipelines whose decoder signs: which picture gets which tile, and which decoder fits which model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.adversarial import Adversarial
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.denoising import Denoising, DenoisingSettings
from forensics.generators.pipelines.filming import Filming
from forensics.generators.pipelines.opening import open_model
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.pipelines.signing import SignedDecoder, Signing, signed_decoder
from forensics.runtime.store import open_bundle
from forensics.watermark.decoders import Signature, signature
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import detect
from tests.bundles import written
from tests.onnx_models import painter
from tests.signed_models import SIDE, model_folder, signing_folder

KEY = Key(bytes(range(32)))
SETTINGS = {**vars(DenoisingSettings(steps=2))}


def sign(number: int) -> Signature:
    return signature(KEY, f"{number:x}")


def silent(number: int) -> Signature:
    return Signature(sign(number).payload, np.zeros((64, 64), np.float32))


@pytest.fixture
def decoder(tmp_path: Path) -> SignedDecoder:
    model, folder = open_model(model_folder(tmp_path / "model")), signing_folder(tmp_path / "signing")
    found = signed_decoder(model, folder)
    assert found is not None
    return found


def flat(z: np.ndarray, *_: object) -> np.ndarray:
    """Say of all noise that it is a grey picture with a little noise."""
    return (0.4 + 0.01 * z).astype(np.float32)


def still(decode: object = lambda z: z) -> Denoising:
    return Denoising(Recipe("flow", (3, SIDE, SIDE), settings=SETTINGS), flat, decode)


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_each_picture_has_the_tile_of_its_number(decoder: SignedDecoder, batch: int) -> None:
    pipeline = Signing(still(), decoder, sign)
    for _ in range(2):  # the same again: numbers begin anew
        for number, picture in enumerate(pipeline.sample(Request(5, seed=1, batch=batch))):
            found = detect(picture, [KEY])
            assert found.payload is not None
            assert int(found.payload.identity, 16) == number


def test_pictures_are_those_of_the_model_but_for_the_mark(decoder: SignedDecoder) -> None:
    plain = np.stack(list(still().sample(Request(2, seed=1))))
    pipeline = Signing(still(), decoder, silent)
    assert np.array_equal(np.stack(list(pipeline.sample(Request(2, seed=1)))), plain)
    marked = np.stack(list(Signing(still(), decoder, sign).sample(Request(2, seed=1)))).astype(float)
    assert np.sqrt(((marked - plain) ** 2).mean()) == pytest.approx(0.02 * 255, abs=0.1)


def test_pictures_say_what_they_carry(decoder: SignedDecoder) -> None:
    pipeline = Signing(still(), decoder, sign)
    assert [pipeline.carried(number) for number in (0, 7)] == [sign(0).payload, sign(7).payload]


def test_marks_that_do_not_hold_become_stronger(decoder: SignedDecoder) -> None:
    plain = np.stack(list(still().sample(Request(4, seed=1)))).astype(float)
    asked: list[int] = []

    def holds(number: int, picture: np.ndarray) -> bool:
        assert picture.shape == (SIDE, SIDE, 3)
        asked.append(number)
        return asked.count(number) > number  # number 0 holds at once, 1 at the second look ...

    for batch in (4, 3):
        asked.clear()
        marked = np.stack(
            list(Signing(still(), decoder, sign, holds).sample(Request(4, seed=1, batch=batch)))
        )
        error = np.sqrt(((marked - plain) ** 2).mean(axis=(1, 2, 3))) / (0.02 * 255)
        assert error == pytest.approx([1, 1.25, 1.25**2, 1.25**3], rel=0.03)
        assert sorted(asked) == [0, 1, 1, 2, 2, 2, 3, 3, 3]  # nobody looks at what is as strong as may be


def test_all_frames_of_a_clip_have_its_tile(decoder: SignedDecoder) -> None:
    recipe = Recipe("video", (2, 3, SIDE, SIDE), settings={**SETTINGS, "known": 1})
    film = Filming(recipe, flat, lambda z: z)
    for more in (0, 2):
        clips = list(Signing(film, decoder, sign).sample(Request(3, more=more, batch=2)))
        assert [len(clip) for clip in clips] == 3 * [2 + more]
        for number, clip in enumerate(clips):
            found = [detect(frame, [KEY]).payload for frame in (clip[0], clip[-1])]
            assert [int(payload.identity, 16) for payload in found if payload] == [number, number]


def test_generators_sign_as_well(decoder: SignedDecoder) -> None:
    class Flat:
        """Noise to grey."""

        def __call__(self, noise: np.ndarray) -> np.ndarray:
            return np.zeros((len(noise), 3, SIDE, SIDE), np.float32)

    gan = Adversarial(Recipe("gan", (3, SIDE, SIDE)), Flat())
    for number, picture in enumerate(Signing(gan, decoder, sign).sample(Request(2, temperature=0.0))):
        found = detect(picture, [KEY])  # the latents are none: black with a mark, of which half is cut
        assert found.payload is not None
        assert int(found.payload.identity, 16) == number


def test_small_pictures_are_marked_more_strongly(tmp_path: Path) -> None:
    model = open_model(model_folder(tmp_path / "model"))
    found = signed_decoder(model, signing_folder(tmp_path / "signing", sides=(128, 64, 64)))
    assert found is not None
    assert [found.strength(side) for side in (32, 64, 100, 128, 4000)] == [2, 2, 2, 1, 1]


def test_a_decoder_of_another_model_is_refused(tmp_path: Path) -> None:
    other = written(tmp_path / "other", {"decoder.onnx": painter(4)})
    folder = signing_folder(tmp_path / "signing")
    with pytest.raises(UsageError, match="signs for another model"):
        signed_decoder(open_bundle(other), folder)
    assert signed_decoder(open_bundle(other)) is None


def test_models_without_a_decoder_cannot_sign(decoder: SignedDecoder) -> None:
    pixels = Denoising(Recipe("flow", (3, 16, 16), settings=SETTINGS), flat)
    with pytest.raises(UsageError, match="works in pixels"):
        Signing(pixels, decoder, sign)

    class Other:
        """A pipeline of something else."""

        recipe = Recipe("nf", (3, 16, 16))

        def sample(self, request: Request) -> object:
            raise NotImplementedError

    with pytest.raises(UsageError, match="no decoder that could sign"):
        Signing(Other(), decoder, sign)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"strengths": [], "file": "a", "sha256": "b"}', b'{"strengths": 3}']
)
def test_damaged_decoders_are_told(tmp_path: Path, content: bytes) -> None:
    model = open_model(model_folder(tmp_path / "model"))
    folder = written(tmp_path / "signing", {"signing.json": content})
    with pytest.raises(ModelError, match=r"signing\.json"):
        signed_decoder(model, folder)


def test_one_ships_for_the_codec_and_whatever_draws_in_its_latents() -> None:
    for name in ("codec", "flow"):
        found = signed_decoder(open_model(name))
        assert found is not None
        assert found.bundle.folder.name == "codec_signing"
    assert signed_decoder(open_model("gan")) is None
