"""`forensics calibrate`: weights for the detectors from pictures of the user's own."""
