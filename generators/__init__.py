"""Built-in generators: GAN, diffusion, flow and video. All but `sampling` needs PyTorch."""
