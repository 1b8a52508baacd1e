"""Periodic traces: what up-sampling layers, codecs and interpolation leave in the residual spectrum.

Importing this folder registers the detector `periodicity`.
"""

from forensics.detectors.periodicity.detector import Periodicity

__all__ = ["Periodicity"]
