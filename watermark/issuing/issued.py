"""What makes a decoder somebody's own: one tile, in a small file that holds no key."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.files import atomic_write
from forensics.watermark.decoders import signature
from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, Payload
from forensics.watermark.spread.carriers import SIDE

__all__ = ["IssuedDecoder", "issue", "load_issued", "save_issued"]

Floats = npt.NDArray[np.float32]

_FORMAT = "forensics signed decoder 1"
_MOST_BYTES = 1_000_000
_TILE = "<f2"


@dataclass(frozen=True, eq=False)
class IssuedDecoder:
    """What somebody signs with who holds no key.

    Attributes:
        name: Of the holder.
        key: Id of the key that finds the mark; not the key.
        payload: What the mark says.
        sha256: Of the network that it is for, in hex: the file of the model that the decoder stands for.
        tile: (64, 64) float32, rounded to 16 bits.
    """

    name: str
    key: str
    payload: Payload
    sha256: str
    tile: Floats


def issue(key: Key, name: str, identity: str, sha256: str, layout: str = "standard") -> IssuedDecoder:
    """Return a decoder of somebody's own.

    Args:
        key: Of the issuer.
        name: Of the holder.
        identity: Of the holder, in hexadecimal digits.
        sha256: Of the network that it is for.
        layout: Name of the layout.

    Raises:
        UsageError: The identity does not fit into the layout.
    """
    signs = signature(key, identity, layout)
    tile = signs.tile.astype(_TILE).astype(np.float32)
    return IssuedDecoder(name, key.id, signs.payload, sha256, tile)


def save_issued(decoder: IssuedDecoder, path: Path) -> None:
    """Write what somebody signs with to a file that only its owner may read.

    Raises:
        OSError: It cannot be written.
    """
    said = {
        "format": _FORMAT,
        "name": decoder.name,
        "key": decoder.key,
        "layout": decoder.payload.layout,
        "version": decoder.payload.version,
        "identity": decoder.payload.identity,
        "signs": decoder.sha256,
        "tile": base64.b64encode(decoder.tile.astype(_TILE).tobytes()).decode(),
    }
    atomic_write(path, (json.dumps(said, indent=2) + "\n").encode(), mode=0o600)


def load_issued(path: Path) -> IssuedDecoder:
    """Read what `save_issued` wrote.

    Raises:
        UsageError: The file is missing, or is none.
    """
    try:
        with path.open("rb") as file:
            said = json.loads(file.read(_MOST_BYTES))
        if said["format"] != _FORMAT:
            raise ValueError("another format")
        tile = np.frombuffer(base64.b64decode(said["tile"], validate=True), _TILE).astype(np.float32)
        layout = LAYOUTS[said["layout"]]
        identity = f"{int(said['identity'], 16):0{layout.digits}x}"
        payload = Payload(layout.name, int(said["version"]), identity, verified=True)
        return IssuedDecoder(
            str(said["name"]),
            str(said["key"]),
            payload,
            str(said["signs"]),
            _checked(tile.reshape(SIDE, SIDE)),
        )
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(
            f"{path} is no decoder of somebody's own; make one with: forensics keys issue"
        ) from None


def _checked(tile: Floats) -> Floats:
    """Return a tile of finite values and about unit mean square.

    Raises:
        ValueError: It is none.
    """
    if not np.isfinite(tile).all() or not 0.9 < float((tile**2).mean()) < 1.1:
        raise ValueError("no tile")
    return tile
