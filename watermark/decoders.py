"""What a decoder that signs puts into its pictures: the tile of a key and a payload, at a fixed place.

The same bins as a mark of `spread`, so that its search finds it, whatever was done to the picture; nothing
that depends on the picture, so that nothing tells a mark that was copied from one that is at home.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from forensics.watermark.attacks import parse_attack
from forensics.watermark.codecs import available, codec_named
from forensics.watermark.detection import Pixels
from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, SIGNED, Payload, message, parse_identity
from forensics.watermark.spread.carriers import Plan, bins, make_plan, tile_of
from forensics.watermark.spread.codec import Codec
from forensics.watermark.spread.embedding import data_values, read_bits
from forensics.watermark.spread.nulls import of_searches, shipped
from forensics.watermark.spread.reading import ring_gains
from forensics.watermark.spread.searching import Candidate, align, on_lattices, on_own_grid
from forensics.watermark.spread.views import views_of

__all__ = [
    "BITS",
    "CONTRACT",
    "SIGNED_DECODER",
    "SIGNING",
    "WEIGHTS",
    "RawWord",
    "Signature",
    "accuracies",
    "raw_tile",
    "read_raw",
    "signature",
    "tile_agreement",
]

Floats = npt.NDArray[np.float32]

SIGNED_DECODER, SIGNING, WEIGHTS = "signing.onnx", "signing.json", "weights.safetensors"  # of a model
BITS = 48  # of the words that decoders are judged by, as in arXiv:2303.15435
# What is done to pictures of 128 pixels, and the share of these bits that has to be read right after it.
CONTRACT: Mapping[str, float] = {
    "none": 0.999,
    "jpeg:50": 0.99,
    "resize:0.7": 0.99,
    "rotate:10": 0.95,
    "crop:0.5+brightness:1.5+jpeg:80": 0.95,
}
_SYNC_SHARE = 0.45  # of the energy
_LEAST_SIDE = 32  # half a tile
_PLACES = 4  # of each search, at which bits are read without a code
_STRONG = 1.5  # deviations, of bits that can just be read


@dataclass(frozen=True)
class Signature:
    """What one decoder signs with.

    Attributes:
        payload: What its mark says.
        tile: (64, 64) float32, of unit mean square.
    """

    payload: Payload
    tile: Floats


@dataclass(frozen=True)
class RawWord:
    """Bits as they were read, without a code that would mend them.

    Attributes:
        soft: (n,) float32, positive for +1, in units of their noise.
        log10_sync: log10 p-value of the place at which they were read.
    """

    soft: Floats
    log10_sync: float


def signature(key: Key, identity: str, layout: str = "standard", sync: float = _SYNC_SHARE) -> Signature:
    """Return what a decoder signs with.

    Args:
        key: The secret of whoever issues decoders.
        identity: Whose decoder it is, in hexadecimal digits.
        layout: Name of the layout.
        sync: Share of the energy that finds the mark; the code word has the rest.

    Raises:
        UsageError: The identity does not fit into the layout.
    """
    chosen = LAYOUTS[layout]
    number = parse_identity(identity, chosen)
    version = SIGNED if chosen.version else 0
    code = chosen.code.encode(message(key, number, chosen, version))
    plan = make_plan(key, len(code))
    payload = Payload(layout, version, f"{number:0{chosen.digits}x}", verified=True)
    return Signature(payload, signed_tile(plan, 1 - 2 * code.astype(np.float32), sync))


def signed_tile(plan: Plan, code: Floats, sync: float = _SYNC_SHARE) -> Floats:
    """Return the (64, 64) tile of a code word, of unit mean square.

    Args:
        plan: What each bin carries.
        code: (n,) of +1 and -1.
        sync: Share of the energy that finds the mark.
    """
    values = data_values(plan, code, 0) * np.float32(np.sqrt((1 - sync) / len(plan.data)))
    values[plan.sync] = plan.sync_phases[0] * np.float32(np.sqrt(sync / len(plan.sync)))
    return tile_of(plan, values)


def raw_tile(key: Key, bits: Floats) -> Floats:
    """Return the (64, 64) tile of bits without a code.

    Args:
        key: The secret.
        bits: (n,) of +1 and -1.
    """
    return signed_tile(make_plan(key, len(bits)), bits)


def read_raw(pixels: Pixels, key: Key, count: int = BITS) -> RawWord:
    """Read bits without a code at the likeliest place, which is searched for with the key alone.

    Of the places that agree best with what synchronises, that one is taken at which the bits stand out most.

    Args:
        pixels: (H, W, 3) uint8 RGB; in less than 32 pixels each way nothing is read.
        key: The secret.
        count: How many bits.
    """
    import cv2

    luma = np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY), np.uint8)
    if min(luma.shape) < _LEAST_SIDE:
        return RawWord(np.zeros(count, np.float32), 0.0)
    plan = make_plan(key, count)
    upright = replace(plan, sync_phases=plan.sync_phases[:1])  # decoders put in no other variant
    words: list[tuple[float, RawWord]] = []
    for codec in (codec_named(name) for name in available()):
        nulls = codec.nulls or shipped()
        for null, places in zip((nulls.own_grid, nulls.lattices), _places(luma, codec, upright), strict=True):
            for place in places:
                soft, z = _soft(place, upright, count)
                log10_sync = of_searches([null.log10_p(place.sync.z, place.searched)], quick=False)
                words.append((z**2 / 2 + _outstanding(soft), RawWord(soft, log10_sync)))
    return max(words, key=lambda pair: pair[0])[1]


def accuracies(
    pictures: Sequence[Pixels], key: Key, bits: Floats, attacks: Sequence[str] = tuple(CONTRACT)
) -> dict[str, float]:
    """Return the share of bits that is read right after each attack, found blindly.

    Args:
        pictures: (H, W, 3) uint8 RGB each, by a decoder with the `raw_tile` of these bits.
        key: The secret.
        bits: (n,) of +1 and -1.
        attacks: Specifications.

    Raises:
        UsageError: There is no such attack.
    """
    found = {}
    for text in attacks:
        attack = parse_attack(text)
        read = [
            read_raw(attack(pixels, seed), key, len(bits)).soft * bits for seed, pixels in enumerate(pictures)
        ]
        found[text] = float((np.stack(read) > 0).mean())
    return found


def tile_agreement(pixels: Pixels, tile: Floats) -> float:
    """Return how well a picture as it was decoded agrees with its tile, in deviations of chance.

    Whoever holds no key can see by it whether a mark is strong enough; nothing is searched for.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        tile: (64, 64), which begins at the first pixel.
    """
    import cv2

    luma = np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY), np.uint8)
    place = bins()
    seen = views_of(luma)[0].tile(alternating=False)[place.rows, place.columns]
    known = np.fft.rfft2(tile)[place.rows, place.columns]
    return float((seen * np.conj(known)).real.sum() / np.sqrt((np.abs(known) ** 2).sum()))


def _places(luma: npt.NDArray[np.uint8], codec: Codec, plan: Plan) -> Iterator[list[Candidate]]:
    """Yield the best places on the picture's own grid, and those along lattices."""
    views = views_of(luma, front=codec.front)
    yield on_own_grid(views, plan, _PLACES)
    yield on_lattices(views, plan, _PLACES)


def _soft(place: Candidate, plan: Plan, count: int) -> tuple[Floats, float]:
    """Return the soft bits at a place, and how well that agrees."""
    aligned = align(place)
    there, z = aligned.place(plan)
    tile = aligned.tile(alternating=False)
    return read_bits(tile, plan, there, count, ring_gains(tile, plan, there)[1]), z


# The logarithm of the likelihood ratio of bits of either sign, about as strong as they are where it matters.
def _outstanding(soft: Floats) -> float:
    """Return how much more bits stand out of their noise than by chance, as a log-likelihood."""
    strong = np.minimum(_STRONG * np.abs(soft.astype(np.float64)), 30.0)
    return float(np.log(np.cosh(strong)).sum() - len(soft) * _STRONG**2 / 2)
