"""Marks on clips: writing them, choosing frames to look at, and adding these up."""
