"""Networks of faces: those warped into place, and those forged, in pictures and clips.

Importing this folder registers the detectors `warping` and `mesonet`.
"""

from forensics.detectors.warping.detector import MesoNet, Warping

__all__ = ["MesoNet", "Warping"]
