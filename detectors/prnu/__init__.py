"""The camera: which sensor took a picture, by the pattern that it leaves (PRNU).

Importing this folder registers the detector `prnu`.
"""

from forensics.detectors.prnu.detector import Prnu

__all__ = ["Prnu"]
