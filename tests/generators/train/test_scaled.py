"""EDM, score networks, consistency models without a teacher, tables of times: from pictures to files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.networks.transformer import TransformerConfig  # noqa: E402
from forensics.generators.pipelines.base import Request  # noqa: E402
from forensics.generators.pipelines.denoising import Denoising  # noqa: E402
from forensics.generators.pipelines.opening import network_of, open_pipeline  # noqa: E402
from forensics.generators.train import frozen  # noqa: E402
from forensics.generators.train.consistent import Consistent  # noqa: E402
from forensics.generators.train.corpus import Corpus  # noqa: E402
from forensics.generators.train.families import FAMILIES  # noqa: E402
from forensics.generators.train.runs import DenoiserRun  # noqa: E402
from forensics.generators.train.teacher import load_teacher, run_of, taught  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.machine import Machine  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402

from .trained import trained  # noqa: E402

SIDE = 8
COLOURS = np.array([[230, 30, 30], [30, 200, 60], [40, 60, 220], [220, 220, 60]], np.uint8)
SCHEDULE = Schedule(steps=200, batch=16, rate=6e-3, warm_up=10, every=200, width=0.1, decay=0.0)


def pictures() -> np.ndarray:
    """Pictures of one of four colours."""
    return np.tile(COLOURS[np.arange(400) % 4][:, None, None], (1, SIDE, SIDE, 1))


def small(preset: str, **changes: object) -> DenoiserRun:
    """A preset with a transformer of a few thousand weights."""
    model = TransformerConfig(patch=2, width=32, depth=2, heads=2)
    run: DenoiserRun = FAMILIES["diffusion"].presets[preset]
    return replace(run, model=model, side=SIDE, schedule=replace(SCHEDULE, **changes))  # type: ignore[arg-type]


def off(drawn: list[np.ndarray]) -> float:
    """Median distance to the nearest of the colours, in grey levels."""
    each = np.stack(drawn).astype(float)[:, None] - COLOURS[:, None, None].astype(float)
    return float(np.median(np.sqrt((each**2).mean((2, 3, 4)).min(1))))


@pytest.mark.parametrize("preset", ["edm", "ncsn", "consistency"])
def test_what_was_learned_is_drawn(tmp_path: Path, preset: str) -> None:
    folder = tmp_path / "model"
    metrics = trained("diffusion", small(preset), folder, Corpus(pictures()))
    assert np.isfinite(list(metrics.values())).all()
    pipeline = open_pipeline(folder)
    assert isinstance(pipeline, Denoising)
    assert pipeline.settings.path == "ve"
    drawn = list(pipeline.sample(Request(24, seed=1, batch=24)))
    noise = 127.5 * (1 + 0.5 * np.random.default_rng(1).standard_normal((24, SIDE, SIDE, 3)))
    assert off(list(noise.clip(0, 255))) > 80  # what a network draws that says nothing
    assert off(drawn) < 55
    assert len({tuple(np.median(picture, axis=(0, 1)) > 125) for picture in drawn}) > 1


def test_files_hold_the_scales_and_classes_are_told(tmp_path: Path) -> None:
    """With next to no noise the network says what it sees, whatever its weights are."""
    folder, names = tmp_path / "model", ("red", "green", "blue", "yellow")
    corpus = Corpus(pictures(), np.arange(400) % 4, names)
    trained("diffusion", small("edm", steps=2, every=2, batch=4), folder, corpus)
    bundle = open_bundle(folder)
    assert run_of(bundle).data == 0.5
    teacher = load_teacher(bundle, torch.device("cpu"))
    z = torch.randn(4, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    t, label = torch.tensor([0.0, 0.4, 0.7, 1.0]), torch.tensor([0, 1, -1, 3])
    found = network_of(bundle, "denoiser.onnx")(z.numpy(), t.numpy(), label.numpy())
    np.testing.assert_allclose(found, teacher.module(z, t, label).numpy(), atol=1e-3)
    np.testing.assert_allclose(found[3], z[3], atol=1e-5)
    assert next(open_pipeline(folder).sample(Request(label=2, steps=3))).shape == (SIDE, SIDE, 3)
    with pytest.raises(UsageError, match="scaled by the noise"):
        frozen.run_of(bundle)


def test_vectors_of_times_are_learned_and_looked_up(tmp_path: Path) -> None:
    """Within a part of the time a network cannot tell what the time is; the vectors of others differ."""
    run = small("learned-times", steps=6, every=6, batch=8)
    assert FAMILIES["diffusion"].presets["learned-times"].model.moments == 1000
    run = replace(run, model=replace(run.model, moments=10))
    task = FAMILIES["diffusion"].prepare(run, Corpus(pictures()), Machine("cpu"))
    table = task.module.condition.moments
    assert table.weight.shape == (10, 256)
    features = task.module.condition._features(torch.tensor([0.0, 0.31, 0.39, 0.999, 1.0]))
    torch.testing.assert_close(features, table.weight[[0, 3, 3, 9, 9]])
    for values in task.module.parameters():  # of which many are zero at first
        torch.nn.init.normal_(values, std=0.1)
    task.loss(0).backward()
    assert table.weight.grad.abs().sum() > 0
    trained("diffusion", run, tmp_path / "model", Corpus(pictures()))
    network = network_of(open_bundle(tmp_path / "model"), "denoiser.onnx")
    z = np.random.default_rng(1).standard_normal((3, 3, SIDE, SIDE)).astype(np.float32)
    z[1:] = z[0]
    found = network(z, np.array([0.42, 0.48, 0.77], np.float32))
    np.testing.assert_array_equal(found[0], found[1])
    assert np.abs(found[0] - found[2]).max() > 1e-5
    assert next(open_pipeline(tmp_path / "model").sample(Request(steps=3))).shape == (SIDE, SIDE, 3)


def test_consistency_becomes_finer_and_takes_no_teacher(tmp_path: Path) -> None:
    run, corpus = small("consistency", steps=2, every=2, batch=4), Corpus(pictures())
    task = FAMILIES["diffusion"].prepare(run, corpus, Machine("cpu"))
    assert isinstance(task, Consistent)
    coarse, fine = (next(task.turns(5, done)).loss for done in (0.0, 0.99))
    assert coarse.item() != fine.item()
    torch.testing.assert_close(task.loss(0), next(task.turns(0, 0.0)).loss)
    assert taught(run, None) is run
    trained("diffusion", run, tmp_path / "model", corpus)
    bundle = open_bundle(tmp_path / "model")
    with pytest.raises(UsageError, match="learns from pictures alone"):
        taught(run, bundle)
    with pytest.raises(UsageError, match="is a consistency model"):
        taught(FAMILIES["diffusion"].presets["distilled"], bundle)


def test_a_scaled_network_says_the_picture_alone() -> None:
    table = replace(small("edm").model, moments=10)
    for changes in ({"target": "v"}, {"learned": True}, {"model": table}):
        run = replace(small("edm"), **changes)  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="says the picture"):
            FAMILIES["diffusion"].prepare(run, Corpus(pictures()), Machine("cpu"))
