"""Fingerprints of generators: what all of their pictures have in common, and whose a picture bears.

Importing this folder registers the detector `fingerprint`.
"""
