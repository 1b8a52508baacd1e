"""Training of marks: networks, distortions and loops, all in PyTorch."""
