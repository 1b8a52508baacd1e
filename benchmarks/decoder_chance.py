"""What chance makes of bits: unmarked pictures read under keys that never marked anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from decoder_signing import key_of
from scipy.stats import binom, chisquare

from forensics.generators.pipelines.base import Pixels
from forensics.watermark.codecs import codec_named
from forensics.watermark.decoders import BITS
from forensics.watermark.keys import Key
from forensics.watermark.spread.carriers import SIDE, make_plan
from forensics.watermark.spread.embedding import Placement, read_bits
from forensics.watermark.spread.plane import NAMINGS, seen_on_tile
from forensics.watermark.spread.reading import ring_gains
from forensics.watermark.spread.sync import strongest
from forensics.watermark.spread.views import views_of
from forensics.watermark.statistics import bit_match_p_value

__all__ = ["bits_of_chance", "soft_bits", "thresholds"]

Floats = npt.NDArray[np.float32]
LEAST_EXPECTED = 5  # of a class of the chi-square test
DRAWN = 200  # tables of fair bits that correlations are compared with
CODES, RATES = (32, 48, 64, 100, 128, 256), (1e-3, 1e-6, 1e-9)
HOLDERS = (1000, 100_000, 1_000_000)


def soft_bits(picture: Pixels, keys: Iterable[Key], count: int) -> Floats:
    """Return (keys, count) bits where each key's mark is likeliest on the picture's own grid, any way up.

    The same place and the same weights as in `read_raw`; lattices are left out, so that the spectrum of the
    mean tile is computed once for all keys.
    """
    luma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
    view = views_of(luma, front=codec_named("learned").front)[0]
    spectra = [
        np.fft.rfft2(_named(np.fft.irfft2(view.tile(alternating=False)), n)) for n in range(len(NAMINGS))
    ]
    found = []
    for key in keys:
        plan = make_plan(key, count)
        number, sync = strongest(seen_on_tile(view.tile(alternating=False), plan), plan)[0]
        spectrum = np.asarray(spectra[number], np.complex64)
        place = Placement(sync.variant, sync.row, sync.column)
        gains = ring_gains(spectrum, plan, place)[1]
        found.append(read_bits(spectrum, plan, place, count, gains))
    return np.stack(found)


def _named(tile: npt.NDArray[np.float64], number: int) -> npt.NDArray[np.float64]:
    """Return a periodic tile with its axes named in one of the eight ways."""
    y, x = np.indices(tile.shape)
    to_x, to_y = (np.rint(NAMINGS[number] @ np.stack([x.ravel(), y.ravel()])).astype(int)) % SIDE
    return np.asarray(tile[to_y, to_x].reshape(tile.shape))


def bits_of_chance(pictures: Sequence[Pixels], keys: int) -> dict[str, Any]:
    """Return how the right bits of unmarked pictures are distributed, for a word of nothing but ones.

    Args:
        pictures: Without a mark.
        keys: Fresh ones for each picture.
    """
    soft = np.concatenate(
        [
            soft_bits(one, [key_of(10**6 + keys * number + n) for n in range(keys)], BITS)
            for number, one in enumerate(pictures)
        ]
    )
    right = (soft > 0).sum(axis=1)
    largest, of_chance = _largest((soft > 0).astype(np.float64)), _drawn(len(soft))
    return {
        "pictures": len(pictures),
        "keys": keys,
        "bits": BITS,
        "mean": round(float(right.mean()), 3),
        "variance": round(float(right.var()), 3),
        "expected": [BITS / 2, BITS / 4],
        "most": int(right.max()),
        "p_chi_square": round(fit(right, BITS), 4),
        "p_of_each_picture": [round(fit(part, BITS), 4) for part in np.split(right, len(pictures))],
        "largest_correlation": round(largest, 4),
        "by_chance_median": round(float(np.median(of_chance)), 4),
        "by_chance_19_of_20": round(float(np.quantile(of_chance, 0.95)), 4),
        "most_one_sided_bit": round(float(np.abs((soft > 0).mean(axis=0) - 0.5).max() + 0.5), 4),
    }


def fit(right: npt.NDArray[np.int64], bits: int) -> float:
    """Return the p-value of the chi-square test against fair bits, with rare ends taken together."""
    expected = binom.pmf(np.arange(bits + 1), bits, 0.5) * len(right)
    seen = np.bincount(right, minlength=bits + 1)
    kept = np.flatnonzero(expected >= LEAST_EXPECTED)
    low, high = kept[0], kept[-1]
    ends = [(v[: low + 1].sum(), *v[low + 1 : high], v[high:].sum()) for v in (seen, expected)]
    return float(chisquare(*ends).pvalue)


def _largest(bits: npt.NDArray[np.float64]) -> float:
    """Return the largest correlation of two columns, either way."""
    found = np.corrcoef(bits.T)
    return float(np.abs(found[np.triu_indices(len(found), 1)]).max())


def _drawn(rows: int) -> list[float]:
    rng = np.random.default_rng(7)
    return [_largest(rng.integers(0, 2, (rows, BITS)).astype(np.float64)) for _ in range(DRAWN)]


def thresholds() -> list[dict[str, Any]]:
    """Return how many bits have to be right for rates, and for any of many holders at one in a million."""
    rows = []
    for bits in CODES:
        row: dict[str, Any] = {"bits": bits}
        for rate in RATES:
            row[f"{rate:g}"] = _least(bits, rate)
        for holders in HOLDERS:
            row[f"{holders} holders"] = _least(bits, 1e-6 / holders)
        rows.append(row)
    return rows


def _least(bits: int, rate: float) -> int | None:
    return next((k for k in range(bits + 1) if bit_match_p_value(k, bits) <= rate), None)
