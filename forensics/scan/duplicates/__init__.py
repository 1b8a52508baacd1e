"""Near-duplicates among the files of a scan: the same picture saved again, mirrored, turned or cropped."""

from forensics.scan.duplicates.clustering import clusters
from forensics.scan.duplicates.index import ENGINES, Hits, Index, open_index
from forensics.scan.duplicates.prints import Prints
from forensics.scan.duplicates.thresholds import Thresholds, thresholds

__all__ = ["ENGINES", "Hits", "Index", "Prints", "Thresholds", "clusters", "open_index", "thresholds"]
