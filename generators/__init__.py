"""Built-in generators: GAN, diffusion, flow and video. `sampling`, `pipelines`, `evaluation` need no PyTorch."""
