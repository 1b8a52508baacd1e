"""From noise to pictures, without PyTorch: paths, targets, times, and samplers as free functions.

A sampler is an iterator over what there is after every step, so that progress and trajectories come for free;
`last` runs one to its end. All of it takes NumPy arrays and PyTorch tensors alike.
"""
