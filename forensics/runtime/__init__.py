"""Running trained models: sessions of ONNX Runtime, what ONNX files say of themselves, and the store."""
