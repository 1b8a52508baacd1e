"""What needs PyTorch: the modules that ONNX files were made of."""
