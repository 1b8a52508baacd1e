"""Whose decoder drew a picture? How often that is right, how often chance says somebody, and who conspires.

    python benchmarks/decoder_identification.py [--each 4] [--keys 1000] [--only PART ...]

Of 1,000 holders, whose identities are drawn by a seed as the register draws them by chance, 24 get their
decoder: the one that ships, with the tile that `forensics keys issue` writes. Photos that no training saw go
through the codec and are decoded by each of them; the pictures are attacked, searched blindly, and compared
with all holders, as `forensics watermark identify --issued` does. Then the same question about pictures that
nobody on the list signed; the bits of unmarked pictures under fresh keys; and pictures that several holders
mixed, or that were drawn with the mean of their tiles. `thorough` is the same question with a list of the 24
alone, each of whose marks is looked for by all its bins (`--thorough`): in pictures in which nobody is named
without it, and, for chance, in unmarked ones. With `--only`, the other parts stay as they were measured.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import cv2
import numpy as np
from common import RESULTS, write_result
from decoder_chance import bits_of_chance, soft_bits, thresholds
from decoder_signing import key_of, of_codec, photos

from forensics.errors import ForensicsError
from forensics.generators.pipelines.base import Pixels
from forensics.generators.pipelines.signing import SignedDecoder, signed_decoder
from forensics.runtime.store import bundled
from forensics.watermark.attacks import parse_attack
from forensics.watermark.confirming import MOST, confirm
from forensics.watermark.detection import Detection
from forensics.watermark.identification import Identification, Users
from forensics.watermark.issuing import issue
from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, SIGNED, Payload
from forensics.watermark.statistics import wilson
from forensics.watermark.watermarker import detect

NAME = "decoder_identification"
HOLDERS, DECODERS = 1000, 24
RATE, RATES = 1e-6, (1e-2, 1e-3, 1e-6)
ATTACKS = ("none", "jpeg:80", "jpeg:50", "crop:0.5", "resize:0.7")
CONSPIRE = (2, 3, 5, 10)
REGISTERS = 25  # other lists, for pictures of somebody who is on none
THOROUGH = ("none", "crop:0.5")
FRESH = 25  # keys that each unmarked picture is read with
SEARCHED = 4  # of them, with the whole search
KEY = key_of(1)
LAYOUT = LAYOUTS["standard"]
SIZE = LAYOUT.code.size[0]


def identities(seed: int, count: int = HOLDERS) -> list[str]:
    """Return different identities by chance."""
    rng = np.random.default_rng([5, seed])
    found = np.unique(rng.integers(0, 1 << LAYOUT.identity, 2 * count))
    return [f"{int(one):0{LAYOUT.digits}x}" for one in rng.permutation(found)[:count]]


@cache
def users(key: Key, seed: int) -> Users:
    return Users(key, identities(seed), version=SIGNED)


@cache
def tile(identity: str, sha256: str) -> Any:
    """Return the tile of the decoder that a holder is issued."""
    return issue(KEY, identity, identity, sha256).tile


def look(picture: Pixels, rate: float = RATE, key: Key = KEY) -> Detection:
    """Return what is found of marks of `spread`; the command looks for those of `learned` as well."""
    return detect(picture, [key], rate=rate)


def compared(found: Detection, listed: Users) -> Identification | None:
    """Return whom a mark fits best, None if none was found."""
    bits = found.bits(SIZE) if found.detected else None
    return None if bits is None else listed.identify(bits)


def named(best: Identification | None, rate: float) -> str | None:
    return best.identity if best and best.log10_p <= math.log10(rate) else None


def share(count: int, of: int) -> dict[str, Any]:
    """Return a share with its interval."""
    interval = wilson(count, of)
    return {
        "count": count, "of": of, "share": round(count / of, 5),
        "interval": [round(interval.low, 5), round(interval.high, 5)],
    }  # fmt: skip


def whose(marked: Sequence[Pixels], held: Sequence[str]) -> list[dict[str, Any]]:
    """Return how often the holder is named right after each attack."""
    rows = []
    for text in ATTACKS:
        attack = parse_attack(text)
        found = [look(attack(one, number)) for number, one in enumerate(marked)]
        best = [compared(one, users(KEY, 0)) for one in found]
        said = [named(one, RATE) for one in best]
        right = sum(a == b for a, b in zip(said, held, strict=True))
        first = sum(one is not None and one.identity == b for one, b in zip(best, held, strict=True))
        rows.append(
            {
                "attack": text,
                "detected": sum(one.detected for one in found),
                "read": sum(one.payload is not None for one in found),
                "fits_best": first,
                "named_wrong": sum(one is not None for one in said) - right,
                "named": share(right, len(marked)),
            }
        )
    return rows


def thorough(marked: Sequence[Pixels], held: Sequence[str]) -> list[dict[str, Any]]:
    """Return how many more are named when each of 24 marks is looked for, half of the rate for either way."""
    listed = sorted(set(held))
    few, rows = Users(KEY, listed, version=SIGNED), []
    for text in THOROUGH:
        attack = parse_attack(text)
        pictures = [attack(one, number) for number, one in enumerate(marked)]
        said = [named(compared(look(one, RATE / 2), few), RATE / 2) for one in pictures]
        more = [
            known(one, KEY, listed, RATE / 2) if a is None else a
            for one, a in zip(pictures, said, strict=True)
        ]
        rows.append(
            {
                "attack": text,
                "pictures": len(marked),
                "named_without": sum(a == b for a, b in zip(said, held, strict=True)),
                "named": sum(a == b for a, b in zip(more, held, strict=True)),
                "named_wrong": sum(a not in (None, b) for a, b in zip(more, held, strict=True)),
            }
        )
    return rows


def marks(listed: Sequence[str]) -> list[Payload]:
    return [Payload(LAYOUT.name, SIGNED, one, verified=True) for one in listed]


def known(picture: Pixels, key: Key, listed: Sequence[str], rate: float) -> str | None:
    found = confirm(picture, key, marks(listed))
    return found.payload.identity if found.log10_p <= math.log10(rate) else None


def cost(picture: Pixels) -> list[dict[str, Any]]:
    """Return the processor time of looking at a picture once, and for the marks of so many holders."""
    rows = []
    for many in (0, 1, 10, MOST):
        begin = time.process_time()
        if many:
            confirm(picture, KEY, marks(identities(0, many)))
        else:
            look(picture)
        rows.append({"marks": many, "seconds": round(time.process_time() - begin, 2)})
    return rows


def surely(foreign: Sequence[Pixels], held: Sequence[str]) -> dict[str, Any]:
    """Return how often one of 24 is named where each is looked for, in pictures of somebody else."""
    listed = sorted(set(held))
    return share(sum(known(one, KEY, listed, RATE) is not None for one in foreign), len(foreign))


def by_chance(pictures: Sequence[Pixels]) -> list[dict[str, Any]]:
    """Return how often one of 24 marks of a fresh key seems to be in an unmarked picture, whoever's it is."""
    found = [
        confirm(one, key_of(50_000 + number), marks(identities(number, DECODERS))).log10_presence
        for number, one in enumerate(pictures)
    ]
    return _alarms(found)


