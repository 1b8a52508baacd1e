"""Options that the commands share, and the results that they print."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from forensics.errors import UsageError

__all__ = ["FILE", "ascii_line", "keys_option", "load_ring", "one_key", "rate_option"]

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


def rate_option(function: F) -> F:
    """Add `--rate`."""
    return click.option(
        "--rate", type=float, default=1e-6, show_default=True, help="False-alarm rate for each picture."
    )(function)


def load_ring(paths: tuple[Path, ...]) -> Any:
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


def one_key(paths: tuple[Path, ...], name: str | None) -> Any:
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


def ascii_line(record: dict[str, Any]) -> str:
    """Return a record as one line of JSON in ASCII."""
    return json.dumps(record, allow_nan=False)
