"""Prompts of models whose text encoder is somebody else's, with a made-up one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.denoising import Denoising, DenoisingSettings
from forensics.generators.pipelines.inpainting import Inpainting, Scene
from forensics.generators.pipelines.recipe import Recipe, recipe_text
from forensics.generators.pipelines.texts import NOTHING, EncodedTexts, packed, texts_of
from forensics.runtime.store import open_bundle

from ...bundles import written
from ..encoders import FakeEncoder

ENCODER = FakeEncoder()
NOTHING_SAID = ENCODER.encode([""])[0]
SETTINGS = DenoisingSettings(
    steps=3, length=ENCODER.length, encoder=ENCODER.name, digest=ENCODER.digest, values=ENCODER.width
)
RECIPE = Recipe("flow", (3, 4, 4), settings=vars(SETTINGS))


def listening(z: Any, t: Any, texts: Any) -> Any:
    """Predict pictures as bright as the mean of what is told."""
    assert texts.shape == (len(z), ENCODER.length, ENCODER.width)
    assert texts.dtype == np.float32
    return np.broadcast_to(texts.mean((1, 2))[:, None, None, None], z.shape)


def pipeline(encoder: FakeEncoder | None = ENCODER) -> Denoising:
    texts = EncodedTexts(ENCODER.name, ENCODER.digest, NOTHING_SAID, encoder)
    return Denoising(RECIPE, listening, texts=texts)


def brightness(prompt: str) -> float:
    return float(ENCODER.encode([prompt]).mean())


def said(prompt: str, guidance: float = 1.0) -> float:
    asked = pipeline().denoiser(Request(prompt=prompt, guidance=guidance))
    return float(asked(np.zeros((2, 3, 4, 4), np.float32), 0.5).x.mean())


def test_prompts_are_told_and_guide() -> None:
    for prompt in ("a cat", "a dog", ""):
        assert said(prompt) == pytest.approx(brightness(prompt), abs=1e-5)
    assert said("a cat", 0.0) == pytest.approx(brightness(""), abs=1e-5)
    wanted = brightness("") + 3.0 * (brightness("a cat") - brightness(""))
    assert said("a cat", 3.0) == pytest.approx(wanted, abs=1e-5)
    assert said("", 3.0) == pytest.approx(brightness(""), abs=1e-5)


def test_empty_prompt_needs_no_encoder() -> None:
    alone, asked = pipeline(None), Request(2, seed=3)
    for one, other in zip(alone.sample(asked), pipeline().sample(asked), strict=True):
        np.testing.assert_array_equal(one, other)
    picture = np.zeros((4, 4, 3), np.uint8)
    prompt = Request(prompt="a cat")
    for wrong in (
        lambda: next(alone.sample(prompt)),
        lambda: next(alone.edit(picture, prompt, 0.5)),
        lambda: alone.invert(picture[None], prompt),
        lambda: next(Inpainting(alone, Scene(picture, np.ones((4, 4), bool))).sample(prompt)),
    ):
        with pytest.raises(UsageError, match="by the text encoder fake; name its folder with --text-encoder"):
            wrong()


def test_pictures_are_changed_and_inverted_by_prompts() -> None:
    picture, asked = np.full((4, 4, 3), 99, np.uint8), Request(1, prompt="a cat", steps=4)
    level = np.clip((1.0 + brightness("a cat")) / 2.0, 0.0, 1.0) * 255.0
    (edited,) = pipeline().edit(picture, asked, 1.0)
    (painted,) = Inpainting(pipeline(), Scene(picture, np.ones((4, 4), bool))).sample(asked)
    for found in (edited, painted):
        np.testing.assert_allclose(found.astype(float), level, atol=1.0)
    noise = pipeline().invert(picture[None], asked)
    back = pipeline().reconstruct(noise, asked)
    np.testing.assert_allclose(back * 255.0, level, atol=1.0)


def test_another_encoder_is_refused() -> None:
    for wrong in ({"digest": "0" * 64}, {"length": 7}, {"width": 9}):
        with pytest.raises(UsageError, match="trained with another text encoder, fake"):
            EncodedTexts(ENCODER.name, ENCODER.digest, NOTHING_SAID, replace(ENCODER, **wrong))


def test_models_keep_what_the_empty_text_is(tmp_path: Path) -> None:
    recipe = {"recipe.json": recipe_text(RECIPE).encode()}
    bundle = open_bundle(written(tmp_path / "model", {**recipe, NOTHING: packed(NOTHING_SAID)}))
    found = texts_of(bundle)
    assert found is not None
    np.testing.assert_array_equal(found.encode(""), NOTHING_SAID)
    told = texts_of(bundle, ENCODER)
    assert told is not None
    np.testing.assert_array_equal(told.encode("a cat"), ENCODER.encode(["a cat"])[0])
    for number, (content, reason) in enumerate(
        ((b"PK", "cannot be read"), (packed(NOTHING_SAID[:2]), "does not fit to the recipe"))
    ):
        damaged = open_bundle(written(tmp_path / f"{number}", {**recipe, NOTHING: content}))
        with pytest.raises(ModelError, match=reason):
            texts_of(damaged)
    plain = recipe_text(Recipe("flow", (3, 4, 4), settings=vars(DenoisingSettings()))).encode()
    without = open_bundle(written(tmp_path / "plain", {"recipe.json": plain}))
    assert texts_of(without) is None
    with pytest.raises(UsageError, match="has no use for a text encoder"):
        texts_of(without, ENCODER)


def test_texts_have_to_be_said() -> None:
    with pytest.raises(ModelError, match="reads texts by an encoder"):
        Denoising(RECIPE, listening)
