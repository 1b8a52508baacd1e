"""Sign by the autoencoder of a pipeline of Hugging Face's diffusers: its pixels are marked from the first.

`pipeline.vae = sign_autoencoder(pipeline.vae, FOLDER, signature)` is all that a pipeline needs; FOLDER comes
from `forensics train decoder FOLDER --of diffusers:VAE`, once for each autoencoder and for all keys.

Run `python examples/sign_diffusers.py FOLDER` to see it with a small autoencoder that was never trained, that
is taught to sign in a few steps, and with a stand-in for a pipeline. It needs diffusers.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from forensics.errors import MissingExtra
from forensics.watermark.decoders import signature
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import detect


class StandIn:
    """A pipeline that decodes noise."""

    def __init__(self, vae: Any) -> None:
        self.vae = vae

    def __call__(self, seed: int) -> npt.NDArray[np.uint8]:
        """Return (H, W, 3) pixels."""
        import torch

        latents = 0.1 * torch.randn(1, 4, 64, 64, generator=torch.Generator().manual_seed(seed))
        with torch.inference_mode():
            found = self.vae.decode(latents).sample[0].permute(1, 2, 0).numpy()
        return np.rint(255 * np.clip(found / 2 + 0.5, 0, 1)).astype(np.uint8)


def small_autoencoder(folder: Path) -> None:
    """Write an autoencoder that was never trained."""
    try:
        import diffusers
        import torch
    except ImportError as error:
        raise MissingExtra("an autoencoder of diffusers", "diffusers") from error
    torch.manual_seed(0)
    vae = diffusers.AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=4,
        mid_block_add_attention=False,
    )
    torch.nn.init.normal_(vae.decoder.conv_out.weight, std=0.02)
    vae.save_pretrained(folder)


def main(folder: Path) -> None:
    """Sign with a key of the moment, draw two pictures and look for their marks."""
    if not (folder / "vae").is_dir():
        small_autoencoder(folder / "vae")
    teach = ["train", "decoder", str(folder / "signing"), "--of", f"diffusers:{folder / 'vae'}"]
    some = ["--preset", "smoke", "--steps", "2", "--most", "16", "--side", "64"]  # leave these out
    command = [sys.executable, "-m", "forensics", *teach, *some]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603

    from forensics.generators.adapters.autoencoders import open_autoencoder
    from forensics.generators.adapters.signed_autoencoder import sign_autoencoder

    key = Key.generate("studio")
    pipeline = StandIn(open_autoencoder(folder / "vae"))
    said = signature(key, "c0ffee")  # and as strong as it has to be after so few steps
    pipeline.vae = sign_autoencoder(pipeline.vae, folder / "signing", said, strength=6.0)
    for seed in range(2):
        picture = pipeline(seed)
        Image.fromarray(picture).save(folder / f"{seed}.png")
        found = detect(picture, [key])
        text = found.payload.identity if found.payload else "-"
        sys.stdout.write(f"{folder / f'{seed}.png'}: p = 10^{found.log10_p:.1f}, says {text}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Sign by the autoencoder of a pipeline.")
    parser.add_argument("folder", type=Path)
    try:
        main(parser.parse_args().folder)
    except MissingExtra as missing:
        sys.exit(str(missing))
