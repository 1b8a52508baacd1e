"""From a trained autoencoder to a codec on disk, which `datasets build --makers codec:FOLDER` takes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from forensics.detectors.train.zoo.networks import Autoencoder
from forensics.detectors.train.zoo.run import Reconstructing
from forensics.generators.pipelines.opening import DECODER, ENCODER
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.train.bundle import Exported, write_model
from forensics.runtime.store import bundled
from forensics.training.card import Card, Origins

__all__ = ["finish_autoencoder"]

_SIDE = 64


class _Encoding(nn.Module):
    def __init__(self, whole: Autoencoder) -> None:
        super().__init__()
        self.whole = whole

    def forward(self, x: Tensor) -> Tensor:
        return self.whole.encode(x)


def finish_autoencoder(
    task: Reconstructing, module: Autoencoder, folder: Path, origins: Origins
) -> dict[str, float]:
    """Write an autoencoder; return what was measured.

    Args:
        task: Its training.
        module: With averaged weights.
        folder: Where to.
        origins: For the card.

    Raises:
        ModelError: A file does not compute what its module does.
    """
    module = module.eval()
    design, metrics = module.design, task.measure(module)
    module = module.eval().cpu()
    side = _SIDE // 2**design.halvings
    networks = {DECODER: Exported(module, [torch.randn(2, design.latents, side, side)], (2, 3))}
    others = {ENCODER: bundled("codec").read(ENCODER)} if design.shared else {}
    if not design.shared:
        networks[ENCODER] = Exported(_Encoding(module), [torch.rand(2, 3, _SIDE, _SIDE)], (2, 3))
    card = Card(
        name=f"autoencoder {task.number}",
        task="Takes pictures to latents and back: one of many that detectors learn from.",
        source="Guillaro et al. 2024, arXiv:2412.17671; Zhang et al. 2019, arXiv:1907.06515",
        data=origins.data,
        licence=origins.licence,
        command=origins.command,
        config=asdict(task.config),
        images=task.schedule.images,
        device=str(task.device),
        metrics=metrics,
        limits="Made in a minute, to be told from photos; not for anything else.",
    )
    settings = {"factor": 2**design.halvings, "side": _SIDE, "design": asdict(design)}
    recipe = Recipe("codec", (design.latents, side, side), (), settings)
    return write_model(folder, networks, module, recipe, card, others)
