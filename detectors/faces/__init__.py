"""Faces in clips: finding and following them, eyes and blinks, heads, and how pictures change over time.

Importing this folder registers the detectors `blink` and `temporal`.
"""

from forensics.detectors.faces.blink import BlinkDetector
from forensics.detectors.faces.temporal import TemporalDetector

__all__ = ["BlinkDetector", "TemporalDetector"]
