"""What would the scores of `two_stream` weigh: photos as they are, and with parts of other photos in them?

    python benchmarks/calibrate_two_stream.py [--write table.json]

Negatives are crops of 8 lossless and 6 camera pictures, none of which the network learned from, as PNG and as
JPEG; positives the same with a part of another one. Cross-validated by source. The table does not ship: on
splices that others made, benchmarks/two_stream.py finds nothing of what is found here.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from common import data_folder, write_result

SIDES, PER_SOURCE = (320, 448, 640, 1024, 1520, 2400), 9
NAME = "two_stream photos"
NOTE = (
    "Crops, 320 to 2400 pixels a side, of 8 Kodak pictures and 6 camera photos, some reduced, PNG and JPEG "
    "75 to 95; with, in the positives, a part of another one that has a noise, blur or JPEG history of its "
    "own. Few sources: the weight is capped by their number. No text, overlays or screenshots."
)


def sources(folder: Path) -> dict[str, np.ndarray]:
    """Return the photos by name, none of which the network learned from."""
    from forensics.media import open_media

    paths = [*sorted((folder / "photos" / "kodak").glob("*.png"))]
    paths += sorted((folder / "photos" / "native").glob("*.jp*g"))
    return {path.stem: open_media(path).pixels for path in paths}


def crop(pixels: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """Return a square of a photo, reduced first where it is large enough."""
    import cv2

    most = min(3.0, min(pixels.shape[:2]) / side)
    factor = float(rng.uniform(1.0, most)) if most > 1.1 and rng.random() < 0.6 else 1.0
    if factor > 1.0:
        size = (int(pixels.shape[1] / factor), int(pixels.shape[0] / factor))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    y, x = (8 * int(rng.integers(max(1, (n - side) // 8 + 1))) for n in pixels.shape[:2])
    return np.ascontiguousarray(pixels[y : y + side, x : x + side])


def saved(pixels: np.ndarray, quality: int) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    picture = Image.fromarray(pixels)
    picture.save(file, "JPEG", quality=quality) if quality else picture.save(file, "PNG")
    return file.getvalue()


def observed(photos: dict[str, np.ndarray]) -> list[Any]:
    """Return the score of every picture with its truth and source; both classes are saved alike."""
    from forensics.detectors.buckets import quality_of
    from forensics.detectors.calibrating.fitting import Observation
    from forensics.detectors.train.delivery import delivered
    from forensics.detectors.train.splices.making import drawn_mask, past
    from forensics.detectors.two_stream.model import LEAST_TILES, open_splice_model
    from forensics.media import open_bytes

    model, rng, names, out = open_splice_model(), np.random.default_rng(0), list(photos), []
    for name in names:
        for _ in range(PER_SOURCE):
            side = int(rng.choice([s for s in SIDES if s <= min(photos[name].shape[:2])]))
            donors = [n for n in names if n != name and min(photos[n].shape[:2]) >= side]
            host = crop(photos[name], side, rng)
            other = crop(photos[str(rng.choice(donors))], side, rng)
            mine, theirs = (delivered(p, past(rng)) if rng.random() < 0.7 else p for p in (host, other))
            share = drawn_mask(host.shape, rng)[..., None]
            forged = np.clip(np.rint(mine + share * (theirs.astype(np.float32) - mine)), 0, 255)
            quality = int(rng.choice([0, 0, 75, 85, 90, 95]))
            for pixels, truth in ((mine, False), (forged.astype(np.uint8), True)):
                media = open_bytes(saved(pixels, quality))
                seen = model.look(media.pixels)
                if len(seen.logits) >= LEAST_TILES:
                    out.append(Observation(seen.score, truth, name, quality_of(media)))
    return out


def area(negatives: np.ndarray, positives: np.ndarray) -> float:
    """Return the area under the ROC curve."""
    above = positives[:, None] > negatives[None]
    return float(above.mean() + 0.5 * (positives[:, None] == negatives[None]).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", type=Path, help="file to write the table to")
    arguments = parser.parse_args()
    from forensics.detectors.calibrating.fitting import fit_buckets, held_out
    from forensics.detectors.calibrating.table import CalibrationTable
    from forensics.detectors.calibration import cllr
    from forensics.evidence import Question

    seen = observed(sources(data_folder()))
    truth = np.array([o.truth for o in seen])
    scores, llrs = np.array([o.score for o in seen]), held_out(seen)
    table = CalibrationTable(
        code="two_stream.edge", detector="two_stream", version="1", question=Question.ALTERED, name=NAME,
        note=NOTE, buckets=fit_buckets(seen),
    )  # fmt: skip
    result = {
        "pictures": {"untouched": int((~truth).sum()), "forged": int(truth.sum())},
        "sources": len({o.source for o in seen}),
        "auc": round(area(scores[~truth], scores[truth]), 3),
        "cllr_held_out": round(cllr(llrs[~truth], llrs[truth]), 3),
        "largest_llr_of_an_untouched_one": round(float(llrs[~truth].max()), 2),
        "untouched_with_llr_above_0.3": round(float((llrs[~truth] > 0.3).mean()), 3),
        "forged_with_llr_above_0.3": round(float((llrs[truth] > 0.3).mean()), 3),
    }
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    write_result("two_stream_calibration", "python benchmarks/calibrate_two_stream.py", result)
    if arguments.write:
        arguments.write.write_text(table.model_dump_json(indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
