"""Perceptual fingerprints: short codes by which a picture is found again after it was re-saved or cropped.

A fingerprint proves nothing by itself. It names candidates, and `chance` says how often a picture that has
nothing to do with an entry lies as near.
"""

from forensics.fingerprints.chance import Chance, chance, load_chance
from forensics.fingerprints.fingerprint import KINDS, Fingerprint, distance
from forensics.fingerprints.making import (
    Variant,
    available,
    fingerprint,
    fingerprints,
    middles,
    upright,
    variants,
)
from forensics.fingerprints.search import Distances, columns, distances

__all__ = [
    "KINDS",
    "Chance",
    "Distances",
    "Fingerprint",
    "Variant",
    "available",
    "chance",
    "columns",
    "distance",
    "distances",
    "fingerprint",
    "fingerprints",
    "load_chance",
    "middles",
    "upright",
    "variants",
]
