"""Options of marks in noise, for drawing with them and for finding them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from forensics.cli.watermark.options import key_option, keys_option
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.generators.pipelines.base import Pipeline
    from forensics.watermark.keys import Key
    from forensics.watermark.noise.base import NoiseMark

__all__ = ["SCHEMES", "drawing_options", "mark_of", "with_mark", "word_options"]

F = TypeVar("F", bound=Callable[..., Any])

SCHEMES = ("tree-ring", "gaussian-shading")
_RAW = "raw"
_LAYOUTS = ("short", "standard", "long", _RAW)
_BITS = 16
_OF_WORDS = ("layout", "bits")
_NOT_WITH = ("condition", "inpaint", "outpaint")


def word_options(function: F) -> F:
    """Add what says how payloads become bits."""
    for option in (
        click.option("--bits", type=click.IntRange(1, 256), help=f"Of the layout raw; {_BITS} if not given."),
        click.option(
            "--layout", type=click.Choice(_LAYOUTS),
            help="Of Gaussian Shading: payloads of 16, 36 or 100 bits with a tag and a code, standard if not "
            "given; raw: bits as they are, for noise of few values.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


def drawing_options(function: F) -> F:
    """Add what `forensics generate` is told of marks in noise."""
    payload = click.option(
        "--payload", metavar="HEX", help="What a mark of Gaussian Shading says; 0 if not given."
    )
    scheme = click.option(
        "--noise-mark",
        type=click.Choice(SCHEMES),
        help="Begin with noise that a key marks; diffusion and flow.",
    )
    return scheme(keys_option(key_option(payload(word_options(function)))))


def mark_of(scheme: str, key: Key, shape: tuple[int, ...], options: dict[str, Any]) -> NoiseMark:
    """Return a key's mark of noise.

    Args:
        scheme: Its name.
        key: The secret.
        shape: Of the noise.
        options: `payload`, `layout` and `bits` of the command; none where they are not given.

    Raises:
        UsageError: The noise has no room for it, options do not go together, or the payload is none.
    """
    from forensics.watermark.noise.gaussian_shading import GaussianShading
    from forensics.watermark.noise.tree_ring import TreeRing

    payload, layout, bits = (options.get(name) for name in ("payload", "layout", "bits"))
    if scheme == "tree-ring":
        if payload or layout or bits:
            raise UsageError(
                "a mark of Tree-Ring says nothing: --payload, --layout and --bits are not for it"
            )
        return TreeRing(key, shape)
    if bits and layout != _RAW:
        raise UsageError("--bits is of --layout raw")
    return GaussianShading(key, shape, payload or "0", layout or "standard", bits or _BITS)


def with_mark(
    pipeline: Pipeline, source: Path | None, options: dict[str, Any]
) -> tuple[Pipeline, dict[str, Any]]:
    """Return a pipeline that draws from marked noise if that is asked for, and what is to be kept of it.

    Args:
        pipeline: Of the model.
        source: Picture that is to be changed instead.
        options: Of the command; those of marks are taken out.

    Raises:
        UsageError: Options do not go together, there is no key, or the model has no way back to its noise.
    """
    scheme, keys, name = (options.pop(each) for each in ("noise_mark", "keys", "name"))
    said = {each: options.pop(each) for each in ("payload", *_OF_WORDS)}
    if scheme is None:
        _refuse(keys or name or any(said.values()))
        return pipeline, {}
    if source is not None or any(options[each] for each in _NOT_WITH):
        raise UsageError("--noise-mark is for pictures that begin with noise alone")
    from forensics.cli.watermark.options import one_key
    from forensics.generators.pipelines.marked import Marked, markable

    key, shape = one_key(keys, name), markable(pipeline).recipe.shape
    marked = Marked(pipeline, mark_of(scheme, key, shape, said))
    given = {each: value for each, value in said.items() if value}
    return marked, {"noise_mark": {"scheme": scheme, "key": key.id, **given}}


def _refuse(given: object) -> None:
    if given:
        raise UsageError("--keys, --key, --payload, --layout and --bits are of --noise-mark")
