"""What do the two streams say of splices that others made, and what do they cost?

    python benchmarks/two_stream.py

Test pictures: 12 pairs of CASIA 1 (tampered, authentic), decoded JPEGs as PNG, and the same saved again as
JPEG. None of them was learned or calibrated on. Cost: a camera JPEG of 12 megapixels, once it is decoded.
"""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from common import data_folder, write_result

PICTURE = "photos/native/Canon_EOS_5D.jpg"
DRAWS = 2000


def saved_again(path: Path, quality: int) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    with Image.open(path) as picture:
        picture.convert("RGB").save(file, "JPEG", quality=quality)
    return file.getvalue()


def told(paths: list[Path], quality: int) -> np.ndarray:
    """Return scores; not a number where the method does not apply."""
    from forensics.detectors.two_stream import TwoStream
    from forensics.media import open_bytes

    scores = []
    for path in paths:
        data = saved_again(path, quality) if quality else path.read_bytes()
        (found,) = TwoStream().examine(open_bytes(data))
        scores.append(next((float(m.value) for m in found.measurements if m.name == "score"), np.nan))
    return np.array(scores)


def area(negatives: np.ndarray, positives: np.ndarray) -> float:
    above = positives[:, None] > negatives[None]
    return float(above.mean() + 0.5 * (positives[:, None] == negatives[None]).mean())


def compared(untouched: list[Path], forged: list[Path], quality: int) -> dict[str, Any]:
    """Return how both kinds are told apart; pairs are drawn again together for the interval."""
    a, b = told(untouched, quality), told(forged, quality)
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    rng = np.random.default_rng(0)
    draws = [area(a[i], b[i]) for i in rng.integers(len(a), size=(DRAWS, len(a)))]
    return {
        "pairs": int(both.sum()),
        "auc": round(area(a, b), 3),
        "auc_95": [round(float(v), 3) for v in np.quantile(draws, [0.025, 0.975])],
        "forged_one_higher": round(float((b > a).mean()), 3),
    }


def seconds(path: Path) -> dict[str, float]:
    from forensics.detectors.two_stream import TwoStream
    from forensics.media import open_media

    media = open_media(path)
    megapixels = media.pixels.size / 3e6
    detector, taken = TwoStream(), []
    for _ in range(5):
        start = time.process_time()
        detector.examine(media)
        taken.append(time.process_time() - start)
    return {"megapixels": round(megapixels, 1), "processor_seconds": round(float(np.median(taken)), 3)}


def main() -> None:
    folder = data_folder()
    casia = sorted((folder / "tamper" / "casia1").glob("*_authentic.png"))
    forged = [path.with_name(path.name.replace("authentic", "tampered")) for path in casia]
    result = {
        "casia1": {
            name: compared(casia, forged, quality)
            for name, quality in (("as they are", 0), ("JPEG 90", 90), ("JPEG 75", 75))
        },
        "cost": seconds(folder / PICTURE),
    }
    path = write_result("two_stream", "python benchmarks/two_stream.py", result)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
