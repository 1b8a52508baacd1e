"""Training of the eye-state network: crops, made-up sequences of them, networks, what a run leaves."""
