"""Imperceptible marks: embedding, detection, identification."""
