"""Which store is meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from forensics.provenance.store import ManifestStore

__all__ = ["MARK", "json_option", "opened", "own_place", "place_option"]

F = TypeVar("F", bound=Callable[..., Any])

MARK: dict[str, Any] = {"nargs": 3, "metavar": "SCHEME KEY PAYLOAD"}


def place_option(function: F) -> F:
    """Add `--store`."""
    return click.option(
        "--store",
        "place",
        metavar="PLACE",
        envvar="FORENSICS_STORE",
        help="Path of the store, or postgresql+psycopg://...; else $FORENSICS_STORE, else your own.",
    )(function)


def json_option(function: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object on each line.")(function)


def own_place() -> Path:
    """Return where the user's own store is."""
    return Path(click.get_app_dir("forensics")) / "store.sqlite"


def opened(place: str | None) -> ManifestStore:
    """Open the store that is named, or the user's own.

    Raises:
        StoreMissing: There is none.
        StoreError: It is damaged, out of reach, or was made by a newer version.
        UsageError: The address is of no kind that is known.
        MissingExtra: A server is named, and its driver is not installed.
    """
    from forensics.provenance.store import ManifestStore

    return ManifestStore(own_place() if place is None else place)
