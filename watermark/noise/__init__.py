"""Marks in the noise that a generator begins with, found by going back from the picture to its noise."""
