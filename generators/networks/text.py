"""Texts as sequences that a denoiser attends to: of known words, or as a pretrained encoder reads them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from forensics.generators.networks.transformer import DenoisingTransformer
from forensics.generators.parts.transformer import TransformerBlock

__all__ = ["CaptionedDenoiser", "EncodedDenoiser", "EncoderConfig", "TextConfig", "TextEncoder"]


@dataclass(frozen=True)
class TextConfig:
    """How large a text encoder is.

    Attributes:
        words: That it knows.
        length: Words of a text at most.
        width: Values for each word, a multiple of `heads`.
        depth: Blocks.
        heads: Of each attention.
    """

    words: int = 0
    length: int = 0
    width: int = 96
    depth: int = 2
    heads: int = 4


@dataclass(frozen=True)
class EncoderConfig:
    """A text encoder that was trained elsewhere, and how a denoiser attends to what it says.

    Attributes:
        name: What it is called.
        digest: SHA-256 of its files.
        length: Tokens of a text at most.
        values: That it gives for each token.
        width: Values for each token that the denoiser attends to.
    """

    name: str
    digest: str
    length: int
    values: int
    width: int = 96


# Vaswani et al. 2017, arXiv:1706.03762, trained with the denoiser as in Ramesh et al. 2021.
class TextEncoder(nn.Module):
    """Numbers of words to a sequence.

    Args:
        config: How large it is.
    """

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.words + 1, config.width)
        self.place = nn.Parameter(0.02 * torch.randn(config.length, config.width))
        self.blocks = nn.ModuleList(
            TransformerBlock(config.width, config.heads, identity=False) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.width)

    def forward(self, words: Tensor) -> Tensor:
        """Return (B, M, width) for (B, M) numbers of words; what stands for none becomes zero."""
        x = self.embed(words) + self.place
        for block in self.blocks:
            x = block(x)
        return self.norm(x) * (words > 0)[..., None]


# Rombach et al. 2021, arXiv:2112.10752, section 3.3: attention from pictures to a text.
class CaptionedDenoiser(nn.Module):
    """A denoiser that attends to a text.

    Args:
        denoiser: With a context of the encoder's width.
        text: The encoder; both are trained.
    """

    def __init__(self, denoiser: DenoisingTransformer, text: TextEncoder) -> None:
        super().__init__()
        self.denoiser, self.text = denoiser, text

    def forward(self, z: Tensor, t: Tensor, words: Tensor) -> Tensor:
        """Return what is predicted, of the shape of z.

        Args:
            z: (B, C, H, W).
            t: (B,) times in [0, 1].
            words: (B, M) numbers of words, 0 for none.
        """
        return self.denoiser(z, t, None, self.text(words))


# Chen et al. 2023 (PixArt), arXiv:2310.00426, section 2.3: T5 as it is, a trained projection, attention.
class EncodedDenoiser(nn.Module):
    """A denoiser that attends to what a pretrained encoder says of a text; the encoder is no part of it.

    What is zero, behind the end of a text, stays zero.

    Args:
        denoiser: With a context of the encoder's width.
        config: Of the encoder.
    """

    def __init__(self, denoiser: DenoisingTransformer, config: EncoderConfig) -> None:
        super().__init__()
        self.denoiser = denoiser
        self.norm = nn.LayerNorm(config.values, elementwise_affine=False)  # encoders differ in size by far
        self.project = nn.Linear(config.values, config.width, bias=False)

    def forward(self, z: Tensor, t: Tensor, texts: Tensor) -> Tensor:
        """Return what is predicted, of the shape of z.

        Args:
            z: (B, C, H, W).
            t: (B,) times in [0, 1].
            texts: (B, length, values) what the encoder says.
        """
        return self.denoiser(z, t, None, self.project(self.norm(texts)))
