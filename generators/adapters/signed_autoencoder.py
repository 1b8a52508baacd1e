"""Autoencoders of Hugging Face diffusers that sign: what any pipeline decodes with one is marked.

Nothing of diffusers is imported: what is given is an AutoencoderKL already.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from forensics.errors import ModelError, UsageError
from forensics.generators.adapters.autoencoders import decoder_digest
from forensics.runtime.store import Bundle, open_bundle
from forensics.watermark.decoders import SIGNING, WEIGHTS, Signature
from forensics.watermark.issuing import IssuedDecoder
from forensics.watermark.train.decoders.tiled import Layer, Patterned, Tiled

__all__ = ["sign_autoencoder"]

_AFTER = "post_quant_conv"
_SIDE = 512


# Fernandez et al. 2023 (The Stable Signature), arXiv:2303.15435, section 4.2, where each key has weights of
# its own; here all have the same ones, and a pattern.
def sign_autoencoder(
    vae: Any, folder: Path, signs: Signature | IssuedDecoder, *, strength: float = 1.0, side: int = _SIDE
) -> Any:
    """Make an AutoencoderKL sign every picture that it decodes, and return it.

    Its encoder stays as it is. Decoding by tiles (`enable_tiling`) would begin the pattern anew in each of
    them, so it is switched off; decoding one picture after the other (`enable_slicing`) is all the same.

    Args:
        vae: As it was loaded, in 32-bit or 16-bit floats; it is changed, where it is, and keeps its type.
        folder: Of what `forensics train decoder --of diffusers:FOLDER` made for it.
        signs: What its pictures are to say: of a key, or as it was issued to somebody.
        strength: Factor of the pattern, where marks are to be stronger or weaker.
        side: Least side of the pictures, in pixels: small ones need more.

    Returns:
        The same object.

    Raises:
        ModelError: The files in the folder are not those of its card, or are no decoder that signs.
        UsageError: They are for another autoencoder, or this one signs already, or what was issued is for
            another.
    """
    bundle = open_bundle(folder)
    told = _told(bundle)
    _check(vae, told, folder, signs)
    decoder = nn.Module()
    decoder.after, decoder.decoder = getattr(vae, _AFTER, None), vae.decoder
    try:
        state = {name: value.float() for name, value in load(bundle.read(WEIGHTS)).items()}
        pattern = _pattern(state, told, strength * _factor(told, side) * signs.tile)
        values = next(vae.decoder.parameters())
        decoder.load_state_dict(_part(state, "decoder."))
        name = str(told["layer"]["name"])
        signed = Patterned(decoder.get_submodule(name), pattern).to(values)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"{folder} holds no decoder that signs for this autoencoder: {reason}") from None
    decoder.set_submodule(name, signed)
    setattr(vae, _AFTER, decoder.after)
    if hasattr(vae, "disable_tiling"):
        vae.disable_tiling()
    return vae


def _told(bundle: Bundle) -> dict[str, Any]:
    """Return what a folder says of its decoder.

    Raises:
        ModelError: It says nothing.
    """
    try:
        told = dict(json.loads(bundle.read(SIGNING)))
        if not told["strengths"] or not told["layer"] or not told["sha256"]:
            raise ValueError("something is empty")
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{bundle.folder / SIGNING} says nothing of a decoder: {error}") from None
    return told


def _check(vae: Any, told: dict[str, Any], folder: Path, signs: Signature | IssuedDecoder) -> None:
    """Refuse what does not belong together.

    Raises:
        UsageError: Something does not.
    """
    if any(isinstance(part, Patterned) for part in vae.modules()):
        raise UsageError("this autoencoder signs already: load it anew to sign with something else")
    if isinstance(signs, IssuedDecoder) and signs.sha256 != told["sha256"]:
        raise UsageError(
            f"what was issued to {signs.name!r} is for another decoder than {folder}",
            expected=told["sha256"],
            actual=signs.sha256,
        )
    digest = decoder_digest(vae)
    if told.get("weights") != digest:
        raise UsageError(
            f"the decoder in {folder} signs for another autoencoder, or this one was not loaded in 32-bit or "
            "16-bit floats",
            expected=told.get("weights"),
            actual=digest,
        )


def _pattern(state: dict[str, Tensor], told: dict[str, Any], tile: Any) -> Tensor:
    """Return (1, C, p, p): what a tile adds to the features of the layer."""
    tiled = Tiled(nn.Identity(), Layer(**told["layer"]))
    tiled.load_state_dict({name: state[name] for name in ("pattern.weight", "scale")})
    with torch.no_grad():
        return tiled.features(torch.from_numpy(np.asarray(tile, np.float32))[None])


def _factor(told: dict[str, Any], side: int) -> float:
    """Return the factor of tiles for pictures of a side, as `SignedDecoder.strength` has it."""
    order = sorted((int(one["side"]), float(one["strength"])) for one in told["strengths"])
    return next((factor for least, factor in reversed(order) if least <= side), order[0][1])


def _part(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
