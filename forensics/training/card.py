"""Model cards: what weights are, what they were made of, and how well they do."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from forensics import __version__
from forensics.files import atomic_write
from forensics.runtime.onnx_file import onnx_section
from forensics.runtime.store import CARD

__all__ = ["Card", "Origins", "write_card"]


@dataclass(frozen=True)
class Origins:
    """Where a model comes from.

    Attributes:
        data: What its pictures are.
        licence: Theirs.
        command: That trained it.
    """

    data: str
    licence: str
    command: str


@dataclass(frozen=True)
class Card:
    """What is to be said of a model.

    Attributes:
        name: Of the model.
        task: What it does, in one sentence.
        source: Paper.
        data: What it was trained on.
        licence: Of that data.
        command: That makes it.
        config: Of the run.
        images: Pictures seen in training.
        device: Where it was trained.
        metrics: Named numbers; the names say on what.
        limits: What it cannot do, in sentences.
        seconds: That the training took; 0 if nobody counted.
    """

    name: str
    task: str
    source: str
    data: str
    licence: str
    command: str
    config: Mapping[str, Any]
    images: int
    device: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    limits: str = ""
    seconds: float = 0.0


def write_card(folder: Path, card: Card, files: Mapping[str, Path]) -> None:
    """Write card.json, with the SHA-256 of every file and what its ONNX files say, and card.md for people.

    Args:
        folder: Of the model.
        card: What to say.
        files: The model's files in that folder, by name.
    """
    config = json.dumps(card.config, sort_keys=True)
    content = {name: path.read_bytes() for name, path in files.items()}
    record = {
        **vars(card),
        "config_sha256": hashlib.sha256(config.encode()).hexdigest(),
        "suite": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "onnx": onnx_section(content),
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in content.items()},
        "bytes": sum(map(len, content.values())),
    }
    atomic_write(folder / CARD, (json.dumps(record, indent=2) + "\n").encode())
    atomic_write(folder / "card.md", _markdown(card, record).encode())


def _markdown(card: Card, record: Mapping[str, Any]) -> str:
    rows = "\n".join(f"| {name} | {value:.4g} |" for name, value in card.metrics.items())
    took = f" in {card.seconds / 60.0:.1f} minutes" if card.seconds else ""
    files = "\n".join(f"- `{name}`: SHA-256 `{digest}`" for name, digest in record["files"].items())
    return f"""# {card.name}

{card.task}

- source: {card.source}
- data: {card.data} ({card.licence})
- trained with: `{card.command}` on {card.device}, {card.images:,} pictures seen{took}
- PyTorch {record["torch"]}, suite {record["suite"]}, {record["bytes"]:,} bytes
{_versions(record)}
| measured | value |
|---|--:|
{rows}

**Limits.** {card.limits}

{files}
"""


def _versions(record: Mapping[str, Any]) -> str:
    """Return a line on each version of ONNX; nothing where there is no such file."""
    there = sorted({(one["opset"], one["ir"]) for one in record["onnx"].values()})
    return "".join(f"- ONNX: operators of version {opset}, format {ir}\n" for opset, ir in there)
