"""Sets of real and made pictures that differ in nothing but how they were made.

Fakes are made from the very photos that are the reals: the same cut, the same degradation, the same encoder,
no metadata. What a detector learns on such pairs is the maker and not the container, the size or the history
of the photos (`forensics.detectors.leaks` tells whether a set is like that).

The idea of pairs: Zhang et al., arXiv:1907.06515 (AutoGAN); Guillaro et al., arXiv:2412.17671 (B-Free).
"""

from forensics.detectors.aligned.building import Built, build
from forensics.detectors.aligned.degradations import standard_degradations
from forensics.detectors.aligned.makers import MAKERS, Made, Maker, default_makers, maker_of
from forensics.detectors.aligned.pairing import Pair, pairs
from forensics.detectors.aligned.recipe import AlignedRecipe
from forensics.detectors.aligned.storing import Stored, parse_stored

__all__ = [
    "MAKERS",
    "AlignedRecipe",
    "Built",
    "Made",
    "Maker",
    "Pair",
    "Stored",
    "build",
    "default_makers",
    "maker_of",
    "pairs",
    "parse_stored",
    "standard_degradations",
]
