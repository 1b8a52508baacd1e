"""From a trained decoder to files: ONNX from latents and tiles to pictures, weights, a card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from forensics.files import atomic_write
from forensics.training.card import Card, write_card
from forensics.training.export import export, halve, parity
from forensics.watermark.decoders import CONTRACT, SIGNED_DECODER, SIGNING, WEIGHTS
from forensics.watermark.train.decoders.run import SigningDecoder, SigningRun, strength_for

__all__ = ["LIMITS", "Stands", "broken", "finish", "measured"]

LIMITS = (
    "Whoever holds the weights of a decoder that signs can take its mark out (docs/signed_decoders.md): "
    "keep them where pictures are made. The mark does not depend on the picture: who has a signed one can "
    "put its mark on another, and only the manifest store tells."
)
_MOST = 32  # pictures on which the contract is measured
_BITS = "share of 48 bits read blindly after"
_OF_CONTRACT = {f"bits {text}" for text in CONTRACT}  # as they are called on the way, on fewer pictures


@dataclass(frozen=True)
class Stands:
    """The network whose place a decoder that signs takes.

    Attributes:
        file: Its name in the folder of its model.
        sha256: Of its content, in hex: signed and unsigned fit together by it.
        weights: Digest of its weights, whatever file they are in; empty if nobody asks for it.
    """

    file: str
    sha256: str
    weights: str = ""


def finish(
    task: SigningRun, module: SigningDecoder, stands: Stands, folder: Path, card: Card
) -> dict[str, float]:
    """Write the decoder, and return what was measured on latents held out.

    Args:
        task: The training.
        module: Trained.
        stands: What it replaces.
        folder: Where to.
        card: What to say of it.

    Raises:
        ModelError: The file does not compute what its module does.
    """
    sides = [task.picture_side(number) for number in range(len(task.groups))]
    strengths = [strength_for(task, module, number) for number in range(len(task.groups))]
    folded(module, strengths[0])
    metrics = {name: value for name, value in task.measure(module).items() if name not in _OF_CONTRACT}
    metrics |= {f"{_BITS} {text}": value for text, value in task.contract(module, _MOST).items()}
    tiled, latents = module.tiled.cpu(), [torch.from_numpy(group[:2]) for group in task.held_out]
    path = folder / SIGNED_DECODER
    tiles = torch.randn(2, 64, 64, generator=torch.Generator().manual_seed(0))
    export(tiled, [_two(latents[0]), tiles], path, free=_free(latents[0]))
    halve(path)
    metrics["largest difference of ONNX and PyTorch"] = parity(
        tiled, path, [[_two(z), tiles] for z in latents]
    )
    content = {
        **asdict(stands),
        "layer": asdict(tiled.layer),
        "strengths": [
            {"side": int(side), "strength": round(strength / strengths[0], 4)}
            for side, strength in sorted(zip(sides, strengths, strict=True))
        ],
    }
    atomic_write(folder / SIGNING, (json.dumps(content, indent=2) + "\n").encode())
    state = {name: value.to(torch.float16).contiguous() for name, value in tiled.state_dict().items()}
    atomic_write(folder / WEIGHTS, save(state))
    files = {name: folder / name for name in (SIGNED_DECODER, SIGNING, WEIGHTS)}
    write_card(folder, replace(card, metrics=metrics, limits=f"{LIMITS} {broken(metrics)}".strip()), files)
    return metrics


def measured(metrics: dict[str, float]) -> bool:
    """Return whether it was measured what the contract asks for."""
    return any(name.startswith(_BITS) for name in metrics)


def broken(metrics: dict[str, float]) -> str:
    """Return a sentence on what of the contract is not kept, empty if all is."""
    missed = [
        f"{text} {metrics[name]:.4f} ({least:g})"
        for text, least in CONTRACT.items()
        if (name := f"{_BITS} {text}") in metrics and metrics[name] < least
    ]
    return f"The contract is not kept: {', '.join(missed)}." if missed else ""


@torch.no_grad()
def folded(module: SigningDecoder, strength: float) -> None:
    """Make the scale of the pattern part of its weights, and round all weights to 16-bit floats.

    Args:
        module: Trained; it is changed.
        strength: Factor of its tiles.
    """
    tiled = module.tiled
    tiled.pattern.weight.mul_(strength * tiled.scale)
    tiled.scale.fill_(1.0)
    for values in (*tiled.parameters(), *tiled.buffers()):
        if values.is_floating_point():
            values.copy_(values.to(torch.float16))


def _two(latents: Tensor) -> Tensor:
    """Return two latents, of which there may be one: files take any number."""
    return latents if len(latents) > 1 else latents.repeat(2, *[1] * (latents.ndim - 1))


def _free(latents: Tensor) -> Sequence[int]:
    """Return the axes of latents that may have any size: their number, and places if they have some."""
    return (0, 2, 3) if latents.ndim == 4 else (0,)
