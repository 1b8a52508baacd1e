"""Normalizing flows: invertible networks with exact likelihood."""
