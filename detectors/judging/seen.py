"""Which makers a detector has met before, as far as its papers say."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from forensics.detectors.base import Detector
from forensics.detectors.judging.results import DetectorRecord
from forensics.runtime.store import bundled, names

__all__ = ["record_of", "seen_by_row", "weights_of"]


def weights_of(name: str) -> str:
    """Return the SHA-256 of the card of a detector's weights; "" where none come with the suite."""
    card = _card(name)
    return hashlib.sha256(json.dumps(card, sort_keys=True).encode()).hexdigest() if card else ""


def record_of(
    detector: Detector, makers: Iterable[str], notes: Iterable[str] = (), told: Iterable[str] = ()
) -> DetectorRecord:
    """Return what is known of a detector: versions, weights, and the makers that it has met.

    Names of makers are looked for as whole words in what the card of its weights says of the data, and in the
    notes of its calibration. A card that does not name them proves nothing: say it with `told`.

    Args:
        detector: The detector.
        makers: Of the corpus.
        notes: Of the calibration in use.
        told: Makers that it has met, whatever the papers say.
    """
    info = detector.info
    data = str(_card(info.name).get("data", ""))
    text = " ".join([data, info.calibration.note if info.calibration else "", *notes])
    known = {maker for maker in makers if maker}
    met = {maker for maker in known if _named(maker, text)} | set(told)
    return DetectorRecord(
        name=info.name,
        version=info.version,
        weights=weights_of(info.name),
        calibrated=info.calibration.name if info.calibration else "",
        seen=tuple(sorted(met & known)),
    )


def seen_by_row(
    records: Sequence[DetectorRecord],
    owners: Mapping[str, str],
    rows: Iterable[str],
    families: Mapping[str, str] | None = None,
) -> dict[str, frozenset[str]]:
    """Return the makers that each row has met: a finding those of its detector, all fused those of any.

    Args:
        records: Of the detectors.
        owners: Whose each finding is.
        rows: Findings, and others that have met whatever any detector has.
        families: What makers are called instead: who has met one of a family has met it.
    """
    called = families or {}
    met = {record.name: frozenset(called.get(maker, maker) for maker in record.seen) for record in records}
    every = frozenset().union(*met.values()) if met else frozenset()
    return {row: met.get(owners[row], frozenset()) if row in owners else every for row in rows}


def _card(name: str) -> dict[str, Any]:
    return bundled(name).card if name in names() else {}


def _named(maker: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(maker)}(?![\w-])", text) is not None
