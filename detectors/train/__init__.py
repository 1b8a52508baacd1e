"""Training of detectors: what they learn from, their networks, and how they become files; in PyTorch."""
