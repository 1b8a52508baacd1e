"""`forensics train decoder`: a decoder or generator that signs what it makes."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.train.options import PERCEPTUAL, TIMM
from forensics.cli.train.watching import watching
from forensics.cli.watermark.records import json_text, name_of
from forensics.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from forensics.datasets.packs import Squares
    from forensics.generators.train.signable import Signable
    from forensics.training.card import Card
    from forensics.training.machine import Machine
    from forensics.watermark.train.decoders.run import DecoderRun, Perceptual

__all__ = ["decoder"]

Options = dict[str, Any]
PRESETS = ("cpu", "whole", "smoke", "gpu")
_TASK = "Signs with any tile of `spread`: a decoder with a pattern beside its features."
_SOURCE = "Fernandez et al. 2023, arXiv:2303.15435, section 4.2, with a tile that is given"


@click.command(no_args_is_help=True)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--of", "model", default="codec", show_default=True, metavar="MODEL",
    help="What is to sign: folder of a codec or GAN, a name that ships, or diffusers:FOLDER (AutoencoderKL).",
)  # fmt: skip
@click.option(
    "--drawing", multiple=True, metavar="MODEL",
    help="Model that draws in the latents of that codec, whose latents are learned as well (repeatable).",
)  # fmt: skip
@click.option(
    "--preset", type=click.Choice(PRESETS), default="cpu", show_default=True,
    help="cpu stops as soon as the contract is kept; whole takes all steps.",
)  # fmt: skip
@click.option(
    "--data",
    default="procedural",
    show_default=True,
    help="Folder or tar archive of pictures, or `procedural`.",
)
@click.option("--licence", default="not stated", show_default=True, help="Of the pictures, for the card.")
@click.option("--most", type=click.IntRange(min=8), default=1000, show_default=True, help="Pictures at most.")
@click.option(
    "--side", type=click.IntRange(min=64), default=128, show_default=True, help="Of them, in pixels."
)
@click.option("--psnr", type=click.FloatRange(25, 60), help="Of signed pictures to unsigned ones, in dB.")
@click.option("--steps", type=click.IntRange(min=1), help="Instead of the preset's.")
@click.option("--batch", type=click.IntRange(min=1), help="Pictures in a step, instead of the preset's.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--device", type=click.Choice(("auto", "cpu", "cuda")), default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
def decoder(folder: Path, model: str, as_json: bool, **options: Any) -> int:
    """Teach a decoder to sign, into FOLDER: an ONNX file, weights, a card, a log and a checkpoint.

    What is trained once signs for every key: `forensics keys issue` makes a decoder of somebody's own in a
    moment, and `forensics generate` signs with it. A run that was interrupted goes on from its checkpoint
    when the same command is given again. Exits with 1 if the contract is not kept, and says what is missing.
    """
    try:
        from forensics.generators.train.signable import signable
        from forensics.training.loop import fit
        from forensics.training.machine import Machine
        from forensics.watermark.train.decoders.finish import Stands, finish
        from forensics.watermark.train.decoders.run import PRESETS as RUNS
        from forensics.watermark.train.decoders.run import SigningRun
        from forensics.watermark.train.decoders.tiled import steady_rate
    except ImportError as error:
        raise MissingExtra("training", "train") from error
    run = _chosen(RUNS[options["preset"]], options)
    machine = Machine(options["device"])
    pictures = _pictures(options)
    found = signable(model, pictures, options["drawing"], options["seed"])
    rate = steady_rate(found.decoder, found.latents[0][:8], run.schedule.rate)
    run = replace(run, schedule=replace(run.schedule, rate=rate))
    task = SigningRun(run, found.decoder, found.latents, machine.device, _perceptual(run, options, machine))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror or error}") from None
    with watching(folder) as observer:
        trained = fit(task, folder, observer, machine, found.digest + found.sha256)
    if not machine.first:
        return 0
    card = _card(run, found, len(pictures), {**options, "model": model}, str(machine.device))
    card = replace(card, images=observer.steps * run.schedule.seen, seconds=_seconds(folder))
    metrics = finish(task, trained, Stands(found.file, found.sha256, found.weights), folder, card)
    return _tell(folder, metrics, as_json)


def _tell(folder: Path, metrics: dict[str, float], as_json: bool) -> int:
    from forensics.watermark.train.decoders.finish import broken, measured

    missing = broken(metrics)
    told = missing or ("kept" if measured(metrics) else "not measured: the pictures are too small for it")
    if as_json:
        click.echo(json_text({"path": name_of(folder), "metrics": metrics, "contract": told}))
    else:
        click.echo(f"{name_of(folder)}: {missing or f'a decoder that signs; the contract is {told}'}")
        click.echo("\n".join(f"  {value:10.6f}  {text}" for text, value in metrics.items()))
    return 1 if missing else 0


def _chosen(preset: DecoderRun, options: Options) -> DecoderRun:
    """Return a preset with what was chosen instead of its own."""
    schedule = replace(
        preset.schedule,
        seed=options["seed"],
        steps=options["steps"] or preset.schedule.steps,
        batch=options["batch"] or preset.schedule.batch,
    )
    psnr = options["psnr"] or preset.psnr
    small = preset.small_psnr + psnr - preset.psnr
    name = options["perceptual"] or ""
    network = name if not name or name.startswith(TIMM) else TIMM + name
    if not network and (options["perceptual_weights"] or options["perceptual_download"]):
        raise UsageError("--perceptual names the network; its weights are of no use without it")
    return replace(preset, schedule=schedule, psnr=psnr, small_psnr=small, network=network)


def _perceptual(run: DecoderRun, options: Options, machine: Machine) -> Perceptual | None:
    """Return what differences cost in the features of a network, if one is named."""
    if not run.network:
        return None
    from forensics.generators.train.seeing import TimmFeatures, distance_in

    weights, download = options["perceptual_weights"], options["perceptual_download"]
    return distance_in(TimmFeatures(run.network, weights, download=download).to(machine.device))


def _pictures(options: Options) -> Squares:
    """Return squares in an order in which those of one picture follow one another."""
    import numpy as np

    from forensics.datasets.packs import load_pack

    pack = load_pack(options["data"], options["side"], options["most"])
    order = np.random.default_rng(options["seed"]).permutation(int(pack.origins.max()) + 1)
    return np.ascontiguousarray(pack.squares[np.argsort(order[pack.origins], kind="stable")])


def _card(run: DecoderRun, found: Signable, count: int, options: Options, device: str) -> Card:
    from forensics.training.card import Card

    name, data = Path(options["model"]).name, Path(options["data"]).name
    command = f"forensics train decoder FOLDER --of {name} --preset {options['preset']} --data {data}"
    command += "".join(f" --drawing {Path(one).name}" for one in options["drawing"])
    for key, usual in (("most", 1000), ("side", 128), ("psnr", None), ("steps", None), ("batch", None)):
        command += f" --{key} {options[key]:g}" if options[key] != usual else ""
    command += f" --perceptual {run.network}" if run.network else ""
    command += f" --seed {options['seed']}"
    told = f"{count} squares of {options['side']} px from {data}"
    config = {**asdict(run), "latents": [list(group.shape) for group in found.latents]}
    return Card(
        f"{name}-signing", _TASK, _SOURCE, told, options["licence"], command, config, 0, device
    )  # fmt: skip


def _seconds(folder: Path) -> float:
    from forensics.training.log import LOG, read_log

    return read_log(folder / LOG)["seconds"][-1]


decoder.params.extend(PERCEPTUAL)
