"""Reading what a page is made of, by other means than those that wrote it."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

CALL = re.compile(r'forensicsPage\.arrived\("([a-z]+)",(\d+),"([A-Za-z0-9+/=:;]*)"\);\n')
META = re.compile(r"forensicsPage\.meta = JSON\.parse\((.*)\);\n")


def texts(folder: Path, kind: str) -> list[str]:
    """Return what the files of a kind hold, in order."""
    found = []
    for number, path in enumerate(sorted((folder / "data").glob(f"{kind}-*.js"))):
        match = CALL.fullmatch(path.read_text(encoding="ascii"))
        assert match is not None, path
        assert (match[1], int(match[2])) == (kind, number)
        found.append(match[3])
    return found


def bodies(folder: Path, kind: str) -> list[bytes]:
    return [zlib.decompress(base64.b64decode(text, validate=True)) for text in texts(folder, kind)]


def records(folder: Path, kind: str) -> list[Any]:
    return [json.loads(body) for body in bodies(folder, kind)]


def meta(folder: Path) -> dict[str, Any]:
    text = (folder / "data" / "meta.js").read_text(encoding="ascii")
    match = META.fullmatch(text)
    assert match is not None
    found: dict[str, Any] = json.loads(json.loads(match[1]))
    return found


def columns(folder: Path) -> dict[str, npt.NDArray[Any]]:
    """Return the columns; each has to start where a typed array of its kind may start."""
    parts: dict[str, list[npt.NDArray[Any]]] = {}
    layout = [(key, np.dtype(kind).newbyteorder("<")) for key, kind in meta(folder)["layout"]]
    width = sum(kind.itemsize for _, kind in layout)
    for body in bodies(folder, "index"):
        count, rest = divmod(len(body), width)
        assert rest == 0
        place = 0
        for key, kind in layout:
            assert place % kind.itemsize == 0
            parts.setdefault(key, []).append(np.frombuffer(body, kind, count, place))
            place += count * kind.itemsize
    return {key: np.concatenate(found) for key, found in parts.items()}


def pictures(folder: Path) -> dict[int, bytes]:
    pieces = [piece.split(":") for text in texts(folder, "previews") for piece in text.split(";")]
    return {int(number): base64.b64decode(body, validate=True) for number, body in pieces}
