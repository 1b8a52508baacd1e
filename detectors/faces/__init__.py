"""Faces in clips: finding and following them, eyes and blinks, heads, and how pictures change over time."""
