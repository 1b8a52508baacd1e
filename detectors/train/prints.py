"""Fingerprints of generators, from pictures of each."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from forensics.detectors.fingerprint.book import CORRELATE, NAMES
from forensics.detectors.fingerprint.residue import fingerprint_of, noise_residuals
from forensics.detectors.learned.tiles import cut_colour
from forensics.detectors.train.corpus import TEST, TRAIN, VALIDATION, Corpus
from forensics.errors import UsageError
from forensics.files import atomic_write
from forensics.training.card import Card, Origins, write_card
from forensics.training.export import export, halve, parity

__all__ = ["Correlating", "finish_prints", "prints_of"]

Floats = npt.NDArray[np.float32]

_LEAST = 8  # tiles of a generator
_LIMITS = (
    "Pictures as they came out of the generator, on its own grid: scaling, rotation and strong compression "
    "take a fingerprint away, and a decoder that reconstructs well hardly has one. A generator that is not "
    "in the book is taken for none."
)


class Correlating(nn.Module):
    """Normalised correlation with several fingerprints.

    Args:
        prints: (K, 3, S, S), each of norm 1.
    """

    def __init__(self, prints: Floats) -> None:
        super().__init__()
        self.prints = nn.Parameter(torch.from_numpy(prints.reshape(len(prints), -1).T.copy()))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, K) for (N, 3, S, S) residuals of norm 1."""
        return x.flatten(1) @ self.prints


def prints_of(corpus: Corpus, side: int) -> dict[str, Floats]:
    """Return the fingerprint of each maker, (3, S, S): the mean residual of what it made of photos.

    Args:
        corpus: Pictures; those of the split "train" are used.
        side: Of tiles.

    Raises:
        UsageError: A maker has too few pictures, or there are none.
    """
    train = corpus.split(TRAIN)
    found = {}
    for name in train.names:
        residuals = _residuals(train.where(train.makers == name), side)
        if len(residuals) < _LEAST:
            raise UsageError(f"{name}: {_LEAST} tiles are needed for a fingerprint", actual=len(residuals))
        found[name] = fingerprint_of(residuals)
    if not found:
        raise UsageError("there are no generated pictures to take fingerprints of")
    return found


def finish_prints(corpus: Corpus, side: int, folder: Path, origins: Origins) -> dict[str, float]:
    """Write a book of fingerprints; return what was measured on photos and pictures that were held out.

    Args:
        corpus: Pictures: prints are taken of the split "train", chance is measured on the photos of "val",
            and the rest on "test".
        side: Of tiles.
        folder: Where to.
        origins: For the card.

    Raises:
        UsageError: There are too few pictures of a maker, or of photos.
        ModelError: The file does not compute what its module does.
    """
    prints = prints_of(corpus, side)
    others = corpus.split(VALIDATION)  # the noise of photos that prints were taken of is in the prints
    photos = _residuals(others.where(~others.made), side)
    if len(photos) < _LEAST:
        raise UsageError(f"{_LEAST} tiles of photos in the split {VALIDATION} are needed", actual=len(photos))
    module = Correlating(np.stack(list(prints.values()))).eval()
    with torch.no_grad():
        module.prints.copy_(module.prints.to(torch.float16))
        null = module(torch.from_numpy(photos)).numpy()
    mean, deviation = null.mean(axis=0), null.std(axis=0) + 1e-6
    told = {"names": list(prints), "side": side, "mean": mean.tolist(), "deviation": deviation.tolist()}
    atomic_write(folder / NAMES, (json.dumps(told, indent=1) + "\n").encode())
    export(module, torch.from_numpy(photos[:2]), folder / CORRELATE, free=(0,))
    halve(folder / CORRELATE)
    gap = parity(module, folder / CORRELATE, [torch.from_numpy(photos[:4]), torch.from_numpy(photos[:1])])
    metrics = _measured(module, corpus.split(TEST), side, (mean, deviation), list(prints))
    card = Card(
        name="fingerprints",
        task="Says which of some generators a picture bears the fingerprint of.",
        source="Marra et al. 2019, arXiv:1812.11842; Yu et al. 2019, arXiv:1811.08180",
        data=origins.data, licence=origins.licence, command=origins.command,
        config={"side": side}, images=len(corpus), device="cpu",
        metrics={**metrics, "largest difference of ONNX and its model": gap}, limits=_LIMITS,
    )  # fmt: skip
    write_card(folder, card, {name: folder / name for name in (CORRELATE, NAMES)})
    return dict(card.metrics)


@torch.no_grad()
def _measured(
    module: Correlating, corpus: Corpus, side: int, null: tuple[Floats, Floats], names: list[str]
) -> dict[str, float]:
    """Return how often the right generator is named by a tile, and how often photos pass for any."""
    right = total = 0
    for number, name in enumerate(names):
        residuals = _residuals(corpus.where(corpus.makers == name), side)
        z = (module(torch.from_numpy(residuals)).numpy() - null[0]) / null[1]
        right += int((z.argmax(axis=1) == number).sum())
        total += len(z)
    photos = _residuals(corpus.where(~corpus.made), side)
    z = (module(torch.from_numpy(photos)).numpy() - null[0]) / null[1]
    return {
        "tiles named rightly": right / max(1, total),
        "by chance": 1.0 / len(names),
        "photos beyond 3 deviations of a fingerprint": float((z > 3.0).mean()) if len(z) else 0.0,
    }


def _residuals(corpus: Corpus, side: int) -> Floats:
    tiles = [cut_colour(picture, side).pixels for picture in corpus.pixels]
    found = [noise_residuals(part) for part in tiles if len(part)]
    return np.concatenate(found) if found else np.empty((0, 3, side, side), np.float32)
