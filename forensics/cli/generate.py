"""`forensics generate`: pictures and clips of the built-in generators, or of one that was trained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.drawn import Drawn, Opened, Writer, carried, marking_options, writer
from forensics.cli.given import ENCODER_FOLDER, text_encoder
from forensics.cli.noise import drawing_options, with_mark
from forensics.cli.paths import out_folder
from forensics.cli.progress import progress
from forensics.cli.scenes import described, scene_options, with_pictures
from forensics.cli.signed import signing_options, with_signature
from forensics.cli.watermark.records import json_text, name_of
from forensics.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from forensics.generators.pipelines.base import Pipeline, Request

__all__ = ["generate"]

_COLUMNS, _MOST_IN_GRID = 8, 64
_FILM = 4  # axes of a clip


@click.command(no_args_is_help=True)
@click.argument("model")
@out_folder("Folder for the pictures.")
@click.option("-n", "--count", type=click.IntRange(min=1), default=16, show_default=True, help="Pictures.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--label", default="", help="Name of a class, for models that know some.")
@click.option("--prompt", default="", help="What is to be seen, for models that know words.")
@click.option(
    "--text-encoder", type=ENCODER_FOLDER,
    help="Folder of CLIP or T5, which reads prompts for models that were trained with it.",
)  # fmt: skip
@click.option("--steps", type=click.IntRange(min=1), help="Of the sampler, instead of the model's.")
@click.option("--sampler", default="", help="Instead of the model's; a wrong name lists all.")
@click.option("--guidance", type=float, default=1.0, show_default=True, help="How strongly a class counts.")
@click.option("--temperature", type=click.FloatRange(min=0), default=1.0, show_default=True, help="Chance.")
@click.option("--more", type=click.IntRange(min=0), default=0, help="Further pieces of each clip.")
@click.option(
    "--from", "source", type=click.Path(exists=True, path_type=Path, dir_okay=False),
    help="Change this picture (SDEdit) instead of beginning with noise alone.",
)  # fmt: skip
@click.option(
    "--strength", type=click.FloatRange(0, 1), help="0 changes nothing, 1 everything; 0.5 if not given."
)
@click.option(
    "--fit", is_flag=True, help="Cut the middle square of that picture, and scale it to the model's size."
)
@click.option(
    "--batch", type=click.IntRange(min=1), default=16, show_default=True, help="Pictures at a time."
)
@scene_options
@drawing_options
@signing_options
@marking_options
@click.option("--download", is_flag=True, help="Let diffusers fetch a pipeline from the network.")
@click.option("--overwrite", is_flag=True, help="Replace pictures that are there.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each picture.")
def generate(
    model: str, folder: Path, as_json: bool, overwrite: bool, source: Path | None, **options: Any
) -> int:
    """Draw pictures with MODEL, the folder of a trained one or the name of one that ships.

    Generators of yours: module:PACKAGE.MODULE:FUNCTION or module:FILE.py:FUNCTION, whose code is run, and
    diffusers:FOLDER.

    The same seed gives the same pictures; picture number i does not depend on how many are drawn. There will
    be PNG files, or MP4 files of clips, a grid of them, and settings.json. Pictures of the same settings
    that are there already are left as they are.

    With --noise-mark, pictures begin with noise that a key of yours marks; `forensics watermark noise` finds
    such marks again.

    Every file is marked as `forensics mark` does it, with your own identity: a watermark, signed credentials,
    and an entry in the store; --unmarked leaves them out. Where a decoder is there that signs for the model,
    it puts the watermark in; else pictures get one afterwards, if they have room for it.
    """  # fmt: skip
    from forensics.generators.pipelines.opening import open_pipeline

    encoder = text_encoder(options.pop("text_encoder"))
    pipeline = open_pipeline(model, download=options.pop("download"), text_encoder=encoder)
    named = {"model": name_of(Path(Path(model).name)), **_digest(Path(model))}
    opened = Opened(named)
    pipeline, signs = with_signature(pipeline, model, source, options, lambda: opened.marker.profile.key)
    pipeline, marked = with_mark(pipeline, source, options)
    pipeline = with_pictures(pipeline, model, options)
    written = writer(options, opened, source)
    drawn, edited = _drawn(pipeline, source, options)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror or error}") from None
    if encoder is not None:
        named["text_encoder"] = f"{encoder.name} {encoder.digest}"
    with written({**named, **described(options), **signs, **marked, **edited}) as out:
        said = _said(folder / "settings.json", out.settings, overwrite)
        what = _written(out, _placed(pipeline, drawn, folder, said), options, overwrite, as_json)
        note = out.note()
    if not as_json:
        click.echo(f"{name_of(folder)}: {options['count']} {what} and grid.png")
    if note:
        click.echo(f"forensics: {note}", err=True)
    return 0


def _placed(
    pipeline: Pipeline, drawn: Iterator[npt.NDArray[np.uint8]], folder: Path, said: bytes
) -> Iterator[Drawn]:
    """Yield what is drawn with its place; the settings are written when the first one is there."""
    from forensics.files import atomic_write

    for number, picture in enumerate(drawn):
        if number == 0:  # not before: what the model refuses leaves nothing behind
            atomic_write(folder / "settings.json", said)
        path = folder / f"{number:06d}.{'mp4' if picture.ndim == _FILM else 'png'}"
        yield Drawn(picture, path, number, carried(pipeline, number))


def _written(
    out: Writer, drawn: Iterator[Drawn], options: dict[str, Any], overwrite: bool, as_json: bool
) -> str:
    """Write what is not there yet and the overview of all; return what it is, in a word."""
    shown: list[npt.NDArray[np.uint8]] = []
    fresh, one = False, None
    with progress(options["count"], "generating") as advance:
        for number, one in enumerate(drawn):
            done = None
            if overwrite or not one.path.exists():
                done, fresh = out.write(one), True
            shown += _stills(one.pixels) if number < _MOST_IN_GRID else []
            if as_json:
                record = {"path": name_of(one.path), "seed": options["seed"], "number": one.number}
                if done is not None:
                    record |= {"payload": done.payload, "manifest_id": done.manifest_id, "state": done.state}
                click.echo(json_text(record))
            advance()
    if one is None:
        raise UsageError("the model drew nothing")
    grid = one.path.with_name("grid.png")
    if fresh or not grid.exists():
        out.write(Drawn(_grid(shown), grid))
    return "clips" if one.pixels.ndim == _FILM else "pictures"


def _drawn(
    pipeline: Pipeline, source: Path | None, options: dict[str, Any]
) -> tuple[Iterator[npt.NDArray[np.uint8]], dict[str, Any]]:
    """Return the pictures that are drawn, and what is to be kept of the picture that they come from.

    Raises:
        UsageError: There is none and it is to be changed, or the model only draws new ones.
    """
    from forensics.cli.given import denoising, picture_for

    strength, fit = options.pop("strength"), options.pop("fit")
    request = _request(pipeline, options)
    if source is None:
        if strength is not None or fit:
            raise UsageError("--strength and --fit are of a picture that is changed; name it with --from")
        return pipeline.sample(request), {}
    able, strength = denoising(pipeline), 0.5 if strength is None else strength
    picture = picture_for(able, source, fit=fit)
    digest = hashlib.sha256(picture.tobytes()).hexdigest()
    return able.edit(picture, request, strength), {"from": digest, "strength": strength}


def _digest(folder: Path) -> dict[str, str]:
    """Return a digest of the files of a model in a folder: trained again, it draws other pictures."""
    from forensics.runtime.store import open_bundle

    if not folder.is_dir():
        return {}
    files = json.dumps(open_bundle(folder).card["files"], sort_keys=True)
    return {"files": hashlib.sha256(files.encode()).hexdigest()}


def _said(path: Path, settings: dict[str, Any], overwrite: bool) -> bytes:
    """Return the settings as they stand beside the pictures.

    Raises:
        UsageError: There are pictures of other settings.
    """
    text = json.dumps(settings, indent=2) + "\n"
    if path.exists() and not overwrite and path.read_text(encoding="utf-8") != text:
        raise UsageError(
            f"{path.parent} has pictures of other settings; --overwrite replaces them",
            actual=str(path.parent),
        )
    return text.encode()


def _request(pipeline: Pipeline, options: dict[str, Any]) -> Request:
    from forensics.generators.pipelines.base import Request

    return Request(
        options["count"],
        options["seed"],
        pipeline.recipe.label(options["label"]),
        options["steps"] or 0,
        options["guidance"],
        options["sampler"],
        options["batch"],
        options["temperature"],
        options["more"],
        options["prompt"],
    )


def _grid(pictures: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
    """Return pictures side by side, the last row filled with black."""
    import numpy as np

    columns = min(_COLUMNS, len(pictures))
    empty = [np.zeros_like(pictures[0])] * (-len(pictures) % columns)
    rows = [
        np.concatenate((pictures + empty)[i : i + columns], axis=1) for i in range(0, len(pictures), columns)
    ]
    return np.concatenate(rows)


def _stills(picture: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.uint8]]:
    """Return a picture, or the frames of a clip that fit into a row."""
    return list(picture[:_COLUMNS]) if picture.ndim == _FILM else [picture]
