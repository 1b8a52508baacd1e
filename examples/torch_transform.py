"""Mark batches of torch tensors, such as the output of a decoder or a data loader.

Run `python examples/torch_transform.py COUNT`; it needs PyTorch.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forensics.datasets.procedural import corpus
from forensics.errors import MissingExtra, UsageError
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import Watermarker

if TYPE_CHECKING:
    import torch


class Mark:
    """A transform from (B, 3, H, W) floats in [0, 1] to the same, marked and rounded to 256 levels.

    The mark is made by NumPy on the CPU; the result is on the batch's own device, and no gradient flows
    through it.

    Args:
        marker: Key, layout and strength.
    """

    def __init__(self, marker: Watermarker) -> None:
        self.marker = marker

    def __call__(self, batch: torch.Tensor, payloads: Sequence[str]) -> torch.Tensor:
        """Return the batch, each picture marked with its payload.

        Args:
            batch: (B, 3, H, W) floats in [0, 1], at least 128 pixels each way.
            payloads: B identities in hexadecimal digits.

        Raises:
            UsageError: The batch has another shape or type, or there is not one payload for each picture.
        """
        import torch

        if batch.ndim != 4 or batch.shape[1] != 3 or not batch.is_floating_point():
            actual = f"{batch.dtype} {tuple(batch.shape)}"
            raise UsageError(
                f"a batch is (B, 3, H, W) floats, not {actual}", expected="(B, 3, H, W)", actual=actual
            )
        if len(payloads) != len(batch):
            raise UsageError(f"{len(batch)} pictures need as many payloads, not {len(payloads)}")
        levels = (batch.detach().clamp(0, 1) * 255).round().to("cpu", torch.uint8)
        pictures = levels.permute(0, 2, 3, 1).numpy()
        marked = [
            self.marker.embed(np.ascontiguousarray(picture), payload).pixels
            for picture, payload in zip(pictures, payloads, strict=True)
        ]
        result = torch.from_numpy(np.stack(marked)).permute(0, 3, 1, 2)
        return result.to(batch.device, batch.dtype) / 255


def main(pictures: int) -> None:
    """Mark a batch of procedural pictures and read it again."""
    try:
        import torch
    except ImportError as error:
        raise MissingExtra("a transform of tensors", "train") from error
    pixels = np.stack(list(corpus(1, pictures, 384, 384)))
    batch = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    marker = Watermarker(Key.generate("loader"))
    marked = Mark(marker)(batch, [f"{number:x}" for number in range(pictures)])
    again = (marked * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    for found in marker.detect_many(np.ascontiguousarray(picture) for picture in again):
        said = found.payload.identity if found.payload else "-"
        sys.stdout.write(f"p = 10^{found.log10_p:.1f}, payload {said}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Mark a batch of torch tensors.")
    parser.add_argument("count", type=int)
    try:
        main(parser.parse_args().count)
    except MissingExtra as missing:
        sys.exit(str(missing))
