"""Training of Meso-4 and MesoInception-4 on faces of two folders; in PyTorch."""
