"""Signing by the weights of a decoder alone, as published (arXiv:2303.15435, section 4.2): to compare with.

The weights are changed until a frozen extractor, which does not care where a pattern lies, reads one message
from every picture. Each message is a training of its own.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forensics.training.run import Ramp
from forensics.training.task import Alone
from forensics.watermark.train.decoders.pictures import luma_of, psnr, visible
from forensics.watermark.train.decoders.run import DecoderRun
from forensics.watermark.train.distortions import distorted

__all__ = ["MessageDecoder", "PublishedRun"]

Floats = npt.NDArray[np.float32]

_FIRST, _FOLLOW, _STEP = 0.3, 0.1, 2.0  # as in `run`
_LATENTS = 32  # held out


class MessageDecoder(nn.Module):
    """A decoder, and how much the error of its pictures counts.

    Args:
        decoder: (B, C, h, w) latents to (B, 3, H, W) pictures, 0 to 1.
    """

    balance: Tensor

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.decoder = decoder
        self.register_buffer("balance", torch.tensor(math.log(_FIRST)))


class PublishedRun(Alone):
    """The training of a decoder for one message.

    Args:
        config: The run, as for the decoder that takes any tile; its pictures end at the same PSNR.
        decoder: A copy of it is trained.
        extractor: (B, 1, H, W) luma, 0 to 255, to (B, n + 1): bits, and whether there are any.
        message: (n,) of +1 and -1.
        latents: Groups of (N, C, h, w); some of each are held out.
    """

    def __init__(
        self,
        config: DecoderRun,
        decoder: nn.Module,
        extractor: nn.Module,
        message: Floats,
        latents: Sequence[Floats],
    ) -> None:
        self.config, self.schedule, self.extractor = config, config.schedule, extractor
        torch.manual_seed(config.schedule.seed)
        some = [max(1, min(_LATENTS, len(group) // 4)) for group in latents]
        self.groups = [group[:-n] for group, n in zip(latents, some, strict=True)]
        self.held_out = [group[-n:] for group, n in zip(latents, some, strict=True)]
        self.original = decoder.eval().requires_grad_(False)
        self.module = MessageDecoder(copy.deepcopy(decoder).requires_grad_(True))
        self.message = torch.from_numpy(message)

    def loss(self, step: int) -> Tensor:
        """Return the cost of reading the message of one batch, and of what the decoder changes."""
        rng = np.random.default_rng([self.schedule.seed, step])
        group = self.groups[step % len(self.groups)]
        latents = torch.from_numpy(group[rng.integers(0, len(group), self.schedule.batch)])
        with torch.no_grad():
            wanted = self.original(latents)
        found = self.module.decoder(latents)
        strength = Ramp(*self.config.attacked, 0.0, 1.0)(step / self.schedule.steps)
        bits = self.extractor(distorted(luma_of(found), rng, strength))[:, :-1]
        read = F.softplus(-bits * self.message).mean()
        weight = torch.exp(self.module.balance)
        if step >= self.schedule.warm_up:
            off = self.config.psnr - psnr(found.detach(), wanted)
            left = 1.0 - step / self.schedule.steps
            with torch.no_grad():
                self.module.balance += left * _FOLLOW * max(-_STEP, min(_STEP, off))
        return read + weight * visible(255.0 * (found - wanted), wanted)

    @torch.no_grad()
    def measure(self, module: MessageDecoder) -> dict[str, float]:
        """Return the PSNR, and the share of bits that are read right, of each group."""
        found: dict[str, float] = {}
        for number, group in enumerate(self.held_out):
            latents = torch.from_numpy(group)
            pictures = module.decoder(latents)
            bits = self.extractor(luma_of(pictures))[:, :-1] * self.message
            found[f"psnr of group {number}"] = psnr(pictures, self.original(latents))
            found[f"bits of group {number}"] = float((bits > 0).float().mean())
        return found
