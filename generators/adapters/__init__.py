"""Generators from elsewhere: modules of PyTorch, and pipelines of diffusers."""
