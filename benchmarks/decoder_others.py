"""What signs in the pictures of GANs and in the frames of clips, at the size that they draw.

    python benchmarks/decoder_others.py NAME=MODEL[,SIGNING] ... [--count 16]

MODEL is a folder of `forensics train gan` or `forensics train video --codec codec`, and SIGNING that of
`forensics train decoder --of MODEL`; without it, the decoder that ships for the codec signs. Each picture, or
clip, has a key of its own; of clips the first frames are looked at. Attacks and figures are those of
`decoder_signing.py`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from common import write_result
from decoder_signing import ATTACKS, BITS, RATE, SIDE, SMALL_ATTACKS, measured, of_model, threshold

from forensics.generators.pipelines.opening import open_model
from forensics.generators.pipelines.signing import signed_decoder


def row(text: str, count: int) -> dict[str, Any]:
    """Return what was measured of one model."""
    model, _, folder = text.partition(",")
    bundle = open_model(model)
    decoder = signed_decoder(bundle, Path(folder) if folder else None)
    if decoder is None:
        sys.exit(f"nothing signs for {model}")
    plain, draw = of_model(model, decoder, count)
    found = measured(plain, draw, ATTACKS if min(plain[0].shape[:2]) >= SIDE else SMALL_ATTACKS)
    return {"model": bundle.card["command"], "signing": decoder.bundle.card["command"], **found}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", metavar="NAME=MODEL[,SIGNING]")
    parser.add_argument("--count", type=int, default=16)
    options = parser.parse_args()
    rows = {}
    for text in options.models:
        name, _, model = text.partition("=")
        rows[name] = row(model, options.count)
        print(name, rows[name], flush=True)
    result = {"bits": BITS, "threshold": threshold(BITS), "rate": RATE, "rows": rows}
    said = f"NAME=MODEL,SIGNING ... --count {options.count}"
    write_result("decoder_others", f"python benchmarks/decoder_others.py {said}", result)


if __name__ == "__main__":
    main()