def _alarms(log10_p: Sequence[float]) -> list[dict[str, Any]]:
    values = np.array(log10_p)
    return [{"rate": r, **share(int((values <= math.log10(r)).sum()), len(values))} for r in RATES]


def nobody(pictures: Sequence[Pixels]) -> dict[str, Any]:
    """Return how often one of 1,000 holders is named in pictures without a mark.

    Read without asking whether there is one, where it would be likeliest on the picture's own grid; and
    searched for as the command does, at rates that are asked for.
    """
    read, searched = [], []
    for number, picture in enumerate(pictures):
        keys = [key_of(10_000 + FRESH * number + n) for n in range(FRESH)]
        soft = soft_bits(picture, keys, SIZE)
        read += [_users(key, number).identify(one).log10_p for key, one in zip(keys, soft, strict=True)]
        for key in keys[:SEARCHED]:
            found = look(picture, max(RATES), key)
            best = compared(found, _users(key, number, found.codec))
            searched.append(max(found.log10_p, best.log10_p) if best else 0.0)
    return {"read_anyway": _alarms(read), "searched": _alarms(searched)}


def _users(key: Key, seed: int, codec: str = "spread") -> Users:
    return Users(key, identities(seed), codec=codec, version=SIGNED)


def strangers(marked: Sequence[Pixels]) -> list[dict[str, Any]]:
    """Return how often somebody is named in pictures that a holder of none of many registers signed."""
    found = [look(one) for one in marked]
    best = [compared(one, users(KEY, seed)) for one in found for seed in range(1, REGISTERS + 1)]
    return _alarms([one.log10_p for one in best if one is not None])


