"""Clips of a GAN: what is seen stays, how it moves is drawn step by step."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.gan.networks import GanConfig, generator_of

__all__ = ["ClipCritic", "MotionConfig", "MotionGenerator"]

_SLOPE = 0.2


@dataclass(frozen=True)
class MotionConfig:
    """How large the networks of clips are.

    Attributes:
        still: Of the networks of single frames; its latent values are shared out to what is seen and how it
            moves.
        frames: Of a clip, a multiple of 4.
        motion: Latent values of a frame that say how it moves; the others are the same in all frames.
    """

    still: GanConfig = field(default_factory=lambda: GanConfig(side=32, latent=48))
    frames: int = 8
    motion: int = 16

    def __post_init__(self) -> None:
        """Check what frames are made of.

        Raises:
            UsageError: They are made by styles or by classes, or nothing is left to be seen or to move.
        """
        if self.still.kind != "plain" or self.still.labels:
            raise UsageError(
                "frames are made by a plain generator without classes",
                actual=f"{self.still.kind}, {self.still.labels} classes",
            )
        if not 0 < self.motion < self.still.latent:
            raise UsageError(
                f"of {self.still.latent} latent values some say how a frame moves, and some stay",
                expected=f"1 to {self.still.latent - 1}",
                actual=self.motion,
            )

    @property
    def seen(self) -> int:
        """Latent values that are the same in all frames."""
        return self.still.latent - self.motion

    @property
    def noise(self) -> int:
        """Values of noise that a clip takes."""
        return self.seen + self.frames * self.motion


# Tulyakov et al. 2017 (MoCoGAN), arXiv:1707.04993, sections 3.1 and 3.2.
class MotionGenerator(nn.Module):
    """Noise to clips: a recurrent network turns noise of each frame into a way through the latents.

    Args:
        config: How large it is.
    """

    def __init__(self, config: MotionConfig) -> None:
        super().__init__()
        self.config = config
        self.way = nn.GRU(config.motion, config.motion, batch_first=True)
        self.begin = nn.Parameter(torch.zeros(1, 1, config.motion))
        self.still = generator_of(config.still)

    def forward(self, noise: Tensor) -> Tensor:
        """Return (B, T, C, S, S) clips from -1 to 1 for (B, noise) standard normal noise."""
        config = self.config
        seen, steps = noise.split([config.seen, config.frames * config.motion], dim=1)
        begin = self.begin.expand(-1, noise.shape[0], -1).contiguous()
        moves, _ = self.way(steps.unflatten(1, (config.frames, config.motion)), begin)
        same = seen[:, None].expand(-1, config.frames, -1)
        latents = torch.cat([same, moves], dim=2).reshape(-1, config.still.latent)
        frames = self.still(latents)
        return frames.reshape(-1, config.frames, *frames.shape[1:])


class ClipCritic(nn.Module):
    """Clips to a logit each: space and time are halved together.

    Args:
        config: How large it is.
    """

    def __init__(self, config: MotionConfig) -> None:
        super().__init__()
        still, layers = config.still, []
        side, frames, features = still.side, config.frames, still.channels
        while side > 4:
            wider = still.width * min(8, still.side // (side // 2)) // 2
            over_time = 2 if frames > 2 else 1
            kernel = (4, 4, 4) if over_time == 2 else (3, 4, 4)
            layers += [
                nn.Conv3d(features, wider, kernel, stride=(over_time, 2, 2), padding=1),
                nn.LeakyReLU(_SLOPE),
            ]
            side, frames, features = side // 2, frames // over_time, wider
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(features * frames * side * side, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B,) logits for (B, T, C, S, S) clips from -1 to 1."""
        logits: Tensor = self.head(self.layers(x.transpose(1, 2)))[:, 0]
        return logits
