"""Trainings of detectors, in PyTorch: nothing that an audit runs imports them."""
