"""Pictures as sequences of tokens: causal, masked, and pixel by pixel."""
