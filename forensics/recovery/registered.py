"""The store of an audit: opened when the first file is looked for, and kept open."""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forensics.evidence import Evidence
    from forensics.media import Media
    from forensics.provenance.store import ManifestStore
    from forensics.provenance.trust import TrustPolicy
    from forensics.watermark.detection import Detection

__all__ = ["Registered"]

_WAIT = 2.0  # seconds: an audit does not wait long for those who write


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

    def evidence(self, media: Media, mark: Detection | None, policy: TrustPolicy) -> Evidence:
        """Return what the store knows of a file.

        Args:
            media: The file.
            mark: What was found of the user's marks in it; None if they were not looked for.
            policy: Whom to trust.

        Raises:
            StoreError: There is no store, or it cannot be read.
            MediaError: The file cannot be read.
        """
        from forensics.recovery.evidence import evidence_of
        from forensics.recovery.recovering import recover

        return evidence_of(recover(media, self._store(), mark=mark, policy=policy), policy)

    def _store(self) -> ManifestStore:
        from forensics.provenance.store import ManifestStore

        if isinstance(self._place, ManifestStore):
            return self._place
        with self._lock:
            if self._opened is None:
                self._opened = ManifestStore(self._place, wait=_WAIT)
            return self._opened
