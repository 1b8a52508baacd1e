"""Options that the commands of all families of generators have."""

from __future__ import annotations

from pathlib import Path

import click

from forensics.cli.given import ENCODER_FOLDER

__all__ = ["GUIDANCE", "MOST", "NAMED", "PERCEPTUAL", "TIMM", "training_options"]

MOST = 20_000
NAMED = (  # in the command that a card names, where they are given
    "rule", "perceptual", "cut", "codec", "begin", "teacher", "text_encoder", "minutes", "steps", "batch",
    "accumulate", "rate", "scaling", "most", "guidance",
)  # fmt: skip
TIMM = "timm:"
GUIDANCE = click.Option(
    ["--guidance"], type=click.FloatRange(min=0, min_open=True),
    help="How strongly a teacher follows classes or words, for the preset guided; 2 if not given.",
)  # fmt: skip
PERCEPTUAL = (
    click.Option(
        ["--perceptual"], metavar="TIMM:NAME",
        help="Network of timm whose features count beside the pixels: timm:vgg16.tv_in1k.",
    ),
    click.Option(
        ["--perceptual-weights"], type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help="Its weights, a safetensors file.",
    ),
    click.Option(["--perceptual-download"], is_flag=True, help="Let timm fetch them from the network."),
)  # fmt: skip


def training_options() -> list[click.Option]:
    """Return the options that all families have."""
    at_least_one = click.IntRange(min=1)
    return [
        click.Option(["--preset"], default="", help="Name of the run; `list` shows all."),
        click.Option(
            ["--data"], default="procedural", show_default=True,
            help="Folder or tar archive of pictures, or a procedural corpus.",
        ),
        click.Option(["--licence"], default="not stated", show_default=True, help="Of the pictures."),
        click.Option(
            ["--most"], type=click.IntRange(min=2), default=MOST, show_default=True,
            help="Pictures at most.",
        ),
        click.Option(
            ["--cut"], type=click.Choice(("pieces", "whole", "both")),
            help="Squares are pieces of pictures (if not given), or the middle of each, scaled down. With "
            "classes or captions pictures are whole.",
        ),
        click.Option(
            ["--begin"], metavar="MODEL",
            help="Folder, or name, of a model of pictures that clips begin with, or a branch stands beside.",
        ),
        click.Option(["--teacher"], metavar="MODEL", help="A model to learn from, for presets that do."),
        click.Option(["--classes"], is_flag=True, help="Learn classes: folders, or those of a corpus."),
        click.Option(["--captions"], is_flag=True, help="Learn the words of captions (diffusion and flow)."),
        click.Option(
            ["--text-encoder"], type=ENCODER_FOLDER,
            help="Folder of CLIP or T5, which reads the captions in place of an encoder that is trained.",
        ),
        click.Option(["--codec"], metavar="MODEL", help="A codec, for presets that work in latents."),
        click.Option(
            ["--minutes"], type=click.FloatRange(min=0, min_open=True), help="Stop after so long."
        ),
        click.Option(
            ["--time-sweep"], metavar="M,M,...",
            help="Train once for each of these minutes, in folders of their own, and compare.",
        ),
        click.Option(["--steps"], type=at_least_one, help="Instead of the preset's."),
        click.Option(["--batch"], type=at_least_one, help="Pictures in a step, instead of the preset's."),
        click.Option(
            ["--accumulate"], type=at_least_one,
            help="Batches that make one step: more pictures in the same memory; not of GANs.",
        ),
        click.Option(
            ["--spare-memory"], is_flag=True,
            help="Compute parts of the network twice instead of keeping what they gave; not of GANs.",
        ),
        click.Option(
            ["--rate"], type=click.FloatRange(min=0, min_open=True),
            help="Learning rate, instead of the preset's.",
        ),
        click.Option(
            ["--scaling"], type=click.Choice(("linear", "root")),
            help="The preset's rate grows with the pictures in a step, or with their square root.",
        ),
        click.Option(["--seed"], type=click.IntRange(min=0), default=0, show_default=True),
        click.Option(
            ["--device"], type=click.Choice(("auto", "cpu", "cuda")), default="auto", show_default=True
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="The result as one JSON object."),
    ]  # fmt: skip
