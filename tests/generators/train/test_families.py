"""Every family learns a few pictures by heart, and its model draws them without PyTorch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from forensics.errors import ModelError, UsageError  # noqa: E402
from forensics.generators.codec.model import CodecConfig  # noqa: E402
from forensics.generators.flows.model import FlowConfig  # noqa: E402
from forensics.generators.flows.tarflow import TarFlowConfig  # noqa: E402
from forensics.generators.gan.networks import GanConfig  # noqa: E402
from forensics.generators.networks.text import TextConfig  # noqa: E402
from forensics.generators.networks.transformer import TransformerConfig  # noqa: E402
from forensics.generators.pipelines.base import Request  # noqa: E402
from forensics.generators.pipelines.opening import network_of, open_pipeline  # noqa: E402
from forensics.generators.tokens.model import TokenConfig  # noqa: E402
from forensics.generators.tokens.pixelcnn import PixelCNNConfig  # noqa: E402
from forensics.generators.train.bundle import WEIGHTS  # noqa: E402
from forensics.generators.train.codec import CodecRun  # noqa: E402
from forensics.generators.train.corpus import Corpus  # noqa: E402
from forensics.generators.train.denoising import DenoiserRun  # noqa: E402
from forensics.generators.train.families import FAMILIES  # noqa: E402
from forensics.generators.train.gan import GanRun  # noqa: E402
from forensics.generators.train.likelihood import NfRun  # noqa: E402
from forensics.generators.train.teacher import taught  # noqa: E402
from forensics.generators.train.tokens import TokenRun  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.loop import fit  # noqa: E402
from forensics.training.machine import Machine  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402

from .trained import trained  # noqa: E402

SIDE = 16
FLOW = DenoiserRun(
    TransformerConfig(patch=4, width=64, depth=2, heads=2),
    Schedule(steps=900, batch=16, rate=4e-3, warm_up=20, every=450, width=0.1, decay=0.0),
    side=SIDE,
    latent=False,
)
DIFFUSION = replace(FLOW, path="cosine", weight="min_snr", middle=None, sampler="dpmpp_2m", steps=20)
GAN = GanRun(
    GanConfig(side=SIDE, latent=8, width=16),
    Schedule(
        steps=1000,
        batch=16,
        rate=2e-3,
        warm_up=10,
        every=500,
        width=0.1,
        momentum=(0.0, 0.99),
        decay=0.0,
        seed=1,
    ),
    penalty="r1 r2",
    weight=2.0,
)
CODEC = CodecRun(
    CodecConfig(factor=2, latent=4, width=16),
    Schedule(steps=300, batch=8, rate=4e-3, warm_up=20, every=150, width=0.1, decay=0.0),
    side=SIDE,
)


def pictures(count: int = 8) -> np.ndarray:
    """Pictures of two colours each, alike when mirrored; each many times, so that all are trained on."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:SIDE, :SIDE] / (SIDE - 1)
    x = 2 * np.abs(x - 0.5)
    found = []
    for _ in range(count):
        way = np.clip(0.5 + rng.normal(0, 2) * (x - 0.5) + rng.normal(0, 2) * (y - 0.5), 0, 1)[..., None]
        found.append(rng.uniform(0, 255, 3) * way + rng.uniform(0, 255, 3) * (1 - way))
    return np.tile(np.array(found), (5, 1, 1, 1)).astype(np.uint8)


def nearest(made: Iterator[np.ndarray], real: np.ndarray) -> tuple[float, int]:
    """Mean distance to the nearest real picture, in grey levels, and how many of them were the nearest."""
    found = np.stack(list(made)).astype(float)
    distance = np.sqrt(((found[:, None] - real[None].astype(float)) ** 2).mean((2, 3, 4)))
    return float(distance.min(1).mean()), len(set(distance.argmin(1).tolist()))


@pytest.fixture(scope="module")
def codec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "codec"
    metrics = trained("codec", CODEC, folder, Corpus(pictures()))
    assert metrics["PSNR held out"] > 27
    return folder


def test_codec_gives_back_pictures_of_any_size_in_latents_of_unit_size(codec: Path) -> None:
    bundle = open_bundle(codec)
    latents = Corpus(pictures(), codec=bundle).latents()
    assert latents.shape == (40, 4, 8, 8)
    np.testing.assert_allclose(latents.std(axis=(0, 2, 3)), 1, atol=0.25)
    decode = network_of(bundle, "decoder.onnx")
    assert decode(np.zeros((3, 4, 10, 6), np.float32)).shape == (3, 3, 20, 12)
    with pytest.raises(ModelError, match="draws no pictures"):
        open_pipeline(codec)


