"""The store of an audit: opened when the first file is looked for, and kept open."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forensics.evidence import Evidence
    from forensics.media import Media
    from forensics.provenance.store import ManifestStore
    from forensics.provenance.trust import TrustPolicy
    from forensics.recovery.bearing import Bearing
    from forensics.watermark.detection import Detection
    from forensics.watermark.keys import Key

__all__ = ["Registered", "Told"]

_WAIT = 2.0  # seconds: an audit does not wait long for those who write


@dataclass(frozen=True)
class Told:
    """What a store tells of a file.

    Attributes:
        evidence: As a report has it.
        bearing: The mark that belongs to its picture; None where that is not proven.
    """

    evidence: Evidence
    bearing: Bearing | None


class Registered:
    """What is registered, for files that are audited. Safe to use from several threads.

    Args:
        store: A store, which stays the caller's to close, or where one is.
    """

    def __init__(self, store: ManifestStore | str | os.PathLike[str]) -> None:
        self._place = store
        self._opened: ManifestStore | None = None
        self._lock = Lock()

    def close(self) -> None:
        """Close the store if it was opened here."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
            self._opened = None

    def told(self, media: Media, mark: Detection | None, keys: Sequence[Key], policy: TrustPolicy) -> Told:
        """Return what the store knows of a file.

        Args:
            media: The file.
            mark: What was found of the user's marks in it; None if they were not looked for.
            keys: Whose marks these are; entries may suggest some that were too weak to be read.
            policy: Whom to trust.

        Raises:
            StoreError: There is no store, or it cannot be read.
            MediaError: The file cannot be read.
        """
        from forensics.evidence import Grade
        from forensics.recovery.bearing import bearing
        from forensics.recovery.evidence import evidence_of
        from forensics.recovery.recovering import recover

        keys = () if mark is None else keys  # whoever did not look for marks asked for none
        found = recover(media, self._store(), keys=keys, mark=mark, policy=policy)
        evidence = evidence_of(found, policy)
        return Told(evidence, bearing(found, mark) if evidence.grade is Grade.PROOF else None)

    def _store(self) -> ManifestStore:
        from forensics.provenance.store import ManifestStore

        if isinstance(self._place, ManifestStore):
            return self._place
        with self._lock:
            if self._opened is None:
                self._opened = ManifestStore(self._place, wait=_WAIT)
            return self._opened