def conspiracy(pictures: Pixels, decoder: SignedDecoder) -> list[dict[str, Any]]:
    """Return who is accused of pictures that some holders mixed."""
    _, draw = of_codec(pictures, decoder)
    every, rows = identities(0), []
    for many in CONSPIRE:
        rng = np.random.default_rng([6, many])
        guilty = [[every[n] for n in rng.choice(HOLDERS, many, replace=False)] for _ in pictures]
        each = [draw(lambda n, k=k, g=guilty: tile(g[n][k], decoder.sha256)) for k in range(many)]
        mixed = [np.rint(np.mean(one, axis=0)).astype(np.uint8) for one in zip(*each, strict=True)]
        mean = draw(lambda n, g=guilty: np.mean([tile(one, decoder.sha256) for one in g[n]], axis=0))
        for way, found in (("pictures", mixed), ("tiles", mean)):
            rows.append({"holders": many, "mean_of": way, **_accused(found, guilty)})
    return rows


def _accused(pictures: Sequence[Pixels], guilty: Sequence[Sequence[str]]) -> dict[str, Any]:
    found = [look(one) for one in pictures]
    best = [compared(one, users(KEY, 0)) for one in found]
    row: dict[str, Any] = {
        "pictures": len(pictures),
        "detected": sum(one.detected for one in found),
        "read": sum(one.payload is not None for one in found),
        "fits_best": sum(one is not None and one.identity in g for one, g in zip(best, guilty, strict=True)),
    }
    for rate in (1e-3, RATE):
        said = [named(one, rate) for one in best]
        row[f"guilty at {rate:g}"] = sum(a in g for a, g in zip(said, guilty, strict=True))
        row[f"innocent at {rate:g}"] = sum(a is not None for a in said) - row[f"guilty at {rate:g}"]
    return row


def small(pictures: Pixels) -> Pixels:
    return np.stack([cv2.resize(one, (64, 64), interpolation=cv2.INTER_AREA) for one in pictures])


def parts(pictures: Pixels, decoder: SignedDecoder, keys: int) -> dict[str, Callable[[], Any]]:
    """Return what is measured, by name."""
    each = len(pictures) // DECODERS
    held, others = identities(0)[:DECODERS] * each, identities(99, DECODERS) * each
    tiny = small(pictures)

    def drawn(of: Pixels, by: Sequence[str]) -> list[Pixels]:
        return of_codec(of, decoder)[1](lambda n: tile(by[n], decoder.sha256))

    return {
        "conspiracy": lambda: conspiracy(pictures[:DECODERS], decoder),
        "whose": lambda: {f"{of.shape[1]} px": whose(drawn(of, held), held) for of in (pictures, tiny)},
        "thorough": lambda: {
            "64 px": thorough(drawn(tiny[: 2 * DECODERS], held), held[: 2 * DECODERS]),
            "strangers_named": surely(drawn(tiny[:DECODERS], others), held),
            "by_chance": by_chance(pictures[:DECODERS]),
            "cost": cost(pictures[0]),
        },
        "strangers": lambda: strangers(drawn(pictures, others)),
        "nobody": lambda: nobody(pictures),
        "thresholds": thresholds,
        "bits": lambda: bits_of_chance(pictures[:8], keys),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--each", type=int, default=4, help="photos for each decoder")
    parser.add_argument(
        "--keys", type=int, default=1000, help="for each unmarked picture whose bits are counted"
    )
    parser.add_argument("--only", nargs="+", default=[], metavar="PART", help="measure these parts again")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    decoder = signed_decoder(bundled("codec"))
    if decoder is None:
        raise ForensicsError("no decoder ships that signs for the codec")
    path = RESULTS / f"{NAME}.json"
    before = json.loads(path.read_text(encoding="utf-8")) if options.only else {}
    result: dict[str, Any] = {"holders": HOLDERS, "decoders": DECODERS, "rate": RATE}
    jobs = parts(photos(DECODERS * options.each), decoder, options.keys)
    result |= {name: before[name] for name in jobs if name in before}
    for name, job in jobs.items():
        if not options.only or name in options.only:
            result[name] = job()
            print(name, result[name], flush=True)
            write_result(NAME, f"python benchmarks/{NAME}.py", result)


if __name__ == "__main__":
    main()
