"""What the commands of issued decoders share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from forensics.watermark.issuing import Holder

__all__ = ["record_of", "registry_option"]

F = TypeVar("F", bound=Callable[..., Any])


def registry_option(function: F) -> F:
    """Add `--registry`."""
    return click.option(
        "--registry",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Register of issued decoders; $FORENSICS_ISSUED or your own if not given.",
    )(function)


def record_of(holder: Holder) -> dict[str, Any]:
    """Return what is said of somebody who has a decoder."""
    return {**vars(holder), "revoked": holder.revoked or None}
