"""Built-in generators: GAN, diffusion, flow and video."""
