"""From a trained pair to a model: ONNX files that compute the same, and a card."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from forensics.datasets.packs import Squares
from forensics.training.card import Card, write_card
from forensics.training.export import export, parity
from forensics.watermark.learned.frontend import ENCODER, EXTRACTOR
from forensics.watermark.train.keyed import KeyedConfig, Pair, measure

__all__ = ["LIMITS", "finish"]

LIMITS = (
    "Works with keyed carriers of period 64 between 0.03 and 0.24 cycles per pixel, on luminance, 0 to 255. "
    "Knows nothing of geometry: the lattice of tiles has to be found first. "
    "Like every mark, it is lost when a model paints the picture anew."
)


def finish(
    pair: Pair, config: KeyedConfig, squares: Squares, folder: Path, *, data: str, licence: str, command: str
) -> dict[str, float]:
    """Write encoder, extractor and card, and return what was measured on squares held out.

    Args:
        pair: Trained.
        config: Of the run.
        squares: As given to the training.
        folder: Where to.
        data: What the squares are.
        licence: Theirs.
        command: That trained the pair.

    Raises:
        ModelError: A file does not compute what its module does.
    """
    device = next(pair.parameters()).device
    trained, untrained = measure(pair, squares), measure(None, squares)
    examples = _examples()
    files = {ENCODER: folder / ENCODER, EXTRACTOR: folder / EXTRACTOR}
    worst = 0.0
    for module, path in zip((pair.encoder, pair.extractor), files.values(), strict=True):
        export(module, examples[0], path)
        worst = max(worst, parity(module, path, examples))
    metrics: dict[str, float] = {"largest difference of ONNX and PyTorch": worst}
    for kind, reading in trained.items():
        metrics[f"accuracy of single bins, 40 dB, {kind}"] = reading.accuracy
        metrics[f"the same without training, {kind}"] = untrained[kind].accuracy
    card = Card(
        name="watermark-learned",
        task="Encoder and extractor of the watermark codec `learned`: strength of a mark, and its residual.",
        source="HiDDeN, arXiv:1807.09937, with keyed carriers in place of learned ones",
        data=data,
        licence=licence,
        command=command,
        config=asdict(config),
        images=config.steps * config.batch,
        device=str(device),
        metrics=metrics,
        limits=LIMITS,
    )
    write_card(folder, card, files)
    return metrics


def _examples() -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [255 * torch.rand(1, 1, *size, generator=generator) for size in ((128, 128), (96, 202), (514, 66))]
