"""Built-in generators: GAN, diffusion, flow and video.

`sampling`, `pipelines` and `evaluation` need no PyTorch; all else does.
"""
