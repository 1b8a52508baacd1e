"""What marks in the noise of the model `flow` survive, what they cost, and who can forge them.

    python benchmarks/watermark_noise.py [--count 24] [--steps 12]

Pictures are drawn as `forensics generate flow --noise-mark` draws them, attacked, brought back to the size of
the model where the attack changed it, and looked at as `forensics watermark noise` looks, with fresh keys and
payloads for each scheme; mirrored ones also with `--turned`. Negatives are unmarked pictures of the same
model and photos, each looked at with many keys. Forged: somebody without the key takes a marked picture
back to its noise, and draws a picture of another class from that. Drawn anew: SDEdit with the same model.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import combinations
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from common import ROOT, data_folder, write_result
from PIL import Image

from forensics.datasets.packs import load_pack
from forensics.generators.evaluation.laplacian import sliced_wasserstein
from forensics.generators.evaluation.spectrum import log_profiles, spectral_distance
from forensics.generators.pipelines.base import Pixels, Request, pixels_of
from forensics.generators.pipelines.chance import Chance
from forensics.generators.pipelines.denoising import Denoising
from forensics.generators.pipelines.marked import Marked, look, markable
from forensics.generators.pipelines.opening import open_pipeline
from forensics.watermark.attacks.specs import parse_attack
from forensics.watermark.keys import Key
from forensics.watermark.noise.base import Floats, NoiseMark
from forensics.watermark.noise.gaussian_shading import GaussianShading
from forensics.watermark.noise.tree_ring import TreeRing

MODEL, PACK = "flow", "photos/pack128_permissive.tar"
RATE, PAYLOAD = 1e-6, "0c0ffee42"
RATES = (0.1, 0.01, 0.001, 1e-6)
MIRRORED = "flip:horizontal"
ATTACKS = (
    "none", "jpeg:80", "jpeg:50", "resize:0.7", "crop:0.8", "crop:0.5", "brightness:1.3", "contrast:0.7",
    "noise:8", "blur:1", "rotate:5", MIRRORED,
)  # fmt: skip
STRENGTHS = (0.3, 0.6)
SHADING = "gaussian-shading"


def key_of(number: int) -> Key:
    return Key(number.to_bytes(32, "big"))


def mark_of(scheme: str, number: int, shape: tuple[int, ...], pads: int = 256) -> NoiseMark:
    key = key_of(number)
    return GaussianShading(key, shape, PAYLOAD, pads=pads) if scheme == SHADING else TreeRing(key, shape)


def attacked(pictures: Pixels, spec: str) -> Pixels:
    """Return pictures after an attack, in their own size."""
    attack, (height, width) = parse_attack(spec), pictures.shape[1:3]
    found = [attack(picture, seed=number) for number, picture in enumerate(pictures)]
    return np.stack([_sized(picture, width, height) for picture in found])


def _sized(picture: Pixels, width: int, height: int) -> Pixels:
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))


def row_of(mark: NoiseMark, noise: Floats, first: Floats) -> dict[str, Any]:
    """Return how many are found, how surely, and how near their noise is to what they were drawn from."""
    found = [mark.detect(each) for each in noise]
    likeness = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(noise, first, strict=True)]
    row: dict[str, Any] = {
        "scheme": mark.scheme,
        "pictures": len(found),
        "found": int(sum(each.log10_p <= np.log10(RATE) for each in found)),
        "median log10 p": round(float(np.median([each.log10_p for each in found])), 1),
        "likeness of noise": round(float(np.mean(likeness)), 3),
    }
    if isinstance(mark, GaussianShading):
        read = [each.payload is not None and each.payload.verified for each in found]
        right = [each.payload is not None and each.payload.identity == PAYLOAD for each in found]
        said = 1.0 - 2.0 * mark.words.encode(PAYLOAD)[mark.bit_of].astype(np.float32)
        agree = [_agreement(mark, each, said) for each in noise]
        row |= {
            "read": int(sum(np.logical_and(read, right))),
            "read wrongly": int(sum(np.logical_and(read, np.logical_not(right)))),
            "signs": round(float(np.mean(agree)), 3),
        }
    return row


def turned_row(model: Denoising, mark: NoiseMark, pictures: Pixels, back: Request) -> dict[str, Any]:
    """Return how many are found when the eight positions of each picture are looked at."""
    found = [look(model, picture, [mark], back, turned=True).found for picture in pictures]
    row: dict[str, Any] = {
        "scheme": mark.scheme,
        "pictures": len(found),
        "found": int(sum(each.log10_p <= np.log10(RATE) for each in found)),
        "median log10 p": round(float(np.median([each.log10_p for each in found])), 1),
    }
    if mark.scheme == SHADING:
        right = [each.payload is not None and each.payload.identity == PAYLOAD for each in found]
        row["read"] = int(sum(right))
    return row


def _agreement(mark: GaussianShading, noise: Floats, said: Any) -> float:
    """Return the share of signs that are as they were marked, under the pad that fits best."""
    return float(((np.sign(noise.ravel()) * mark.signs) == said).mean(axis=1).max())


def survival(model: Denoising, mark: NoiseMark, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return a row for each attack on pictures of a mark."""
    request = Request(options.count, seed=11)
    pictures = np.stack(list(Marked(model, mark).sample(request)))
    first = mark.mark(Chance(11, range(options.count)).normal(model.recipe.shape))
    back = Request(steps=options.steps)
    rows = []
    for spec in ATTACKS:
        rows.append({"attack": spec, **row_of(mark, model.invert(attacked(pictures, spec), back), first)})
    mirrored = attacked(pictures, MIRRORED)
    rows.append({"attack": f"{MIRRORED}, --turned", **turned_row(model, mark, mirrored, back)})
    clean = model.invert(pictures, back)
    drawn = [model.decode(_drawn_from(model, clean, label=1))]
    forged = np.stack(list(pixels_of(drawn[0])))
    rows.append({"attack": "forged", **row_of(mark, model.invert(forged, back), first)})
    for strength in STRENGTHS:
        anew = [next(model.edit(each, Request(steps=options.steps, seed=5), strength)) for each in pictures]
        rows.append(
            {"attack": f"drawn anew, {strength:g}", **row_of(mark, model.invert(np.stack(anew), back), first)}
        )
    for row in rows:
        print(row, flush=True)
    return rows


