<<<<<<< HEAD
"""Training of detectors: what they learn from, their networks, and how they become files; in PyTorch."""
=======
"""Trainings of detectors, in PyTorch: nothing that an audit runs imports them."""
>>>>>>> 8718cf24fa92fc7038d204f2a5a188e97943394a
