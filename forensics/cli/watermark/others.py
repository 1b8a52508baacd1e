"""Options and records for the marks of others."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from forensics.cli.watermark.records import Record, pixels_of
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.watermark.others.reading import MarkReader, Reading

__all__ = ["others_options", "others_record", "others_text", "reader_of", "weights_of"]

F = TypeVar("F", bound=Callable[..., Any])


def others_options(function: F) -> F:
    """Add `--schemes`, `--expect` and `--weights`."""
    options = (
        click.option(
            "--schemes", help="Read marks of others too: all, or names from `schemes`, with commas between."
        ),
        click.option(
            "--expect",
            multiple=True,
            metavar="[SCHEME=]HEX",
            help="A payload to compare the marks of others with (repeatable).",
        ),
        click.option(
            "--weights",
            multiple=True,
            metavar="SCHEME=FILE",
            help="Weights of a scheme, in place of fetched ones (repeatable).",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def reader_of(options: dict[str, Any]) -> MarkReader | None:
    """Return what reads the marks of others as these options say; None if they say nothing.

    Raises:
        UsageError: A scheme, payload or file is wrong.
    """
    if not any(options.values()):
        return None
    from forensics.watermark.others import MarkReader, parse_expected

    names = [name.strip() for name in (options["schemes"] or "all").split(",") if name.strip()]
    expected = [parse_expected(text) for text in options["expect"]]
    return MarkReader([] if "all" in names else names, expected, weights_of(options["weights"]))


def weights_of(texts: tuple[str, ...]) -> dict[str, Path]:
    """Return the files that texts as "trustmark-q=FILE" name, by name of their source.

    Raises:
        UsageError: One is no such text, or the scheme needs no weights.
    """
    from forensics.watermark.others.base import SCHEMES
    from forensics.watermark.others.weights import SOURCES

    found = {}
    for text in texts:
        name, equals, path = text.partition("=")
        source = SCHEMES.get(name).about.weights if name in SCHEMES else name
        if not equals or not path or source not in SOURCES:
            raise UsageError(f"{text!r} is no SCHEME=FILE of a scheme that needs weights", actual=text)
        if not Path(path).is_file():
            raise UsageError(f"{path} is no file of weights", actual=path)
        found[source] = Path(path)
    return found


def others_record(reader: MarkReader, path: Path, rate: float) -> list[Record] | None:
    """Return what the schemes read in a file; None of a clip.

    Raises:
        MediaError: It cannot be read.
    """
    from forensics.media import Kind, open_media

    if open_media(path).container.kind is Kind.VIDEO:
        return None
    return [_record(reading, rate) for reading in reader.read(pixels_of(path))]


def others_text(records: list[Record]) -> list[str]:
    """Return a line for each scheme, for a person."""
    from forensics.report.safe import printable

    lines = []
    for record in records:
        shown = f"{record['scheme']}: {record['reason']}"
        if record["log10_p"] is not None:
            shown += f" p-value 10^{record['log10_p']}" + (" (found)" if record["detected"] else "")
        lines.append("  other      " + printable(shown, 600))
    return lines


def _record(reading: Reading, rate: float) -> Record:
    log10_p = reading.log10_p
    return {
        **vars(reading),
        "log10_p": None if log10_p is None else round(log10_p, 2),
        "p_value": reading.p_value,
        "detected": None if log10_p is None else log10_p <= math.log10(rate),
    }
