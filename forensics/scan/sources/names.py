"""Addresses of items: text that every encoding holds, and never the same for two things."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from forensics.files import encodable
from forensics.scan.items import Item, Locator
from forensics.scan.sources.listing import Left

__all__ = ["LONGEST_NAME", "address", "numbered", "refused", "unrepeated"]

LONGEST_NAME = 4096
"""Letters that are kept of the name of a member or row; systems allow no longer path."""

# What means something in an address, or looks like an escape of ours: the sign between an archive and its
# member, the row of a table, and bytes that are not UTF-8.
_TAKEN = re.compile(r"\\(?=x(?:5c|21|23|[89a-f][0-9a-f])|u[0-9a-f]{4})|!(?=/)|#(?=\d+$)")


def address(path: str) -> str:
    r"""Return a path as text, different for different paths.

    Example:
        >>> print(address("caf\udce9.jpg"), address("odd!/photo"), address("photos/a.jpg"))
        caf\xe9.jpg odd\x21/photo photos/a.jpg
    """
    return encodable(_TAKEN.sub(lambda match: f"\\x{ord(match[0]):02x}", path))


def numbered(name: str, taken: set[str]) -> str:
    """Return a name that is not taken, with `~2` and so on behind it where it is, and take it."""
    found, count = name, 1
    while found in taken:
        count += 1
        found = f"{name}~{count}"
    taken.add(found)
    return found


def refused(where: str, source: str, reason: str, message: str, size: int = -1) -> Item:
    """Return the item of something whose bytes cannot be had.

    Args:
        where: Its address.
        source: The SOURCE it belongs to.
        reason: Why, as one stable word.
        message: Why, in one sentence.
        size: Its bytes by what lists it, if that is a number to keep.
    """
    name = where.rstrip("/").rpartition("/")[2]
    size = size if -1 <= size < 1 << 63 else -1
    return Item(where, source, Locator("refused", reason=reason, message=encodable(message)), name, size)


def unrepeated(found: Iterable[Item | Left]) -> Iterator[Item | Left]:
    """Leave out items whose address was there before."""
    seen: set[str] = set()
    for one in found:
        if isinstance(one, Item):
            if one.id in seen:
                yield Left("repeated", one.source, one.id)
                continue
            seen.add(one.id)
        yield one
