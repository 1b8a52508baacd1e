"""Detectors of the user's own, as several commands take them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from forensics.detectors.base import Detector

__all__ = ["VARIABLE", "detector_option", "named_or_found", "opened"]

VARIABLE = "FORENSICS_DETECTORS"
Command = TypeVar("Command", bound=Callable[..., object])


def detector_option(command: Command) -> Command:
    """Give a command the option by which detectors of the user's own are named."""
    return click.option(
        "--detector",
        "own",
        multiple=True,
        metavar="PATH",
        type=click.Path(path_type=Path, exists=True),
        help=f"A detector of your own: TOML, or folder of `forensics train detector`. Repeatable; those in "
        f"the folder ${VARIABLE} are always there.",
    )(command)


def named_or_found(named: Iterable[Path]) -> tuple[Path, ...]:
    """Return the detectors that were named, and those in the folder that the environment names.

    Args:
        named: Files and folders.

    Raises:
        ForensicsError: That folder cannot be read.
    """
    folder = os.environ.get(VARIABLE, "")
    if not folder:
        return tuple(named)
    from forensics.detectors.own.opening import found_in

    return (*named, *found_in(Path(folder)))


def opened(named: Iterable[Path], *, weighed: bool = True) -> tuple[Detector, ...]:
    """Return those detectors, opened.

    Args:
        named: Files and folders.
        weighed: Whether to read their calibrations.

    Raises:
        ForensicsError: One cannot be opened.
    """
    paths = named_or_found(named)
    if not paths:
        return ()
    from forensics.detectors.own.opening import open_detectors

    return open_detectors(paths, weighed=weighed)
