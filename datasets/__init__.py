"""Corpora to test, calibrate and train on."""
