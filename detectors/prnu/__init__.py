"""The camera: which sensor took a picture, by the pattern that it leaves (PRNU)."""
