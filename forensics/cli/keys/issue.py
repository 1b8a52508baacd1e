"""`forensics keys issue`: decoders of somebody's own."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.keys.options import record_of, registry_option
from forensics.cli.lists import lines_of
from forensics.cli.progress import progress
from forensics.cli.watermark.options import json_option, key_option, keys_option, layout_option, one_key
from forensics.cli.watermark.records import json_text, name_of
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.generators.pipelines.signing import SignedDecoder
    from forensics.watermark.issuing import Holder, IssuedDecoder
    from forensics.watermark.keys import Key

__all__ = ["issue"]

_SUFFIX = ".signed.json"
_LARGE = 1 << 30  # pixels: the strength of pictures of any size


@click.command(no_args_is_help=True)
@click.option("--name", "holders", multiple=True, help="Whose decoder it is (repeatable).")
@click.option(
    "--names", "listed", type=click.Path(path_type=Path, dir_okay=False),
    help="File with a name on each line, for thousands at once.",
)  # fmt: skip
@click.option(
    "--generator",
    default="flow",
    show_default=True,
    metavar="MODEL",
    help="Name or folder of the model, or diffusers:FOLDER of an AutoencoderKL.",
)
@click.option(
    "--signing", type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of the decoder that signs for it, where none ships (`forensics train decoder`).",
)  # fmt: skip
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), show_default=True,
    help="Folder for the files.",
)  # fmt: skip
@click.option("--onnx", is_flag=True, help="Also write each decoder whole, as one ONNX file.")
@keys_option
@key_option
@layout_option
@registry_option
@json_option
def issue(
    holders: tuple[str, ...], listed: Path | None, generator: str, signing: Path | None, folder: Path,
    as_json: bool, **options: Any,
) -> int:  # fmt: skip
    """Make a decoder that signs for each holder: a small file NAME.signed.json in a folder.

    `forensics generate --decoder FILE` draws with it and needs no key; who has the key finds the mark in
    every picture, and `forensics watermark identify --issued` says whose it is. Nothing is trained.
    """
    from forensics.watermark.issuing import Registry, issue, save_issued
    from forensics.watermark.issuing.registry import registry_place

    names = [*holders, *(lines_of(listed, "names") if listed else ())]
    if not names:
        raise UsageError("nobody is named: --name NAME, or --names FILE")
    key, decoder = one_key(options["keys"], options["name"]), _decoder(generator, signing)
    places = {name: folder / f"{_file_name(name)}{_SUFFIX}" for name in names}
    _check_places(places)
    with Registry(registry_place(options["registry"])) as registry:
        found = registry.add(names, key.id, options["layout"], decoder.sha256)
    with progress(len(found), "issuing") as advance:
        for holder in found:
            own = issue(key, holder.name, holder.identity, decoder.sha256, options["layout"])
            try:
                folder.mkdir(parents=True, exist_ok=True)
                save_issued(own, places[holder.name])
                whole = _whole(decoder, own, places[holder.name]) if options["onnx"] else None
            except OSError as error:
                raise UsageError(f"cannot write into {folder}: {error.strerror or error}") from None
            click.echo(_said(holder, places[holder.name], whole, key, as_json=as_json))
            advance()
    return 0


def _decoder(generator: str, signing: Path | None) -> SignedDecoder:
    from forensics.generators.pipelines.opening import DIFFUSERS, open_model
    from forensics.generators.pipelines.signing import signed_decoder

    if generator.startswith(DIFFUSERS):
        return _for_autoencoder(Path(generator.removeprefix(DIFFUSERS)), signing)
    found = signed_decoder(open_model(generator), signing)
    if found is None:
        raise UsageError(
            f"no decoder comes with the suite that signs for {generator}; `forensics train decoder FOLDER` "
            "makes one, and --signing FOLDER names it"
        )
    return found


def _for_autoencoder(folder: Path, signing: Path | None) -> SignedDecoder:
    """Return the decoder that signs for an AutoencoderKL of diffusers."""
    from forensics.generators.pipelines.signing import decoder_in

    if signing is None:
        raise UsageError(
            "no decoder comes with the suite that signs for an autoencoder: name its --signing FOLDER"
        )
    found = decoder_in(signing)
    try:
        with (folder / found.file).open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{folder / found.file}: {error.strerror or error}") from None
    if actual != found.sha256:
        raise UsageError(
            f"the decoder in {signing} signs for another autoencoder", expected=found.sha256, actual=actual
        )
    return found


def _file_name(name: str) -> str:
    """Return a name as that of a file, with nothing in it that means something there."""
    return re.sub(r"[^\w.@+-]", "_", name)[:100].lstrip(".") or "_"


def _check_places(places: dict[str, Path]) -> None:
    """Check that every file is another one, and that none is there.

    Raises:
        UsageError: It is not so.
    """
    taken: dict[Path, str] = {}
    for name, path in places.items():
        if path in taken:
            raise UsageError(f"{name!r} and {taken[path]!r} would have the same file, {path.name}")
        if path.exists():
            raise UsageError(f"{path} exists: a decoder is never overwritten")
        taken[path] = name


def _whole(decoder: SignedDecoder, own: IssuedDecoder, path: Path) -> Path:
    """Write a decoder as one ONNX file, for pictures of 128 pixels and more."""
    from forensics.files import atomic_write
    from forensics.watermark.decoders import SIGNED_DECODER
    from forensics.watermark.issuing.standalone import standalone

    place = path.with_name(path.name.removesuffix(_SUFFIX) + ".onnx")
    network = decoder.bundle.read(SIGNED_DECODER)
    atomic_write(place, standalone(network, decoder.strength(_LARGE) * own.tile), mode=0o600)
    return place


def _said(holder: Holder, path: Path, whole: Path | None, key: Key, *, as_json: bool) -> str:
    if as_json:
        onnx = None if whole is None else name_of(whole)
        return json_text({"path": name_of(path), "onnx": onnx, **record_of(holder)})
    from forensics.report.safe import printable

    also = f" and {printable(whole.name)}" if whole else ""
    return f"{printable(name_of(path), 2000)}{also}: identity {holder.identity} under key {key.name}"
