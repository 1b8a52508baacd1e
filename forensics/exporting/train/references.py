"""The modules of PyTorch behind the ONNX files of a model, with the weights that are kept beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import torch
from safetensors.torch import load
from torch import Tensor, nn

from forensics.detectors.learned.model import CLASSIFIER, METHOD
from forensics.detectors.train.finish import folded
from forensics.detectors.train.methods import METHODS, network_for
from forensics.detectors.train.run import DetectorRun
from forensics.errors import ModelError
from forensics.generators.codec.model import Codec
from forensics.generators.pipelines.opening import DECODER, DENOISER, ENCODER, GENERATOR
from forensics.generators.pipelines.recipe import RECIPE, read_recipe
from forensics.generators.train.bundle import WEIGHTS
from forensics.generators.train.gan import open_maker
from forensics.generators.train.signable import codec_of
from forensics.generators.train.teacher import load_teacher
from forensics.runtime.store import Bundle
from forensics.watermark.learned.frontend import EXTRACTOR
from forensics.watermark.train.signing import WEIGHTS as SIGNING_WEIGHTS
from forensics.watermark.train.signing import load_extractor

__all__ = ["references_of"]


def references_of(bundle: Bundle) -> Mapping[str, nn.Module]:
    """Return the module behind each ONNX file for which weights are kept; empty where none are.

    Args:
        bundle: A model.

    Raises:
        ModelError: The weights are not those of its card.
    """
    files = bundle.card["files"]
    if SIGNING_WEIGHTS in files:
        return {EXTRACTOR: load_extractor(bundle)}
    if METHOD in files and WEIGHTS in files:
        return {CLASSIFIER: _detector(bundle)}
    return _generator(bundle) if WEIGHTS in files else {}


def _generator(bundle: Bundle) -> Mapping[str, nn.Module]:
    """Return the modules of a generator or codec."""
    files = bundle.card["files"]
    family = read_recipe(bundle).family if RECIPE in files else ""
    if family == "codec":
        codec = codec_of(bundle)
        return {ENCODER: _Method(codec, "encode"), DECODER: _Method(codec, "decode")}
    if family in ("diffusion", "flow"):
        return {DENOISER: load_teacher(bundle, torch.device("cpu")).module}
    if family == "gan" and GENERATOR in files:
        return {GENERATOR: open_maker(bundle)}
    return {}


def _detector(bundle: Bundle) -> nn.Module:
    """Return the network of a trained detector."""
    method = json.loads(bundle.read(METHOD)).get("method")
    if method not in METHODS or METHODS[method].network is None:
        raise ModelError(f"{bundle.folder} is no trained network", actual=method)
    backbone = str(bundle.card.get("config", {}).get("backbone") or "")
    network = network_for(method, DetectorRun(backbone=backbone))
    try:
        network.load_state_dict({n: v.float() for n, v in load(bundle.read(WEIGHTS)).items()})
    except RuntimeError as error:
        raise ModelError(f"{bundle.folder / WEIGHTS} are not of its network: {error}") from None
    return folded(network).requires_grad_(False)


class _Method(nn.Module):
    """One method of a codec as a module."""

    def __init__(self, codec: Codec, name: str) -> None:
        super().__init__()
        self.codec, self.name = codec, name

    def forward(self, x: Tensor) -> Tensor:
        """Return what the method returns."""
        found: Tensor = getattr(self.codec, self.name)(x)
        return found
