"""Decoders that sign: from latents to pictures that carry a mark, whatever the latents."""
