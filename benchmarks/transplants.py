"""How well does a signed thumbnail tell a changed picture from another one?

    python benchmarks/transplants.py [--photos 600]

Compares photos with thumbnails of themselves after changes, and with thumbnails of other photos, as the audit
does for a credential whose hard binding fails, and counts on which side of the bounds they fall.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from common import data_folder, write_result

from forensics.detectors.jpeg.thumbnail import compare
from forensics.media import Pixels
from forensics.transplant import OTHER, SAME

SEED = 11


def _photos(count: int) -> list[Image.Image]:
    with tarfile.open(data_folder() / "photos" / "pack128_permissive.tar") as pack:
        names = [m for m in pack.getmembers() if m.isfile() and m.name.endswith(".jpg")]
        chosen = np.random.default_rng(SEED).permutation(len(names))[:count]
        return [Image.open(pack.extractfile(names[i])).convert("RGB") for i in chosen]  # type: ignore[arg-type]


def _jpeg30(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=30)
    return Image.open(buffer).convert("RGB")


def _pasted(image: Image.Image) -> Image.Image:
    """Cover a quarter of the side in the middle with grey: a 6 % change of area."""
    changed = image.copy()
    side = image.width // 4
    changed.paste((128, 128, 128), (3 * side // 2, 3 * side // 2, 5 * side // 2, 5 * side // 2))
    return changed


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "none": lambda image: image,
    "JPEG 30": _jpeg30,
    "brighter by half": lambda image: image.point([min(255, int(v * 1.5)) for v in range(256)] * 3),
    "a quarter of the side covered": _pasted,
}


def _luma(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("L"))


def _row(correlations: list[float]) -> dict[str, float | int]:
    values = np.array(correlations)
    return {
        "pairs": len(values),
        "said_same": int((values >= SAME).sum()),
        "said_other": int((values <= OTHER).sum()),
        "least": round(float(values.min()), 3),
        "median": round(float(np.median(values)), 3),
        "most": round(float(values.max()), 3),
    }


def main() -> None:
    """Run the benchmark and write benchmarks/results/transplants.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=600)
    count = parser.parse_args().photos
    photos = _photos(count)
    thumbnails = [_luma(p.resize((96, 96), Image.Resampling.LANCZOS)) for p in photos]
    table = {}
    for name, change in CHANGES.items():
        matches = [compare(_luma(change(p)), t) for p, t in zip(photos, thumbnails, strict=True)]
        table[f"same photo: {name}"] = _row([m.correlation for m in matches if m])
    shifted = [compare(_luma(p), t) for p, t in zip(photos, thumbnails[1:] + thumbnails[:1], strict=True)]
    table["another photo"] = _row([m.correlation for m in shifted if m])
    result = {"bounds": {"same": SAME, "other": OTHER}, "seed": SEED, "table": table}
    write_result("transplants", f"python benchmarks/transplants.py --photos {count}", result)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
