"""Autoencoders of Hugging Face diffusers, from a folder of yours."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from forensics.errors import MissingExtra, ModelError, UsageError
from forensics.generators.adapters.hub import offline, quiet, reason

__all__ = ["decoder_digest", "open_autoencoder"]


def open_autoencoder(folder: Path) -> Any:
    """Return an AutoencoderKL in 32-bit floats, which is not to be trained; nothing is fetched.

    Args:
        folder: With its config.json and weights as safetensors.

    Raises:
        MissingExtra: diffusers is not installed.
        ModelError: diffusers cannot load it.
        UsageError: There is no such folder.
    """
    try:
        import diffusers
    except ImportError as error:
        raise MissingExtra("an autoencoder of diffusers", "diffusers") from error
    if not (folder / "config.json").is_file():
        raise UsageError(
            f"{folder} is no folder of an AutoencoderKL: it has no config.json", actual=str(folder)
        )
    try:
        with offline(True), quiet(diffusers.utils.logging):
            model: Any = diffusers.AutoencoderKL.from_pretrained(str(folder), use_safetensors=True)
    except Exception as error:  # diffusers raises classes of several libraries
        raise ModelError(f"diffusers cannot load {folder}: {reason(error)}", actual=str(folder)) from error
    return model.float().eval().requires_grad_(False)


def decoder_digest(model: Any) -> str:
    """Return a digest of what decodes in an AutoencoderKL: the same for 32-bit and for 16-bit floats.

    Args:
        model: The autoencoder, wherever it was loaded from.
    """
    found = hashlib.sha256()
    for part in ("post_quant_conv", "decoder"):
        module = getattr(model, part, None)
        for name, value in [] if module is None else sorted(module.state_dict().items()):
            shape = tuple(value.shape)
            found.update(f"{part}.{name} {shape}\n".encode())
            found.update(value.detach().cpu().half().contiguous().numpy().tobytes())
    return found.hexdigest()
