"""What all trained detectors of generated pictures share: tiles, features, a model, a calibrated answer.

They join the registry of detectors when weights of theirs ship; until then they are for models of one's own.
"""
