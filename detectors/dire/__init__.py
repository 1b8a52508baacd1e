"""Errors of reconstruction by a diffusion model: DIRE, and variants that take one step."""
