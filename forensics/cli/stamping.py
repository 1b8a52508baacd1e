"""The options of time stamps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.provenance import TimestampPolicy

__all__ = ["timestamp_of", "timestamp_options"]

F = TypeVar("F", bound=Callable[..., Any])


def timestamp_options(function: F) -> F:
    """Add `--timestamp` and `--timestamp-optional`."""
    for option in (
        click.option("--timestamp-optional", is_flag=True, help="Go on without one if it gives none."),
        click.option("--timestamp", metavar="URL", help="Time-stamping authority to ask (uses the network)."),
    ):
        function = option(function)
    return function


def timestamp_of(options: dict[str, Any]) -> TimestampPolicy | None:
    """Return where a time stamp is to come from, None if none is asked for.

    Args:
        options: Of the command; those of time stamps are taken out.

    Raises:
        UsageError: They do not go together, or the address is none.
    """
    url, optional = options.pop("timestamp"), options.pop("timestamp_optional")
    if url is None:
        if optional:
            raise UsageError("--timestamp-optional needs --timestamp URL")
        return None
    from forensics.provenance import TimestampPolicy

    return TimestampPolicy(url, required=not optional)
