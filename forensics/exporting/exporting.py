"""From a model of the suite to a folder with the same networks as they are wanted, and what that costs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics import __version__
from forensics.detectors.learned.model import METHOD, TABLE
from forensics.errors import UsageError
from forensics.exporting.cards import export_text
from forensics.exporting.graphs import Precision, fixed, to_half, to_int8
from forensics.exporting.inputs import inputs_of, side_of, splits
from forensics.exporting.losses import Loss, answers, loss_of
from forensics.exporting.parity import parity_of
from forensics.files import atomic_write
from forensics.runtime.onnx_file import onnx_section
from forensics.runtime.sessions import Session, providers
from forensics.runtime.store import CARD, Bundle, bundled, names, open_bundle

__all__ = ["Exported", "Wanted", "export_model", "networks_of", "opened"]

Pixels = npt.NDArray[np.uint8]

_WEIGHTS = ".safetensors"
_RANGES = 4  # one in so many inputs gives the ranges of int8; what is lost is measured on the others
_COMPARED = 4  # inputs that PyTorch is given as well


@dataclass(frozen=True)
class Wanted:
    """How a model is wanted.

    Attributes:
        precision: Of its numbers.
        side: Of its inputs, fixed; free if 0.
        batch: Likewise.
    """

    precision: Precision = Precision.FP32
    side: int = 0
    batch: int = 0


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        folder: Where.
        files: Bytes of each network before and now.
        losses: Of each network against what it was made of.
        parity: Of each against its module of PyTorch, where that could be measured, before it was changed.
        left_out: Files that hold no longer, and are not there.
        onnx: Versions, as in the card.
    """

    folder: Path
    files: Mapping[str, tuple[int, int]]
    losses: Sequence[Loss]
    parity: Mapping[str, Loss]
    left_out: Sequence[str]
    onnx: Mapping[str, Any]


def opened(model: str) -> Bundle:
    """Return a model by its folder, or its name if it comes with the suite.

    Raises:
        ModelError: The folder holds none.
        UsageError: There is none of that name.
    """
    if Path(model).is_dir():
        return open_bundle(Path(model))
    if model not in names():
        raise UsageError(
            f"no model {model!r}: neither a folder nor one of {', '.join(names())}", actual=model
        )
    return bundled(model)


def networks_of(bundle: Bundle) -> dict[str, bytes]:
    """Return the content of the ONNX files of a model by name.

    Raises:
        ModelError: They are not those of its card.
        UsageError: It has none.
    """
    found = {name: bundle.read(name) for name in bundle.card["files"] if name.endswith(".onnx")}
    if not found:
        raise UsageError(f"{bundle.folder} has no network in ONNX", actual=str(bundle.folder))
    return found


def export_model(
    bundle: Bundle,
    folder: Path,
    wanted: Wanted,
    pictures: Pixels,
    truth: npt.NDArray[np.bool_] | None = None,
    data: str = "",
) -> Exported:
    """Write a model as it is wanted, with a card that says what it lost.

    Args:
        bundle: The model.
        folder: Where to; new, empty, or written by an earlier export.
        wanted: How.
        pictures: (N, S, S, 3) uint8 RGB that the loss is measured on; the first of them also give the ranges
            of int8.
        truth: (N,) whether they are generated; None if that is not known.
        data: What they are, for the card.

    Raises:
        MissingExtra: onnx or ONNX Runtime is not installed.
        ModelError: A network is not that of its card, does not compute what its module of PyTorch does, or
            gives no numbers any more.
        UsageError: The model has no network that can be made so, or the folder holds something else.
    """
    _check_target(folder)
    before = networks_of(bundle)
    sessions = {name: Session(data) for name, data in before.items()}
    cut = _cut(pictures, side_of(sessions, _picture_side(sessions, wanted.side)))
    inputs = inputs_of(bundle, sessions, cut)
    after = {name: _made(data, wanted, inputs[name]) for name, data in before.items()}
    known = _ranges(len(cut)) if wanted.precision is Precision.INT8 else 0
    shown = {name: [values[known:] for values in each] for name, each in inputs.items()}
    truth = None if truth is None else truth[known:]
    losses = [
        loss_of(name, answers(sessions[name], shown[name]), answers(Session(after[name]), shown[name]), truth)
        for name in before
    ]
    parity = parity_of(bundle, sessions, {name: [v[:_COMPARED] for v in inputs[name]] for name in inputs})
    changed = before != after
    left_out = [TABLE] if changed and TABLE in bundle.card["files"] else []
    made = Exported(
        folder,
        {name: (len(before[name]), len(after[name])) for name in before},
        losses,
        parity,
        left_out,
        onnx_section(after),
    )
    _write(bundle, made, after, wanted, data)
    return made


