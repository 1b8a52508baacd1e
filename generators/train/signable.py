"""Decoders of trained models as modules from latents to pictures, with latents to teach them to sign by."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load
from torch import Tensor, nn

from forensics.errors import ModelError, UsageError
from forensics.generators.codec.model import Codec, CodecConfig
from forensics.generators.gan.networks import StyleGenerator
from forensics.generators.pipelines.base import Floats, Request
from forensics.generators.pipelines.denoising import Denoising
from forensics.generators.pipelines.opening import (
    DECODER,
    GENERATOR,
    SYNTHESIS,
    open_model,
    pipeline_of,
)
from forensics.generators.pipelines.recipe import read_recipe
from forensics.generators.pipelines.signing import with_classes, with_styles
from forensics.generators.train.bundle import WEIGHTS
from forensics.generators.train.gan import open_maker
from forensics.runtime.store import Bundle
from forensics.training.checkpoint import digest_of

__all__ = [
    "Signable",
    "codec_of",
    "signable",
]

Pixels = npt.NDArray[np.uint8]
_AT_ONCE = 16
_DRAWN = 2000  # latents of a GAN
_SMALLER = 2  # real pictures are learned at half their sides as well
_AUTOENCODER = "diffusers:"
_WEIGHTS_OF_DIFFUSERS = "diffusion_pytorch_model.safetensors"


@dataclass(frozen=True, eq=False)
class Signable:
    """A decoder that can be taught to sign.

    Attributes:
        decoder: (B, ...) latents to (B, 3, H, W) pictures, 0 to 1.
        latents: Groups of (N, ...), the pictures of the first are the largest.
        file: Of the model, that a decoder which signs stands for.
        sha256: Of that file, in hex.
        digest: Of the latents.
        weights: Digest of the decoder's weights, whatever file they are in; empty for models of the suite.
    """

    decoder: nn.Module
    latents: Sequence[Floats]
    file: str
    sha256: str
    digest: str
    weights: str = ""


def signable(model: str, pictures: Pixels, drawing: Sequence[str] = (), seed: int = 0) -> Signable:
    """Return the decoder of a model, and latents.

    Args:
        model: A codec or a GAN of the suite, or "diffusers:FOLDER" of an AutoencoderKL.
        pictures: (N, S, S, 3) uint8: their latents, also at half the side, are what a codec learns by. A GAN
            has noise for latents, and needs none.
        drawing: Models of pictures by diffusion or flow in the latents of the codec, whose latents are mixed
            in.
        seed: Of what is drawn.

    Raises:
        MissingExtra: diffusers is needed, and not installed.
        ModelError: The files of a model are not those of its card.
        UsageError: The model has no such decoder, or another draws in other latents.
    """
    if model.startswith(_AUTOENCODER):
        found = _autoencoder(Path(model.removeprefix(_AUTOENCODER)), pictures, drawing)
    else:
        bundle = open_model(model)
        family = bundle.card.get("config", {}) and read_recipe(bundle).family
        if family not in _OPEN:
            raise UsageError(
                f"{bundle.folder} is a {family}: what signs is a codec or a GAN; of a model that draws in "
                "the latents of a codec, name the codec",
                expected=tuple(_OPEN),
                actual=family,
            )
        found = _OPEN[family](bundle, pictures, drawing, seed)
    return replace(found, digest=digest_of(*found.latents))


class _Decoder(nn.Module):
    """The half of a codec that makes pictures."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, latents: Tensor) -> Tensor:
        return self.codec.decode(latents)


class _Maker(nn.Module):
    """The generator of a GAN: its latents are noise and, if there are classes, the number of one."""

    def __init__(self, maker: nn.Module, labels: int) -> None:
        super().__init__()
        self.maker, self.labels = maker, labels

    def forward(self, latents: Tensor) -> Tensor:
        noise, label = (latents[:, :-1], latents[:, -1].long()) if self.labels else (latents, None)
        found: Tensor = self.maker(noise, label)
        return (found + 1.0) / 2.0


