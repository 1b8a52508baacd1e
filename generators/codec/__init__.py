"""Pictures as small latents, and back."""
