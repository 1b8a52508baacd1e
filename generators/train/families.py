"""What can be trained: for each family its presets, its task, and how its model is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from forensics.generators.train import (
    codec,
    consistent,
    control,
    denoising,
    gan,
    likelihood,
    motion,
    students,
    tokens,
    video,
)  # fmt: skip
from forensics.generators.train.corpus import Corpus
from forensics.training.card import Card, Origins
from forensics.training.machine import Machine

__all__ = ["FAMILIES", "Family"]

LIMITS = "A small model of the suite, to be marked, detected and learned from; not for pictures of people."


@dataclass(frozen=True)
class Family:
    """One family of generators.

    Attributes:
        task: What it is, in one sentence.
        source: Paper.
        presets: Runs by name.
        prepare: Makes the training of a run.
        finish: Writes the model, and returns its metrics.
    """

    task: str
    source: str
    presets: Mapping[str, Any]
    prepare: Callable[[Any, Corpus, Machine], Any]
    finish: Callable[[Any, Any, Path, Card, Corpus], dict[str, float]]

    def card(self, name: str, task: Any, origins: Origins, images: int) -> Card:
        """Return what the card of a trained model says, without what was measured."""
        return Card(
            name, self.task, self.source, origins.data, origins.licence, origins.command,
            asdict(task.config), images, str(task.pictures.device), limits=LIMITS,
        )  # fmt: skip


def _prepare_clips(run: Any, corpus: Corpus, machine: Machine) -> Any:
    prepare = motion.prepare if isinstance(run, motion.MotionRun) else video.prepare
    return prepare(run, corpus, machine)


def _finish_clips(task: Any, module: Any, folder: Path, card: Card, corpus: Corpus) -> dict[str, float]:
    finish = motion.finish if isinstance(task, motion.Moving) else video.finish
    return finish(task, module, folder, card, corpus)


def _prepare_denoiser(run: Any, corpus: Corpus, machine: Machine) -> Any:
    if run.lesson is None:
        return denoising.prepare(run, corpus, machine)
    prepare = consistent.prepare if run.lesson.method == "standalone" else students.prepare
    return prepare(run, corpus, machine)


FAMILIES: dict[str, Family] = {
    "codec": Family(
        "Pictures to latents of unit size, and back.",
        "Rombach et al. 2021, arXiv:2112.10752", codec.PRESETS, codec.prepare, codec.finish,
    ),
    "control": Family(
        "Pictures after another picture, by a branch beside a denoiser that was trained before.",
        "Zhang et al. 2023, arXiv:2302.05543", control.PRESETS, control.prepare, control.finish,
    ),
    "diffusion": Family(
        "Pictures from noise, by diffusion.",
        "Ho et al. 2020, arXiv:2006.11239", denoising.DIFFUSION, _prepare_denoiser, denoising.finish,
    ),
    "flow": Family(
        "Pictures from noise, by rectified flow.",
        "Liu et al. 2022, arXiv:2209.03003", denoising.FLOW, _prepare_denoiser, denoising.finish,
    ),
    "gan": Family(
        "Pictures from noise in one step.",
        "Goodfellow et al. 2014, arXiv:1406.2661", gan.PRESETS, gan.prepare, gan.finish,
    ),
    "nf": Family(
        "Pictures from noise by a flow whose likelihood is exact.",
        "Kingma & Dhariwal 2018, arXiv:1807.03039; Zhai et al. 2024, arXiv:2412.06329",
        likelihood.PRESETS, likelihood.prepare, likelihood.finish,
    ),
    "tokens": Family(
        "Pictures token by token, or the surest first.",
        "van den Oord et al. 2016, arXiv:1601.06759; Chang et al. 2022, arXiv:2202.04200",
        tokens.PRESETS, tokens.prepare, tokens.finish,
    ),
    "video": Family(
        "Clips from noise, or from the frames before.",
        "Ho et al. 2022, arXiv:2204.03458; Tulyakov et al. 2017, arXiv:1707.04993",
        {**video.PRESETS, "mocogan": motion.MotionRun()}, _prepare_clips, _finish_clips,
    ),
}  # fmt: skip
