"""From a model on disk to a pipeline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.adversarial import Adversarial
from forensics.generators.pipelines.base import Network, Pipeline
from forensics.generators.pipelines.controlled import Controlled
from forensics.generators.pipelines.denoising import Denoising
from forensics.generators.pipelines.filming import Filming
from forensics.generators.pipelines.flowing import Flowing, PatchFlowing
from forensics.generators.pipelines.named import function_of
from forensics.generators.pipelines.outside import GENERATORS, Outside
from forensics.generators.pipelines.recipe import read_recipe
from forensics.generators.pipelines.styled import Styled
from forensics.generators.pipelines.texts import PromptEncoder, Texts, texts_of
from forensics.generators.pipelines.tokens import Pixelwise, Tokens
from forensics.runtime.sessions import Session
from forensics.runtime.store import Bundle, bundled, names, open_bundle

__all__ = [
    "DECODER",
    "DENOISER",
    "DIFFUSERS",
    "ENCODER",
    "GENERATOR",
    "INVERSE",
    "LAYER",
    "LIKELIHOOD",
    "LOGITS",
    "MAPPING",
    "MODULE",
    "PAINTER",
    "SYNTHESIS",
    "TOKENIZER",
    "network_of",
    "open_model",
    "open_pipeline",
    "pipeline_of",
]

MODULE, DIFFUSERS = "module:", "diffusers:"
DENOISER, DECODER, ENCODER, GENERATOR = "denoiser.onnx", "decoder.onnx", "encoder.onnx", "generator.onnx"
INVERSE, LIKELIHOOD, LAYER, LOGITS = "inverse.onnx", "likelihood.onnx", "layer{}.onnx", "logits.onnx"
MAPPING, SYNTHESIS = "mapping.onnx", "synthesis.onnx"
TOKENIZER, PAINTER = "tokenizer.onnx", "painter.onnx"


def open_model(model: str | Path) -> Bundle:
    """Return a model.

    Args:
        model: Name of one that comes with the suite, or a folder.

    Raises:
        ModelError: It has no card that can be read.
        UsageError: There is no such model.
    """
    if Path(model).is_dir():
        return open_bundle(Path(model))
    if str(model) not in names():
        raise UsageError(f"no model {str(model)!r}: neither a folder nor one that comes with the suite")
    return bundled(str(model))


def open_pipeline(
    model: str | Path, *, download: bool = False, text_encoder: PromptEncoder | None = None
) -> Pipeline:
    """Return the pipeline of a model.

    Args:
        model: Name of one that comes with the suite, or a folder; a name that `register` took;
            "module:package.module:function"; or "diffusers:FOLDER".
        download: Let diffusers fetch what is not there from the network.
        text_encoder: Reads prompts for a model that was trained with it.

    Raises:
        MissingExtra: ONNX Runtime is not installed, or diffusers.
        ModelError: It draws nothing, or its files are not those of its card.
        UsageError: There is no such model, or it was not trained with this text encoder.
    """
    name = str(model)
    if download and not name.startswith(DIFFUSERS):
        raise UsageError(f"only pipelines of diffusers are downloaded: {DIFFUSERS}NAME", actual=name)
    outside = not Path(model).is_dir() and name not in names() and name in GENERATORS
    if text_encoder is not None and (outside or name.startswith((DIFFUSERS, MODULE))):
        raise UsageError("only models of the suite are told texts by a text encoder of yours", actual=name)
    if name.startswith(DIFFUSERS):
        return _diffusers(name.removeprefix(DIFFUSERS), download)
    if name.startswith(MODULE):
        found = name.removeprefix(MODULE)
        return Outside(function_of(found), found)
    if outside:
        return Outside(GENERATORS.get(name), name)
    return pipeline_of(open_model(model), text_encoder)


def pipeline_of(bundle: Bundle, text_encoder: PromptEncoder | None = None) -> Pipeline:
    """Return the pipeline of a model that was opened.

    Args:
        bundle: The model.
        text_encoder: Reads prompts for a model that was trained with it.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: It draws nothing, or its files are not those of its card.
        UsageError: The model was not trained with this text encoder.
    """
    recipe = read_recipe(bundle)
    if recipe.family not in _PIPELINES:
        raise ModelError(f"{bundle.folder} draws no pictures: it is a {recipe.family}", actual=recipe.family)
    texts = texts_of(bundle, text_encoder)
    return _denoising(bundle, texts) if texts else _PIPELINES[recipe.family](bundle)


def network_of(bundle: Bundle, name: str) -> Network:
    """Return a network of a model as a function of arrays.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: The model has no such file, or it was changed.
    """
    session = Session(bundle.read(name))
    return lambda *inputs: session(*inputs)[0]


def _denoising(bundle: Bundle, texts: Texts | None = None) -> Pipeline:
    decode, encode = (
        network_of(bundle, name) if name in bundle.card["files"] else None for name in (DECODER, ENCODER)
    )
    return Denoising(read_recipe(bundle), network_of(bundle, DENOISER), decode, encode, texts)


def _controlled(bundle: Bundle) -> Pipeline:
    decode = network_of(bundle, DECODER) if DECODER in bundle.card["files"] else None
    return Controlled(read_recipe(bundle), network_of(bundle, DENOISER), decode)


def _diffusers(source: str, download: bool) -> Pipeline:
    from forensics.generators.adapters.diffusion_pipelines import DiffusersSampler

    return Outside(DiffusersSampler(source, download=download), Path(source).name)


def _filming(bundle: Bundle) -> Pipeline:
    decode = network_of(bundle, DECODER) if DECODER in bundle.card["files"] else None
    return Filming(read_recipe(bundle), network_of(bundle, DENOISER), decode)


def _adversarial(bundle: Bundle) -> Pipeline:
    if MAPPING in bundle.card["files"]:
        return Styled(read_recipe(bundle), network_of(bundle, MAPPING), network_of(bundle, SYNTHESIS))
    return Adversarial(read_recipe(bundle), network_of(bundle, GENERATOR))


def _flowing(bundle: Bundle) -> Pipeline:
    return Flowing(read_recipe(bundle), network_of(bundle, INVERSE))


def _patch_flowing(bundle: Bundle) -> Pipeline:
    names = [LAYER.format(number) for number in range(len(bundle.card["files"]))]
    layers = [network_of(bundle, name) for name in names if name in bundle.card["files"]]
    return PatchFlowing(read_recipe(bundle), layers)


def _tokens(bundle: Bundle) -> Pipeline:
    return Tokens(read_recipe(bundle), network_of(bundle, LOGITS), network_of(bundle, PAINTER))


def _pixelwise(bundle: Bundle) -> Pipeline:
    return Pixelwise(read_recipe(bundle), network_of(bundle, LOGITS))


_PIPELINES: dict[str, Callable[[Bundle], Pipeline]] = {
    "control": _controlled,
    "diffusion": _denoising,
    "flow": _denoising,
    "video": _filming,
    "gan": _adversarial,
    "mocogan": _adversarial,
    "nf": _flowing,
    "tarflow": _patch_flowing,
    "tokens": _tokens,
    "pixelcnn": _pixelwise,
}
