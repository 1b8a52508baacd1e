"""Training of the extractor that decoders are taught to sign with (The Stable Signature, arXiv:2303.15435).

It does not care where a pattern lies, works at any size and is differentiable. Unlike there (section 3.1),
the error of the mark is fixed by scaling and not by a loss, every picture is marked with a message and with
its opposite, so that what pictures bring along cancels, and a second output says whether there is a mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn import functional as F

from forensics.datasets.packs import Squares
from forensics.errors import ModelError
from forensics.runtime.store import Bundle
from forensics.training.run import Ramp
from forensics.training.schedule import Schedule
from forensics.training.task import Alone
from forensics.watermark.train.batches import batch_of, lumas
from forensics.watermark.train.distortions import DISTORTIONS, distorted
from forensics.watermark.train.echo import Network, Reader, Sender
from forensics.watermark.train.tiles import at_psnr

__all__ = [
    "BUNDLE",
    "PRESETS",
    "WEIGHTS",
    "Signing",
    "SigningConfig",
    "SigningPair",
    "Whitened",
    "accuracies",
    "fairness",
    "load_extractor",
]

BUNDLE, WEIGHTS = "watermark_signing", "extractor.safetensors"
_MEASURED = 256
_RANDOM = 1000  # messages to compare with
_SENDER_STANDS = 0.85
_PRESENCE = 0.1
_LEAST_WINDOW = 0.7  # of each side


@dataclass(frozen=True)
class SigningConfig:
    """A run.

    Attributes:
        network: Size of the networks.
        schedule: Length of the run.
        side: Side of the pictures in pixels.
        psnr: In dB: at first, and in the end.
        attacked: Shares of the run at which distortions begin, and are at their strongest.
    """

    network: Network = field(default_factory=Network)
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=12_000, batch=16, rate=2e-3, every=500))
    side: int = 64
    psnr: tuple[float, float] = (30.0, 36.0)
    attacked: tuple[float, float] = (0.1, 0.5)


PRESETS: Mapping[str, SigningConfig] = {
    "smoke": SigningConfig(Network(8, 1, 4, 8, 1), Schedule(steps=20, batch=4, rate=2e-3, every=10)),
    "cpu": SigningConfig(),
    "gpu": SigningConfig(
        Network(48, 8, 8, 64, 4), Schedule(steps=40_000, batch=128, rate=2e-3, every=2000), side=128
    ),
}


class SigningPair(nn.Module):
    """Both networks."""

    def __init__(self, size: Network) -> None:
        super().__init__()
        self.sender = Sender(size)
        self.reader = Reader(size)


class Whitened(nn.Module):
    """A reader whose bits are independent and fair on unmarked pictures (arXiv:2303.15435, section 3.1).

    Args:
        reader: Trained.
        bits: Of its messages.
    """

    def __init__(self, reader: nn.Module, bits: int) -> None:
        super().__init__()
        self.reader = reader
        self.register_buffer("matrix", torch.eye(bits))
        self.register_buffer("offset", torch.zeros(bits))

    matrix: Tensor
    offset: Tensor

    @classmethod
    def by(cls, reader: nn.Module, logits: Tensor) -> Whitened:
        """Return a reader that is whitened by its (N, n + 1) logits of unmarked pictures."""
        bits = logits[:, :-1].double()
        values, vectors = torch.linalg.eigh(torch.cov(bits.T))
        root = vectors @ torch.diag(values.clamp(min=1e-9).rsqrt()) @ vectors.T
        white = cls(reader, bits.shape[1])
        white.matrix.copy_(root)
        white.offset.copy_(-root @ bits.mean(dim=0))
        return white

    def forward(self, luma: Tensor) -> Tensor:
        """Return (B, n + 1) as the reader does, its bits of unit covariance on unmarked pictures."""
        found = self.reader(luma)
        return torch.cat([found[:, :-1] @ self.matrix + self.offset, found[:, -1:]], dim=1)


def load_extractor(bundle: Bundle) -> Whitened:
    """Return the extractor of a model, frozen: gradients pass through it to the picture.

    Args:
        bundle: Written by `forensics train watermark --model signing`, or what ships (`bundled(BUNDLE)`).

    Raises:
        ModelError: It is no such model, or it was changed.
    """
    weights = bundle.read(WEIGHTS)
    try:
        size = Network(**bundle.card["config"]["network"])
        white = Whitened(Reader(size), size.bits)
        white.load_state_dict(load(weights))
    except (KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{bundle.folder} holds no extractor to sign with: {error}") from None
    return white.eval().requires_grad_(False)


class Signing(Alone):
    """The training of a pair.

    Args:
        config: The run.
        squares: (N, S, S, 3) uint8 RGB, S at least the side.
        device: Where to compute.
    """

    def __init__(self, config: SigningConfig, squares: Squares, device: torch.device) -> None:
        self.config = config
        self.schedule = config.schedule
        self.squares = squares
        torch.manual_seed(config.schedule.seed)
        self.module = SigningPair(config.network).to(device)
        self.lumas = lumas(squares)

    def loss(self, step: int) -> Tensor:
        """Return the cost of reading the bits of marked pictures, and of telling these from others."""
        rng = np.random.default_rng([self.schedule.seed, step])
        done, count = step / self.schedule.steps, self.schedule.batch
        pair, device = self.module, next(self.module.parameters()).device
        pair.sender.requires_grad_(done < _SENDER_STANDS)
        luma = batch_of(self.lumas, count, self.config.side, rng).to(device)
        psnr = Ramp(0.1, 0.6, *self.config.psnr)(done) + torch.from_numpy(rng.uniform(-1, 1, count)).to(luma)
        message = _messages(count, self.config.network.bits, rng, luma)
        added = at_psnr(pair.sender(luma, message), psnr)
        strength = Ramp(*self.config.attacked, 0.0, 1.0)(done)
        shown = torch.cat([luma + added, luma - added, luma[: count // 2]])
        found = pair.reader(distorted(_window(shown, rng, strength), rng, strength))
        marked = 2 * count
        bits = F.softplus(-found[:marked, :-1] * torch.cat([message, -message])).mean()
        there, not_there = F.softplus(-found[:marked, -1]).mean(), F.softplus(found[marked:, -1]).mean()
        return bits + _PRESENCE * (there + not_there) / 2

    def measure(self, module: SigningPair) -> dict[str, float]:
        """Return the accuracy of bits after each distortion."""
        return accuracies(module, self.squares, self.config.side, self.config.psnr[1])


@torch.no_grad()
def accuracies(
    pair: SigningPair, squares: Squares, side: int, psnr: float, reader: nn.Module | None = None
) -> dict[str, float]:
    """Return the share of bits that are read right in pictures not trained on, after each distortion.

    Args:
        pair: The networks.
        squares: As given to the training.
        side: Of the pictures in pixels.
        psnr: Of the marks, in dB.
        reader: Instead of the pair's own.
    """
    reader = reader or pair.reader
    device = next(pair.parameters()).device
    held_out = lumas(squares, held_out=True)[:_MEASURED, :side, :side]
    luma = torch.from_numpy(held_out[:, None].astype(np.float32)).to(device)
    message = _messages(len(luma), len(pair.sender.kernels), np.random.default_rng(0), luma)
    marked = luma + at_psnr(pair.sender(luma, message), luma.new_full((len(luma),), psnr))
    found = {}
    for kind in DISTORTIONS:
        there = distorted(marked, np.random.default_rng(0), 0.6, kind)
        found[f"accuracy {kind}"] = float((reader(there)[:, :-1] * message > 0).float().mean())
    part = marked[:, :, : side // 4 * 2, : side // 4 * 2]
    found["accuracy quarter"] = float((reader(part)[:, :-1] * message > 0).float().mean())
    presence = [float((reader(x)[:, -1] > 0).float().mean()) for x in (marked, luma)]
    return {**found, "marked told": presence[0], "unmarked told": 1 - presence[1]}


@torch.no_grad()
def fairness(reader: nn.Module, squares: Squares, side: int) -> dict[str, float]:
    """Return how unmarked pictures that are not trained on agree with random messages.

    Args:
        reader: Trained, and whitened.
        squares: As given to the training.
        side: Of the pictures in pixels.

    Returns:
        The deviation of the number of right bits over the binomial one, of the message for which it is
        largest, and how far the share of ones of the most one-sided bit lies from a half.
    """
    held_out = lumas(squares, held_out=True)[:_MEASURED, :side, :side]
    device = next(reader.parameters()).device
    bits = reader(torch.from_numpy(held_out[:, None].astype(np.float32)).to(device))[:, :-1] > 0
    messages = _messages(_RANDOM, bits.shape[1], np.random.default_rng(1), bits.float()) > 0
    right = (bits[:, None] == messages[None]).sum(dim=2).float()
    binomial = bits.shape[1] ** 0.5 / 2
    one_sided = (bits.float().mean(dim=0) - 0.5).abs().max()
    return {
        "largest deviation of right bits by chance, over the binomial one": float(right.std(dim=0).max())
        / binomial,
        "most one-sided bit by chance": float(one_sided),
    }


def _messages(count: int, bits: int, rng: np.random.Generator, like: Tensor) -> Tensor:
    return torch.from_numpy(rng.choice(np.array([-1, 1], np.float32), (count, bits))).to(like)


def _window(pictures: Tensor, rng: np.random.Generator, strength: float) -> Tensor:
    """Cut a window that begins anywhere: differentiable, the same for all."""
    height, width = pictures.shape[-2:]
    if rng.random() > strength:
        return pictures
    tall, wide = (int(rng.integers(int(_LEAST_WINDOW * n / 2), n // 2 + 1)) * 2 for n in (height, width))
    y, x = int(rng.integers(height - tall + 1)), int(rng.integers(width - wide + 1))
    return pictures[:, :, y : y + tall, x : x + wide]
