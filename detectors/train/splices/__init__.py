"""Training of the two streams on splices that are made up while they learn; in PyTorch."""
