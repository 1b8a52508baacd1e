"""What stands on a list of hashes, and what is wrong with a line of one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["FLAT", "KINDS", "Entry", "Problem", "entry_of", "kind_named", "kinds_of_length", "quality_of"]

KINDS = MappingProxyType({"md5": 32, "pdq": 64, "sha1": 40, "sha256": 64})
"""How many hexadecimal digits the hashes of each kind have."""

FLAT = 0.5  # a PDQ of less quality says nothing: it would match every flat picture
LABEL = 1000  # characters kept of what a list says of an entry
_HEX = re.compile(r"[0-9a-fA-F]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_DIGITS = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True)
class Entry:
    """One hash of a list.

    Attributes:
        kind: A name in `KINDS`.
        value: In hex, lower case.
        label: What the list says of it.
        quality: Of a PDQ, in [0, 1].
    """

    kind: str
    value: str
    label: str = ""
    quality: float = 1.0


@dataclass(frozen=True)
class Problem:
    """A line that could not be read.

    Attributes:
        line: Its number, from 1; in JSON, the number of the record.
        message: What is wrong with it.
    """

    line: int
    message: str


def entry_of(kind: str, text: str, line: int, label: object = "", quality: object = None) -> Entry | Problem:
    """Return a hash of a list as an entry, or what is wrong with it.

    Args:
        kind: A name in `KINDS`.
        text: The hash in hex.
        line: Where it stands.
        label: What the list says of it.
        quality: Of a PDQ, 0 to 100, as the list gives it; None where it gives none.
    """
    if kind not in KINDS:
        return Problem(line, f"no such kind of hash: {kind[:40]!r}")
    value = text.strip().lower()
    if not _HEX.fullmatch(value):
        return Problem(line, f"{value[:80]!r} is not written in hex")
    if len(value) != KINDS[kind]:
        return Problem(line, f"a hash of kind {kind} has {KINDS[kind]} digits, not {len(value)}")
    found = 1.0 if quality is None or kind != "pdq" else quality_of(quality)
    if found is None:
        return Problem(line, f"{str(quality)[:40]!r} is no quality from 0 to 100")
    return Entry(kind, value, _CONTROL.sub(" ", str(label)).strip()[:LABEL], found)


def quality_of(given: object) -> float | None:
    """Return a quality in [0, 1] from a number from 0 to 100; None if it is none."""
    text = str(given).strip()
    return int(text) / 100 if _DIGITS.fullmatch(text) and int(text) <= 100 else None


def kind_named(name: str) -> str:
    """Return the kind that a column or type means, such as "md5" for "HASH_MD5"; "" if none."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower()).removeprefix("hash").removesuffix("hash")
    return plain if plain in KINDS else ""


def kinds_of_length(digits: int) -> tuple[str, ...]:
    """Return the kinds whose hashes have so many digits."""
    return tuple(kind for kind, length in KINDS.items() if length == digits)
