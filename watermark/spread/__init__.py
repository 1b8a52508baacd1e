"""Marks without training: keyed carriers in a tile that repeats, found by statistics alone."""
