"""Networks that denoise, of the shared parts."""
