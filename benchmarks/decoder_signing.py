"""What the signature of a decoder survives, what it costs, and how many bits small pictures hold.

    python benchmarks/decoder_signing.py [--count 48] [--model NAME=MODEL,SIGNING ...]

Photos that no training saw go through the codec that ships, and are decoded with the decoder that signs,
each with a tile of its own key and 48 bits; pictures are attacked, searched blindly, and the bits read.
Detected at 1e-6: at least 41 of 48 bits are right (the threshold of arXiv:2303.15435), and by the suite's own
detection, whose p-value counts the search. `--model` adds what other models draw, given the folder of the
decoder that `forensics train decoder` taught to sign for them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import cv2
import numpy as np
from common import data_folder, write_result

from forensics.datasets.packs import load_pack
from forensics.generators.pipelines.base import Pixels, Request, pixels_of
from forensics.generators.pipelines.opening import DECODER, ENCODER, network_of, open_model, pipeline_of
from forensics.generators.pipelines.signing import SignedDecoder, Signing, signed_decoder
from forensics.runtime.store import bundled
from forensics.watermark.attacks import parse_attack
from forensics.watermark.decoders import BITS, CONTRACT, raw_tile, read_raw, signature
from forensics.watermark.keys import Key
from forensics.watermark.statistics import bit_match_p_value
from forensics.watermark.watermarker import detect

PACK, SEEN, SIDE = "photos/pack128_permissive.tar", 1000, 128
ATTACKS = (*CONTRACT, "jpeg:80", "crop:0.5", "brightness:1.5", "resize:0.5", "noise:8", "blur:1")
SMALL_ATTACKS = ("none", "jpeg:80", "jpeg:50", "resize:0.7", "brightness:1.5", "crop:0.5")
COUNTS = (8, 16, 24, 32, 48, 64)
RATE = 1e-6
Tiles = Callable[[int], Any]
Draw = Callable[[Tiles], list[Pixels]]


def photos(count: int) -> Pixels:
    """Return squares of photos that no training saw.

    They are the first of these: how bits are read (`decoders.read_raw`) was settled on the last.
    """
    path = data_folder() / PACK
    known = set(load_pack(str(path), SIDE, SEEN).names)
    pack = load_pack(str(path), SIDE, SEEN + 4 * count)
    fresh = [n for n, name in enumerate(pack.names) if name not in known]
    return np.ascontiguousarray(pack.squares[fresh[:count]])


def of_codec(pictures: Pixels, decoder: SignedDecoder) -> tuple[list[Pixels], Draw]:
    """Return what the codec makes of pictures, and what the decoder makes of them with tiles."""
    codec = bundled("codec")
    x = np.ascontiguousarray(np.moveaxis(pictures, -1, 1), np.float32) / np.float32(255)
    latents = np.concatenate([network_of(codec, ENCODER)(part) for part in parted(x)])
    return decoded(latents, network_of(codec, DECODER), decoder)


def of_model(model: str, decoder: SignedDecoder, count: int) -> tuple[list[Pixels], Draw]:
    """Return what a model draws, and what it draws with tiles: of clips, the first frames."""
    bundle, seen = open_model(model), []
    pipeline = pipeline_of(bundle)

    def keep(latents: Any, tiles: Any) -> Any:
        if np.any(tiles):  # else it is asked how large pictures are
            seen.append(latents)
        return decoder.network(latents, tiles)

    said = signature(key_of(0), "0")
    once = Signing(pipeline, replace(decoder, network=keep), lambda _: said)
    for _ in once.sample(Request(count, seed=7, batch=8)):
        pass
    latents = np.concatenate(seen)
    latents = latents[:: len(latents) // count]
    network, wide = network_of(bundle, decoder.file), pipeline.recipe.family == "gan"
    return decoded(latents, (lambda z: (network(z) + 1) / 2) if wide else network, decoder)


def parted(values: Any) -> list[Any]:
    """Return some values at a time."""
    return np.array_split(values, max(1, len(values) // 8))


def decoded(latents: Any, plain: Callable[[Any], Any], decoder: SignedDecoder) -> tuple[list[Pixels], Draw]:
    """Return the pictures of latents, and what the decoder makes of them with tiles."""
    unsigned = [one for part in parted(latents) for one in pixels_of(plain(part))]
    strength = decoder.strength(min(unsigned[0].shape[:2]))

    def draw(tile_of: Tiles) -> list[Pixels]:
        tiles = np.stack([strength * tile_of(number) for number in range(len(latents))]).astype(np.float32)
        pairs = zip(parted(latents), parted(tiles), strict=True)
        return [one for part, tile in pairs for one in pixels_of(decoder.network(part, tile))]

    return unsigned, draw


def key_of(number: int) -> Key:
    return Key(number.to_bytes(32, "big"))


def signs(number: int, count: int) -> Any:
    return np.random.default_rng([number, count]).choice(np.array([-1, 1], np.float32), count)


def psnr(first: Sequence[Pixels], other: Sequence[Pixels]) -> float:
    error = np.mean([np.mean((a.astype(float) - b) ** 2) for a, b in zip(first, other, strict=True)])
    return float(10 * np.log10(255**2 / error))


def threshold(count: int) -> int:
    """Return how many right bits chance reaches once in a million."""
    return next((k for k in range(count + 1) if bit_match_p_value(k, count) <= RATE), count + 1)


def raw(draw: Draw, attacks: Sequence[str], count: int = BITS) -> list[dict[str, Any]]:
    """Return the share of bits that are read right, and of pictures with enough of them."""
    marked = draw(lambda number: raw_tile(key_of(number), signs(number, count)))
    rows = []
    for text in attacks:
        attack = parse_attack(text)
        read = [
            float(
                (read_raw(attack(one, number), key_of(number), count).soft * signs(number, count) > 0).sum()
            )
            for number, one in enumerate(marked)
        ]
        rows.append(
            {
                "attack": text,
                "bits": round(float(np.mean(read)) / count, 4),
                "detected_by_bits": round(float(np.mean(np.array(read) >= threshold(count))), 4),
            }
        )
    return rows


def coded(draw: Draw, attacks: Sequence[str]) -> list[dict[str, Any]]:
    """Return how many marks are detected at a rate, and say what they should."""
    identity = [f"{0x123456789 + 7919 * number:x}"[-9:] for number in range(1000)]
    marked = draw(lambda number: signature(key_of(number), identity[number]).tile)
    rows = []
    for text in attacks:
        attack = parse_attack(text)
        found = [
            detect(attack(one, number), [key_of(number)], rate=RATE) for number, one in enumerate(marked)
        ]
        right = [
            one.payload is not None and int(one.payload.identity, 16) == int(identity[number], 16)
            for number, one in enumerate(found)
        ]
        wrong = [one.payload is not None and not r for one, r in zip(found, right, strict=True)]
        rows.append(
            {
                "attack": text,
                "detected": round(float(np.mean([one.detected for one in found])), 4),
                "read": round(float(np.mean(right)), 4),
                "misread": int(sum(wrong)),
            }
        )
    return rows


def measured(plain: list[Pixels], draw: Draw, attacks: Sequence[str]) -> dict[str, Any]:
    """Return all of one kind of pictures."""
    side = int(min(plain[0].shape[:2]))
    marked = draw(lambda number: signature(key_of(number), "1").tile)
    each = [psnr([a], [b]) for a, b in zip(marked, plain, strict=True)]
    both = zip(raw(draw, attacks), coded(draw, attacks), strict=True)
    found: dict[str, Any] = {
        "side": side,
        "pictures": len(plain),
        "psnr": round(psnr(marked, plain), 2),
        "least_psnr": round(min(each), 2),
        "attacks": [{**one, **other} for one, other in both],
    }
    if side < SIDE:
        found["bits_held"] = [
            {"count": count, **{row["attack"]: row["bits"] for row in raw(draw, ("none", "jpeg:80"), count)}}
            for count in COUNTS
        ]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--model", action="append", default=[], metavar="NAME=MODEL,SIGNING")
    options = parser.parse_args()
    own = signed_decoder(bundled("codec"))
    if own is None:
        sys.exit("no decoder ships that signs for the codec")
    pictures, rows = photos(options.count), {}
    small = np.stack([cv2.resize(one, (64, 64), interpolation=cv2.INTER_AREA) for one in pictures])
    jobs: list[tuple[str, Callable[[], tuple[list[Pixels], Draw]]]] = [
        ("codec, photos of 128 px", lambda: of_codec(pictures, own)),
        ("codec, photos of 64 px", lambda: of_codec(small, own)),
        ("flow", lambda: of_model("flow", own, options.count)),
    ]
    for text in options.model:
        name, _, where = text.partition("=")
        model, _, folder = where.partition(",")
        decoder = signed_decoder(open_model(model), Path(folder) if folder else None)
        if decoder is None:
            sys.exit(f"nothing signs for {model}")
        jobs.append((name, lambda m=model, d=decoder: of_model(m, d, options.count)))
    for name, job in jobs:
        plain, draw = job()
        rows[name] = measured(plain, draw, ATTACKS if min(plain[0].shape[:2]) >= SIDE else SMALL_ATTACKS)
        print(name, rows[name], flush=True)
        result = {
            "bits": BITS,
            "threshold": threshold(BITS),
            "rate": RATE,
            "contract": dict(CONTRACT),
            "rows": rows,
        }
        write_result("decoder_signing", "python benchmarks/decoder_signing.py", result)


if __name__ == "__main__":
    main()
