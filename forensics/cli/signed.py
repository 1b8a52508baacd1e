"""What `forensics generate` signs with: the decoder of a model, by one's own key or as somebody issued it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from forensics.cli.watermark.records import name_of
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.generators.pipelines.base import Pipeline, Pixels
    from forensics.generators.pipelines.signing import Holds, Sign, SignedDecoder
    from forensics.watermark.keys import Key

__all__ = ["signing_options", "with_signature"]

F = TypeVar("F", bound=Callable[..., Any])
KeyOf = Callable[[], "Key"]

_OTHERWISE = ("inpaint", "outpaint", "condition")  # pictures that are marked afterwards
_SAID = ("seed", "label", "prompt", "steps", "guidance", "sampler", "temperature", "more")
_AGREEMENT = 14.0  # deviations: what finds the mark has nearly half of its energy, and needs about 7
_COPY = "jpeg:70"  # after which a mark has to be read


def signing_options(function: F) -> F:
    """Add `--decoder` and `--signing`."""
    for option in (
        click.option(
            "--signing", type=click.Path(path_type=Path, file_okay=False, exists=True),
            help="Folder of the decoder that signs for this model (`forensics train decoder`), where none "
            "ships.",
        ),
        click.option(
            "--decoder", type=click.Path(path_type=Path, dir_okay=False),
            help="Sign with what somebody issued to you (`forensics keys issue`), in place of a key.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


def with_signature(
    pipeline: Pipeline, model: str, source: Path | None, options: dict[str, Any], key: KeyOf
) -> tuple[Pipeline, dict[str, Any]]:
    """Return a pipeline whose decoder signs where there is one that does, and what is to be kept of it.

    Args:
        pipeline: Of the model.
        model: Its name or folder.
        source: Picture that is to be changed instead.
        options: Of the command; those of signing are taken out.
        key: Returns the key of whoever draws; it is asked for when the first picture is there.

    Raises:
        UsageError: A decoder is named that does not fit, or nothing signs for this model.
    """
    folder, given = options.pop("signing"), options.pop("decoder")
    asked = folder is not None or given is not None
    if asked and options["unmarked"] and given is None:
        raise UsageError("--signing is of pictures that are marked, and --unmarked asks for others")
    able = source is None and not any(options[name] for name in _OTHERWISE) and not options["noise_mark"]
    if not able or (options["unmarked"] and given is None):
        if asked:
            raise UsageError("only pictures that begin with noise alone are signed by their decoder")
        return pipeline, {}
    decoder = _decoder(pipeline, model, folder, asked=asked)
    if decoder is None:
        return pipeline, {}
    from forensics.generators.pipelines.opening import open_model
    from forensics.generators.pipelines.signing import Signing

    if given is not None:
        sign, said = _issued(given, decoder)
        return Signing(pipeline, decoder, sign, _agrees(sign)), {"decoder": said}
    files = open_model(model).card["files"]
    settings = json.dumps([files, decoder.sha256, *(options[name] for name in _SAID)], sort_keys=True)
    sign = _own(key, hashlib.sha256(settings.encode()).digest())
    return Signing(pipeline, decoder, sign, _holds(key, sign)), {"signing": decoder.bundle.folder.name}


def _decoder(pipeline: Pipeline, model: str, folder: Path | None, *, asked: bool) -> SignedDecoder | None:
    """Return the decoder that signs for a model, None if there is none.

    Raises:
        UsageError: There is none although it was asked for, or it is that of another model.
    """
    from forensics.generators.pipelines.opening import open_model
    from forensics.generators.pipelines.outside import Outside
    from forensics.generators.pipelines.signing import signed_decoder

    if isinstance(pipeline, Outside):
        if asked:
            raise UsageError("generators of yours sign by no decoder of the suite; leave it out")
        return None
    found = signed_decoder(open_model(model), folder)
    if found is None and asked:
        raise UsageError(
            f"nothing signs for {model}; `forensics train decoder FOLDER` makes a decoder that does"
        )
    return found


def _own(key: KeyOf, settings: bytes) -> Sign:
    """Return what signs each picture with an identity of its own, the same whenever it is drawn again."""
    from functools import lru_cache

    from forensics.watermark.decoders import Signature, signature

    @lru_cache(maxsize=256)
    def sign(number: int) -> Signature:
        drawn = key().mac(b"generated", 8, settings + number.to_bytes(8, "big"))
        return signature(key(), f"{int.from_bytes(drawn, 'big') >> 28:x}")  # 36 bits

    return sign


def _holds(key: KeyOf, sign: Sign) -> Holds:
    """Return what says whether a mark is read from a compressed copy of a picture."""

    def holds(number: int, picture: Pixels) -> bool:
        from forensics.watermark.attacks import parse_attack
        from forensics.watermark.watermarker import detect

        return detect(parse_attack(_COPY)(picture), [key()]).payload == sign(number).payload

    return holds


def _agrees(sign: Sign) -> Holds:
    """Return what says without a key whether a mark is strong enough in a compressed copy of a picture."""

    def holds(number: int, picture: Pixels) -> bool:
        from forensics.watermark.attacks import parse_attack
        from forensics.watermark.decoders import tile_agreement

        return tile_agreement(parse_attack(_COPY)(picture), sign(number).tile) >= _AGREEMENT

    return holds


def _issued(path: Path, decoder: SignedDecoder) -> tuple[Sign, dict[str, str]]:
    """Return what signs every picture as somebody's own, and what is to be kept of it.

    Raises:
        UsageError: The file is none, or for another model.
    """
    from forensics.watermark.decoders import Signature
    from forensics.watermark.issuing import load_issued

    own = load_issued(path)
    if own.sha256 != decoder.sha256:
        raise UsageError(f"{name_of(path)} is for another model", expected=decoder.sha256, actual=own.sha256)
    signed = Signature(own.payload, own.tile)
    said = {"name": own.name, "key": own.key, "identity": own.payload.identity}
    return (lambda _: signed), said
