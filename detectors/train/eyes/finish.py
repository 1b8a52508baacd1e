"""From a trained eye-state network to a model: an ONNX file that computes the same, and a card."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch

from forensics.detectors.faces.eyes import MODEL
from forensics.detectors.train.eyes.crops import Eyes
from forensics.detectors.train.eyes.networks import Lrcn
from forensics.detectors.train.eyes.training import EyesConfig, EyesTask
from forensics.training.card import Card, Origins, write_card
from forensics.training.export import export, halve, parity

__all__ = ["LIMITS", "finish", "rounded"]

LIMITS = (
    "Says whether an eye is closed, from a grey crop around it; it is no judgement of a picture. "
    "Trained on infra-red pictures of few persons, none of them filmed: sequences are made up of stills. "
    "An eye that looks down, or behind a reflection, can be taken for a closed one."
)
_DIFFERENCE = "largest difference of ONNX and PyTorch"


def rounded(module: Lrcn) -> Lrcn:
    """Return the network with its weights rounded to 16-bit floats, in place."""
    with torch.no_grad():
        for weights in module.parameters():
            weights.copy_(weights.half().float())
    return module


def finish(
    task: EyesTask, trained: Lrcn, folder: Path, origins: Origins, test: Eyes | None = None
) -> dict[str, float]:
    """Write the network and its card, and return what was measured on persons held out.

    Args:
        task: That was trained.
        trained: Its network; the weights are rounded to 16-bit floats.
        folder: Where to.
        origins: For the card.
        test: Eyes that nothing was chosen on.

    Raises:
        ModelError: The file does not compute what the network does.
    """
    config: EyesConfig = task.config
    device = next(trained.parameters()).device
    module = rounded(trained)
    metrics = {f"{name}, persons held out": value for name, value in task.measure(module).items()}
    if test is not None:
        metrics |= {f"{name}, test": value for name, value in task.of_stills(module, test).items()}
    path = folder / MODEL
    side = config.network.side
    export(module, torch.zeros(2, 3, side, side), path, free=(0, 1))
    halve(path)
    generator = torch.Generator().manual_seed(0)
    tried = [
        torch.randn(*size, side, side, generator=generator) for size in ((1, 1), (2, 7), (3, config.frames))
    ]
    metrics[_DIFFERENCE] = parity(module, path, tried)
    card = Card(
        name="blink",
        task="Whether an eye is closed, frame by frame, from grey crops of it over time.",
        source="In Ictu Oculi, arXiv:1806.02877 (LRCN)",
        data=origins.data,
        licence=origins.licence,
        command=origins.command,
        config=asdict(config),
        images=config.schedule.images * config.frames,
        device=str(device),
        metrics={name: float(f"{value:.4g}") for name, value in metrics.items()},
        limits=LIMITS,
    )
    write_card(folder, card, {MODEL: path})
    return metrics
