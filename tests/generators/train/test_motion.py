"""A GAN of clips: frames share what is seen, and move as noise says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.gan.motion import ClipCritic, MotionConfig, MotionGenerator  # noqa: E402
from forensics.generators.gan.networks import GanConfig, TransformerCritic  # noqa: E402
from forensics.generators.pipelines.base import Request  # noqa: E402
from forensics.generators.pipelines.opening import open_pipeline  # noqa: E402
from forensics.generators.train.corpus import Corpus  # noqa: E402
from forensics.generators.train.families import FAMILIES  # noqa: E402
from forensics.generators.train.motion import MotionRun  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.card import Origins  # noqa: E402
from forensics.training.loop import fit  # noqa: E402
from forensics.training.machine import Machine  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402

from ...bundles import written  # noqa: E402

SMALL = MotionConfig(GanConfig(side=8, latent=12, width=16), frames=4, motion=4)
RUN = MotionRun(
    SMALL,
    Schedule(
        steps=400, batch=16, rate=2e-3, warm_up=10, every=200, width=0.1, momentum=(0.0, 0.99), decay=0.0
    ),
    weight=0.2,
)


def clips() -> np.ndarray:
    """Grey clips that become brighter frame by frame."""
    start = np.linspace(20, 100, 8)[:, None]
    levels = start + np.linspace(0, 120, 4)
    return np.tile(levels[..., None, None, None] * np.ones((1, 1, 8, 8, 3)), (5, 1, 1, 1, 1)).astype(np.uint8)


def test_what_is_seen_stays_and_moves_only_depend_on_what_came_before() -> None:
    torch.manual_seed(1)
    maker, noise = MotionGenerator(SMALL).eval(), torch.randn(2, SMALL.noise)
    clip = maker(noise)
    assert clip.shape == (2, 4, 3, 8, 8)
    later = noise.clone()
    later[:, SMALL.seen + 3 * SMALL.motion :] += 1.0  # of the last frame
    changed = (maker(later) - clip).abs().amax((2, 3, 4)) > 1e-6
    assert changed.tolist() == [[False, False, False, True]] * 2
    other = noise.clone()
    other[:, : SMALL.seen] += 1.0
    assert ((maker(other) - clip).abs().amax((2, 3, 4)) > 1e-6).all()


def test_settings_that_clips_cannot_follow_are_refused(tmp_path: Path) -> None:
    for still in (GanConfig(side=8, latent=12, kind="style"), GanConfig(side=8, latent=12, labels=2)):
        with pytest.raises(UsageError, match="plain generator without classes"):
            MotionConfig(still, 4, 4)
    for motion in (0, 12, 13):
        with pytest.raises(UsageError, match="of 12 latent values"):
            MotionConfig(GanConfig(side=8, latent=12), 4, motion)
    begin = open_bundle(written(tmp_path / "begin", {}))
    with pytest.raises(UsageError, match="begin"):
        FAMILIES["video"].prepare(RUN, Corpus(clips(), begin=begin), Machine("cpu"))


def test_frames_are_judged_by_the_critic_that_is_asked_for() -> None:
    still = replace(SMALL.still, critic="transformer")
    run = replace(RUN, model=replace(SMALL, still=still))
    task = FAMILIES["video"].prepare(run, Corpus(clips()), Machine("cpu"))
    assert isinstance(task.module.frames, TransformerCritic)


def test_critic_sees_the_order_of_frames() -> None:
    torch.manual_seed(1)
    critic, clip = ClipCritic(SMALL).eval(), torch.randn(3, 4, 3, 8, 8)
    assert critic(clip).shape == (3,)
    assert not torch.allclose(critic(clip), critic(clip.flip(1)))


def test_clips_come_to_move_as_real_ones(tmp_path: Path) -> None:
    kind, machine, corpus = FAMILIES["video"], Machine("cpu"), Corpus(clips())
    task = kind.prepare(RUN, corpus, machine)
    module = fit(task, tmp_path, machine=machine)
    card = kind.card("mocogan", task, Origins("made up", "none", "a test"), RUN.schedule.images)
    metrics = kind.finish(task, module, tmp_path, card, corpus)
    assert metrics["movement over that of real clips"] == pytest.approx(1.0, abs=0.4)
    drawn = np.stack(list(open_pipeline(tmp_path).sample(Request(12)))).astype(float)
    assert drawn.shape == (12, 4, 8, 8, 3)
    assert (np.diff(drawn.mean((2, 3, 4)), axis=1) > 0).mean() > 0.9
