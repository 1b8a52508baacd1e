"""Detectors of the user's own: an ONNX file with a small TOML, or what `forensics train detector` wrote."""
