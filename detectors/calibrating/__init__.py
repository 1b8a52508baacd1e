"""Calibration on pictures of the user's own: scores collected, weights fitted by quality, measured, kept."""
