"""Pictures to train on, all of them where it is computed, and batches of them by the number of a step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from forensics.errors import UsageError

__all__ = ["Batch", "Pictures", "drawing", "grid", "which_held_out"]

_HELD_OUT = 20  # of so many pictures one is for measuring only
_MOST_HELD_OUT = 0.5  # of all pieces
_LEAST = 2


@dataclass(frozen=True)
class Batch:
    """Some pictures.

    Attributes:
        x: (B, ...) as they are kept: pictures from 0 to 1, or latents.
        label: (B,) classes; None without.
    """

    x: Tensor
    label: Tensor | None


class Pictures:
    """Pictures, clips or latents on a device, one in twenty of them held out, always the same.

    Pieces of one picture or film are held out together, or none of them: they are alike. Where that would
    leave less than half to train on, as with one picture alone, one piece in twenty is held out.

    Args:
        values: (N, ...): uint8 with colours last, float32 latents with channels first, or int64 tokens.
        labels: (N,) classes; None without.
        device: Where they are kept.
        mirrored: Half of each batch is mirrored, left to right.
        origins: (N,) numbers of the pictures that they are pieces of; each is of another one if None.

    Raises:
        UsageError: There are fewer than two.
    """

    def __init__(
        self,
        values: npt.NDArray[np.uint8] | npt.NDArray[np.float32] | npt.NDArray[np.int64],
        labels: npt.NDArray[np.int64] | None,
        device: torch.device,
        *,
        mirrored: bool = True,
        origins: npt.NDArray[np.int64] | None = None,
    ) -> None:
        if len(values) < _LEAST:
            raise UsageError("training needs pictures", expected=f">= {_LEAST}", actual=len(values))
        held = which_held_out(np.arange(len(values)) if origins is None else origins)
        self.mirrored = mirrored
        self._values, self._labels = _there(values, labels, ~held, device)
        self.held_out = _batch(*_there(values, labels, held, device))

    def __len__(self) -> int:
        """Return how many there are to train on."""
        return len(self._values)

    @property
    def device(self) -> torch.device:
        """Where they are."""
        return self._values.device

    def batch(self, count: int, generator: torch.Generator) -> Batch:
        """Return some, drawn with repetition.

        Args:
            count: How many.
            generator: Draws them, on the device of the pictures.
        """
        index = torch.randint(len(self), (count,), generator=generator, device=self.device)
        found = _batch(self._values[index], None if self._labels is None else self._labels[index])
        if not self.mirrored:
            return found
        turned = torch.rand(count, generator=generator, device=self.device) < 0.5
        flip = turned.reshape(-1, *[1] * (found.x.ndim - 1))
        return Batch(torch.where(flip, found.x.flip(-1), found.x), found.label)


def drawing(device: torch.device, *numbers: int) -> torch.Generator:
    """Return what draws for a seed, a step and whatever else: other numbers, other draws."""
    (seed,) = np.random.SeedSequence(numbers).generate_state(1, np.uint64)
    return torch.Generator(device).manual_seed(int(seed >> np.uint64(1)))


def grid(x: Tensor, columns: int = 8) -> npt.NDArray[np.uint8]:
    """Return pictures side by side, (rows * S, columns * S, 3) uint8.

    Args:
        x: (N, 3, S, S), 0 to 1; what is beyond is cut.
        columns: In a row.
    """
    shown = (x.detach().float().clamp(0, 1) * 255).round().byte().cpu()
    missing = -len(shown) % columns
    shown = torch.cat([shown, shown.new_zeros(missing, *shown.shape[1:])])
    rows = shown.unflatten(0, (-1, columns)).permute(0, 3, 1, 4, 2)  # row, y, column, x, colour
    return np.ascontiguousarray(rows.flatten(2, 3).flatten(0, 1).numpy())


# Drawn: where classes take turns, every twentieth picture is of one class.
def which_held_out(origins: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return which pieces are held out, (N,): the same each time.

    Args:
        origins: (N,) numbers of the pictures that they are pieces of.
    """
    together = np.isin(origins, _one_in_twenty(np.unique(origins)))
    if together.mean() <= _MOST_HELD_OUT:
        return together
    numbers = np.arange(len(origins))
    return np.isin(numbers, _one_in_twenty(numbers))


def _one_in_twenty(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.random.default_rng(0).permutation(numbers)[::_HELD_OUT]


def _there(
    values: npt.NDArray[np.generic],
    labels: npt.NDArray[np.int64] | None,
    kept: npt.NDArray[np.bool_],
    device: torch.device,
) -> tuple[Tensor, Tensor | None]:
    found = torch.from_numpy(np.ascontiguousarray(values[kept])).to(device)
    return found, None if labels is None else torch.from_numpy(labels[kept]).to(device)


def _batch(values: Tensor, labels: Tensor | None) -> Batch:
    if values.dtype == torch.uint8:
        values = values.movedim(-1, -3).float() / 255.0
    return Batch(values, labels)
