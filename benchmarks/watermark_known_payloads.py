"""How often do the bits of unmarked pictures look like a payload that is known to the public?

    python benchmarks/watermark_known_payloads.py [--most 2000]

The payloads that Stable Diffusion and FLUX.1 embed are constants, so no randomness makes their p-values true:
they rest on the bits of unmarked pictures not being like them. Every picture of at least 256 x 256 pixels is
read with both wavelet schemes in both orders of colours, and compared with every constant; p-values are
counted one by one, before they are corrected for the number of comparisons.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import cv2
import numpy as np
from common import ROOT, data_folder, write_result
from watermark_pictures import Picture, measured_on, unmarked

from forensics.watermark.others.base import SCHEMES, bits_of
from forensics.watermark.statistics import bit_match_p_value, wilson

RATES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-6)
LEAST_PIXELS = 256 * 256


def p_values(picture: Picture, scheme_name: str) -> dict[str, list[float]]:
    """Return the p-values of every constant in one picture, one for each order of colours."""
    scheme = SCHEMES.get(scheme_name)
    decode = scheme.decoder(None)
    lengths = sorted({len(message.bits) for message in scheme.about.messages})
    found: dict[str, list[float]] = {message.name: [] for message in scheme.about.messages}
    for word in decode(picture.pixels, lengths):
        for message in scheme.about.messages:
            if len(message.bits) == len(word.payload):
                agree = int((word.payload == bits_of(message.bits)).sum())
                found[message.name].append(bit_match_p_value(agree, len(word.payload)))
    return found


def row_of(scheme: str, payload: str, values: list[float]) -> dict[str, Any]:
    """Count how many p-values are at most each rate."""
    row: dict[str, Any] = {"scheme": scheme, "payload": payload, "comparisons": len(values)}
    for rate in RATES:
        count = int((np.array(values) <= rate).sum())
        row[f"at most {rate:g}"] = count
    row["smallest p-value"] = float(min(values))
    return row


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--most", type=int, default=2000)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    data = data_folder()
    found: dict[tuple[str, str], list[float]] = {}
    pictures = 0
    for picture in itertools.chain(measured_on(data), unmarked(data, options.most)):
        if picture.pixels.shape[0] * picture.pixels.shape[1] < LEAST_PIXELS:
            continue
        pictures += 1
        for scheme in ("dwtDct", "dwtDctSvd"):
            for payload, values in p_values(picture, scheme).items():
                found.setdefault((scheme, payload), []).extend(values)
    every = [value for values in found.values() for value in values]
    rows = [
        *(row_of(*key, values) for key, values in found.items()),
        row_of("both", "all", every),
    ]
    summary = [
        {"rate": rate, "measured": count / len(every), "interval": [interval.low, interval.high]}
        for rate in RATES
        for count in [sum(value <= rate for value in every)]
        for interval in [wilson(count, len(every))]
    ]
    for line in (*rows, *summary):
        print(line)
    path = write_result(
        "watermark_known_payloads",
        "python benchmarks/watermark_known_payloads.py",
        {"pictures": pictures, "summary": summary, "rows": rows},
    )
    print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
