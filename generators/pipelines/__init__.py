"""From noise to pictures with trained networks, by NumPy and ONNX Runtime: PyTorch is not needed."""
