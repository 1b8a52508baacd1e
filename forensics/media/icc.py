"""The description of an ICC profile (ICC.1:2022, 9.2.41 and 10.15)."""

from __future__ import annotations

import struct

__all__ = ["icc_description"]

_MOST_TAGS = 100


def icc_description(profile: bytes) -> str:
    """Return what a profile calls itself, such as "sRGB IEC61966-2.1"; "unnamed" where it does not say."""
    if len(profile) < 132:
        return "unnamed"
    for i in range(min(struct.unpack_from(">I", profile, 128)[0], _MOST_TAGS)):
        entry = profile[132 + 12 * i : 144 + 12 * i]
        if len(entry) == 12 and entry.startswith(b"desc"):
            start, size = struct.unpack_from(">II", entry, 4)
            return _text(profile[start : start + min(size, 4096)]) or "unnamed"
    return "unnamed"


def _text(element: bytes) -> str:
    if element.startswith(b"desc") and len(element) >= 12:  # version 2
        length = struct.unpack_from(">I", element, 8)[0]
        return element[12 : 12 + length].split(b"\x00")[0].decode("ascii", "replace").strip()
    if element.startswith(b"mluc") and len(element) >= 28:  # version 4: the first language
        length, start = struct.unpack_from(">II", element, 20)
        return element[start : start + length].decode("utf-16-be", "replace").strip("\x00 ")
    return ""
