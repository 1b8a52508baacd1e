"""Fingerprints of generators: what all of their pictures have in common, and whose a picture bears."""

from forensics.detectors.fingerprint.detector import Fingerprint

__all__ = ["Fingerprint"]