GLOW = NfRun(
    FlowConfig(side=SIDE, levels=2, steps=4, width=32),
    Schedule(steps=500, batch=16, rate=2e-3, warm_up=20, every=250, width=0.1, decay=0.0),
)
TARFLOW = NfRun(
    TarFlowConfig(side=SIDE, patch=4, layers=2, depth=2, width=64, heads=2),
    Schedule(steps=800, batch=16, rate=2e-3, warm_up=20, every=400, width=0.1, decay=0.0),
)
WORDS = TokenRun(
    TokenConfig(width=48, depth=2, heads=2),
    Schedule(steps=800, batch=16, rate=4e-3, warm_up=10, every=200, width=0.1, decay=0.0),
    side=SIDE,
)


REALNVP = replace(GLOW, model=replace(GLOW.model, kind="realnvp"))


@pytest.mark.parametrize("run", [GLOW, REALNVP, TARFLOW], ids=["glow", "realnvp", "tarflow"])
def test_likelihoods_rise_and_pictures_come_back(tmp_path: Path, run: NfRun) -> None:
    metrics = trained("nf", run, tmp_path / "model", Corpus(pictures()))
    assert metrics["bits for each value held out"] < 4.5  # 8 for noise
    pipeline = open_pipeline(tmp_path / "model")
    distance, _ = nearest(pipeline.sample(Request(8, temperature=0.3)), pictures()[:8])
    grey, _ = nearest(iter(np.full((1, SIDE, SIDE, 3), 127, np.uint8)), pictures()[:8])
    assert distance < 0.9 * grey


@pytest.mark.parametrize("preset", ["causal", "masked", "llamagen"])
def test_tokens_of_few_pictures_are_learned_by_heart(tmp_path: Path, words: Path, preset: str) -> None:
    model = replace(FAMILIES["tokens"].presets[preset].model, width=48, depth=2, heads=2, dropout=0.0)
    run, corpus = replace(WORDS, model=model), Corpus(pictures(), codec=open_bundle(words))
    metrics = trained("tokens", run, tmp_path / "model", corpus)
    assert metrics["largest difference of ONNX and PyTorch"] < 1e-4
    temperature = 1.0 if model.causal else 0.2
    drawn = open_pipeline(tmp_path / "model").sample(Request(64, seed=1, temperature=temperature))
    distance, different = nearest(drawn, pictures()[:8])
    assert distance < 10
    assert different >= 6


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "words"
    run = CodecRun(
        CodecConfig(factor=4, width=16, bottleneck="rounding", levels=(5, 5, 5)),
        Schedule(steps=600, batch=16, rate=2e-3, warm_up=20, every=300, width=0.1, decay=0.0),
        side=SIDE,
    )
    metrics = trained("codec", run, folder, Corpus(pictures()))
    assert metrics["PSNR held out"] > 35
    return folder


@pytest.mark.parametrize(
    ("bottleneck", "preset", "steps"), [("codebook", "causal", 300), ("scales", "var", 200)]
)
def test_codes_of_learned_vectors_are_modelled(
    tmp_path: Path, bottleneck: str, preset: str, steps: int
) -> None:
    """A VQGAN and a transformer behind it; and maps of growing size, drawn coarse to fine."""
    coding = CodecRun(
        CodecConfig(4, 8, 16, bottleneck=bottleneck, tokens=32, attention=True, sides=(1, 2, 4)),  # type: ignore[arg-type]
        Schedule(steps=steps, batch=16, rate=4e-3, warm_up=20, every=steps, width=0.1, decay=0.0),
        side=SIDE,
        texture=0.02,
        features=0.2,
    )
    assert trained("codec", coding, tmp_path / "codec", Corpus(pictures()))["PSNR held out"] > 20
    model = replace(FAMILIES["tokens"].presets[preset].model, width=48, depth=2, heads=2, dropout=0.0)
    corpus = Corpus(pictures(), codec=open_bundle(tmp_path / "codec"))
    run = replace(WORDS, model=model, schedule=replace(WORDS.schedule, steps=300, every=300))
    metrics = trained("tokens", run, tmp_path / "model", corpus)
    assert metrics["largest difference of ONNX and PyTorch"] < 1e-4
    pipeline = open_pipeline(tmp_path / "model")
    distance, different = nearest(pipeline.sample(Request(48, seed=1, temperature=0.7)), pictures()[:8])
    assert distance < 25
    assert different >= 5
    with pytest.raises(UsageError, match="number of steps"):
        next(pipeline.sample(Request(steps=3)))


