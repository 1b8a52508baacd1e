"""Trained denoisers as teachers: loaded with their weights, and what a student takes over from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from safetensors.torch import load
from torch import Tensor, nn

from forensics.errors import ModelError, UsageError
from forensics.generators.distillation import Saying, guided, saying
from forensics.generators.networks.text import EncoderConfig, TextConfig
from forensics.generators.networks.transformer import TransformerConfig
from forensics.generators.networks.unet import UNetConfig
from forensics.generators.objectives import Predict
from forensics.generators.pipelines.base import Network
from forensics.generators.pipelines.denoising import SAMPLERS
from forensics.generators.pipelines.opening import DECODER, network_of
from forensics.generators.pipelines.recipe import Recipe, read_recipe
from forensics.generators.pipelines.words import Vocabulary
from forensics.generators.sampling.base import last, start
from forensics.generators.sampling.paths import PATHS
from forensics.generators.sampling.targets import denoiser
from forensics.generators.sampling.times import uniform
from forensics.generators.train.bundle import WEIGHTS
from forensics.generators.train.denoising import DenoiserRun, denoiser_of
from forensics.generators.train.lessons import Lesson
from forensics.runtime.store import Bundle
from forensics.training.schedule import Schedule

__all__ = ["Teacher", "load_teacher", "run_of", "taught"]

_FAMILIES = ("diffusion", "flow")
_SINGULAR = ("noise", "score")  # say nothing of the picture where there is noise alone
T = TypeVar("T")


@dataclass(frozen=True)
class Teacher:
    """A trained denoiser.

    Attributes:
        run: That trained it.
        module: Its network.
        recipe: How it draws.
        words: That it knows; None without.
        decode: Its latents to pictures; None if it works in pixels.
    """

    run: DenoiserRun
    module: nn.Module
    recipe: Recipe
    words: Vocabulary | None
    decode: Network | None

    def predicting(self, told: Tensor | None, guidance: float = 1.0) -> Predict:
        """Return what its network predicts.

        Args:
            told: (B,) labels or (B, length) numbers of words; None if it knows neither.
            guidance: How strongly these are followed; 1 as it is.
        """
        if told is None:
            return self.module
        if guidance == 1.0:
            return lambda z, t: self.module(z, t, told)
        nothing = torch.full_like(told, 0 if self.words else -1)
        return guided(self.predicting(told), self.predicting(nothing), guidance)

    def saying(self, told: Tensor | None) -> Saying:
        """Return what it says of noisy pictures, each at a time of its own.

        Args:
            told: As for `predicting`.
        """
        return saying(self.predicting(told), self.run.target, PATHS[self.run.path])

    @torch.no_grad()
    def draw(
        self, noise: Tensor, told: Tensor | None, steps: int, *, guidance: float = 1.0, sampler: str = "heun"
    ) -> Tensor:
        """Return what it makes of noise: pictures from -1 to 1, or latents.

        Args:
            noise: (B, ...) standard normal.
            told: As for `predicting`.
            steps: How many, evenly.
            guidance: As for `predicting`.
            sampler: Of `SAMPLERS`, one that draws nothing.
        """
        network, path = self.predicting(told, guidance), PATHS[self.run.path]

        def predict(z: Tensor, t: float) -> Tensor:
            return network(z, torch.full((len(z),), t, device=z.device))

        denoise, moments = denoiser(predict, self.run.target, path), uniform(steps)
        begun = start(noise, path, moments[0])
        found: Tensor = last(SAMPLERS[sampler].run(denoise, begun, moments, path, torch.zeros_like))
        return found


def load_teacher(bundle: Bundle, device: torch.device) -> Teacher:
    """Return the denoiser in a folder, with its weights for PyTorch.

    Args:
        bundle: The model.
        device: Where it is to compute.

    Raises:
        ModelError: Its weights are not those of its card.
        UsageError: It is no denoiser.
    """
    run, recipe = run_of(bundle), read_recipe(bundle)
    module = denoiser_of(run)
    try:
        module.load_state_dict({name: value.float() for name, value in load(bundle.read(WEIGHTS)).items()})
    except RuntimeError as error:
        raise ModelError(f"{bundle.folder / WEIGHTS} is not of its card: {error}") from None
    length = int(recipe.settings.get("length", 0))
    words = Vocabulary(tuple(recipe.settings["words"]), length) if length else None
    decode = network_of(bundle, DECODER) if DECODER in bundle.card["files"] else None
    return Teacher(run, module.requires_grad_(False).eval().to(device), recipe, words, decode)


def run_of(bundle: Bundle) -> DenoiserRun:
    """Return the run that trained a denoiser, as its card says.

    Raises:
        ModelError: The card does not say it.
        UsageError: It is no denoiser, or one that reads texts by a pretrained encoder.
    """
    family = read_recipe(bundle).family
    if family not in _FAMILIES:
        raise UsageError(f"{bundle.folder} is a {family}", expected=" or ".join(_FAMILIES), actual=family)
    try:
        config = dict(bundle.card["config"])
        network = UNetConfig if "multiples" in config["model"] else TransformerConfig
        config["model"] = _made(network, config["model"])
        config["schedule"] = _made(Schedule, config["schedule"])
        config["text"] = config.get("text") and _made(TextConfig, config["text"])
        config["lesson"] = config.get("lesson") and _made(Lesson, config["lesson"])
        config["encoder"] = config.get("encoder") and _made(EncoderConfig, config["encoder"])
        run = DenoiserRun(**config)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"the card of {bundle.folder} does not say how it was trained: {error}") from None
    if run.encoder is not None:
        raise UsageError(
            f"{bundle.folder} reads captions by a text encoder, {run.encoder.name}: it cannot teach"
        )
    return run


def _made(kind: type[T], values: Mapping[str, Any]) -> T:
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def taught(run: DenoiserRun, bundle: Bundle | None) -> DenoiserRun:
    """Return the run of a student: the network, classes and words are those of its teacher.

    Args:
        run: Says what is learned, how long, and how the student is drawn with.
        bundle: The teacher; None without.

    Raises:
        ModelError: The teacher's card does not say how it was trained.
        UsageError: There is a teacher and nothing to learn from it, or the other way round, or it cannot
            teach this.
    """
    if run.lesson is None or run.lesson.method == "standalone":
        if bundle is not None:
            raise UsageError("this preset learns from pictures alone; --teacher goes with others")
        return run
    if bundle is None:
        raise UsageError("this preset learns from a trained model; name its folder with --teacher")
    known = run_of(bundle)
    if known.lesson is not None and known.lesson.ends:
        raise UsageError(
            f"{bundle.folder} is a consistency model: it says ends of ways, and cannot teach them"
        )
    if known.lesson is not None and known.lesson.method == "halved" != run.lesson.method:
        raise UsageError(f"{bundle.folder} takes steps of its own alone: it can be halved again, and no more")
    if known.target in _SINGULAR or known.learned:
        what = "a variance" if known.learned else f"the {known.target}"
        raise UsageError(
            f"{bundle.folder} predicts {what}, and cannot teach",
            expected="x, v or velocity alone",
            actual=what,
        )
    lesson = replace(run.lesson, teacher=str(bundle.card["files"].get(WEIGHTS)))
    if lesson.method == "guided":
        return replace(known, schedule=run.schedule, lesson=lesson)
    student = replace(
        known,
        schedule=run.schedule,
        path="linear" if lesson.method == "reflow" else known.path,
        middle=None,
        noise=None,
        ladder=None,
        pairing=False,
        sampler=run.sampler,
        steps=run.steps,
        lesson=lesson,
    )
    return _halved(student, known) if lesson.method == "halved" else student


def _halved(run: DenoiserRun, known: DenoiserRun) -> DenoiserRun:
    """Return the run of a student that takes half as many steps as its teacher, if that was halved before.

    Raises:
        UsageError: The teacher takes an odd number of steps, such as one.
    """
    if run.lesson is None or known.lesson is None or known.lesson.method != "halved":
        return run
    if known.lesson.steps % 2:
        raise UsageError(f"a teacher of {known.lesson.steps} steps has no half", actual=known.lesson.steps)
    steps = known.lesson.steps // 2
    return replace(run, steps=steps, lesson=replace(run.lesson, steps=steps))
