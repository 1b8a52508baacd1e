"""What was really done to the pictures of a set: counted while it is built, and checked in the end."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np

from forensics.errors import ForensicsError
from forensics.media.types import Pixels

__all__ = ["Tally"]


class Tally:
    """Counts of a build. Pictures that were there before count with their bytes only."""

    def __init__(self) -> None:
        self._done: Counter[str] = Counter()
        self._changed: Counter[str] = Counter()
        self._difference: dict[str, float] = defaultdict(float)
        self._files: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._pixels: Counter[str] = Counter()
        self._washed: Counter[str] = Counter()
        self._photos: set[str] = set()

    def photo(self, name: str, washed: str) -> None:
        """Count a square of a photo, and how its history was wiped out."""
        self._photos.add(name)
        self._washed[washed or "as stored"] += 1

    def degraded(self, spec: str, before: Pixels, after: Pixels) -> None:
        """Count a picture that something was done to."""
        self._done[spec] += 1
        if before.shape != after.shape:
            self._changed[spec] += 1
        elif not np.array_equal(before, after):
            self._changed[spec] += 1
            self._difference[spec] += float(np.abs(before.astype(np.int16) - after).mean())

    def stored(self, kind: str, size: int, pixels: int) -> None:
        """Count a file of so many bytes."""
        self._files[kind] += 1
        self._bytes[kind] += size
        self._pixels[kind] += pixels

    def check(self) -> None:
        """Refuse a degradation that did nothing: no picture differs from what it was.

        Raises:
            ForensicsError: There is one.
        """
        idle = [spec for spec in self._done if spec != "none" and not self._changed[spec]]
        if idle:
            raise ForensicsError(f"a degradation changed no picture: {', '.join(idle)}", actual=idle)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON; differences are mean grey levels of those that kept their size."""
        return {
            "photos_used": len(self._photos),
            "history": dict(sorted(self._washed.items())),
            "degradations": {
                spec: {
                    "pictures": count,
                    "changed": self._changed[spec],
                    "mean_difference": round(self._difference[spec] / count, 3),
                }
                for spec, count in sorted(self._done.items())
            },
            "bytes_per_pixel": {
                kind: {
                    "files": count,
                    "mean": round(self._bytes[kind] / self._pixels[kind], 4),
                }
                for kind, count in sorted(self._files.items())
            },
        }
