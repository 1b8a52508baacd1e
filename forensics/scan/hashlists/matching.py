"""Files against lists: by digests exactly, by PDQ within some bits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.fingerprints.fingerprint import BITS
from forensics.fingerprints.positions import turned_codes
from forensics.scan.duplicates.index import Index, open_index
from forensics.scan.hashlists.entries import FLAT, KINDS
from forensics.scan.hashlists.lists import Hashes, HashList
from forensics.scan.row import Match

__all__ = ["HashLists"]

MOST = 20  # matches that one list names of one file and kind, the nearest


class HashLists:
    """Some lists, ready to be asked for one file after the other.

    Args:
        lists: The lists, in the order in which matches are named.
        distance: Bits of 256 in which a PDQ may differ.
        turned: Look for each PDQ in all eight positions, made of its bits.

    Raises:
        UsageError: The distance is none.
    """

    def __init__(self, lists: Iterable[HashList], distance: int = 31, turned: bool = False) -> None:
        if not 0 <= distance < BITS // 2:
            raise UsageError("a PDQ may differ in 0 to 127 bits", actual=distance)
        self._distance, self._turned = distance, turned
        self._lists = tuple(lists)
        self._indexes: dict[int, Index] = {
            number: open_index(one.hashes["pdq"].values, distance)
            for number, one in enumerate(self._lists)
            if "pdq" in one.hashes
        }

    @property
    def lists(self) -> tuple[HashList, ...]:
        """The lists."""
        return self._lists

    def match(
        self, *, sha256: str = "", sha1: str = "", md5: str = "", pdq: str = "", pdq_quality: float = 1.0
    ) -> tuple[Match, ...]:
        """Return where a file is listed.

        Args:
            sha256: Its digest in hex, "" for none; so with the others.
            sha1: The same.
            md5: The same.
            pdq: Its PDQ in hex.
            pdq_quality: Below 0.5 the PDQ is not compared.

        Returns:
            By list and kind, the nearest first. Of one list and kind at most twenty.

        Raises:
            UsageError: A hash is not one.
        """
        exact = {"md5": _bytes("md5", md5), "sha1": _bytes("sha1", sha1), "sha256": _bytes("sha256", sha256)}
        code = np.frombuffer(_bytes("pdq", pdq), np.uint8).reshape(-1, KINDS["pdq"] // 2)
        near = len(code) and pdq_quality >= FLAT
        found: list[Match] = []
        for number, one in enumerate(self._lists):
            for kind, value in exact.items():
                found += _listed(one, kind, value)
            if near and number in self._indexes:
                found += self._near(number, code)
        return tuple(found)

    def _near(self, number: int, code: npt.NDArray[np.uint8]) -> Iterator[Match]:
        """Yield the entries of PDQ that lie near."""
        queries = turned_codes(code, "pdq")[:, 0] if self._turned else code
        hits = self._indexes[number].within(queries, self._distance)
        order = np.lexsort((hits.entry, hits.bits))
        one, seen = self._lists[number], set[int]()
        hashes: Hashes = one.hashes["pdq"]
        for place in order:
            entry = int(hits.entry[place])
            if entry in seen:
                continue
            seen.add(entry)
            value, label = hashes.values[entry].tobytes().hex(), hashes.labels[hashes.of[entry]]
            yield Match(list=one.name, kind="pdq", value=value, distance=int(hits.bits[place]), label=label)
            if len(seen) == MOST:
                return


def _listed(one: HashList, kind: str, value: bytes) -> Iterator[Match]:
    if value and kind in one.hashes:
        for label in one.hashes[kind].find(value)[:MOST]:
            yield Match(list=one.name, kind=kind, value=value.hex(), label=label)


def _bytes(kind: str, text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        raise UsageError(f"a {kind} is written in hex", actual=text[:80]) from None
    if text and len(found) != KINDS[kind] // 2:
        raise UsageError(f"a {kind} has {KINDS[kind]} digits", expected=KINDS[kind], actual=len(text))
    return found
