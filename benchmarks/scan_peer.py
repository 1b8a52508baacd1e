"""What people put together from packages, run in an environment of its own by `benchmarks/scan_speed.py`.

Reads paths from standard input, one a line, and prints the seconds that all of them took. With --no-residual
the noise residual is left out.
"""

from __future__ import annotations

import sys
import time

import c2pa
import imagehash
import numpy as np
import prnu
from PIL import Image


def main() -> None:
    """Read credentials, hash, and take the noise residual of each file."""
    paths = sys.stdin.read().splitlines()
    start = time.monotonic()
    for path in paths:
        try:
            with c2pa.Reader(path) as reader:
                reader.json()
        except c2pa.C2paError:
            pass  # no credentials
        with Image.open(path) as picture:
            rgb = picture.convert("RGB")
        imagehash.phash(rgb)
        if "--no-residual" not in sys.argv:
            prnu.extract_single(np.asarray(rgb))
    sys.stdout.write(str(time.monotonic() - start))


if __name__ == "__main__":
    main()
