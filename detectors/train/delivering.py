"""From a trained network of faces or tiles to a detector on disk: an ONNX file and a card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from forensics.detectors.learned.model import CLASSIFIER
from forensics.detectors.learned.settings import SETTINGS
from forensics.detectors.train.finish import rounded
from forensics.files import atomic_write
from forensics.training.card import Card, Origins, write_card
from forensics.training.export import export, halve, parity
from forensics.training.log import LOG, read_log

__all__ = ["DIFFERENCE", "MESONET", "TWO_STREAM", "WARPING", "About", "deliver", "merged"]

DIFFERENCE = "largest difference of ONNX and its model"


@dataclass(frozen=True)
class About:
    """What a card says of a method.

    Attributes:
        method: Name of the detector.
        task: What the network does, in one sentence.
        source: Paper.
        limits: What it cannot do.
    """

    method: str
    task: str
    source: str
    limits: str


WARPING = About(
    "warping",
    "Tells a face that was warped to another size and back from one that was not.",
    "Li & Lyu 2018, arXiv:1811.00656",
    "Sees that a part of a picture is smoother than what is around it. Faces in front of a sharp background, "
    "retouched or blurred on purpose, look the same; faces made at full size leave nothing of that.",
)
MESONET = About(
    "mesonet",
    "Tells forged faces from others.",
    "Afchar et al. 2018, arXiv:1809.00888",
    "Knows the forgeries of its training, in their sizes and codecs, and may take anything else for either.",
)
TWO_STREAM = About(
    "two_stream",
    "Tells tiles through which the edge of a splice goes from others, by colours and noise.",
    "Zhou et al. 2018, arXiv:1803.11276 and arXiv:1805.04953",
    "Learned of splices that were made up: parts with another noise, blur or JPEG history. What has the same "
    "history as its host is not seen, nor what a later save has levelled; depth of field, text and overlays "
    "can look like a splice.",
)


def deliver(
    about: About, module: nn.Module, task: Any, folder: Path, origins: Origins, settings: Mapping[str, Any]
) -> dict[str, float]:
    """Write a trained network as a detector; return what was measured.

    Args:
        about: For the card.
        module: (B, 3, S, S), 0 to 1, to (B,) logits; its weights are rounded to 16-bit floats.
        task: It was trained by; it has `config`, with `side`, and measures.
        folder: Where to.
        origins: For the card.
        settings: What else `network.json` says.

    Raises:
        ModelError: The file does not compute what the network does.
    """
    device = str(task.device)
    module = module.eval()
    merged(module)
    rounded(module)
    metrics = {f"{name}, rounded weights": value for name, value in task.measure(module).items()}
    module = module.eval().cpu()
    side, path = task.config.side, folder / CLASSIFIER
    generator = torch.Generator().manual_seed(0)
    given = torch.rand(3, 3, side, side, generator=generator)
    export(module, given[:2], path, free=(0,))
    halve(path)
    metrics[DIFFERENCE] = parity(module, path, [given, given[:1]])
    record = {"method": about.method, "side": side, **settings}
    atomic_write(folder / SETTINGS, (json.dumps(record, indent=2) + "\n").encode())
    card = Card(
        name=f"{about.method}-detector",
        task=about.task,
        source=about.source,
        data=origins.data,
        licence=origins.licence,
        command=origins.command,
        config=asdict(task.config),
        images=_seen(folder, task.schedule.images),
        device=device,
        metrics={name: float(f"{value:.4g}") for name, value in metrics.items()},
        limits=about.limits,
    )
    write_card(folder, card, {name: folder / name for name in (CLASSIFIER, SETTINGS)})
    return metrics


def merged(module: nn.Module) -> None:
    """Merge each normalisation into the convolution before it, in place, as the exporter would.

    After that, weights that are rounded to 16-bit floats are still such floats in the file.

    Args:
        module: In the mode for inference.
    """
    for part in module.children():
        merged(part)
    if isinstance(module, nn.Sequential):
        for place in range(len(module) - 1):
            first, second = module[place], module[place + 1]
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                module[place], module[place + 1] = fuse_conv_bn_eval(first, second), nn.Identity()


def _seen(folder: Path, planned: int) -> int:
    """Return how many pictures a run saw, which may have ended before its last step."""
    return int(read_log(folder / LOG)["images"][-1]) if (folder / LOG).is_file() else planned
