"""What takes the mark of a decoder off, or onto other pictures: by whoever holds it, and by an outsider.

    python benchmarks/decoder_removal.py [--count 24] [--most 300]

The holder replaces the tile by zeros, beside the latents or folded into one ONNX file. The outsider has
nothing but K pictures of one holder with different contents: a high-pass suppresses these, and the mean over
all tiles of 64 pixels of all pictures is an estimate of the mark, since it lies in the same place in each.
The estimate is subtracted from other pictures of that holder, and added to photos that no decoder has seen.
Photos that no training saw go through the codec that ships; what was found is that of a detection at one
false alarm in a million.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import cv2
import numpy as np
from common import write_result
from decoder_signing import key_of, of_codec, photos, psnr

from forensics.errors import ForensicsError
from forensics.generators.pipelines.base import Floats, Pixels, pixels_of
from forensics.generators.pipelines.opening import ENCODER, network_of
from forensics.generators.pipelines.signing import SignedDecoder, signed_decoder
from forensics.runtime.sessions import Session
from forensics.runtime.store import bundled
from forensics.watermark.decoders import SIGNED_DECODER
from forensics.watermark.issuing import issue
from forensics.watermark.issuing.standalone import standalone
from forensics.watermark.watermarker import detect

RATE, SIDE, GROUP = 1e-6, 64, 8
KEY, HOLDER = key_of(1), "0c0ffee42"
AVERAGED = (1, 10, 100, 300)
GAINS = (0.5, 1.0, 1.5)
SIGMA = 4.0  # pixels: what is coarser is content


def seen(pictures: Sequence[Pixels]) -> dict[str, Any]:
    """Return in how many the mark is found, and said to be the holder's."""
    found = [detect(one, [KEY], rate=RATE) for one in pictures]
    return {
        "pictures": len(found),
        "detected": sum(one.detected for one in found),
        "says_the_holder": sum(one.payload is not None and one.payload.identity == HOLDER for one in found),
        "median_log10_p": round(float(np.median([one.log10_p for one in found])), 1),
    }


def estimate(pictures: Sequence[Pixels]) -> Floats:
    """Return (64, 64): the mean tile of what a high-pass leaves of some pictures, in grey levels."""
    tiles = []
    for one in pictures:
        luma = cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(np.float32)
        fine = luma - cv2.GaussianBlur(luma, (0, 0), SIGMA)
        height, width = (size // SIDE for size in fine.shape)
        folded = fine[: height * SIDE, : width * SIDE].reshape(height, SIDE, width, SIDE)
        tiles.append(folded.mean(axis=(0, 2)))
    return np.asarray(np.mean(tiles, axis=0), np.float32)


def moved(pictures: Sequence[Pixels], tile: Floats) -> list[Pixels]:
    """Return pictures with a tile added to every colour."""
    found = []
    for one in pictures:
        height, width = one.shape[:2]
        added = np.tile(tile, (height // SIDE, width // SIDE))[..., None]
        found.append(np.clip(np.rint(one + added), 0, 255).astype(np.uint8))
    return found


def outsider(
    known: Sequence[Pixels], targets: Sequence[Pixels], clean: Sequence[Pixels]
) -> list[dict[str, Any]]:
    """Return what estimates from more and more pictures take off, and forge."""
    rows = []
    for many in (k for k in AVERAGED if k <= len(known)):
        tile = estimate(known[:many])
        for gain in GAINS:
            taken, forged = moved(targets, -gain * tile), moved(clean, gain * tile)
            rows.append(
                {
                    "averaged": many,
                    "gain": gain,
                    "removal": {**seen(taken), "psnr": round(psnr(taken, targets), 2)},
                    "forgery": {**seen(forged), "psnr": round(psnr(forged, clean), 2)},
                }
            )
            print(rows[-1], flush=True)
    return rows


def zeroed(network: bytes) -> bytes:
    """Return a folded decoder whose one pattern of features is set to zero."""
    import onnx
    import onnx.numpy_helper

    model = onnx.load_from_string(network)
    weights = {node.input[1] for node in model.graph.node if node.op_type == "Conv"}
    maps = [one for one in model.graph.initializer if one.name not in weights and min(one.dims or [0]) > 0]
    (pattern,) = (one for one in maps if len(one.dims) == 4 and min(one.dims[2:]) > 1)
    empty = np.zeros(tuple(pattern.dims), np.float32)
    pattern.CopyFrom(onnx.numpy_helper.from_array(empty, pattern.name))
    return bytes(model.SerializeToString())


def folded(pictures: Pixels, network: bytes) -> list[Pixels]:
    """Return what a decoder in one file makes of the latents of pictures."""
    x = np.ascontiguousarray(np.moveaxis(pictures, -1, 1), np.float32) / np.float32(255)
    encode, decode = network_of(bundled("codec"), ENCODER), Session(network)
    parts = np.array_split(x, max(1, len(x) // GROUP))
    return [one for part in parts for one in pixels_of(decode(np.asarray(encode(part), np.float32))[0])]


def holder(pictures: Pixels, decoder: SignedDecoder, own: Any) -> dict[str, Any]:
    """Return what is left when whoever holds the decoder takes the tile out."""
    plain, draw = of_codec(pictures, decoder)
    whole = standalone(decoder.bundle.read(SIGNED_DECODER), decoder.strength(pictures.shape[1]) * own)
    ways = {
        "signed": draw(lambda _: own),
        "tile of zeros": draw(lambda _: np.zeros_like(own)),
        "one file": folded(pictures, whole),
        "one file, its pattern zeroed": folded(pictures, zeroed(whole)),
        "decoder that does not sign": plain,
    }
    return {
        name: {**seen(found), "psnr": round(psnr(found, plain), 2) if found is not plain else None}
        for name, found in ways.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--most", type=int, default=max(AVERAGED), help="pictures that are averaged")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    decoder = signed_decoder(bundled("codec"))
    if decoder is None:
        raise ForensicsError("no decoder ships that signs for the codec")
    own = issue(KEY, "holder", HOLDER, decoder.sha256)
    every = photos(options.most + 2 * options.count)
    targets, clean, known = np.split(every, [options.count, 2 * options.count])
    result: dict[str, Any] = {"rate": RATE, "holder": holder(targets, decoder, own.tile)}
    print(result["holder"], flush=True)
    signed = [of_codec(part, decoder)[1](lambda _: own.tile) for part in (known, targets)]
    right = np.corrcoef(estimate(signed[0]).ravel(), own.tile.ravel())[0, 1]
    result["likeness_of_the_estimate"] = round(float(right), 3)
    result["outsider"] = outsider(signed[0], signed[1], list(clean))
    write_result("decoder_removal", "python benchmarks/decoder_removal.py", result)


if __name__ == "__main__":
    main()
