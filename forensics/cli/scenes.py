"""Options of `forensics generate` that name pictures: what is drawn after, and what is painted into."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from forensics.cli.watermark.records import name_of
from forensics.errors import MediaError, UnsupportedMedia, UsageError

if TYPE_CHECKING:
    from forensics.generators.pipelines.base import Network, Pipeline, Pixels
    from forensics.generators.pipelines.inpainting import Scene

__all__ = ["described", "scene_options", "with_pictures"]

Options = dict[str, Any]
F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
_NAMED = ("condition", "inpaint", "outpaint", "mask", "codec", "ready", "border", "rounds")
_BORDER, _ROUNDS = 0.25, 10
_OPTIONS = (
    click.option("--condition", type=FILE, help="Picture to draw after, for models of a side branch."),
    click.option("--ready", is_flag=True, help="--condition is what the model's rule would give."),
    click.option("--inpaint", type=FILE, help="Picture of which a part is painted."),
    click.option("--mask", type=FILE, help="As large as the picture, bright where there is to be painted."),
    click.option("--outpaint", type=FILE, help="Picture around which a border is painted."),
    click.option(
        "--border", type=click.FloatRange(0.0, 0.5, min_open=True, max_open=True),
        help=f"Of --outpaint, as a share of the result, on each side ({_BORDER} if not given).",
    ),
    click.option(
        "--rounds", type=click.IntRange(min=1),
        help=f"How often each step of painting is taken ({_ROUNDS} if not given): more fits better.",
    ),
    click.option("--codec", type=FOLDER, help="Folder of the codec in whose latents the model paints."),
)  # fmt: skip


def scene_options(command: F) -> F:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def described(options: Options) -> Options:
    """Return options for a file of settings: pictures by name and digest, and none that was not given."""
    from hashlib import sha256

    kept = {key: value for key, value in options.items() if key not in _NAMED or value}
    for key, value in kept.items():
        if isinstance(value, Path):
            named = name_of(Path(value.name))
            kept[key] = f"{named} {sha256(value.read_bytes()).hexdigest()}" if value.is_file() else named
    return kept


def with_pictures(pipeline: Pipeline, model: str, options: Options) -> Pipeline:
    """Return a pipeline that draws after a picture, or paints into one, if that is asked for.

    Args:
        pipeline: Of the model.
        model: Name or folder of the model.
        options: Of the command.

    Raises:
        UsageError: The model does not do that, or options do not go together.
        MediaError: A picture cannot be read.
    """
    _check(options)
    painted = options["inpaint"] or options["outpaint"]
    if options["condition"]:
        pipeline = _after(pipeline, options, None if painted else options["mask"])
    if not painted:
        return pipeline
    from forensics.generators.pipelines.denoising import Denoising
    from forensics.generators.pipelines.inpainting import Inpainting

    if not isinstance(pipeline, Denoising):
        raise UsageError("only models of pictures by diffusion or flow paint into pictures")
    rounds = options["rounds"] or _ROUNDS
    return Inpainting(pipeline, _scene(options), _encoder(model, options["codec"]), rounds)


def _check(options: Options) -> None:
    """Refuse options that say nothing without others."""
    painted = options["inpaint"] or options["outpaint"]
    for name, value, needed, there in (
        ("--inpaint", options["inpaint"], "--mask", options["mask"]),
        ("--mask", options["mask"], "--inpaint or --condition", options["inpaint"] or options["condition"]),
        ("--border", options["border"], "--outpaint", options["outpaint"]),
        ("--rounds", options["rounds"], "--inpaint or --outpaint", painted),
        ("--codec", options["codec"], "--inpaint or --outpaint", painted),
        ("--ready", options["ready"], "--condition", options["condition"]),
    ):
        if value and not there:
            raise UsageError(f"{name} needs {needed}")
    if options["inpaint"] and options["outpaint"]:
        raise UsageError("--inpaint and --outpaint do not go together")


def _after(pipeline: Pipeline, options: Options, mask: Path | None) -> Pipeline:
    from forensics.generators.pipelines.controlled import Controlled
    from forensics.generators.pipelines.inpainting import scene_of

    if not isinstance(pipeline, Controlled):
        raise UsageError("this model draws after no picture; `forensics train control` makes one that does")
    picture, open_at = _picture(options["condition"]), None
    if mask is not None:
        open_at = scene_of(picture, _picture(mask)).open_at
    return pipeline.after(picture, open_at, ready=options["ready"])


def _picture(path: Path) -> Pixels:
    """Return the pixels of a picture as it is to be looked at.

    Raises:
        MediaError: It cannot be read, or is a clip.
    """
    from forensics.datasets.squares import upright
    from forensics.media import Kind, open_media

    try:
        media = open_media(path)
        if media.container.kind is Kind.VIDEO:
            raise UnsupportedMedia("this is a clip; take a frame out, as PNG")
        return upright(media)
    except MediaError as error:
        raise type(error)(f"{name_of(path)}: {error}", actual=str(path)) from error


def _scene(options: Options) -> Scene:
    from forensics.generators.pipelines.inpainting import around, scene_of

    if options["outpaint"]:
        return around(_picture(options["outpaint"]), options["border"] or _BORDER)
    return scene_of(_picture(options["inpaint"]), _picture(options["mask"]))


def _encoder(model: str, codec: Path | None) -> Network | None:
    """Return what makes the latents that a model works in; None if it works in pixels.

    Raises:
        UsageError: It is not known, or of another codec.
    """
    from forensics.generators.pipelines.opening import DECODER, ENCODER, network_of, open_model
    from forensics.runtime.store import open_bundle

    bundle = open_model(model)
    wanted = bundle.card["files"].get(DECODER)
    if wanted is None:
        return None
    if codec is None and ENCODER in bundle.card["files"]:
        return network_of(bundle, ENCODER)
    if codec is None:
        raise UsageError("the model works in latents; name the folder of its codec with --codec")
    found = open_bundle(codec)
    if found.card["files"].get(DECODER) != wanted:
        raise UsageError(f"{codec} is not the codec of the model", expected=wanted, actual=str(codec))
    return network_of(found, ENCODER)
