"""Maps over a picture as PNG: a heat map, and the picture with the heat laid over it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forensics.audit_report import AuditReport
from forensics.evidence import Evidence, EvidenceMap
from forensics.files import atomic_write
from forensics.media import Pixels

__all__ = ["heat", "is_map_name", "png", "preview", "write_maps"]

# Support points of a perceptually even dark-to-light map (after matplotlib's "inferno").
STOPS = np.array(
    [
        [0, 0, 4],
        [40, 11, 84],
        [101, 21, 110],
        [159, 42, 99],
        [212, 72, 66],
        [245, 125, 21],
        [250, 193, 39],
        [252, 255, 164],
    ],
    dtype=np.float32,
)
MOST_SIDE = 1024
NAME = re.compile(r"(?:[0-9a-f]{12}|file)-\w+-\w+\.png")


def heat(values: npt.NDArray[np.float32]) -> Pixels:
    """Colour a map.

    Args:
        values: (h, w) in [0, 1]; values outside are clipped, NaN is 0.

    Returns:
        (h, w, 3) uint8 RGB.
    """
    clean = np.clip(np.nan_to_num(values, nan=0.0), 0.0, 1.0)
    position = np.linspace(0.0, 1.0, len(STOPS))
    channels = [np.interp(clean, position, STOPS[:, c]) for c in range(3)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def png(pixels: Pixels) -> bytes:
    """Encode (H, W, 3) or (H, W) uint8 as PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def preview(pixels: Pixels, side: int = 720) -> bytes:
    """Return a small JPEG of a picture, re-encoded: nothing of the original file is in it.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        side: Longest side of the result in pixels.
    """
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def is_map_name(name: str) -> bool:
    """Return whether a file name may be one that `write_maps` gives."""
    return NAME.fullmatch(name) is not None


def write_maps(report: AuditReport, folder: Path) -> AuditReport:
    """Write every map of a report as PNG and return the report naming the files.

    Args:
        report: The report.
        folder: Where to; it is made if missing. Files are called
            `<first 12 of sha256>-<detector>-<map>.png`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    evidence = tuple(_with_files(item, report.sha256[:12] or "file", folder) for item in report.evidence)
    return report.model_copy(update={"evidence": evidence})


def _with_files(item: Evidence, prefix: str, folder: Path) -> Evidence:
    maps = []
    for one in item.maps:
        name = f"{prefix}-{item.detector}-{one.name}.png"
        atomic_write(folder / name, png(heat(_bounded(one))))
        maps.append(one.model_copy(update={"file": name}))
    return item.model_copy(update={"maps": tuple(maps)})


def _bounded(one: EvidenceMap) -> npt.NDArray[np.float32]:
    step = max(1, -(-max(one.values.shape) // MOST_SIDE))
    return one.values[::step, ::step]
