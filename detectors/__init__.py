"""Passive detectors: one file per method, all registered in `DETECTORS`."""
