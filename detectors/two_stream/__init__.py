"""Splices by colours and noise together. Importing this folder registers the detector `two_stream`."""

from forensics.detectors.two_stream.detector import TwoStream

__all__ = ["TwoStream"]
