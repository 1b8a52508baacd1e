"""`forensics store find`: the entries that a file or a mark belongs to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.store.entries import entry_json, entry_line
from forensics.cli.store.options import MARK, json_option, opened, place_option
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.provenance.store import Entry, Found, ManifestStore

__all__ = ["find"]


@click.command(no_args_is_help=True)
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--payload", "mark", **MARK, help="Look for what a watermark says, in place of a file.")
@click.option("--most", type=click.IntRange(1), default=10, show_default=True, help="Most alike pictures.")
@click.option(
    "--p",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="Name alike pictures only where chance explains them with at most this probability.",
)
@click.option("--kind", default="dct", show_default=True, help="Kind of fingerprint: dct or pdq.")
@click.option(
    "--crops",
    is_flag=True,
    help="Look harder for crops about the middle: takes twice as long, and makes p-values twice as large.",
)
@place_option
@json_option
def find(
    file: Path | None, mark: tuple[str, str, str] | None, place: str | None, as_json: bool, **options: Any
) -> int:
    """Find the entries that FILE belongs to: by its bytes, by its pixels, by its looks in any position.

    An entry that is found by its looks is a candidate, no proof: the p-value says how often chance alone
    would find one in a store of this size. To find nothing is no error.
    """
    if (file is None) == (mark is None):
        raise UsageError("name a file, or --payload SCHEME KEY PAYLOAD")
    with opened(place) as store:
        answer = _by_mark(store, mark) if mark else _by_file(store, file or Path(), options)
    if as_json:
        matches = [_json(entry, how) for entry, how in answer.found]
        click.echo(json.dumps({**answer.asked, "matches": matches, "note": answer.note or None}))
        return 0
    for entry, how in answer.found:
        click.echo(f"{_words(how):36}  {entry_line(entry)}")
    for line in (answer.note, "" if answer.found else "nothing was found"):
        if line:
            click.echo(line)
    return 0


@dataclass(frozen=True)
class _Answer:
    """What was asked for, and each entry with how it was found; None for a mark."""

    asked: dict[str, Any]
    found: list[tuple[Entry, Found | None]]
    note: str = ""


def _by_mark(store: ManifestStore, mark: tuple[str, str, str]) -> _Answer:
    asked = dict(zip(("scheme", "key", "payload"), mark, strict=True))
    return _Answer({"mark": asked}, [(entry, None) for entry in store.by_payload(*mark)])


def _by_file(store: ManifestStore, file: Path, options: dict[str, Any]) -> _Answer:
    from forensics.files import encodable
    from forensics.provenance.store import search

    result = search(store, file, **options)
    return _Answer({"path": encodable(str(file))}, [(one.entry, one) for one in result.found], result.note)


def _json(entry: Entry, how: Found | None) -> dict[str, Any]:
    chance = how.chance if how else None
    return {
        "by": how.by.value if how else "mark",
        "p_value": chance.p_value if chance else None,
        "distance": chance.distance if chance else None,
        "searched": chance.entries if chance else None,
        "position": how.position if how else None,
        "entry": entry_json(entry),
    }


def _words(how: Found | None) -> str:
    """Return how an entry was found, for a person."""
    if how is None:
        return "by its mark"
    if how.chance is None:
        return f"by its {how.by.value}"
    return f"looks alike, p {how.chance.p_value:.1g}, {how.position}"
