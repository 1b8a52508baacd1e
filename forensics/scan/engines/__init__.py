"""Engines: the same work on many processes, or many machines."""
