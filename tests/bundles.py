"""Models on disk, made by hand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

__all__ = ["written"]


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into a folder, with a card that lists their digests."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    (folder / "card.json").write_text(json.dumps({"name": folder.name, "files": digests}))
    return folder
