"""Noise that differs from place to place: the `noise` detector."""

from forensics.detectors.noise.detector import Noise

__all__ = ["Noise"]
