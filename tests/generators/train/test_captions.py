"""Denoisers that attend to what a pretrained text encoder says, with a made-up one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.evaluation.judges import DenoisingJudge  # noqa: E402
from forensics.generators.evaluation.opening import open_judge  # noqa: E402
from forensics.generators.networks.text import EncodedDenoiser, EncoderConfig  # noqa: E402
from forensics.generators.networks.transformer import (  # noqa: E402
    DenoisingTransformer,
    TransformerConfig,
)
from forensics.generators.pipelines.base import Request  # noqa: E402
from forensics.generators.pipelines.chance import Chance  # noqa: E402
from forensics.generators.pipelines.denoising import Denoising  # noqa: E402
from forensics.generators.pipelines.opening import open_pipeline  # noqa: E402
from forensics.generators.train import frozen, teacher  # noqa: E402
from forensics.generators.train.captions import encoded  # noqa: E402
from forensics.generators.train.control import ControlRun, begun  # noqa: E402
from forensics.generators.train.corpus import Corpus  # noqa: E402
from forensics.generators.train.denoising import DenoiserRun  # noqa: E402
from forensics.generators.train.families import FAMILIES  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.machine import Machine  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402

from ..encoders import FakeEncoder  # noqa: E402
from .trained import trained  # noqa: E402

SIDE, ENCODER = 8, FakeEncoder()
CAPTIONS = ("red left", "red right", "blue left", "blue right")
RUN = DenoiserRun(
    TransformerConfig(patch=4, width=64, depth=2, heads=2),
    Schedule(steps=400, batch=16, rate=4e-3, warm_up=20, every=400, width=0.1, decay=0.0),
    side=SIDE,
    latent=False,
    steps=12,
)


def halves() -> np.ndarray:
    """One picture for each caption: a half of it red or blue."""
    found = np.full((4, SIDE, SIDE, 3), 128, np.uint8)
    for number, text in enumerate(CAPTIONS):
        columns = slice(0, SIDE // 2) if "left" in text else slice(SIDE // 2, SIDE)
        found[number, :, columns] = (220, 20, 20) if "red" in text else (20, 20, 220)
    return found


def corpus() -> Corpus:
    """Twelve of each, and as many that nothing is said of."""
    captions = (*CAPTIONS, "") * 12
    pixels = np.concatenate([halves(), halves()[:1]])
    return Corpus(np.tile(pixels, (12, 1, 1, 1)), captions=captions, encoded=encoded(captions, ENCODER))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "flow"
    metrics = trained("flow", RUN, folder, corpus())
    assert metrics["largest difference of ONNX and PyTorch"] < 1e-4
    return folder


def test_pictures_are_drawn_as_the_prompt_says(model: Path) -> None:
    pipeline, real = open_pipeline(model, text_encoder=ENCODER), halves().astype(float)
    for number, text in enumerate(CAPTIONS):
        drawn = np.stack(list(pipeline.sample(Request(4, seed=number, prompt=text, guidance=1.5))))
        distance = np.abs(drawn[:, None] - real).mean((2, 3, 4))
        assert (distance.argmin(1) == number).all()
        assert distance[:, number].max() < 40
    plain, same = (
        list(pipeline.sample(Request(2, prompt="red left", guidance=scale))) for scale in (1.0, 1.0000001)
    )
    np.testing.assert_allclose(np.stack(plain).astype(int), np.stack(same).astype(int), atol=1)


def test_without_a_prompt_no_encoder_is_needed(model: Path) -> None:
    asked = Request(3, seed=5)
    alone, told = (list(open_pipeline(model, text_encoder=each).sample(asked)) for each in (None, ENCODER))
    np.testing.assert_array_equal(alone, told)
    with pytest.raises(UsageError, match="name its folder with --text-encoder"):
        next(open_pipeline(model).sample(Request(prompt="red left")))
    with pytest.raises(UsageError, match="another text encoder, fake"):
        open_pipeline(model, text_encoder=replace(ENCODER, digest="0" * 64))


def test_encoder_is_named_and_not_copied(model: Path) -> None:
    recipe = json.loads((model / "recipe.json").read_text())["settings"]
    wanted = {"encoder": "fake", "digest": ENCODER.digest, "length": 6, "values": 8}
    assert {key: recipe[key] for key in wanted} == wanted
    assert json.loads((model / "card.json").read_text())["config"]["encoder"]["digest"] == ENCODER.digest
    from safetensors.numpy import load_file

    names = {name.partition(".")[0] for name in load_file(model / "weights.safetensors")}
    assert names == {"denoiser", "project"}


def test_judges_work_and_others_refuse(model: Path) -> None:
    """A judge tells it nothing; nothing is trained that begins with such a model."""
    told = open_pipeline(model, text_encoder=ENCODER)
    assert isinstance(told, Denoising)
    figures = []
    for judge in (open_judge(model), DenoisingJudge(told)):
        chance = Chance(0, range(4))
        figures.append(judge.figures(judge.code(halves(), chance), chance))
    np.testing.assert_array_equal(*figures)
    assert figures[0].min(1).max() < 0.5
    bundle = open_bundle(model)
    with pytest.raises(UsageError, match="by a text encoder, fake: nothing begins with it"):
        begun(ControlRun(), bundle, "grey")
    with pytest.raises(UsageError, match="by a text encoder, fake: it cannot teach"):
        teacher.taught(FAMILIES["flow"].presets["reflow"], bundle)
    for load in (teacher.load_teacher, lambda given, _: frozen.frozen(given)):
        with pytest.raises(UsageError, match="text encoder"):
            load(bundle, torch.device("cpu"))


def test_every_text_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def encode(self: FakeEncoder, texts: list[str], plain: object = FakeEncoder.encode) -> np.ndarray:
        asked.extend(texts)
        return plain(self, texts)

    monkeypatch.setattr(FakeEncoder, "encode", encode)
    many = tuple(f"cat {number % 100}" for number in range(300))
    found = encoded((*many, ""), ENCODER)
    assert sorted(asked) == sorted({*many, ""})
    assert found.values.shape == (101, 3, 8)  # two words and an end have the longest
    generator = torch.Generator().manual_seed(0)
    told = found.told(torch.from_numpy(found.numbers), 0.0, generator)
    np.testing.assert_array_equal(told, ENCODER.encode([*many, ""]))
    np.testing.assert_array_equal(found.nothing(), ENCODER.encode([""])[0])
    with pytest.raises(UsageError, match="have no captions"):
        encoded(("", ""), ENCODER)


def test_a_share_of_texts_is_left_out() -> None:
    found = encoded(CAPTIONS, ENCODER)
    numbers = torch.from_numpy(np.tile(found.numbers, 500))
    told = found.told(numbers, 0.1, torch.Generator().manual_seed(0)).numpy()
    empty = (told == found.nothing()).all((1, 2))
    assert 0.07 < empty.mean() < 0.13
    np.testing.assert_array_equal(told[~empty], ENCODER.encode(CAPTIONS * 500)[~empty])


def test_size_of_values_does_not_count_and_the_end_stays_zero() -> None:
    torch.manual_seed(0)
    config = EncoderConfig("fake", "", 6, 8, 16)
    module = EncodedDenoiser(DenoisingTransformer(replace(RUN.model, context=16)), config)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    z, t = torch.randn(2, 3, SIDE, SIDE), torch.tensor([0.2, 0.7])
    texts = torch.from_numpy(ENCODER.encode(["red left", "blue"]))
    plain = module(z, t, texts)
    torch.testing.assert_close(module(z, t, 100.0 * texts), plain, atol=1e-3, rtol=1e-3)
    assert (module(z, t, texts.flip(0)) - plain).abs().max() > 1e-3
    inside = module.project(module.norm(texts))
    assert not inside[(texts == 0).all(2)].any()
    assert inside.abs().sum(2)[(texts != 0).any(2)].min() > 0


def test_networks_without_attention_take_no_captions() -> None:
    unet = FAMILIES["diffusion"].presets["unet"]
    with pytest.raises(UsageError, match="takes no captions"):
        FAMILIES["diffusion"].prepare(unet, corpus(), Machine("cpu"))
