"""The model store: weights that come with the suite, each with a card that says what they are."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from forensics.errors import ModelError

__all__ = ["Bundle", "bundled", "names", "open_bundle"]

CARD = "card.json"


@dataclass(frozen=True)
class Bundle:
    """A folder of model files with their card.

    Attributes:
        folder: Where it stands.
        card: What the card says: data, licence, seeds, metrics, and the SHA-256 of every file.
    """

    folder: Path
    card: dict[str, Any]

    def read(self, name: str) -> bytes:
        """Return the content of one of its files, which is as the card says.

        A file that it lacks is that of a model that comes with the suite, if one has the same: what several
        share, such as a codec, ships once.

        Raises:
            ModelError: The card does not name it, it cannot be read, or it was changed.
        """
        wanted = self.card.get("files", {}).get(name)
        if wanted is None:
            raise ModelError(f"{self.folder / CARD} names no file {name!r}", actual=name)
        path = self._place(name, wanted)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: {error.strerror}", actual=str(path)) from None
        found = hashlib.sha256(data).hexdigest()
        if found != wanted:
            raise ModelError(f"{path} is not the file that its card names", expected=wanted, actual=found)
        return data

    def _place(self, name: str, digest: str) -> Path:
        own = self.folder / name
        if own.exists():
            return own
        shared = (folder / name for folder in _shipped() if _card(folder)["files"].get(name) == digest)
        return next((path for path in shared if path.is_file()), own)


def names() -> tuple[str, ...]:
    """Return the names of the models that come with the suite."""
    return tuple(folder.name for folder in _shipped())


@cache
def bundled(name: str) -> Bundle:
    """Return a model that comes with the suite.

    Raises:
        ModelError: There is none of that name.
    """
    if name not in names():
        raise ModelError(f"no model {name!r} comes with the suite; there are: {', '.join(names())}")
    return open_bundle(_home() / name)


def open_bundle(folder: Path) -> Bundle:
    """Return the model in a folder.

    Raises:
        ModelError: It has no card that can be read.
    """
    return Bundle(folder, _card(folder))


def _card(folder: Path) -> dict[str, Any]:
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder / CARD}: {error}", actual=str(folder)) from None
    if not isinstance(card, dict) or not isinstance(card.get("files"), dict):
        raise ModelError(f"{folder / CARD} is no card of a model", actual=str(folder))
    return card


def _shipped() -> list[Path]:
    return sorted(folder for folder in _home().iterdir() if (folder / CARD).is_file())


def _home() -> Path:
    return Path(str(resources.files("forensics") / "models"))
