"""Training of the built-in generators, one file for each family."""
