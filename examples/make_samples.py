"""How the sample files of examples/data were made from a folder of test pictures.

Run `python examples/make_samples.py FOLDER`; FOLDER holds `photos/kodak` (the Kodak image suite) and
`c2pa` (public test files of the C2PA SDK).
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import cv2

DATA = Path(__file__).parent / "data"
QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 92]


def main(source: Path) -> None:
    """Write the samples."""
    DATA.mkdir(exist_ok=True)

    # An honest picture without credentials.
    parrots = cv2.imread(str(source / "photos/kodak/23.png"))
    cv2.imwrite(str(DATA / "photo.jpg"), parrots, QUALITY)

    # A window at the lower left is hidden under a copy of the wall beside it.
    house = cv2.imread(str(source / "photos/kodak/1.png"))
    house[256:396, 24:118] = house[256:396, 120:214]
    cv2.imwrite(str(DATA / "copied.jpg"), house, QUALITY)

    # Signed with a test certificate: intact; made grey afterwards; made from a tampered picture.
    for name, sample in (("CA", "signed"), ("XCA", "tampered"), ("CACAE-uri-CA", "laundered")):
        shutil.copyfile(source / f"c2pa/reading/{name}.jpg", DATA / f"{sample}.jpg")
    shutil.copyfile(source / "c2pa/trust/anchors.pem", DATA / "test-anchors.pem")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the sample files from a folder of test pictures.")
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
