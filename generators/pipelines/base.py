"""What all pipelines share: requests, and pixels in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.generators.pipelines.recipe import Recipe

__all__ = ["Floats", "Network", "Pipeline", "Pixels", "Request", "chunks", "pixels_of"]

Floats: TypeAlias = npt.NDArray[np.float32]
Pixels: TypeAlias = npt.NDArray[np.uint8]
Network: TypeAlias = Callable[..., Any]  # arrays to an array, both float32 but for labels


@dataclass(frozen=True)
class Request:
    """What is to be drawn.

    Attributes:
        count: How many pictures.
        seed: Of all of them: picture number i depends on the seed and on i alone.
        label: Number of a class, -1 for any.
        steps: Of a sampler; those of the recipe if 0.
        guidance: How strongly the class is followed; 1 as it is.
        sampler: Name; that of the recipe if empty.
        batch: Pictures drawn at a time.
        temperature: Below one, likely pictures are drawn more often; of flows, tokens, grey levels
            and styles.
        more: Of clips: how many further pieces each is gone on with.
        prompt: What is to be seen, in words that the model knows; empty for anything.
    """

    count: int = 1
    seed: int = 0
    label: int = -1
    steps: int = 0
    guidance: float = 1.0
    sampler: str = ""
    batch: int = 16
    temperature: float = 1.0
    more: int = 0
    prompt: str = ""

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            UsageError: Nothing is asked for.
        """
        if self.count < 1 or self.batch < 1 or self.steps < 0 or self.seed < 0:
            raise UsageError("at least one picture is drawn, from a seed of zero or more", actual=self)


class Pipeline(Protocol):
    """Something that draws pictures."""

    recipe: Recipe

    def sample(self, request: Request) -> Iterator[Pixels]:
        """Yield pictures, (S, S, 3) uint8, or clips, (T, S, S, 3)."""
        ...


def chunks(request: Request) -> Iterator[Sequence[int]]:
    """Yield the numbers of the pictures that are drawn together."""
    for start in range(0, request.count, request.batch):
        yield range(start, min(start + request.batch, request.count))


def pixels_of(x: Floats) -> Iterator[Pixels]:
    """Yield the pictures of a batch with their colours last.

    Args:
        x: (N, ..., 3, H, W), 0 to 1; what is beyond is cut.
    """
    for picture in np.moveaxis(np.clip(x, 0.0, 1.0), -3, -1):
        yield np.ascontiguousarray(np.rint(picture * 255.0), dtype=np.uint8)
