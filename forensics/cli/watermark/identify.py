"""`forensics watermark identify`: which of many users was a picture made for?"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.keys.options import registry_option
from forensics.cli.lists import lines_of
from forensics.cli.watermark.options import (
    FILE,
    json_option,
    key_option,
    keys_option,
    layout_option,
    one_key,
    rate_option,
)
from forensics.cli.watermark.records import Record, json_text, look, walk
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.watermark.detection import Detection
    from forensics.watermark.identification import Users
    from forensics.watermark.keys import Key
    from forensics.watermark.payload import Payload

__all__ = ["identify"]

EMPTY: Record = dict.fromkeys(
    ("path", "detected", "identity", "name", "log10_p", "agreement", "runner_up", "users", "copied", "reason")
)


@dataclass(frozen=True)
class Table:
    """Users, by the codec that marks are found with, and what their owner calls them.

    `marks` is what the marks of each would say, where they are looked for one by one.
    """

    users: Callable[[str], Users]
    names: tuple[str, ...]
    marks: tuple[Payload, ...] = ()


@click.command(no_args_is_help=True)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@keys_option
@key_option
@click.option(
    "--users", type=FILE, help="One user on each line: identity in hex, then a comma and a name if you like."
)
@click.option("--issued", is_flag=True, help="The users are those in your register of issued decoders.")
@registry_option
@click.option(
    "--thorough",
    is_flag=True,
    help="With --issued, of at most 100 holders: look for the mark of each where none is found without.",
)
@layout_option
@rate_option
@json_option
def identify(paths: tuple[Path, ...], as_json: bool, **options: Any) -> int:
    """Say whom each picture or clip was made for.

    With --users, the mark is compared with the code word of every user, so that what is too weak to be
    read may still be enough; the p-value counts the users. Without, the mark has to say it itself.
    """
    key = one_key(options["keys"], options["name"])
    table = _users(key, options)
    ways = 2 if options["thorough"] else 1  # to be named wrongly by
    rate = options["rate"] / ways

    def work(path: Path) -> Record:
        found = look(path, [key], rate)
        record: Record = {"detected": found.detected, "copied": found.copied, "reason": found.reason}
        if found.detected:
            record |= _said(found) if table is None else _compared(found, table, rate)
        if table is not None and table.marks and record.get("identity") is None:
            record |= _looked_for(path, key, table, rate)
        if record.get("log10_p") is not None:
            record["log10_p"] = round(min(0.0, record["log10_p"] + math.log10(ways)), 2)
        return record

    def show(record: Record) -> str:
        return json_text({**EMPTY, **record}) if as_json else _text({**EMPTY, **record})

    return walk(paths, "identifying", work, show)


def _users(key: Key, options: dict[str, Any]) -> Table | None:
    """Return the users whom marks are compared with, if any are named."""
    if options["users"] and options["issued"]:
        raise UsageError("--users and --issued do not go together")
    if (options["registry"] or options["thorough"]) and not options["issued"]:
        raise UsageError("--registry and --thorough are of --issued")
    if options["issued"]:
        return _issued(key, options["registry"], options["layout"], thorough=options["thorough"])
    return _table(key, options["users"], options["layout"]) if options["users"] else None


def _issued(key: Key, registry: Path | None, layout: str, *, thorough: bool) -> Table:
    """Return those who have a decoder under a key; of who was revoked, the name says so.

    Raises:
        UsageError: There is no register, or it has too many to look for each.
    """
    from forensics.watermark.confirming import MOST
    from forensics.watermark.identification import Users
    from forensics.watermark.issuing import Registry
    from forensics.watermark.issuing.registry import registry_place
    from forensics.watermark.payload import LAYOUTS, SIGNED, VERSION, Payload

    place = registry_place(registry)
    if not place.exists():
        raise UsageError(f"no decoder was issued: there is no register at {place}")
    with Registry(place) as opened:
        holders = [holder for holder in opened.holders(key.id) if holder.layout == layout]
    version = SIGNED if LAYOUTS[layout].version else VERSION
    identities = [holder.identity for holder in holders]
    users = cache(lambda codec: Users(key, identities, layout, codec, version=version))
    users("spread")
    names = tuple(f"{h.name}, revoked" if h.revoked else h.name for h in holders)
    if thorough and len(holders) > MOST:
        raise UsageError(f"--thorough is for at most {MOST} holders, not {len(holders)}: leave it out")
    marks = (Payload(layout, version, identity, verified=True) for identity in identities)
    return Table(users, names, tuple(marks) if thorough else ())


def _table(key: Key, path: Path, layout: str) -> Table:
    from forensics.watermark.identification import Users

    lines = lines_of(path, "users")
    rows = [line.partition(",") for line in lines if not line.startswith("#")]
    names = tuple(name.strip() for _, _, name in rows)
    identities = [identity.strip() for identity, _, _ in rows]
    users = cache(lambda codec: Users(key, identities, layout, codec))
    users("spread")  # what is wrong with the list is said before any work
    return Table(users, names)


def _said(found: Detection) -> Record:
    """The identity that the mark says itself."""
    if found.payload is None:
        return {"reason": f"{found.reason} A list of users (--users) may be enough."}
    return {"identity": found.payload.identity, "log10_p": round(found.log10_p, 2)}


def _compared(found: Detection, table: Table, rate: float) -> Record:
    """The user whose code word fits best, if it fits well enough."""
    users = table.users(found.codec)
    if found.payload is not None and found.payload.layout != users.layout.name:
        reason = f"The mark has the layout {found.payload.layout}, the users {users.layout.name}."
        return {"users": len(users), "reason": reason}
    bits = found.bits(users.layout.code.size[0])
    if bits is None:
        reason = "The mark is too weak to be compared with users of this layout."
        return {"users": len(users), "reason": reason}
    best = users.identify(bits)
    known = best.log10_p <= math.log10(rate)
    return {
        "identity": best.identity if known else None,
        "name": table.names[best.user] or None if known else None,
        "log10_p": round(best.log10_p, 2),
        "agreement": round(best.agreement, 3),
        "runner_up": round(best.runner_up, 3) if math.isfinite(best.runner_up) else None,
        "users": len(users),
        "reason": "The mark fits this user." if known else "The mark fits none of the users.",
    }


def _looked_for(path: Path, key: Key, table: Table, rate: float) -> Record:
    """The user whose mark is there by all its bins, though it could not be found or read without."""
    from forensics.media import Kind, open_media
    from forensics.watermark.confirming import confirm

    media = open_media(path)
    if media.container.kind is Kind.VIDEO:
        return {}
    seen = confirm(media.pixels, key, table.marks)
    if seen.log10_p > math.log10(rate):
        return {}
    return {
        "detected": True,
        "identity": seen.payload.identity,
        "name": table.names[table.marks.index(seen.payload)] or None,
        "log10_p": seen.log10_p,
        "users": len(table.marks),
        "reason": "The mark of this user is there; it is too weak for others to be compared.",
    }


def _text(record: Record) -> str:
    from forensics.report.safe import printable

    head = f"{printable(record['path'])}: "
    if record["identity"] is None:
        return head + printable(record["reason"])
    name = f" ({printable(record['name'])})" if record["name"] else ""
    text = f"{head}user {record['identity']}{name}, p = 10^{record['log10_p']}"
    return text + (" (the mark was copied from another picture)" if record["copied"] else "")