def test_maps_need_a_codec_that_has_them(words: Path) -> None:
    run = replace(WORDS, model=FAMILIES["tokens"].presets["var"].model)
    with pytest.raises(UsageError, match="--preset scales"):
        FAMILIES["tokens"].prepare(run, Corpus(pictures(), codec=open_bundle(words)), Machine("cpu"))


def test_tokens_need_a_codec_that_has_some(codec: Path) -> None:
    with pytest.raises(UsageError, match="has no tokens"):
        FAMILIES["tokens"].prepare(WORDS, Corpus(pictures(), codec=open_bundle(codec)), Machine("cpu"))


def test_grey_levels_are_learned(tmp_path: Path) -> None:
    run = TokenRun(
        PixelCNNConfig(width=12, depth=1, levels=4),
        Schedule(steps=200, batch=8, rate=5e-3, warm_up=5, every=100, width=0.1, decay=0.0),
        side=8,
    )
    small = pictures()[:, ::2, ::2]
    metrics = trained("tokens", run, tmp_path / "model", Corpus(np.ascontiguousarray(small)))
    assert metrics["bits for each value of 4 levels held out"] < 1.0  # 2 for noise
    (picture,) = open_pipeline(tmp_path / "model").sample(Request())
    assert picture.shape == (8, 8, 3)
    assert set(np.unique(picture)) <= {0, 85, 170, 255}


@pytest.mark.parametrize(("family", "run"), [("flow", FLOW), ("diffusion", DIFFUSION), ("gan", GAN)])
def test_few_pictures_are_learned_by_heart(tmp_path: Path, family: str, run: Any) -> None:
    known = pictures()[:8]
    metrics = trained(family, run, tmp_path / "model", Corpus(pictures()))
    assert metrics["largest difference of ONNX and PyTorch"] < 1e-4
    pipeline = open_pipeline(tmp_path / "model")
    assert pipeline.recipe.family == family
    grey, _ = nearest(iter(np.full((1, SIDE, SIDE, 3), 127, np.uint8)), known)
    distance, different = nearest(pipeline.sample(Request(24, seed=1)), known)
    assert distance < 0.45 * grey
    assert different >= 5
    card = json.loads((tmp_path / "model" / "card.json").read_text())
    assert card["images"] == run.schedule.images
    assert WEIGHTS in card["files"]


def test_latents_are_drawn_and_decoded(tmp_path: Path, codec: Path) -> None:
    run = replace(FLOW, latent=True, model=TransformerConfig(patch=2, width=64, depth=2, heads=2))
    corpus = Corpus(pictures(), codec=open_bundle(codec))
    trained("flow", run, tmp_path / "model", corpus)
    real = pictures()[:8]
    drawn = list(open_pipeline(tmp_path / "model").sample(Request(16, seed=2)))
    assert drawn[0].shape == (SIDE, SIDE, 3)
    distance, different = nearest(iter(drawn), real)
    assert distance < 30
    assert different >= 4
    with pytest.raises(UsageError, match="--codec"):
        FAMILIES["flow"].prepare(run, Corpus(pictures()), Machine("cpu"))


@pytest.mark.parametrize(("family", "run"), [("flow", FLOW), ("gan", GAN)])
def test_classes_are_drawn_as_asked(tmp_path: Path, family: str, run: Any) -> None:
    real = pictures(2)[[0, 1] * 20]
    labels = np.array([0, 1] * 20)
    shorter = replace(run, schedule=replace(run.schedule, steps=300))
    trained(family, shorter, tmp_path / "model", Corpus(real, labels, ("one", "two")))
    pipeline = open_pipeline(tmp_path / "model")
    for number, name in enumerate(("one", "two")):
        request = Request(6, seed=1, label=pipeline.recipe.label(name))
        distance, _ = nearest(pipeline.sample(request), real[[number]])
        other, _ = nearest(pipeline.sample(request), real[[1 - number]])
        assert distance < 0.5 * other
    with pytest.raises(UsageError, match="no class 'three'; there are: one, two"):
        pipeline.recipe.label("three")


