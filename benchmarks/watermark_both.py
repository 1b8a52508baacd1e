"""Can one picture carry marks of both codecs?

    python benchmarks/watermark_both.py [--workers 2] [--most 40]

Each picture is marked by one codec, by both in either order, and each mark looked for alone, before and after
compression and scaling. Every mark is put in at 40 dB.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from common import ROOT, data_folder, write_result
from watermark_pictures import Picture, measured_on

from forensics.watermark.attacks import parse_attack
from forensics.watermark.codecs import NAMES
from forensics.watermark.keys import Key
from forensics.watermark.quality import psnr
from forensics.watermark.watermarker import Watermarker

CARRIED = (("spread",), ("learned",), ("spread", "learned"), ("learned", "spread"))
ATTACKS = ("none", "jpeg:50", "resize:0.5", "rotate:7+jpeg:70")


@dataclass(frozen=True)
class Seen:
    """One codec's mark in one picture."""

    carried: str
    codec: str
    attack: str
    log10_p: float
    exact: bool
    psnr: float


def work(picture: Picture) -> list[Seen]:
    """Try one picture."""
    import cv2

    cv2.setNumThreads(1)
    key = Key(hashlib.sha256(b"both").digest())
    markers = {name: Watermarker(key, codec=name) for name in NAMES}
    said = {"spread": "5", "learned": "1e"}
    seen = []
    for carried in CARRIED:
        pixels = picture.pixels
        for name in carried:
            pixels = markers[name].embed(pixels, said[name]).pixels
        ratio = psnr(picture.pixels, pixels)
        for attack in ATTACKS:
            attacked = parse_attack(attack)(pixels, seed=0)
            for name in carried:
                found = markers[name].detect(attacked)
                exact = found.payload == markers[name].payload(said[name])
                seen.append(Seen(" then ".join(carried), name, attack, found.log10_p, exact, ratio))
    return seen


def main() -> int:
    """Run the benchmark; exit 1 if a mark cannot be read because another is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--most", type=int, default=40)
    options = parser.parse_args()
    pictures = list(measured_on(data_folder()))[: options.most]
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        found = [seen for part in pool.imap(work, pictures, 1) for seen in part]
    rows: list[dict[str, Any]] = []
    for carried, codec, attack in dict.fromkeys((s.carried, s.codec, s.attack) for s in found):
        every = [s for s in found if (s.carried, s.codec, s.attack) == (carried, codec, attack)]
        rows.append(
            {
                "carried": carried, "looked for": codec, "attack": attack, "pictures": len(every),
                "found": sum(s.log10_p <= -6 for s in every), "read": sum(s.exact for s in every),
                "median_log10_p": round(statistics.median(s.log10_p for s in every), 1),
                "weakest_log10_p": round(max(s.log10_p for s in every), 1),
                "median_psnr": round(statistics.median(s.psnr for s in every), 2),
            }
        )  # fmt: skip
        print(rows[-1])
    path = write_result("watermark_both", "python benchmarks/watermark_both.py", {"rows": rows})
    print(path.relative_to(ROOT))
    return 0 if all(row["read"] == row["pictures"] for row in rows if row["attack"] == "none") else 1


if __name__ == "__main__":
    sys.exit(main())
