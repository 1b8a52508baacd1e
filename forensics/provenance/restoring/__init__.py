"""The way back for files that lost their credentials: the signed file again, byte by byte, or a no."""

from forensics.provenance.restoring.coded import Family
from forensics.provenance.restoring.placement import Excluded, Placement, placed, placement_from
from forensics.provenance.restoring.relations import Imprint, Relation, imprint_of, relation
from forensics.provenance.restoring.restoring import Outcome, Restoration, restored
from forensics.provenance.restoring.skeleton import Skeleton, rebuilt, skeleton_of

__all__ = [
    "Excluded",
    "Family",
    "Imprint",
    "Outcome",
    "Placement",
    "Relation",
    "Restoration",
    "Skeleton",
    "imprint_of",
    "placed",
    "placement_from",
    "rebuilt",
    "relation",
    "restored",
    "skeleton_of",
]
