"""Training of the network that sees warped faces: they are warped while it learns; in PyTorch."""