def _drawn_from(model: Denoising, noise: Floats, label: int) -> Floats:
    """Return what is sampled of given noise, before it is decoded."""
    from forensics.generators.sampling.base import last, start

    way, path = model.way(), model.path
    moments = way.times(model.settings.steps, path)
    denoise = model.denoiser(Request(label=label))
    found = last(way.run(denoise, start(noise, path, moments[0]), moments, path, np.zeros_like))
    return np.asarray(found, np.float32)


def false_alarms(model: Denoising, photos: Pixels, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return how often unmarked pictures look marked to keys that they were made without."""
    drawn = np.stack(list(model.sample(Request(options.count, seed=12))))
    rows = []
    for what, pictures in (("drawn", drawn), ("photos", photos)):
        noise = model.invert(pictures, Request(steps=options.steps))
        for scheme in ("tree-ring", SHADING):
            values, published = [], []
            for number in range(options.keys):
                mark = mark_of(scheme, 1000 + number, model.recipe.shape)
                found = [mark.detect(each) for each in noise]
                values += [each.log10_p for each in found]
                published += [each.published for each in found if each.published is not None]
            row: dict[str, Any] = {"scheme": scheme, "of": what, "comparisons": len(values)}
            row |= {f"at most {rate:g}": int(np.sum(np.array(values) <= np.log10(rate))) for rate in RATES}
            if published:
                row["published at most 0.001"] = int(np.sum(np.array(published) <= -3))
            rows.append(row)
            print(row, flush=True)
    return rows


def cost(model: Denoising, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return how far marked pictures are from unmarked ones, and how alike they are among themselves."""
    shape, request = model.recipe.shape, Request(options.quality, seed=21)
    plain = np.stack(list(model.sample(request)))
    other = np.stack(list(model.sample(Request(options.quality, seed=22))))
    sets = [("none", None)]
    sets += [("tree-ring", mark_of("tree-ring", 1, shape)), (SHADING, mark_of(SHADING, 1, shape))]
    sets += [(f"{SHADING}, one pad", mark_of(SHADING, 1, shape, pads=1))]
    rows = []
    for name, mark in sets:
        begun = Chance(22, range(options.quality)).normal(shape)
        made = (
            other
            if mark is None
            else np.stack(list(Marked(model, mark).sample(Request(options.quality, 22))))
        )
        noise = (begun if mark is None else mark.mark(begun)).reshape(options.quality, -1)
        pairs = list(combinations(range(options.quality), 2))
        apart = [np.sqrt(np.mean((made[a].astype(float) - made[b]) ** 2)) for a, b in pairs]
        row = {
            "mark": name,
            "pictures": options.quality,
            "spectrum, dB": round(spectral_distance(log_profiles(plain), log_profiles(made)), 2),
            "SWD": round(1000 * sliced_wasserstein(plain, made, seed=0).mean, 1),
            "likeness of noise": round(
                float(np.mean([np.corrcoef(noise[a], noise[b])[0, 1] for a, b in pairs])), 3
            ),
            "grey levels apart": round(float(np.mean(apart)), 1),
        }
        rows.append(row)
        print(row, flush=True)
    return rows


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=24, help="pictures of each scheme")
    parser.add_argument("--steps", type=int, default=12, help="back to the noise")
    parser.add_argument("--keys", type=int, default=20, help="for each unmarked picture")
    parser.add_argument("--quality", type=int, default=24, help="pictures on each side of a comparison")
    options = parser.parse_args()
    begun = time.process_time()
    model = markable(open_pipeline(MODEL))
    side = model.size[0]
    photos = load_pack(data_folder() / PACK, side, how="whole").squares[-options.count :]
    result = {
        "model": MODEL,
        "values": int(np.prod(model.recipe.shape)),
        "rate": RATE,
        "steps": options.steps,
        "survival": [
            row
            for scheme in ("tree-ring", SHADING)
            for row in survival(model, mark_of(scheme, 1, model.recipe.shape), options)
        ],
        "false alarms": false_alarms(model, photos, options),
        "cost": cost(model, options),
    }
    result["seconds of one core"] = round(time.process_time() - begun)
    command = "python benchmarks/watermark_noise.py " + " ".join(
        f"--{name} {value}" for name, value in vars(options).items()
    )
    path = write_result("watermark_noise", command, result)
    print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
