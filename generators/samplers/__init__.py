"""From noise to pictures: samplers as free functions over a denoiser, noise, times and a path.

Each is an iterator over what there is after every step, so that progress and trajectories come for free;
`last` runs one to its end.
"""
