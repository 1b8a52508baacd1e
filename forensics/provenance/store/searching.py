"""From a file that lost its credentials to the entries of a store that it may come from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from forensics.fingerprints import Chance, middles, variants
from forensics.fingerprints.making import VARIANTS, Variant
from forensics.media.hashing import pixel_sha256
from forensics.provenance.store.recording import content, pixels_in
from forensics.provenance.store.results import Entry
from forensics.provenance.store.store import ManifestStore

__all__ = ["Found", "FoundBy", "Search", "search"]


class FoundBy(StrEnum):
    """How an entry was found, the strongest first."""

    FILE = "file"  # the very bytes
    PIXELS = "pixels"  # the very pixels, whatever stands around them
    FINGERPRINT = "fingerprint"  # it looks alike: a candidate, no proof


@dataclass(frozen=True)
class Found:
    """An entry that a file may come from.

    Attributes:
        entry: The entry; look whether it was revoked.
        by: How it was found.
        chance: How often an unrelated entry would look as alike; None unless found by its fingerprint.
        position: How the file is mirrored or turned against the entry, one of `making.VARIANTS`.
    """

    entry: Entry
    by: FoundBy
    chance: Chance | None = None
    position: str = VARIANTS[0]


@dataclass(frozen=True)
class Search:
    """What came of a search.

    Attributes:
        found: Each entry once, by what is strongest, then the nearest first.
        note: Why fingerprints were not compared, "" if they were.
    """

    found: tuple[Found, ...]
    note: str = ""


def search(
    store: ManifestStore,
    file: bytes | str | os.PathLike[str],
    *,
    most: int = 10,
    p: float = 0.01,
    kind: str = "dct",
    crops: bool = False,
) -> Search:
    """Look for the entries that a file may come from: by its bytes, by its pixels, by its looks.

    Args:
        store: Where to look.
        file: The file or its content.
        most: At most so many by their fingerprints.
        p: Only fingerprints that chance explains with at most this probability, all entries counted.
        kind: A name in `fingerprints.KINDS`.
        crops: Look also for crops of all sizes, not only for those near the windows of fingerprints: that
            takes twice as long and makes every chance twice as large.

    Raises:
        MediaError: The file cannot be read, or its picture is broken.
        MissingExtra: Its decoder, or what makes that kind of fingerprint, is not installed.
        UsageError: There is no such kind.
        StoreError: The store cannot be read.
    """
    data = content(file)
    pixels = pixels_in(data)
    found = [Found(entry, FoundBy.FILE) for entry in store.by_asset(hashlib.sha256(data).hexdigest())]
    if pixels is None:
        return Search(tuple(found), "this is no picture: it was looked for by its bytes alone")
    found += [Found(entry, FoundBy.PIXELS) for entry in store.by_pixels(pixel_sha256(pixels))]
    turned = variants(pixels, kind) + (middles(pixels, kind) if crops else ())
    alike, note = _alike(store, turned, most, p)
    known: dict[int, Found] = {}
    for one in (*found, *alike):
        known.setdefault(one.entry.number, one)
    return Search(tuple(known.values()), note)


def _alike(store: ManifestStore, turned: Sequence[Variant], most: int, p: float) -> tuple[list[Found], str]:
    turned = [one for one in turned if one.fingerprint.usable]
    if not turned:
        return [], "the picture is too flat to be told from others by its fingerprint"
    matches = store.nearest([one.fingerprint for one in turned], most, p=p)
    return [
        Found(match.entry, FoundBy.FINGERPRINT, match.chance, turned[match.query].position)
        for match in matches
    ], ""
