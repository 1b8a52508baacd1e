"""Denoisers that begin as trained ones: reflow and distillation, end to end, and learned variances."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from forensics.errors import ModelError, UsageError  # noqa: E402
from forensics.generators.networks.transformer import TransformerConfig  # noqa: E402
from forensics.generators.networks.unet import UNetConfig  # noqa: E402
from forensics.generators.pipelines.base import Request  # noqa: E402
from forensics.generators.pipelines.denoising import Denoising  # noqa: E402
from forensics.generators.pipelines.opening import network_of, open_pipeline  # noqa: E402
from forensics.generators.train.corpus import Corpus  # noqa: E402
from forensics.generators.train.denoising import DenoiserRun, Denoisers  # noqa: E402
from forensics.generators.train.families import FAMILIES  # noqa: E402
from forensics.generators.train.lessons import Lesson  # noqa: E402
from forensics.generators.train.teacher import load_teacher, run_of, taught  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.machine import Machine  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402

from .trained import trained  # noqa: E402

SIDE = 8
SCHEDULE = Schedule(steps=250, batch=16, rate=4e-3, warm_up=10, every=250, width=0.1, decay=0.0)
TEACHER = DenoiserRun(
    TransformerConfig(patch=4, width=32, depth=2, heads=2),
    SCHEDULE,
    side=SIDE,
    latent=False,
    target="v",
    weight="target",
    middle=None,
)
REFLOW = DenoiserRun(
    schedule=replace(SCHEDULE, rate=2e-3), sampler="euler", steps=2, lesson=Lesson("reflow", 12, 400)
)
DISTILLED = replace(REFLOW, sampler="consistency", lesson=Lesson("consistency", 8))
FEW = replace(SCHEDULE, steps=2, every=2, batch=4)
MANY, OWN = "difference to 32 steps of the teacher in {}", "that of the teacher itself in 1"


def pictures() -> np.ndarray:
    """Pictures of one of four colours."""
    colours = np.array([[230, 30, 30], [30, 200, 60], [40, 60, 220], [220, 220, 60]], np.uint8)
    return np.tile(colours[np.arange(400) % 4][:, None, None], (1, SIDE, SIDE, 1))


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "teacher"
    trained("flow", TEACHER, folder, Corpus(pictures()))
    return folder


def test_teacher_is_what_was_written(teacher: Path) -> None:
    bundle = open_bundle(teacher)
    run = run_of(bundle)
    assert run == replace(TEACHER, model=replace(TEACHER.model, labels=0))
    loaded = load_teacher(bundle, torch.device("cpu"))
    noise = torch.randn(3, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(2))
    t = torch.tensor([0.1, 0.5, 0.9])
    expected = network_of(bundle, "denoiser.onnx")(noise.numpy(), t.numpy())
    np.testing.assert_allclose(loaded.module(noise, t).numpy(), expected, atol=0.02)  # of 16 bits
    pipeline = open_pipeline(teacher)
    assert isinstance(pipeline, Denoising)
    drawn = pipeline.decode(loaded.draw(noise, None, 8).numpy())
    assert drawn.shape == (3, 3, SIDE, SIDE)


@pytest.mark.parametrize("run", [REFLOW, DISTILLED], ids=["reflow", "distilled"])
def test_students_are_nearer_to_many_steps_than_their_teacher_in_one(
    teacher: Path, tmp_path: Path, run: DenoiserRun
) -> None:
    bundle, folder = open_bundle(teacher), tmp_path / "student"
    metrics = trained("flow", taught(run, bundle), folder, Corpus(pictures(), teacher=bundle))
    assert metrics[MANY.format(1)] < 0.97 * metrics[OWN]
    card = json.loads((folder / "card.json").read_text())
    assert card["config"]["lesson"]["teacher"] == bundle.card["files"]["weights.safetensors"]
    pipeline = open_pipeline(folder)
    for steps in (1, 2, 4):
        assert len(list(pipeline.sample(Request(3, steps=steps)))) == 3
    if run is REFLOW:  # then a student can teach
        again = taught(run, open_bundle(folder))
        assert again.lesson is not None
        assert again.lesson.teacher == card["files"]["weights.safetensors"]


def test_ways_become_straighter(teacher: Path) -> None:
    corpus = Corpus(pictures(), teacher=open_bundle(teacher))
    short = replace(REFLOW, schedule=replace(REFLOW.schedule, steps=1))
    task: Any = FAMILIES["flow"].prepare(taught(short, corpus.teacher), corpus, Machine("cpu"))
    assert task.shape == (3, SIDE, SIDE)
    assert task.pictures.held_out.x.shape == (20, 2, 3, SIDE, SIDE)
    before = task.measure(task.module.eval())
    assert before[MANY.format(1)] == pytest.approx(before[OWN], rel=0.05)  # it begins as its teacher
    noise, x = task.pictures.held_out.x.unbind(1)
    torch.testing.assert_close(task.teacher.draw(noise, None, 12), x, atol=1e-4, rtol=1e-4)


def test_labels_of_teacher_and_student_are_the_same(teacher: Path, tmp_path: Path) -> None:
    labels, names = np.arange(400) % 4, ("red", "green", "blue", "yellow")
    folder, few = tmp_path / "classes", replace(TEACHER, schedule=FEW)
    trained("flow", few, folder, Corpus(pictures(), labels, names))
    for run in (REFLOW, DISTILLED):
        short = replace(run, schedule=FEW)
        corpus = Corpus(pictures(), labels, names, teacher=open_bundle(folder))
        student = tmp_path / str(run.lesson and run.lesson.method)
        trained("flow", taught(short, corpus.teacher), student, corpus)
        pipeline = open_pipeline(student)
        assert len(list(pipeline.sample(Request(2, label=pipeline.recipe.label("blue"))))) == 2
        for wrong in (Corpus(pictures(), teacher=corpus.teacher), replace(corpus, captions=("a",) * 400)):
            with pytest.raises(UsageError, match=r"classes of its teacher: red|captions"):
                FAMILIES["flow"].prepare(taught(short, corpus.teacher), wrong, Machine("cpu"))


def test_steps_are_halved_again_and_again(teacher: Path, tmp_path: Path) -> None:
    run = replace(FAMILIES["flow"].presets["halved"], steps=2, lesson=Lesson("halved", 2))
    run = replace(run, schedule=replace(SCHEDULE, steps=150, rate=2e-3))
    bundle, folder = open_bundle(teacher), tmp_path / "two"
    metrics = trained("flow", taught(run, bundle), folder, Corpus(pictures(), teacher=bundle))
    assert metrics["difference to 4 steps of the teacher in 2"] < metrics["that of the teacher itself in 2"]
    pipeline = open_pipeline(folder)
    assert isinstance(pipeline, Denoising)
    assert (pipeline.settings.sampler, pipeline.settings.steps) == ("ddim", 2)
    again = taught(replace(run, schedule=FEW), open_bundle(folder))
    assert again.lesson is not None
    assert (again.steps, again.lesson.steps) == (1, 1)
    trained("flow", again, tmp_path / "one", Corpus(pictures(), teacher=open_bundle(folder)))
    assert next(open_pipeline(tmp_path / "one").sample(Request())).shape == (SIDE, SIDE, 3)
    with pytest.raises(UsageError, match="no half"):
        taught(run, open_bundle(tmp_path / "one"))
    with pytest.raises(UsageError, match="halved again, and no more"):
        taught(DISTILLED, open_bundle(folder))


def test_guidance_is_learned(teacher: Path, tmp_path: Path) -> None:
    labels, names = np.arange(400) % 4, ("red", "green", "blue", "yellow")
    strong, student = tmp_path / "classes", tmp_path / "student"
    trained(
        "flow",
        replace(TEACHER, schedule=replace(SCHEDULE, steps=120)),
        strong,
        Corpus(pictures(), labels, names),
    )
    bundle = open_bundle(strong)
    run = replace(
        FAMILIES["flow"].presets["guided"],
        schedule=replace(SCHEDULE, steps=150, rate=2e-3), lesson=Lesson("guided", 0, guidance=3.0),
    )  # fmt: skip
    corpus = Corpus(pictures(), labels, names, teacher=bundle)
    metrics = trained("flow", taught(run, bundle), student, corpus)
    plain = metrics["that of the teacher without guidance"]
    assert metrics["difference to the teacher at guidance 3"] < 0.7 * plain
    drawn = [
        np.stack(list(open_pipeline(folder).sample(Request(8, label=1, guidance=scale)))).astype(float)
        for folder, scale in ((strong, 1.0), (strong, 3.0), (student, 1.0))
    ]
    assert np.abs(drawn[2] - drawn[1]).mean() < np.abs(drawn[0] - drawn[1]).mean()
    with pytest.raises(UsageError, match="classes or words can be guided"):
        FAMILIES["flow"].prepare(
            taught(run, open_bundle(teacher)),
            Corpus(pictures(), teacher=open_bundle(teacher)),
            Machine("cpu"),
        )


def test_wrong_teachers_are_refused(teacher: Path, tmp_path: Path) -> None:
    bundle = open_bundle(teacher)
    with pytest.raises(UsageError, match="--teacher"):
        taught(REFLOW, None)
    with pytest.raises(UsageError, match="learns from pictures alone"):
        taught(TEACHER, bundle)
    for changes, what in (({"target": "noise"}, "the noise"), ({"learned": True}, "a variance")):
        card = {**bundle.card, "config": {**bundle.card["config"], **changes}}
        with pytest.raises(UsageError, match=f"predicts {what}"):
            taught(DISTILLED, replace(bundle, card=card))
    ends = {**bundle.card["config"], "lesson": {"method": "consistency", "steps": 8}}
    with pytest.raises(UsageError, match="is a consistency model"):
        taught(REFLOW, replace(bundle, card={**bundle.card, "config": ends}))
    with pytest.raises(ModelError, match="how it was trained"):
        run_of(replace(bundle, card={**bundle.card, "config": {"model": {"magic": 1}}}))
    with pytest.raises(UsageError, match="--teacher"):
        FAMILIES["flow"].prepare(DISTILLED, Corpus(pictures()), Machine("cpu"))


def test_learned_variance_is_drawn_with(tmp_path: Path) -> None:
    run = replace(
        FAMILIES["diffusion"].presets["learned-variance"],
        model=UNetConfig(width=8, multiples=(1, 2), attention=2), side=SIDE,
        schedule=replace(SCHEDULE, steps=6, batch=4, every=6),
    )  # fmt: skip
    folder = tmp_path / "model"
    metrics = trained("diffusion", run, folder, Corpus(pictures()))
    assert metrics["bits for each value held out, at most, in 50 steps"] > 0
    bundle = open_bundle(folder)
    z = np.zeros((2, 3, SIDE, SIDE), np.float32)
    assert network_of(bundle, "denoiser.onnx")(z, np.array([0.2, 0.9], np.float32)).shape[1] == 6
    pipeline = open_pipeline(folder)
    assert isinstance(pipeline, Denoising)
    share = pipeline.denoiser(Request())(z, 0.5).share
    assert share is not None
    assert share.shape == z.shape
    assert next(pipeline.sample(Request(steps=3))).shape == (SIDE, SIDE, 3)


def test_variance_is_not_learned_of_paired_noise() -> None:
    run = replace(TEACHER, learned=True, pairing=True)
    with pytest.raises(UsageError, match="without pairing"):
        FAMILIES["diffusion"].prepare(run, Corpus(pictures()), Machine("cpu"))


def test_variance_is_learned_from_the_bound() -> None:
    """Both halves of the output have a gradient from the first step on."""
    run = replace(TEACHER, path="cosine", target="v", learned=True, schedule=replace(SCHEDULE, steps=1))
    task = FAMILIES["diffusion"].prepare(run, Corpus(pictures()), Machine("cpu"))
    assert isinstance(task, Denoisers)
    task.loss(0).backward()
    head = task.module.head.weight.grad
    assert head.shape[0] == 2 * 3 * 16
    halves = head.reshape(2, 48, -1).abs().sum((1, 2))
    assert (halves > 0).all()
