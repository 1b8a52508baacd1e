"""Clips: every frame carries the same mark, and detection adds the frames up.

The tiles stand still while the scene moves. So the sum of many frames' residuals shows the mark alone,
however many frames were dropped, cut or shown at another rate.
"""

from __future__ import annotations

from forensics.watermark.clips.detecting import detect_clip, detect_frames
from forensics.watermark.clips.writing import Coding, MarkedClip, embed_clip

__all__ = ["Coding", "MarkedClip", "detect_clip", "detect_frames", "embed_clip"]
