"""The way back: from a file that lost its credentials to what was registered of it, and what that proves."""

from forensics.recovery.recovering import recover
from forensics.recovery.results import FOUND, Candidate, Change, Recovery, Relation, Way
from forensics.recovery.telling import Comparison

__all__ = ["FOUND", "Candidate", "Change", "Comparison", "Recovery", "Relation", "Way", "recover"]
