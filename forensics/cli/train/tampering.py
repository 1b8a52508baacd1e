"""`forensics train warping|mesonet|two_stream`: networks of warped faces, forged faces, and splices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.train.watching import watching
from forensics.cli.watermark.records import json_text, name_of
from forensics.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from forensics.training.card import Origins

__all__ = ["mesonet", "two_stream", "warping"]

Options = dict[str, Any]
Command = Callable[..., Any]
_PICTURE = 128  # side of what warps and splices are made up of, at least


def _common(*presets: str) -> Callable[[Command], Command]:
    """Return a decorator that adds the options of every training here."""

    def add(command: Command) -> Command:
        for option in reversed(_options(presets)):
            command = option(command)
        return command

    return add


def _options(presets: tuple[str, ...]) -> list[Callable[[Command], Command]]:
    devices = click.Choice(("auto", "cpu", "cuda"))
    return [
        click.argument("folder", type=click.Path(path_type=Path, file_okay=False)),
        click.option(
            "--data", type=click.Path(path_type=Path, exists=True), required=True, help="What it learns of."
        ),
        click.option("--preset", type=click.Choice(presets), default=presets[1], show_default=True),
        click.option("--steps", type=click.IntRange(min=1), help="Instead of the preset's."),
        click.option("--batch", type=click.IntRange(min=4), help="Instead of the preset's."),
        click.option(
            "--minutes", type=click.FloatRange(min=0), default=0.0, help="After which the run ends."
        ),
        click.option("--licence", default="not stated", show_default=True, help="Of the data, for the card."),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True),
        click.option("--device", type=devices, default="auto", show_default=True),
        click.option("--json", "as_json", is_flag=True, help="The result as one JSON object."),
    ]


@click.command(no_args_is_help=True)
@_common("smoke", "small", "vgg16", "resnet50", "resnet101", "resnet152")
@click.option(
    "--weights", type=click.Path(exists=True, dir_okay=False),
    help="A file that a network of timm starts from, such as one learned of ImageNet.",
)  # fmt: skip
def warping(data: Path, folder: Path, as_json: bool, **options: Any) -> int:
    """Train a network that sees warped faces on pictures in DATA; write it into FOLDER.

    DATA is a folder or tar archive of pictures, best each with one face in its middle: what is inside an
    outline there is warped while the network learns. One picture in eight is held out. The last part of the
    run sees only what is hardest. An interrupted run goes on when the command is given again.
    """
    parts = _Parts()
    from forensics.detectors.train.delivering import WARPING, deliver
    from forensics.detectors.train.warping.networks import network_of
    from forensics.detectors.train.warping.run import PRESETS, Warping
    from forensics.detectors.warping.crops import CROPS

    config = _shortened(PRESETS[options["preset"]], options)
    if options["weights"] and not config.backbone:
        raise UsageError("--weights is for a network of timm: --preset resnet50, for one")
    config = replace(config, weights=Path(options["weights"] or "").name)
    squares = parts.squares(data, max(_PICTURE, config.side))
    machine = parts.machine(options["device"])
    module = network_of(config.backbone, options["weights"] or "")
    task = Warping(config, module, squares, machine.device)
    trained = _trained(task, _made(folder), machine, parts.digest(squares))
    origins = _origins("warping", f"{len(squares)} pictures from {data.name}, warped in part", data, options)
    if not machine.first:
        return 0
    return _told(folder, deliver(WARPING, trained, task, folder, origins, {"crops": CROPS}), as_json)


@click.command(no_args_is_help=True)
@_common("smoke", "published")
@click.option("--network", type=click.Choice(("meso4", "mesoinception4")), default="meso4", show_default=True)
@click.option("--find", is_flag=True, help="Cut faces out of the pictures, which are faces otherwise.")
def mesonet(data: Path, folder: Path, as_json: bool, **options: Any) -> int:
    """Train Meso-4 or MesoInception-4 on faces in DATA; write it into FOLDER.

    DATA holds the folders real and fake, or a manifest.csv with the columns file, label and source. A fifth
    of the sources is held out. An interrupted run goes on when the command is given again.
    """
    parts = _Parts()
    from forensics.detectors.train.delivering import MESONET, deliver
    from forensics.detectors.train.mesonet.faces import load_faces
    from forensics.detectors.train.mesonet.run import PRESETS, Meso
    from forensics.detectors.warping.looking import largest_face

    config = replace(_shortened(PRESETS[options["preset"]], options), network=options["network"])
    faces = load_faces(data, config.side, largest_face if options["find"] else None)
    machine = parts.machine(options["device"])
    task = Meso(config, faces, machine.device)
    trained = _trained(task, _made(folder), machine, parts.digest(faces.crops, faces.forged))
    told = f"{int((~faces.forged).sum())} faces and {int(faces.forged.sum())} forged ones from {data.name}"
    if not machine.first:
        return 0
    origins = _origins("mesonet", told, data, options)
    return _told(folder, deliver(MESONET, trained, task, folder, origins, {"crops": 1}), as_json)


@click.command("two_stream", no_args_is_help=True)
@_common("smoke", "small", "gpu")
def two_stream(data: Path, folder: Path, as_json: bool, **options: Any) -> int:
    """Train the two streams, of colours and noise, on photos in DATA; write them into FOLDER.

    DATA is a folder or tar archive. Splices are made up of its pictures while the network learns. One picture
    in eight is held out. An interrupted run goes on when the command is given again.
    """
    parts = _Parts()
    from forensics.detectors.train.delivering import TWO_STREAM, deliver
    from forensics.detectors.train.splices.run import PRESETS, Splicing

    config = _shortened(PRESETS[options["preset"]], options)
    squares = parts.squares(data, _PICTURE)
    machine = parts.machine(options["device"])
    task = Splicing(config, squares, machine.device)
    trained = _trained(task, _made(folder), machine, parts.digest(squares))
    if not machine.first:
        return 0
    origins = _origins("two_stream", f"splices of {len(squares)} pictures from {data.name}", data, options)
    return _told(folder, deliver(TWO_STREAM, trained, task, folder, origins, {}), as_json)


class _Parts:
    """What every training here needs, imported when one is asked for."""

    def __init__(self) -> None:
        try:
            from forensics.datasets.packs import load_squares
            from forensics.training.checkpoint import digest_of
            from forensics.training.machine import Machine
        except ImportError as error:
            raise MissingExtra("training", "train") from error
        self.squares, self.digest, self.machine = load_squares, digest_of, Machine


def _trained(task: Any, folder: Path, machine: Any, digest: str) -> Any:
    from forensics.training.loop import fit

    with watching(folder) as observer:
        return fit(task, folder, observer, machine, digest)


def _shortened(config: Any, options: Options) -> Any:
    """Return a run with the steps, batch and seed that were asked for."""
    schedule = config.schedule
    steps, batch = options["steps"] or schedule.steps, options["batch"] or schedule.batch
    seconds = 60.0 * options["minutes"]
    changed = replace(schedule, steps=steps, batch=batch, seed=options["seed"], seconds=seconds)
    return replace(config, schedule=changed)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror or error}") from None
    return folder


def _origins(name: str, told: str, data: Path, options: Options) -> Origins:
    """Return what the card says of the run, with no path of this machine."""
    from forensics.training.card import Origins

    command = f"forensics train {name} FOLDER --data {data.name} --preset {options['preset']}"
    command += f" --seed {options['seed']}"
    for option in ("steps", "batch", "minutes", "network"):
        value = options.get(option)
        command += f" --{option} {value:g}" if isinstance(value, float) and value else ""
        command += f" --{option} {value}" if value and not isinstance(value, float) else ""
    command += " --find" if options.get("find") else ""
    return Origins(told, options["licence"], command)


def _told(folder: Path, metrics: dict[str, float], as_json: bool) -> int:
    if as_json:
        click.echo(json_text({"path": name_of(folder), "metrics": metrics}))
    else:
        click.echo(name_of(folder))
        click.echo("\n".join(f"  {value:10.6f}  {text}" for text, value in metrics.items()))
    return 0
