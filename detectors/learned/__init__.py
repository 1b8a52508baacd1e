"""What all trained detectors of generated pictures share: tiles, features, a model, a calibrated answer."""
