"""Mark a picture, send it through the world, and find out whom it was made for.

Run `python examples/mark_and_detect.py PICTURE`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from forensics.errors import ForensicsError
from forensics.media import open_media
from forensics.watermark.attacks import parse_attack
from forensics.watermark.contract import embed_and_verify
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import Watermarker

CONTRACT = tuple(parse_attack(text) for text in ("jpeg:50", "rotate:5", "crop:0.5"))
WORLD = ("none", "jpeg:30", "rotate:7+jpeg:70", "crop:0.5+resize:1.41+jpeg:70", "screenshot:0.75", "flip")


def main(picture: Path) -> None:
    """Mark the picture so that a contract holds, attack it, and print what is found each time."""
    pixels = open_media(picture).pixels
    marker = Watermarker(Key.generate("example"))  # forensics.watermark.keyfile keeps keys in files
    kept = embed_and_verify(marker, pixels, "c0ffee", CONTRACT)
    checks = ", ".join(check.attack for check in kept.checks)
    sys.stdout.write(f"marked at {kept.marked.psnr:.1f} dB; it survives: {checks}\n\n")
    for text in WORLD:
        found = marker.detect(parse_attack(text)(kept.marked.pixels))
        said = found.payload.identity if found.payload else "-"
        sys.stdout.write(f"{text:30s} p = 10^{found.log10_p:<7.1f} says {said}, {found.geometry}\n")
    stranger = Watermarker(Key.generate("stranger")).detect(kept.marked.pixels)
    sys.stdout.write(f"\nwith another key: {stranger.reason}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Mark a picture, attack it, and find the mark again.")
    parser.add_argument("picture", type=Path)
    chosen = parser.parse_args().picture
    try:
        main(chosen)
    except ForensicsError as error:
        parser.error(f"{chosen}: {error}")
