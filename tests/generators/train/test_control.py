"""Side branches beside trained denoisers: nothing at first, then what another picture says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from safetensors.torch import load  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.codec.model import CodecConfig  # noqa: E402
from forensics.generators.networks.text import TextConfig  # noqa: E402
from forensics.generators.networks.transformer import TransformerConfig  # noqa: E402
from forensics.generators.networks.unet import UNetConfig  # noqa: E402
from forensics.generators.pipelines.base import Request  # noqa: E402
from forensics.generators.pipelines.controlled import Controlled  # noqa: E402
from forensics.generators.pipelines.opening import network_of, open_pipeline  # noqa: E402
from forensics.generators.train.codec import CodecRun  # noqa: E402
from forensics.generators.train.control import ControlRun, Controls, begun, holes, prepare  # noqa: E402
from forensics.generators.train.corpus import Corpus  # noqa: E402
from forensics.generators.train.denoising import DenoiserRun  # noqa: E402
from forensics.generators.train.families import FAMILIES  # noqa: E402
from forensics.generators.train.frozen import frozen, run_of  # noqa: E402
from forensics.runtime.store import Bundle, open_bundle  # noqa: E402
from forensics.training.card import Origins  # noqa: E402
from forensics.training.loop import fit  # noqa: E402
from forensics.training.machine import Machine  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402

from .trained import trained  # noqa: E402

SIDE = 8
SHORT = Schedule(steps=2, batch=4, rate=1e-3, warm_up=1, every=2, width=0.1, decay=0.0)
FLOW = DenoiserRun(
    TransformerConfig(patch=4, width=32, depth=2, heads=2),
    Schedule(steps=150, batch=16, rate=4e-3, warm_up=10, every=150, width=0.1, decay=0.0),
    side=SIDE,
    latent=False,
    steps=6,
)


def pictures(count: int = 40) -> np.ndarray:
    """One colour each."""
    rng = np.random.default_rng(3)
    return np.tile(rng.integers(0, 256, (count, 1, 1, 3), dtype=np.uint8), (1, SIDE, SIDE, 1))


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("models") / "flow"
    trained("flow", FLOW, folder, Corpus(pictures()))
    return open_bundle(folder)


def task_of(base: Bundle, rule: str, corpus: Corpus) -> Controls:
    return prepare(begun(ControlRun(SHORT), base, rule), replace(corpus, begin=base), Machine("cpu"))


def test_model_is_read_as_it_was_trained(flow: Bundle) -> None:
    assert run_of(flow) == FLOW
    found = frozen(flow)
    assert not found.module.training
    assert not any(p.requires_grad for p in found.module.parameters())
    z, t = torch.randn(3, 3, SIDE, SIDE), torch.tensor([0.2, 0.5, 0.9])
    expected = network_of(flow, "denoiser.onnx")(z.numpy(), t.numpy())
    np.testing.assert_allclose(found.module(z, t).numpy(), expected, atol=0.01)  # 16 bits


def test_branch_starts_as_the_model_alone(flow: Bundle) -> None:
    task = task_of(flow, "grey", Corpus(pictures()))
    z, t = torch.randn(3, 3, SIDE, SIDE), torch.tensor([0.2, 0.5, 0.9])
    for shown in (torch.zeros(3, 1, SIDE, SIDE), torch.rand(3, 1, SIDE, SIDE)):
        torch.testing.assert_close(task.module(z, t, shown), frozen(flow).module(z, t), rtol=0, atol=0)
    measured = task.measure(task.module.eval())
    for name, value in measured.items():
        assert measured[name.removesuffix(" without the branch")] == value


def test_branch_comes_to_say_what_is_drawn_and_the_model_stays(flow: Bundle, tmp_path: Path) -> None:
    schedule = replace(FLOW.schedule, steps=200)
    run = begun(ControlRun(schedule), flow, "low")
    metrics = trained("control", run, tmp_path / "model", Corpus(pictures(), begin=flow))
    assert metrics["largest difference of ONNX and PyTorch"] < 1e-4
    assert metrics["held-out error at 0.1"] < 0.5 * metrics["held-out error at 0.1 without the branch"]
    kept = frozen(flow).module.state_dict()
    found = load((tmp_path / "model" / "weights.safetensors").read_bytes())
    for name, value in kept.items():
        torch.testing.assert_close(found[f"denoiser.{name}"].float(), value, rtol=0, atol=0)
    pipeline = open_pipeline(tmp_path / "model")
    assert isinstance(pipeline, Controlled)
    for colour in ((230, 30, 30), (20, 200, 60), (40, 40, 220)):
        shown = np.full((SIDE, SIDE, 3), colour, np.uint8)
        drawn = np.stack(list(pipeline.after(shown).sample(Request(6, seed=1)))).astype(float)
        assert np.abs(drawn.mean((0, 1, 2)) - colour).mean() < 45
        assert drawn.mean((0, 1, 2)).argmax() == np.argmax(colour)


def test_every_denoiser_takes_a_branch(tmp_path: Path) -> None:
    codec = CodecRun(CodecConfig(factor=2, latent=4, width=8), SHORT, side=SIDE)
    trained("codec", codec, tmp_path / "codec", Corpus(pictures()))
    coded, captions = open_bundle(tmp_path / "codec"), ("one colour",) * 40
    labels = np.arange(40) % 2
    unet = replace(FLOW, model=UNetConfig(width=8, multiples=(1, 2), attention=2), schedule=SHORT)
    short = replace(FLOW, schedule=SHORT)
    latent = replace(short, latent=True, model=replace(FLOW.model, patch=2))
    for name, run, rule, corpus in (
        ("unet", unet, "canny", Corpus(pictures(), labels, ("a", "b"))),
        ("latent", latent, "edges", Corpus(pictures(), codec=coded)),
        ("words", replace(short, text=TextConfig(width=16, depth=1, heads=2)), "mask",
         Corpus(pictures(), captions=captions)),
    ):  # fmt: skip
        trained("diffusion", replace(run, path="cosine"), tmp_path / name, corpus)
        base = open_bundle(tmp_path / name)
        beside = begun(ControlRun(SHORT), base, rule)
        trained("control", beside, tmp_path / f"{name}-control", replace(corpus, begin=base))
        pipeline = open_pipeline(tmp_path / f"{name}-control")
        assert isinstance(pipeline, Controlled)
        assert pipeline.size == (SIDE, SIDE)
        hole = np.arange(SIDE * SIDE).reshape(SIDE, SIDE) < 20 if rule == "mask" else None
        asked = Request(3, label=0 if name == "unet" else -1, prompt="colour" if name == "words" else "")
        drawn = list(pipeline.after(pictures(1)[0], hole).sample(replace(asked, steps=2, guidance=2.0)))
        assert [picture.shape for picture in drawn] == [(SIDE, SIDE, 3)] * 3


def test_holes_are_rectangles_of_all_sizes() -> None:
    found = holes(400, 16, 24, torch.Generator().manual_seed(0))
    assert found.shape == (400, 1, 16, 24)
    for hole in found[:20, 0]:
        rows, columns = hole.any(1), hole.any(0)
        torch.testing.assert_close(hole, rows[:, None] & columns[None])
        assert (rows.int().diff().abs().sum() <= 2) & (columns.int().diff().abs().sum() <= 2)
    shares = found.float().mean((1, 2, 3))
    assert 0.02 < shares.min() < 0.08
    assert 0.5 < shares.max() < 0.7
    assert abs(shares.mean() - 0.25) < 0.02
    again = holes(400, 16, 24, torch.Generator().manual_seed(0))
    torch.testing.assert_close(found, again)


def test_what_does_not_fit_is_refused(flow: Bundle, tmp_path: Path) -> None:
    corpus = Corpus(pictures())
    with pytest.raises(UsageError, match="no rule 'magic'; there are: canny"):
        begun(ControlRun(SHORT), flow, "magic")
    learned = {**flow.card, "config": {**flow.card["config"], "learned": True}}
    with pytest.raises(UsageError, match="predicts a variance"):
        begun(ControlRun(SHORT), replace(flow, card=learned), "grey")
    with pytest.raises(UsageError, match="--begin"):
        prepare(ControlRun(SHORT), corpus, Machine("cpu"))
    with pytest.raises(UsageError, match="another size"):
        task_of(flow, "grey", Corpus(pictures()[:, :4, :4]))
    with pytest.raises(UsageError, match="without captions"):
        task_of(flow, "grey", replace(corpus, captions=("one colour",) * 40))
    with pytest.raises(UsageError, match="other classes"):
        task_of(flow, "grey", replace(corpus, labels=np.zeros(40, np.int64), names=("a",)))
    task = task_of(flow, "grey", corpus)
    module = fit(task, tmp_path)
    card = FAMILIES["control"].card("control", task, Origins("", "", ""), 8)
    FAMILIES["control"].finish(task, module, tmp_path, card, corpus)
    with pytest.raises(UsageError, match="is a control; what stands beside a denoiser"):
        run_of(open_bundle(tmp_path))
