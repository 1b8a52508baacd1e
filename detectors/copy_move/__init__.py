"""Copy-move: regions of a picture that were copied within it."""

from forensics.detectors.copy_move.detector import CopyMove
from forensics.detectors.copy_move.mask import Match
from forensics.detectors.copy_move.search import Search, Settings, find

__all__ = ["CopyMove", "Match", "Search", "Settings", "find"]
