"""What trained detectors say of themselves."""

from __future__ import annotations

from forensics.detectors.base import DetectorInfo
from forensics.detectors.learned.model import shipped, table_of
from forensics.evidence import Calibration, Question
from forensics.media import Kind

__all__ = ["LIMITS", "calibration_of", "info_of"]

LIMITS = (
    "Knows what the decoders of its calibration leave behind. Generators of other kinds may leave nothing of "
    "that, and photos that were filtered, scaled or compressed in ways that are not in the calibration may "
    "look like theirs; pictures of sizes that are not in it weigh 10 to 1 at most. An opinion, never a "
    "proof, and that nothing is found says little."
)


def info_of(name: str, title: str, source: str) -> DetectorInfo:
    """Return what a trained detector of tiles says of itself.

    Args:
        name: Of the detector and of its model.
        title: What it looks for.
        source: Paper.
    """
    return DetectorInfo(
        name=name,
        version="1",
        title=title,
        questions=(Question.SYNTHETIC,),
        kinds=(Kind.IMAGE, Kind.ANIMATION),
        needs="cpu",
        source=source,
        calibration=calibration_of(name),
        limits=LIMITS,
    )


def calibration_of(name: str) -> Calibration | None:
    """Return what the scores of a trained detector were calibrated on, for all qualities together.

    Args:
        name: Of the detector.

    Returns:
        None where no model comes with this installation, or none that was calibrated.
    """
    table = table_of(name) if shipped(name) else None
    if table is None:
        return None
    scale = next(bucket.scale for bucket in table.buckets if bucket.bucket == "all")
    return Calibration(name=table.name, negatives=scale.negatives, positives=scale.positives, note=table.note)
