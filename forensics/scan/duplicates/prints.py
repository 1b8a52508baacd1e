"""What is known of each file when near-duplicates are looked for, and all of it in arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.fingerprints.fingerprint import BITS, KINDS
from forensics.scan.row import ScanRow

__all__ = ["Corpus", "Prints", "Stored", "load"]

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Prints:
    """The hashes of one file; "" where there is none.

    Attributes:
        id: Its address.
        sha256: Of its bytes, in hex.
        dct: Code of four windows in hex.
        pdq: Code in hex.
        dct_quality: Below 0.5 the code says nothing and is not compared.
        pdq_quality: The same.
    """

    id: str
    sha256: str = ""
    dct: str = ""
    pdq: str = ""
    dct_quality: float = 1.0
    pdq_quality: float = 1.0

    @classmethod
    def of(cls, row: ScanRow) -> Self:
        """Return those of a row of a scan."""
        return cls(row.id, row.sha256, row.dct, row.pdq, row.dct_quality, row.pdq_quality)


@dataclass(frozen=True)
class Stored:
    """The codes of one kind.

    Attributes:
        kind: A name in `KINDS`.
        codes: (n, windows, 32) bytes.
        files: (n,) the file that each belongs to, rising.
    """

    kind: str
    codes: Codes
    files: npt.NDArray[np.int64]

    def of(self, files: npt.NDArray[np.int64]) -> Stored:
        """Return the codes of some files, without those that have none; in their order."""
        places = np.searchsorted(self.files, files)
        places = places[np.append(self.files, -1)[places] == files]
        return Stored(self.kind, self.codes[places], self.files[places])


@dataclass(frozen=True)
class Corpus:
    """All files of a scan.

    Attributes:
        ids: In listing order.
        first: (n,) the first file with the same bytes, by number; the file itself where there is none.
        stored: Codes of the first ones, by kind.
    """

    ids: tuple[str, ...]
    first: npt.NDArray[np.int64]
    stored: tuple[Stored, ...]


def load(prints: Iterable[Prints]) -> Corpus:
    """Return files as arrays.

    Args:
        prints: In listing order.

    Raises:
        UsageError: A code is not one.
    """
    ids: list[str] = []
    first: list[int] = []
    seen: dict[bytes, int] = {}
    bytes_of = {kind: bytearray() for kind in KINDS}
    files: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for number, one in enumerate(prints):
        ids.append(one.id)
        digest = _decoded(one.sha256, 32, one.id)
        first.append(seen.setdefault(digest, number) if digest else number)
        if first[-1] != number:
            continue
        for kind, text, quality in (("dct", one.dct, one.dct_quality), ("pdq", one.pdq, one.pdq_quality)):
            if text and quality >= KINDS[kind].least_quality:
                bytes_of[kind] += _decoded(text, KINDS[kind].windows * BITS // 8, one.id)
                files[kind].append(number)
    return Corpus(
        tuple(ids), np.array(first, np.int64), tuple(_stored(k, bytes_of[k], files[k]) for k in KINDS)
    )


def _stored(kind: str, code: bytearray, files: list[int]) -> Stored:
    codes = np.frombuffer(code, np.uint8).reshape(len(files), KINDS[kind].windows, BITS // 8)
    return Stored(kind, codes, np.array(files, np.int64))


def _decoded(text: str, size: int, owner: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        raise UsageError(f"a hash of {owner!r} is not written in hex", actual=text[:80]) from None
    if text and len(found) != size:
        raise UsageError(f"a hash of {owner!r} has {len(found)} bytes", expected=size, actual=len(found))
    return found
