"""`forensics recover`: where is this file from, and can its credentials be had again?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.status import FOUND, UNREADABLE
from forensics.cli.store.options import json_option, opened, place_option
from forensics.cli.watermark.options import keys_option
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.provenance.store import ManifestStore
    from forensics.recovery import Candidate, Recovery
    from forensics.watermark.keys import Key

__all__ = ["recover"]

Record = dict[str, Any]


@click.command(
    no_args_is_help=True,
    epilog="Exit status 0 if every file is, or was made from, a registered one; 1 if some file is unknown, "
    "only looks like one, carries a copied mark, or was not restored as asked; 3 if some file could not be "
    "read.",
)
@click.argument("paths", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@place_option
@keys_option
@click.option(
    "--restore",
    "target",
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="Write the signed file again, byte by byte: a file, or a folder for several.",
)
@click.option("--overwrite", is_flag=True, help="Replace what is there.")
@json_option
def recover(
    paths: tuple[Path, ...],
    place: str | None,
    keys: tuple[Path, ...],
    target: Path | None,
    overwrite: bool,
    as_json: bool,
) -> int:
    """Say of each FILE where it is from, by a store of signed files, and how that is known.

    A file that lost its credentials is found by its bytes, its pixels, its watermark or its looks. Folders
    are searched for files. Marks are those of the keys given, or of your key ring; without keys none are
    looked for.
    """
    from forensics.cli.progress import progress
    from forensics.cli.watermark.records import attempt, files_of
    from forensics.watermark.keyfile import key_ring

    ring = key_ring(keys)
    found = files_of(paths)
    places = _targets(found, target, overwrite)
    status = 0
    with opened(place) as store, progress(len(found), "looking for where files are from") as advance:
        for path in found:
            record = attempt(path, lambda one: _recovered(one, store, ring, places.get(one)))
            click.echo(json.dumps(record, allow_nan=False) if as_json else _text(record))
            status = max(status, _status(record, asked=target is not None))
            advance()
    return status


def _targets(found: list[Path], target: Path | None, overwrite: bool) -> dict[Path, Path]:
    """Return where each file is to be restored to, checked before the work."""
    if target is None:
        return {}
    folder = len(found) > 1 or target.is_dir()
    places = {path: target / path.name if folder else target for path in found}
    if len(set(places.values())) < len(places):
        raise UsageError("--restore: two of the files have one name; restore them one by one")
    if folder:
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"--restore: cannot make {target}: {error.strerror}") from error
    taken = [place for place in places.values() if place.exists()]
    if taken and not overwrite:
        raise UsageError(f"--restore: {taken[0]} exists; name another place, or say --overwrite")
    return places


def _recovered(path: Path, store: ManifestStore, ring: tuple[Key, ...], target: Path | None) -> Record:
    from forensics.recovery import recover as look

    found = look(path, store, keys=ring)
    written, refused = _written(found, target) if target is not None else (False, "")
    mark = found.mark
    return {
        "relation": found.relation.name.lower(),
        "reason": found.reason,
        "found": found.found,
        "entry": found.entry.number if found.entry else None,
        "manifest_id": found.entry.record.manifest_id if found.entry else None,
        "revoked": found.entry.revoked if found.entry else None,
        "change": _change(found.candidates[0]) if found.found else None,
        "candidates": [_candidate(one) for one in found.candidates],
        "mark": None
        if mark is None or not mark.detected
        else {
            "key": mark.key, "payload": mark.payload.identity if mark.payload else None,
            "log10_p": round(mark.log10_p, 2), "copied": mark.copied, "codec": mark.codec,
        },
        "credentials": found.credentials.state.value if found.credentials else None,
        "restorable": found.restorable,
        "restoration": found.restoration.reason if found.restoration else None,
        "restored": str(target) if written else None,
        "not_restored": refused or None,
        "notes": [*found.notes, *([] if ring else ["there are no keys: marks were not looked for"])],
    }  # fmt: skip


def _written(found: Recovery, target: Path) -> tuple[bool, str]:
    """Write the signed file if it is proven to be it; else return why not."""
    import hashlib

    from forensics.files import atomic_write
    from forensics.provenance.report import CredentialState

    back, entry = found.restoration, found.entry
    if back is None or entry is None or back.data is None:
        return False, back.reason if back else "it is not known to be made from a registered file"
    if not found.restorable or hashlib.sha256(back.data).hexdigest() != entry.record.asset_sha256:
        return False, back.reason
    good = (CredentialState.TRUSTED, CredentialState.VALID_UNTRUSTED)
    if back.report is None or back.report.state not in good:
        return False, "the file is the registered one, but its credentials do not hold any more"
    try:
        atomic_write(target, back.data)
    except OSError as error:
        raise UsageError(f"--restore: cannot write {target}: {error.strerror}") from error
    return True, ""


def _candidate(one: Candidate) -> Record:
    compared, chance = one.comparison, one.chance
    return {
        "entry": one.entry.number,
        "manifest_id": one.entry.record.manifest_id,
        "model": one.entry.record.model or None,
        "revoked": one.entry.revoked,
        "ways": [way.value for way in one.ways],
        "bits": compared.bits if compared else chance.distance if chance else None,
        "p_value": compared.p_value if compared else None,
        "agrees": compared.agrees if compared else None,
        "disagrees": compared.disagrees if compared else None,
        "looks_p_value": chance.p_value if chance else None,
        "confirmed": _confirmed(one),
        "change": _change(one),
    }


def _confirmed(one: Candidate) -> Record | None:
    """Return what is known of a mark that was looked for because the entry names it; None without one."""
    found = one.confirmation
    if found is None:
        return None
    return {
        "payload": found.payload.identity, "log10_presence": round(found.log10_presence, 2),
        "log10_meant": round(found.log10_meant, 2), "scale": round(found.scale, 4),
    }  # fmt: skip


def _change(one: Candidate) -> Record | None:
    change = one.change
    if change is None:
        return None
    return {
        "mirrored": change.mirrored, "rotation": round(change.rotation, 2),
        "scale": None if change.scale is None else round(change.scale, 4),
        "kept": None if change.kept is None else round(change.kept, 3), "text": str(change),
    }  # fmt: skip


def _status(record: Record, *, asked: bool) -> int:
    if record["error"]:
        return UNREADABLE
    return 0 if record["found"] and (record["restored"] or not asked) else FOUND


def _text(record: Record) -> str:
    from forensics.recovery import Relation
    from forensics.report.safe import printable

    path = printable(record["path"])
    if record["error"]:
        return f"{path}: {printable(record['reason'], 600)}"
    lines = [f"{path}: {Relation[record['relation'].upper()].value}", f"  why        {record['reason']}"]
    if record["entry"]:
        lines.append(f"  entry      {record['entry']}, manifest {record['manifest_id']}")
    if record["change"] and record["change"]["text"]:
        lines.append(f"  change     {record['change']['text']}")
    mark = record["mark"]
    if mark:
        said = f"says {mark['payload']}" if mark["payload"] else "too weak to be read"
        lines.append(f"  mark       {said}, key {mark['key']}, p 10^{mark['log10_p']:.0f}")
    known = record["candidates"][0]["confirmed"] if record["found"] else None
    if known:
        chance = f"p 10^{known['log10_presence']:.0f}"
        lines.append(f"  confirmed  the mark of that entry, {known['payload']}, {chance}")
    if record["restoration"]:
        word = "can be had again" if record["restorable"] else "cannot be had again"
        lines.append(f"  signed     {word}: {record['restoration']}")
    if record["restored"]:
        lines.append(f"  restored   {record['restored']}")
    if record["not_restored"]:
        lines.append(f"  NOT restored: {record['not_restored']}")
    lines += [f"  note       {note}" for note in record["notes"]]
    return "\n".join([lines[0], *(printable(line, 600) for line in lines[1:])])