class _Synthesis(nn.Module):
    """What makes pictures in a GAN by styles; its latents are styles, and the noise of layers."""

    def __init__(self, maker: StyleGenerator, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.maker, self.shape = maker, shape

    def forward(self, latents: Tensor) -> Tensor:
        values = self.shape[0] * self.shape[1]
        styles = latents[:, :values].reshape(-1, *self.shape)
        found = self.maker.synthesise(styles, latents[:, values:])
        return (found + 1.0) / 2.0


class _Autoencoder(nn.Module):
    """The half of an AutoencoderKL of diffusers that makes pictures."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.after = model.post_quant_conv
        self.decoder = model.decoder
        self.scaling = float(model.config.scaling_factor)

    def forward(self, latents: Tensor) -> Tensor:
        latents = latents / self.scaling
        found: Tensor = self.decoder(latents if self.after is None else self.after(latents))
        return (found + 1.0) / 2.0


def _of_codec(bundle: Bundle, pictures: Pixels, drawing: Sequence[str], seed: int) -> Signable:
    codec = codec_of(bundle)
    factor = codec.config.factor
    latents = _both_sizes(pictures, factor, codec.encode)
    latents += [_drawn(name, bundle, len(latents[0]) // 4, seed) for name in drawing]
    del codec.down
    return Signable(_Decoder(codec), latents, DECODER, bundle.card["files"][DECODER], "")


def _of_gan(bundle: Bundle, _: Pixels, drawing: Sequence[str], seed: int) -> Signable:
    if drawing:
        raise UsageError("a GAN has noise for latents, and no other model draws in it")
    recipe, chance, maker = read_recipe(bundle), np.random.default_rng(seed), open_maker(bundle)
    noise = chance.standard_normal((_DRAWN, *recipe.shape)).astype(np.float32)
    label = chance.integers(0, len(recipe.labels), _DRAWN) if recipe.labels else None
    if isinstance(maker, StyleGenerator):
        with torch.no_grad():
            first = torch.from_numpy(noise[:, : maker.config.latent])
            styles = maker.styles(first, None if label is None else torch.from_numpy(label)).numpy()
        latents = with_styles(styles, noise[:, maker.config.latent :])
        made: nn.Module = _Synthesis(maker, styles.shape[1:])
        return Signable(made, [latents], SYNTHESIS, bundle.card["files"][SYNTHESIS], "")
    latents = noise if label is None else with_classes(noise, label)
    made = _Maker(maker, len(recipe.labels))
    return Signable(made, [latents], GENERATOR, bundle.card["files"][GENERATOR], "")


_OPEN = {"codec": _of_codec, "gan": _of_gan}


def _autoencoder(folder: Path, pictures: Pixels, drawing: Sequence[str]) -> Signable:
    from forensics.generators.adapters.autoencoders import decoder_digest, open_autoencoder

    if drawing:
        raise UsageError("models of the suite draw in the latents of codecs of the suite alone")
    model = open_autoencoder(folder)
    factor, scaling = 2 ** (len(model.config.block_out_channels) - 1), float(model.config.scaling_factor)

    def encoded(x: Tensor) -> Tensor:
        found: Tensor = model.encode(2.0 * x - 1.0).latent_dist.mode() * scaling
        return found

    latents = _both_sizes(pictures, factor, encoded)
    sha256 = hashlib.sha256((folder / _WEIGHTS_OF_DIFFUSERS).read_bytes()).hexdigest()
    decoder, digest = _Autoencoder(model).float(), decoder_digest(model)
    return Signable(decoder, latents, _WEIGHTS_OF_DIFFUSERS, sha256, "", digest)


def codec_of(bundle: Bundle) -> Codec:
    """Return a codec with the weights of its file.

    Raises:
        ModelError: Its card or its weights are those of no codec.
    """
    try:
        config = dict(bundle.card["config"]["model"])
        lists = {name: tuple(value) for name, value in config.items() if isinstance(value, list)}
        codec = Codec(CodecConfig(**{**config, **lists}))
        codec.load_state_dict({name: value.float() for name, value in load(bundle.read(WEIGHTS)).items()})
    except (KeyError, TypeError, RuntimeError) as error:
        raise ModelError(f"{bundle.folder} is no codec: {error}", actual=str(bundle.folder)) from None
    return codec.eval().requires_grad_(False)


def _both_sizes(pictures: Pixels, factor: int, encode: Any) -> list[Floats]:
    """Return the latents of pictures, and of some of them at half their sides."""
    import cv2

    side = pictures.shape[1] // _SMALLER
    small = [
        cv2.resize(x, (side, side), interpolation=cv2.INTER_AREA) for x in pictures[-(len(pictures) // 3) :]
    ]
    if not small or side % factor:
        return [_encoded(pictures, encode)]
    return [_encoded(pictures, encode), _encoded(np.stack(small), encode)]


@torch.no_grad()
def _encoded(pictures: Pixels, encode: Any) -> Floats:
    parts = np.array_split(pictures, max(1, len(pictures) // _AT_ONCE))
    x = [torch.from_numpy(np.ascontiguousarray(part)).permute(0, 3, 1, 2).float() / 255.0 for part in parts]
    return np.asarray(torch.cat([encode(part) for part in x]).numpy(), np.float32)


def _drawn(name: str, codec: Bundle, count: int, seed: int) -> Floats:
    """Return latents as a model draws them.

    Raises:
        UsageError: It does not draw in the latents of this codec.
    """
    bundle = open_model(name)
    pipeline = pipeline_of(bundle)
    if (
        not isinstance(pipeline, Denoising)
        or bundle.card["files"].get(DECODER) != codec.card["files"][DECODER]
    ):
        raise UsageError(f"{name} does not draw in the latents of {codec.folder.name}", actual=name)
    seen: list[Floats] = []

    def keep(z: Floats) -> Floats:
        seen.append(np.asarray(z, np.float32))
        return np.zeros((len(z), 3, 8, 8), np.float32)

    list(
        Denoising(pipeline.recipe, pipeline.network, keep, texts=pipeline.texts).sample(
            Request(max(4, count), seed)
        )
    )
    return np.concatenate(seen)
