"""Clips: a model of pictures at first, and then one that knows what comes next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from torch import nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.codec.model import CodecConfig  # noqa: E402
from forensics.generators.networks.transformer import TransformerConfig  # noqa: E402
from forensics.generators.networks.unet import UNetConfig  # noqa: E402
from forensics.generators.networks.video import DenoisingVideoTransformer, DenoisingVideoUNet  # noqa: E402
from forensics.generators.pipelines.base import Request  # noqa: E402
from forensics.generators.pipelines.opening import open_pipeline  # noqa: E402
from forensics.generators.train import video  # noqa: E402
from forensics.generators.train.codec import CodecRun  # noqa: E402
from forensics.generators.train.corpus import Corpus  # noqa: E402
from forensics.generators.train.families import FAMILIES  # noqa: E402
from forensics.generators.train.pictures import Pictures  # noqa: E402
from forensics.generators.train.video import Films, VideoRun  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.machine import Machine  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402

from .trained import trained, trained_module  # noqa: E402

SIDE, FRAMES = 8, 4
RUN = VideoRun(
    TransformerConfig(patch=4, width=48, depth=2, heads=2),
    Schedule(steps=500, batch=16, rate=4e-3, warm_up=20, every=250, width=0.1, decay=0.0),
    side=SIDE,
    frames=FRAMES,
    known=1,
)
UNET = replace(
    RUN,
    model=UNetConfig(width=8, multiples=(1, 2), attention=1),
    schedule=replace(RUN.schedule, steps=200, every=100),
)
RUNS = pytest.mark.parametrize("run", [RUN, UNET], ids=["transformer", "unet"])


def clips(count: int = 40) -> np.ndarray:
    """Flat clips of eight colours that become darker frame by frame."""
    colours = np.random.default_rng(1).uniform(100, 255, (8, 3))
    fade = np.linspace(1.0, 0.2, FRAMES)[:, None, None, None]
    whole = colours[:, None, None, None] * fade * np.ones((1, 1, SIDE, SIDE, 1))
    return np.tile(whole, (count // 8, 1, 1, 1, 1)).astype(np.uint8)


@RUNS
def test_few_clips_are_learned_and_gone_on_with(tmp_path: Path, run: VideoRun) -> None:
    metrics = trained("video", run, tmp_path / "model", Corpus(clips()))
    assert metrics["held-out error gone on with"] < metrics["held-out error from noise"]
    assert metrics["largest difference of ONNX and PyTorch"] < 1e-4
    pipeline = open_pipeline(tmp_path / "model")
    drawn = np.stack(list(pipeline.sample(Request(12, seed=3)))).astype(float)
    assert drawn.shape == (12, FRAMES, SIDE, SIDE, 3)
    levels = drawn.mean((2, 3, 4))
    assert (np.diff(levels, axis=1) < 0).mean() > 0.9
    (longer,) = pipeline.sample(Request(1, seed=3, more=2))
    assert longer.shape == (FRAMES + 2 * (FRAMES - 1), SIDE, SIDE, 3)


def a_model_of_pictures(run: VideoRun, folder: Path) -> nn.Module:
    """Train one of the network of a run for two steps, and write it."""
    still = replace(FAMILIES["flow"].presets["smoke"], model=run.model, side=SIDE)
    still = replace(still, schedule=replace(still.schedule, steps=2, every=2))
    return trained_module("flow", still, folder, Corpus(clips()[:, 0]))[0]


@RUNS
def test_clips_begin_with_a_model_of_pictures(tmp_path: Path, run: VideoRun) -> None:
    module = a_model_of_pictures(run, tmp_path / "still")
    begin = open_bundle(tmp_path / "still")
    films = FAMILIES["video"].prepare(run, Corpus(clips(), begin=begin), Machine("cpu"))
    network = films.module.network
    assert isinstance(network, DenoisingVideoTransformer if run is RUN else DenoisingVideoUNet)
    assert type(network.pictures) is type(module)
    z, t = torch.randn(2, FRAMES, 3, SIDE, SIDE), torch.tensor([0.3, 0.6])
    with torch.no_grad():
        found = films.module.eval()(z, t, torch.zeros(2, FRAMES, dtype=torch.bool))
        frames = [module.eval()(z[:, i], t) for i in range(FRAMES)]
    torch.testing.assert_close(found, torch.stack(frames, dim=1), atol=2e-2, rtol=2e-2)  # kept in 16 bits
    for known in ({"path": "cosine"}, {"target": "v"}):
        card = {**begin.card, "config": {**begin.card["config"], **known}}
        with pytest.raises(UsageError, match="it predicts"):
            FAMILIES["video"].prepare(run, Corpus(clips(), begin=replace(begin, card=card)), Machine("cpu"))


def test_clips_do_not_begin_with_another_network(tmp_path: Path) -> None:
    a_model_of_pictures(UNET, tmp_path / "still")
    begin = open_bundle(tmp_path / "still")
    for model, reason in (
        (RUN.model, "its network is a U-Net, not a transformer"),
        (replace(UNET.model, width=24), "its network has width 8, not 24"),
        (replace(UNET.model, heads=2), "its network has heads 4, not 2"),  # of the same weights
        (replace(UNET.model, multiples=(1, 1), blocks=2), "multiples .1, 2., not .1, 1., blocks 1, not 2"),
    ):
        with pytest.raises(UsageError, match=f"cannot begin with the model .*{reason}"):
            FAMILIES["video"].prepare(
                replace(UNET, model=model), Corpus(clips(), begin=begin), Machine("cpu")
            )
    regular = replace(UNET, model=replace(UNET.model, dropout=0.1))  # the same network, once trained
    FAMILIES["video"].prepare(regular, Corpus(clips(), begin=begin), Machine("cpu"))
    bare = {**begin.card, "config": {**begin.card["config"], "model": vars(replace(UNET.model, width=24))}}
    with pytest.raises(UsageError, match=r"cannot begin with the model .*size mismatch"):
        FAMILIES["video"].prepare(
            replace(UNET, model=replace(UNET.model, width=24)),
            Corpus(clips(), begin=replace(begin, card=bare)),
            Machine("cpu"),
        )


@RUNS
def test_single_frames_are_learned_without_time(monkeypatch: pytest.MonkeyPatch, run: VideoRun) -> None:
    """What they add to the error knows no layers over time; each counts as a frame of a clip does."""
    monkeypatch.setattr(video, "_GOING_ON", 0.0)  # all frames count
    stills = 3
    share = FRAMES / (FRAMES + stills)  # of the clip
    alone, joint = (
        Films(replace(run, stills=n), Pictures(clips(), None, torch.device("cpu"))) for n in (0, stills)
    )

    def shaken(spread: float) -> float:
        """Make layers over time anew, and return the mean error that single frames add."""
        for films in (alone, joint):
            films.module.zero_grad()
            torch.manual_seed(5)
            for parameter in films.module.network.parameters():
                nn.init.normal_(parameter, std=0.1)
            for parameter in films.module.network.temporal.parameters():
                nn.init.normal_(parameter, std=spread)
        losses = [films.loss(4) for films in (alone, joint)]
        for loss in losses:
            loss.backward()
        return (losses[1] - share * losses[0]).item() / (1 - share)

    first, second = shaken(0.1), shaken(0.2)
    assert first == pytest.approx(second, rel=1e-3)
    ways = [dict(films.module.network.named_parameters()) for films in (alone, joint)]
    over_time = [name for name in ways[0] if name.startswith("temporal")]
    for name in over_time:
        torch.testing.assert_close(ways[1][name].grad, share * ways[0][name].grad, rtol=1e-3, atol=1e-6)
    assert any(
        not torch.allclose(ways[1][name].grad, share * ways[0][name].grad, rtol=1e-2, atol=1e-4)
        for name in set(ways[0]) - set(over_time)
    )


def test_clips_are_learned_beside_single_frames(tmp_path: Path) -> None:
    short = replace(UNET, stills=2, schedule=replace(UNET.schedule, steps=2, every=2, batch=4))
    metrics = trained("video", short, tmp_path / "model", Corpus(clips()))
    assert np.isfinite(list(metrics.values())).all()
    (clip,) = open_pipeline(tmp_path / "model").sample(Request(1, steps=2))
    assert clip.shape == (FRAMES, SIDE, SIDE, 3)


def test_clips_are_learned_in_latents_of_a_codec(tmp_path: Path) -> None:
    codec = CodecRun(
        CodecConfig(factor=2, latent=4, width=8),
        Schedule(steps=150, batch=16, rate=4e-3, warm_up=10, every=150, width=0.1, decay=0.0),
        side=SIDE,
    )
    trained("codec", codec, tmp_path / "codec", Corpus(clips().reshape(-1, SIDE, SIDE, 3)))
    schedule = replace(RUN.schedule, steps=300, every=150)
    run = replace(RUN, model=replace(RUN.model, patch=2), latent=True, schedule=schedule)
    with pytest.raises(UsageError, match="--codec"):
        FAMILIES["video"].prepare(run, Corpus(clips()), Machine("cpu"))
    corpus = Corpus(clips(), codec=open_bundle(tmp_path / "codec"))
    assert trained("video", run, tmp_path / "model", corpus)["largest difference of ONNX and PyTorch"] < 1e-4
    pipeline = open_pipeline(tmp_path / "model")
    assert pipeline.recipe.shape == (FRAMES, 4, SIDE // 2, SIDE // 2)
    drawn = np.stack(list(pipeline.sample(Request(8, seed=3)))).astype(float)
    assert drawn.shape == (8, FRAMES, SIDE, SIDE, 3)
    assert (np.diff(drawn.mean((2, 3, 4)), axis=1) < 0).mean() > 0.9
    (longer,) = pipeline.sample(Request(1, seed=3, more=1))
    assert longer.shape == (2 * FRAMES - 1, SIDE, SIDE, 3)
