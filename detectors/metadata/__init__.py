"""What a file says of itself: the `metadata` detector."""

from forensics.detectors.metadata.detector import MetadataDetector

__all__ = ["MetadataDetector"]
