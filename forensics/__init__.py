"""Provenance and forensics of pictures and clips: what is this, and how do you know?"""

__version__ = "0.1.0"