def _made(data: bytes, wanted: Wanted, inputs: Sequence[Any]) -> bytes:
    if wanted.precision is Precision.FP16:
        data = to_half(data)
    elif wanted.precision is Precision.INT8:
        data = to_int8(data, splits([values[: _ranges(len(inputs[0]))] for values in inputs], 2))
    return fixed(data, wanted.side if inputs[0].ndim == 4 else 0, wanted.batch)


def _picture_side(sessions: Mapping[str, Session], side: int) -> int:
    """Return the side of pictures for a wanted side of inputs, which may be latents."""
    latent = not any(s.shapes[0][1:2] in ((1,), (3,)) for s in sessions.values() if s.shapes)
    return 4 * side if side and latent else side


def _cut(pictures: Pixels, side: int) -> Pixels:
    if pictures.shape[1] < side:
        raise UsageError(
            f"the model takes pictures of {side} pixels, and these have {pictures.shape[1]}",
            expected=side,
            actual=pictures.shape[1],
        )
    return np.ascontiguousarray(pictures[:, :side, :side])


def _ranges(count: int) -> int:
    return max(1, count // _RANGES)


def _check_target(folder: Path) -> None:
    """Refuse a folder that holds anything but an earlier export."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", actual=str(folder))
    if any(folder.iterdir()) and not _is_export(folder):
        raise UsageError(f"{folder} holds something else: name a new folder", actual=str(folder))


def _is_export(folder: Path) -> bool:
    try:
        return "export" in json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def _write(bundle: Bundle, made: Exported, networks: Mapping[str, bytes], wanted: Wanted, data: str) -> None:
    """Write the files, and the card last: it holds for what is there."""
    others = {
        name: bundle.read(name)
        for name in bundle.card["files"]
        if not name.endswith((".onnx", _WEIGHTS)) and name not in made.left_out
    }
    content = {**others, **networks}
    export = {
        "of": {name: digest for name, digest in bundle.card["files"].items() if name.endswith(".onnx")},
        "precision": wanted.precision.value,
        "side": wanted.side or None,
        "batch": wanted.batch or None,
        "measured on": data,
        "measured by": list(providers()),
        "losses": [loss.model_dump() for loss in made.losses],
        "parity with PyTorch": [loss.model_dump() for loss in made.parity.values()],
        "left out": list(made.left_out),
    }
    card = {
        **{key: value for key, value in bundle.card.items() if key not in ("files", "bytes", "onnx")},
        "suite": __version__,
        "onnx": dict(made.onnx),
        "export": export,
        "files": {name: hashlib.sha256(value).hexdigest() for name, value in content.items()},
        "bytes": sum(map(len, content.values())),
    }
    try:
        made.folder.mkdir(parents=True, exist_ok=True)
        for name, value in content.items():
            atomic_write(made.folder / name, value)
        if METHOD in content and TABLE in made.left_out:
            (made.folder / TABLE).unlink(missing_ok=True)
        atomic_write(made.folder / "card.md", export_text(card).encode())
        atomic_write(made.folder / CARD, (json.dumps(card, indent=2) + "\n").encode())
    except OSError as error:
        raise UsageError(f"cannot write to {made.folder}: {error.strerror or error}") from None
