"""Detectors on trial: what they and their sum say of pictures of known truth, by maker and delivery.

Thresholds are fixed before the test, both classes are delivered alike, and every delivery is seen to have
happened. What a detector does not speak of is counted, never guessed.
"""

from forensics.detectors.judging.corpora import Corpus, photos_in, read_corpus
from forensics.detectors.judging.deliveries import USUAL, Delivery, parse_deliveries
from forensics.detectors.judging.evaluating import Evaluated, Plan, evaluate
from forensics.detectors.judging.looking import Judge
from forensics.detectors.judging.results import Results

__all__ = [
    "USUAL",
    "Corpus",
    "Delivery",
    "Evaluated",
    "Judge",
    "Plan",
    "Results",
    "evaluate",
    "parse_deliveries",
    "photos_in",
    "read_corpus",
]
