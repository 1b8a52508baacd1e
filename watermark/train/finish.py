"""From trained networks to a model: ONNX files that compute the same, and a card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from forensics.datasets.packs import Squares
from forensics.files import atomic_write
from forensics.training.card import Card, Origins, write_card
from forensics.training.export import export, parity
from forensics.watermark.learned.frontend import ENCODER, EXTRACTOR
from forensics.watermark.train import keyed, signing
from forensics.watermark.train.batches import lumas
from forensics.watermark.train.keyed import KeyedConfig, Pair, measure
from forensics.watermark.train.signing import (
    WEIGHTS,
    SigningConfig,
    SigningPair,
    Whitened,
    accuracies,
    fairness,
)

__all__ = ["TRAININGS", "Training", "finish_keyed", "finish_signing"]

KEYED_LIMITS = (
    "Works with keyed carriers of period 64 between 0.03 and 0.24 cycles per pixel, on luminance, 0 to 255. "
    "Knows nothing of geometry: the lattice of tiles has to be found first. "
    "Like every mark, it is lost when a model paints the picture anew."
)
SIGNING_LIMITS = (
    "Whoever has the encoder can write any message, and whoever has both can remove one: "
    "a message is no proof. "
    "The bits are whitened on the squares trained on; on other pictures they are fair only nearly."
)
_DIFFERENCE = "largest difference of ONNX and PyTorch"
_WHITENED_ON = 5000


def finish_keyed(
    pair: Pair, config: KeyedConfig, squares: Squares, folder: Path, origins: Origins
) -> dict[str, float]:
    """Write encoder, extractor and card, and return what was measured on squares held out.

    Args:
        pair: Trained.
        config: Of the run.
        squares: As given to the training.
        folder: Where to.
        origins: For the card.

    Raises:
        ModelError: A file does not compute what its module does.
    """
    device = next(pair.parameters()).device
    trained, untrained = measure(pair, squares), measure(None, squares)
    files = {ENCODER: folder / ENCODER, EXTRACTOR: folder / EXTRACTOR}
    worst = 0.0
    for module, path in zip((pair.encoder, pair.extractor), files.values(), strict=True):
        export(module, _pictures()[0], path)
        worst = max(worst, parity(module, path, _pictures()))
    metrics: dict[str, float] = {_DIFFERENCE: worst}
    for kind, reading in trained.items():
        metrics[f"accuracy of single bins, 40 dB, {kind}"] = reading.accuracy
        metrics[f"the same without training, {kind}"] = untrained[kind].accuracy
    card = _card(
        "watermark-learned",
        "Encoder and extractor of the watermark codec `learned`: strength of a mark, and its residual.",
        "HiDDeN, arXiv:1807.09937, with keyed carriers in place of learned ones",
        config, str(device), origins,
    )  # fmt: skip
    write_card(folder, replace(card, metrics=metrics, limits=KEYED_LIMITS), files)
    return metrics


def finish_signing(
    pair: SigningPair, config: SigningConfig, squares: Squares, folder: Path, origins: Origins
) -> dict[str, float]:
    """Write the whitened extractor and its card, and return what was measured on squares held out.

    The extractor is written twice: for ONNX Runtime, and for PyTorch, in which decoders are taught to sign.

    Args:
        pair: Trained.
        config: Of the run.
        squares: As given to the training.
        folder: Where to.
        origins: For the card.

    Raises:
        ModelError: The file does not compute what its module does.
    """
    device = next(pair.parameters()).device
    white = Whitened.by(pair.reader, _unmarked(pair, squares, config.side)).to(device)
    metrics: dict[str, float] = {}
    for side in sorted({config.side, min(2 * config.side, squares.shape[1])}):
        found = accuracies(pair, squares, side, config.psnr[1], white) | fairness(white, squares, side)
        metrics |= {f"{name}, {side} px, {config.psnr[1]:g} dB": value for name, value in found.items()}
    path = folder / EXTRACTOR
    export(white, _pictures()[0], path)
    metrics[_DIFFERENCE] = parity(white, path, _pictures())
    atomic_write(folder / WEIGHTS, save({name: value.cpu() for name, value in white.state_dict().items()}))
    card = _card(
        "watermark-signing",
        f"Extractor of {config.network.bits} bits that decoders are taught to sign with, whitened.",
        "Echo hiding, Gruhl et al. 1996; HiDDeN, arXiv:1807.09937; The Stable Signature, arXiv:2303.15435",
        config, str(device), origins,
    )  # fmt: skip
    write_card(
        folder,
        replace(card, metrics=metrics, limits=SIGNING_LIMITS),
        {EXTRACTOR: path, WEIGHTS: folder / WEIGHTS},
    )
    return metrics


def _card(
    name: str, task: str, source: str, config: KeyedConfig | SigningConfig, device: str, origins: Origins
) -> Card:
    """Return what the card of any network says, without what was measured."""
    images = config.schedule.steps * config.schedule.batch
    return Card(
        name, task, source, origins.data, origins.licence, origins.command, asdict(config), images, device
    )


@torch.no_grad()
def _unmarked(pair: SigningPair, squares: Squares, side: int) -> Tensor:
    """Return the reader's logits of unmarked pictures."""
    device = next(pair.parameters()).device
    plain = lumas(squares)[:_WHITENED_ON, :side, :side]
    parts = np.array_split(plain, max(1, len(plain) // 64))
    return torch.cat(
        [pair.reader(torch.from_numpy(p[:, None].astype(np.float32)).to(device)).cpu() for p in parts]
    )


def _pictures() -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [255 * torch.rand(1, 1, *size, generator=generator) for size in ((128, 128), (96, 202), (514, 66))]


@dataclass(frozen=True)
class Training:
    """One thing that can be trained.

    Attributes:
        presets: Runs by name.
        task: Makes the task of a configuration, on squares and a device.
        finish: Writes the model.
    """

    presets: Mapping[str, Any]
    task: Callable[[Any, Squares, torch.device], Any]
    finish: Callable[[Any, Any, Squares, Path, Origins], dict[str, float]]


TRAININGS = {
    "learned": Training(keyed.PRESETS, keyed.Keyed, finish_keyed),
    "signing": Training(signing.PRESETS, signing.Signing, finish_signing),
}
