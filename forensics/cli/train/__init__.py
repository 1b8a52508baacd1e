"""`forensics train`: the table of what can be trained; PyTorch is imported only when a training starts."""

from __future__ import annotations

import click

from forensics.cli.lazy import LazyGroup

__all__ = ["train"]

COMMANDS = {
    "blink": ("forensics.cli.train.blink:blink", "The network that says whether eyes are closed."),
    "calibration": (
        "forensics.cli.train.calibration:calibration",
        "Put a calibration into a detector.",
    ),
    "codec": ("forensics.cli.train.generators:codec", "The codec, whose latents generators work in."),
    "control": (
        "forensics.cli.train.generators:control",
        "A branch by which another picture says what a model draws.",
    ),
    "decoder": ("forensics.cli.train.decoder:decoder", "A decoder that signs what it makes."),
    "detector": ("forensics.cli.train.detector:detector", "A detector of generated pictures."),
    "diffusion": ("forensics.cli.train.generators:diffusion", "A diffusion model."),
    "flow": ("forensics.cli.train.generators:flow", "A rectified flow."),
    "makers": ("forensics.cli.train.makers:makers", "Autoencoders whose traces detectors learn from."),
    "mesonet": ("forensics.cli.train.tampering:mesonet", "Meso-4 or MesoInception-4, of forged faces."),
    "nf": ("forensics.cli.train.generators:nf", "A normalizing flow, with exact likelihoods."),
    "tokens": ("forensics.cli.train.generators:tokens", "A model of tokens, or of grey levels."),
    "two_stream": ("forensics.cli.train.tampering:two_stream", "Two streams that see edges of splices."),
    "video": ("forensics.cli.train.generators:video", "A model of clips."),
    "gan": ("forensics.cli.train.generators:gan", "A generative adversarial network."),
    "warping": ("forensics.cli.train.tampering:warping", "A network that sees faces warped into place."),
    "watermark": ("forensics.cli.train.watermark:watermark", "Networks of the watermark codec `learned`."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def train() -> None:
    """Train the models of the suite on pictures of yours."""