@pytest.mark.parametrize("preset", [name for name in FAMILIES["gan"].presets if name != "gpu"])
def test_every_gan_takes_a_step(tmp_path: Path, preset: str) -> None:
    run = FAMILIES["gan"].presets[preset]
    run = replace(
        run,
        model=replace(run.model, side=SIDE, width=4, latent=8),
        schedule=replace(run.schedule, steps=3, batch=4, every=3),
    )
    metrics = trained("gan", run, tmp_path / "model", Corpus(pictures()))
    assert np.isfinite(list(metrics.values())).all()
    assert len(list(open_pipeline(tmp_path / "model").sample(Request(2)))) == 2


@pytest.mark.parametrize("family", ["flow", "diffusion"])
def test_every_denoiser_takes_a_step(tmp_path: Path, family: str, codec: Path) -> None:
    for name, run in FAMILIES[family].presets.items():
        model = run.model
        if isinstance(model, TransformerConfig):
            model = replace(model, width=32, depth=1, heads=2, patch=2 if run.latent else 4)
        else:
            model = replace(model, width=8, multiples=(1, 2), attention=2)
        tiny = replace(run, side=SIDE, model=model, schedule=replace(run.schedule, steps=2, batch=4, every=2))
        learns = run.lesson is not None and run.lesson.method != "standalone"
        known = open_bundle(tmp_path / "latent") if learns else None
        classes = {"labels": np.arange(len(pictures())) % 2, "names": ("even", "odd")}
        corpus = Corpus(pictures(), **classes, codec=open_bundle(codec), teacher=known)
        tiny = taught(tiny, known)
        trained(family, tiny, tmp_path / name, corpus)
        drawn = list(open_pipeline(tmp_path / name).sample(Request(2, steps=2)))
        assert [picture.shape for picture in drawn] == [(SIDE, SIDE, 3)] * 2


def test_texture_is_judged_from_a_share_of_the_run_on(tmp_path: Path) -> None:
    run = replace(CODEC, texture=0.05, texture_from=0.5, schedule=replace(CODEC.schedule, steps=4, every=4))
    task = FAMILIES["codec"].prepare(run, Corpus(pictures()), Machine("cpu"))
    before = {name: value.clone() for name, value in task.module.critic.named_parameters()}
    assert [[turn.player for turn in task.turns(step, step / 4)] for step in (1, 2)] == [
        ["codec"],
        ["codec", "critic"],
    ]
    module = fit(task, tmp_path)
    assert module.critic is not None
    changed = [not torch.equal(before[name], value) for name, value in task.module.critic.named_parameters()]
    assert any(changed)


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(UsageError, match="training needs pictures"):
        FAMILIES["gan"].prepare(GAN, Corpus(pictures()[:1]), Machine("cpu"))


def test_words_are_drawn_as_asked(tmp_path: Path) -> None:
    """Left and right, red and blue: every caption is drawn, and nothing else."""
    captions = ("red left", "red right", "blue left", "blue right")
    real = np.full((4, SIDE, SIDE, 3), 128, np.uint8)
    for number, text in enumerate(captions):
        columns = slice(0, SIDE // 2) if "left" in text else slice(SIDE // 2, SIDE)
        real[number, :, columns] = (220, 20, 20) if "red" in text else (20, 20, 220)
    many = np.tile(real, (12, 1, 1, 1))
    run = replace(
        FLOW, text=TextConfig(width=32, depth=1, heads=2), schedule=replace(FLOW.schedule, steps=500)
    )
    trained("flow", run, tmp_path / "model", Corpus(many, captions=captions * 12))
    pipeline = open_pipeline(tmp_path / "model")
    for number, text in enumerate(captions):
        drawn = list(pipeline.sample(Request(4, seed=number, prompt=text, guidance=1.5)))
        distance = [nearest(iter(drawn), real[[other]])[0] for other in range(4)]
        assert int(np.argmin(distance)) == number
        assert distance[number] < 40
    with pytest.raises(UsageError, match="knows no 'green'"):
        next(pipeline.sample(Request(prompt="green left")))
    unet = FAMILIES["diffusion"].presets["unet"]
    with pytest.raises(UsageError, match="takes no captions"):
        FAMILIES["diffusion"].prepare(unet, Corpus(many, captions=captions * 12), Machine("cpu"))
