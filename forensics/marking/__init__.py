"""Marking what was generated: a watermark, signed credentials and an entry in a store, as one step.

Example:
    marker = Marker.default("my-model")
    marker.save(pixels, "out.png")
"""

from forensics.marking.identity import Identity, own_identity
from forensics.marking.marker import Marker
from forensics.marking.profile import MarkedFile, Order, Profile, What

__all__ = ["Identity", "MarkedFile", "Marker", "Order", "Profile", "What", "own_identity"]
