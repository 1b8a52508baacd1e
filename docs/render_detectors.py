"""Render docs/detectors.md from the registry: `python docs/render_detectors.py`."""

from __future__ import annotations

from pathlib import Path

from forensics.detectors.base import DETECTORS, DetectorInfo

__all__ = ["render"]

HEAD = """\
# Detectors

<!-- Rendered by docs/render_detectors.py from the registry; change the code, not this page. -->

They look at pixels and file structure. All but `watermark`, which finds the marks of your own keys, are passive, and
none of those proves anything. `forensics detectors` prints the same for what is installed, plug-ins included. Each says `not_applicable`, with the reason, where it can say nothing.
"""

TAIL = """
## Add your own

An ONNX file of yours needs no code, only a small TOML: see [ONNX](onnx.md). Any other detector is a class with an `info` and an `examine` method. Register it through an entry point of your package:

```toml
[project.entry-points."forensics.detectors"]
mine = "my_package.detector:MyDetector"
```

```python
from forensics.detectors.base import Detector, DetectorInfo
from forensics.evidence import Evidence
from forensics.media import Media


class MyDetector(Detector):
    info = DetectorInfo(...)

    def examine(self, media: Media) -> tuple[Evidence, ...]: ...
```

It is asked only about files whose pixels can be decoded, unless its `info` says `needs_pixels=False`. An opinion without
a likelihood ratio or p-value, or without its calibration, is refused when it is constructed. A name
that is taken is an error, so no plug-in can replace a detector of the suite.
"""


def section(info: DetectorInfo) -> str:
    """Return the section of one detector."""
    calibration = "none: it reads claims"
    if info.calibration:
        c = info.calibration
        counts = f" ({c.negatives} without, {c.positives} with)" if c.negatives or c.positives else ""
        calibration = f"{c.name}{counts}. {c.note}".strip()
    rows = (
        ("looks for", info.title),
        ("answers", ", ".join(f"`{question.value}`" for question in info.questions)),
        ("reads", ", ".join(kind.value for kind in info.kinds)),
        ("needs", info.needs or "nothing beyond the base installation"),
        ("source", info.source),
        ("calibration", calibration),
        ("misleads", info.limits),
    )
    lines = "\n".join(f"| {name} | {value.replace('|', '&#124;')} |" for name, value in rows)
    return f"\n## {info.name}\n\n| | version {info.version} |\n|---|---|\n{lines}\n"


def render() -> str:
    """Return the whole page."""
    return HEAD + "".join(section(detector.info) for detector in DETECTORS) + TAIL


if __name__ == "__main__":
    Path(__file__).with_name("detectors.md").write_text(render(), encoding="utf-8")
