"""Many small autoencoders, no two alike: what they do to photos teaches detectors what decoders do."""
