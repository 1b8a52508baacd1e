"""A network of somebody else, asked as its TOML says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.detectors.own.preparing import Shown, inputs_of, shown
from forensics.detectors.own.settings import InputSettings, OutputSettings
from forensics.errors import ModelError, UsageError
from forensics.runtime.batches import in_batches
from forensics.runtime.sessions import Session

__all__ = ["Looked", "OwnModel"]

Pixels = npt.NDArray[np.uint8]
Scores = npt.NDArray[np.float64]

_KINDS = ("float", "float16", "uint8")
_LEAST = 1e-7  # of a probability, and of what is missing to 1


@dataclass(frozen=True)
class Looked:
    """What a network said of a picture.

    Attributes:
        scores: (N,) of each piece; higher for yes.
        shown: The pieces.
    """

    scores: Scores
    shown: Shown

    @property
    def score(self) -> float:
        """Mean of all pieces."""
        return float(self.scores.mean())


class OwnModel:
    """A network and how it is asked.

    Args:
        session: The network.
        given: What it is shown.
        said: What it says.
        name: For messages.

    Raises:
        UsageError: The settings do not fit the network; the message says what it wants.
    """

    def __init__(self, session: Session, given: InputSettings, said: OutputSettings, name: str) -> None:
        self.session, self.given, self.said, self.name = session, given, said, name
        _check_inputs(session, given, name)
        _check_outputs(session, said, name)

    def look(self, picture: Pixels) -> Looked:
        """Return what the network says of a picture.

        Args:
            picture: (H, W, 3) uint8 RGB on its own grid.

        Raises:
            ModelError: It does not take it, or gives something else than numbers.
        """
        pieces = shown(picture, self.given)
        if not len(pieces.pixels):
            return Looked(np.empty(0), pieces)
        kind = self.session.takes[0].kind
        values = inputs_of(pieces.pixels, self.given, kind)
        outputs = in_batches(self.session, [values], self.given.batch)
        return Looked(_scores(outputs[self.said.number], self.said, self.name), pieces)


def _scores(output: npt.NDArray[Any], said: OutputSettings, name: str) -> Scores:
    """Return (N,) scores, higher for yes, of an output (N, ...)."""
    rows = output.reshape(len(output), -1)
    wanted = [0] if said.column is None else [said.column, *([] if said.against is None else [said.against])]
    if said.column is None and rows.shape[1] != 1:
        raise ModelError(
            f"{name} says {rows.shape[1]} values of each picture: `column` must say which", expected=1
        )
    if any(not -rows.shape[1] <= column < rows.shape[1] for column in wanted):
        raise ModelError(
            f"{name} says {rows.shape[1]} values of each picture: there is no column {max(wanted)}",
            expected=f"< {rows.shape[1]}",
        )
    found = rows[:, wanted].astype(np.float64)
    if not np.isfinite(found).all():
        raise ModelError(f"{name} gave no finite numbers for this picture")
    scores = found[:, 0] - (found[:, 1] if len(wanted) > 1 else 0.0)
    if said.meaning == "probability":
        scores = _logits(scores, name)
    return scores if said.synthetic == "high" else -scores


def _logits(shares: Scores, name: str) -> Scores:
    if shares.min() < -1e-3 or shares.max() > 1 + 1e-3:
        raise ModelError(
            f"{name} gave {shares.min():.4g} to {shares.max():.4g}, which are no probabilities: "
            "set `meaning` to logit or score",
            expected="0 to 1",
        )
    bounded = np.clip(shares, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(bounded / (1 - bounded)))


def _check_inputs(session: Session, given: InputSettings, name: str) -> None:
    takes = "; ".join(map(str, session.takes))
    if len(session.takes) != 1 or len(session.takes[0].shape) != 4 or session.takes[0].kind not in _KINDS:
        raise UsageError(
            f"{name} takes {takes or 'nothing'}: only networks with one input of 4 axes are asked, whose "
            f"values are {', '.join(_KINDS)}",
            actual=takes,
        )
    shape, kind = session.takes[0].shape, session.takes[0].kind
    _, planes, height, width = shape if given.layout == "nchw" else (shape[0], shape[3], *shape[1:3])
    side = None if given.size == "native" else given.side
    wrong = planes not in (None, given.planes) or any(n not in (None, side) for n in (height, width))
    if wrong:
        size = "any" if side is None else side
        axes = {"n": "n", "c": given.planes, "h": size, "w": size}
        said = ", ".join(str(axes[letter]) for letter in given.layout)
        raise UsageError(
            f"{name} takes {takes}, but [input] gives ({said}): set layout, colours, size and side",
            expected=takes,
            actual=said,
        )
    if kind == "uint8" and (given.range != 255 or given.mean or given.std):
        raise UsageError(f"{name} takes {takes}: set range to 255, and neither mean nor std", expected=takes)


def _check_outputs(session: Session, said: OutputSettings, name: str) -> None:
    if said.number >= len(session.gives):
        raise UsageError(
            f"{name} has {len(session.gives)} outputs: there is no number {said.number}",
            expected=f"< {len(session.gives)}",
            actual=said.number,
        )
