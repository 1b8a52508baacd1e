"""From a model on disk to what it says of pictures."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

from forensics.errors import UsageError
from forensics.generators.evaluation.judges import DenoisingJudge, FlowJudge, Judge, LevelJudge, TokenJudge
from forensics.generators.evaluation.likelihood import bits_of_flow, bits_of_patches
from forensics.generators.pipelines.base import Network
from forensics.generators.pipelines.denoising import Denoising
from forensics.generators.pipelines.flowing import Flowing, PatchFlowing
from forensics.generators.pipelines.opening import (
    DECODER,
    ENCODER,
    LIKELIHOOD,
    PAINTER,
    TOKENIZER,
    network_of,
    open_model,
    pipeline_of,
)
from forensics.generators.pipelines.tokens import Pixelwise, Tokens
from forensics.runtime.store import Bundle, open_bundle

__all__ = ["open_judge"]


def open_judge(model: str | Path, codec: Path | None = None) -> Judge:
    """Return a model as a judge of pictures.

    Args:
        model: Name of one that comes with the suite, or a folder.
        codec: Folder of the codec that it was trained with, if it works in latents or tokens.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: It is no model, or its files are not those of its card.
        UsageError: There is no such model, it says nothing of pictures, or its codec is missing, another one
            or not needed.
    """
    bundle = open_model(model)
    files = bundle.card["files"]
    if codec and not {DECODER, PAINTER} & set(files):
        raise UsageError("this model takes pictures as they are: it needs no --codec", actual=str(codec))
    pipeline = pipeline_of(bundle)
    match pipeline:
        case Denoising():
            latent = DECODER in files
            return DenoisingJudge(pipeline, _coder(bundle, codec, ENCODER, DECODER) if latent else None)
        case Flowing():
            side = math.isqrt(math.prod(pipeline.recipe.shape) // 3)
            return FlowJudge(partial(bits_of_flow, _likelihood(bundle)), side)
        case PatchFlowing(bend="affine"):
            return FlowJudge(partial(bits_of_patches, pipeline), pipeline.patch * pipeline.rows)
        case Pixelwise():
            return LevelJudge(pipeline)
        case Tokens(causal=True):
            return TokenJudge(pipeline, _coder(bundle, codec, TOKENIZER, PAINTER))
    raise UsageError(
        f"a model of this kind ({pipeline.recipe.family}) says nothing of pictures that it did not draw: "
        "models that denoise do, and those whose likelihood is exact",
        actual=pipeline.recipe.family,
    )


def _likelihood(bundle: Bundle) -> Network:
    if LIKELIHOOD not in bundle.card["files"]:
        raise UsageError(
            "this model was written without its likelihood: a continuous flow has none that could be; for "
            "others the command that trained it writes it anew, from its checkpoint",
            expected=LIKELIHOOD,
        )
    return network_of(bundle, LIKELIHOOD)


def _coder(bundle: Bundle, codec: Path | None, name: str, back: str) -> Network:
    """Return what makes latents or tokens of pictures: of the model itself, or of its codec.

    Args:
        bundle: The model.
        codec: Folder of its codec.
        name: Of the file that is asked for.
        back: Of the one that leads back to pictures: what shows that the codec is that of the model.
    """
    files = bundle.card["files"]
    if name in files:
        return network_of(bundle, name)
    if codec is None:
        raise UsageError(
            f"this model works in what its codec makes of pictures, and has no {name}: name the folder of "
            "its codec with --codec",
            expected=name,
        )
    theirs = open_bundle(codec)
    if theirs.card["files"].get(back) != files[back]:
        message = f"{codec} is not the codec that this model was trained with: their {back} differ"
        raise UsageError(message, expected=files[back], actual=theirs.card["files"].get(back))
    return network_of(theirs, name)
