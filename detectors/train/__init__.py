"""Training of detectors, in PyTorch: what they learn from, their networks, and how they become files."""
