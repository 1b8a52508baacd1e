"""How networks that are no detectors of tiles want their input: a small file beside the ONNX file."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from forensics.errors import ModelError
from forensics.runtime.store import Bundle

__all__ = ["SETTINGS", "NetworkSettings", "settings_of"]

SETTINGS = "network.json"
_LEAST, _MOST = 8, 2048  # rows and columns
_CROPS = 100


@dataclass(frozen=True)
class NetworkSettings:
    """What a network takes.

    Attributes:
        method: Name of its detector.
        side: Rows and columns of its input.
        crops: Inputs for each look, whose answers are averaged.
    """

    method: str
    side: int
    crops: int


def settings_of(bundle: Bundle, methods: Collection[str]) -> NetworkSettings:
    """Return what the network in a bundle takes.

    Args:
        bundle: The model.
        methods: Of the detectors that may use it.

    Raises:
        ModelError: It is of another detector, a number cannot be, or the file is not that of its card.
    """
    try:
        told = json.loads(bundle.read(SETTINGS))
    except ValueError as error:
        raise ModelError(f"{bundle.folder / SETTINGS}: {error}") from None
    told = told if isinstance(told, dict) else {}
    method, side, crops = told.get("method"), told.get("side"), told.get("crops", 1)
    if method not in methods:
        raise ModelError(f"{bundle.folder} is no model of {', '.join(sorted(methods))}", actual=method)
    if type(side) is not int or type(crops) is not int or not _LEAST <= side <= _MOST:
        raise ModelError(
            f"{bundle.folder}: no network has such a side", expected=(_LEAST, _MOST), actual=side
        )
    if not 1 <= crops <= _CROPS:
        raise ModelError(f"{bundle.folder}: too many or too few crops", expected=(1, _CROPS), actual=crops)
    return NetworkSettings(str(method), side, crops)
