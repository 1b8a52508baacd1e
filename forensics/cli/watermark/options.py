"""Options that the commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.watermark.keys import Key

__all__ = [
    "FILE",
    "codec_option",
    "json_option",
    "key_option",
    "keys_option",
    "layout_option",
    "load_ring",
    "one_key",
    "psnr_option",
    "rate_option",
    "seed_option",
]

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path, dir_okay=False)


def keys_option(function: F) -> F:
    """Add `--keys`."""
    return click.option(
        "--keys",
        type=click.Path(path_type=Path),
        multiple=True,
        help="Key file, or folder of key files (repeatable); your key ring if not given.",
    )(function)


def key_option(function: F) -> F:
    """Add `--key`."""
    return click.option("--key", "name", help="Name or id of the key, if there are several.")(function)


def layout_option(function: F) -> F:
    """Add `--layout`."""
    return click.option(
        "--layout",
        type=click.Choice(("short", "standard", "long")),
        default="standard",
        show_default=True,
        help="16, 36 or 100 bits of payload: fewer survive more.",
    )(function)


def codec_option(function: F) -> F:
    """Add `--codec`."""
    return click.option(
        "--codec",
        type=click.Choice(("spread", "learned")),
        default="spread",
        show_default=True,
        help="How to mark: without training, or with trained networks.",
    )(function)


def psnr_option(function: F) -> F:
    """Add `--psnr`."""
    return click.option(
        "--psnr",
        type=click.FloatRange(25, 60),
        default=40.0,
        show_default=True,
        help="Strength of the mark in dB: more is weaker.",
    )(function)


def rate_option(function: F) -> F:
    """Add `--rate`."""
    return click.option(
        "--rate",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        default=1e-6,
        show_default=True,
        help="False-alarm rate for each picture.",
    )(function)


def seed_option(function: F) -> F:
    """Add `--seed`."""
    return click.option(
        "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of attacks that draw."
    )(function)


def json_option(function: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object on each line.")(function)


def load_ring(paths: tuple[Path, ...]) -> tuple[Key, ...]:
    """Return the keys of some files, or of the user's ring.

    Raises:
        UsageError: There is none.
    """
    from forensics.watermark.keyfile import VARIABLE, key_ring, ring_folder

    keys = key_ring(paths)
    if not keys:
        raise UsageError(
            f"no keys: name a key file with --keys or ${VARIABLE}, or put one into {ring_folder()}; "
            "`forensics watermark keygen FILE` makes one"
        )
    return keys


def one_key(paths: tuple[Path, ...], name: str | None) -> Key:
    """Return the one key to use.

    Raises:
        UsageError: There are several and none is named, or none has that name.
    """
    keys = load_ring(paths)
    chosen = [key for key in keys if name in (None, key.name, key.id)]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(f"{key.name} ({key.id})" for key in keys)
    if not chosen:
        raise UsageError(f"no key called {name!r}; there are: {names}")
    raise UsageError(f"name one of the keys with --key: {names}")
