"""Whether the mark of a file belongs to its picture: a store that holds both says so.

What decoders put in is bound to no picture, so that a mark alone is a claim. Where the file is shown to be a
copy of a registered one that has this mark, it was not moved there. That is worth as much as the entry is: it
counts where the registered manifest is proof.
"""

from __future__ import annotations

from dataclasses import dataclass

from forensics.recovery.results import Recovery
from forensics.watermark.detection import Detection

__all__ = ["Bearing", "bearing"]


@dataclass(frozen=True)
class Bearing:
    """A mark that belongs to the picture it is in.

    Attributes:
        number: Of the entry that says so.
        key: Public id of its key.
        identity: What it says.
        log10_p: log10 of the chance that a picture without a mark looks so.
        read: It was read, without knowing it.
    """

    number: int
    key: str
    identity: str
    log10_p: float
    read: bool


def bearing(found: Recovery, mark: Detection | None) -> Bearing | None:
    """Return the mark that belongs to a picture by what is registered; None where that is not known.

    Args:
        found: What came of looking for the file in a store, and is proof.
        mark: What was found of marks in it.
    """
    entry = found.entry
    registered = entry.record.mark if entry is not None else None
    if not found.found or entry is None or registered is None:
        return None
    sure = found.candidates[0].confirmation
    if sure is not None:
        return Bearing(entry.number, registered.key, sure.payload.identity, sure.log10_presence, read=False)
    if mark is None or mark.payload is None or mark.copied or mark.key != registered.key:
        return None
    identity = mark.payload.identity
    if identity.lstrip("0") != registered.payload.lower().lstrip("0"):
        return None
    return Bearing(entry.number, registered.key, identity, mark.log10_p, read=True)
