"""Two ways in which a decoder signs: by its weights alone, as published, and with a tile beside its features.

    python benchmarks/decoder_ways.py FOLDER [--steps 300] [--batch 8] [--count 32]

Both are trained for the same number of steps on the same latents of the codec that ships, and brought to the
same PSNR on the same held-out photos. Published: arXiv:2303.15435, section 4.2, with the extractor of 32 bits
that ships; ours is searched for blindly and reads 32 bits. Then whoever has the weights removes the marks:
the tile is set to zero, or the decoder is trained on with the plain error of reconstruction on other photos.
FOLDER keeps what was trained; a run that was interrupted goes on.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import cv2
import numpy as np
import torch
from common import data_folder, write_result
from decoder_signing import PACK, SIDE, key_of, photos, signs
from torch import Tensor, nn

from forensics.datasets.packs import load_pack
from forensics.generators.train.signable import signable
from forensics.runtime.store import bundled
from forensics.training.log import LOG, read_log
from forensics.training.loop import fit
from forensics.training.schedule import Schedule
from forensics.training.task import Silent
from forensics.watermark.attacks import parse_attack
from forensics.watermark.decoders import raw_tile, read_raw
from forensics.watermark.train.decoders.pictures import pixels_of, psnr
from forensics.watermark.train.decoders.published import PublishedRun
from forensics.watermark.train.decoders.run import DecoderRun, SigningRun
from forensics.watermark.train.decoders.tiled import Patterned
from forensics.watermark.train.signing import BUNDLE, load_extractor

BITS, PSNR = 32, 34.1
LEARNED, OTHERS = 512, 256  # photos to train on, and to remove marks by
ATTACKS = (
    "none", "jpeg:80", "jpeg:50", "resize:0.7", "crop:0.5", "brightness:1.5", "rotate:10",
    "crop:0.5+brightness:1.5+jpeg:80",
)  # fmt: skip
REMOVAL = (0, 10, 30, 100, 300)
REMOVAL_RATE, REMOVAL_BATCH = 2e-4, 4
Read = Callable[[Any], Any]
KEY, SIGNS = key_of(7), signs(7, BITS)


class Told(Silent):
    """Who looks on, and says how far it is."""

    def stepped(self, step: int, _done: float) -> None:
        """Say every twentieth step."""
        if step % 20 == 0:
            print(f"step {step}", flush=True)


def latents_of(pictures: Any) -> Tensor:
    return torch.from_numpy(signable("codec", pictures).latents[0])


@torch.no_grad()
def decoded(decoder: nn.Module, latents: Tensor) -> Tensor:
    return torch.cat([decoder(part) for part in latents.split(8)])


def at_psnr(make: Callable[[float], nn.Module], latents: Tensor, plain: Tensor) -> nn.Module:
    """Return the decoder of the strength at which its pictures have the PSNR that is asked for."""
    low, high = 0.2, 3.0
    for _ in range(7):
        middle = (low * high) ** 0.5
        better = psnr(decoded(make(middle), latents), plain) > PSNR
        low, high = (middle, high) if better else (low, middle)
    return make(low)


def tiled(trained: nn.Module, strength: float) -> nn.Module:
    """Return a decoder of one key, as it would be given away: its pattern is one of its weights."""
    own: Any = copy.deepcopy(trained)
    with torch.no_grad():
        pattern = strength * own.tiled.features(torch.from_numpy(raw_tile(KEY, SIGNS))[None])
    decoder: nn.Module = own.tiled.decoder
    decoder.set_submodule(
        own.tiled.layer.name, Patterned(decoder.get_submodule(own.tiled.layer.name), pattern)
    )
    return decoder.eval()


def between(first: nn.Module, trained: nn.Module, share: float) -> nn.Module:
    """Return a decoder on the way from one to another, or beyond."""
    found, state = copy.deepcopy(first), trained.state_dict()
    found.load_state_dict({n: v + share * (state[n] - v) for n, v in first.state_dict().items()})
    return found.eval()


def published_reader(extractor: nn.Module) -> Read:
    @torch.no_grad()
    def read(pixels: Any) -> Any:
        even = pixels[: len(pixels) // 2 * 2, : pixels.shape[1] // 2 * 2]  # of which it has half the sides
        luma = cv2.cvtColor(np.ascontiguousarray(even), cv2.COLOR_RGB2GRAY).astype(np.float32)
        return extractor(torch.from_numpy(luma)[None, None])[0, :-1].numpy()

    return read


def accuracy(pictures: Sequence[Any], read: Read, attack: str) -> float:
    """Return the share of bits that is read right."""
    done = parse_attack(attack)
    return round(float(np.mean([read(done(one, n)) * SIGNS > 0 for n, one in enumerate(pictures)])), 4)


class Held:
    """Photos that no decoder saw, and what is said of a decoder by them.

    Args:
        pictures: (N, S, S, 3) uint8.
        original: The decoder that does not sign.
    """

    def __init__(self, pictures: Any, original: nn.Module) -> None:
        self.latents = latents_of(pictures)
        self.plain = decoded(original, self.latents)
        self.photos = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255

    def judge(self, decoder: nn.Module, read: Read, attacks: Sequence[str] = ()) -> dict[str, Any]:
        """Return bits and PSNR of a decoder, and its bits after attacks."""
        made = decoded(decoder, self.latents)
        pictures = [pixels_of(one) for one in made]
        found: dict[str, Any] = {
            "bits": accuracy(pictures, read, "none"),
            "psnr": round(psnr(made, self.plain), 2),
            "psnr_of_photo": round(psnr(made, self.photos), 2),
        }
        return found | (
            {"attacks": {text: accuracy(pictures, read, text) for text in attacks}} if attacks else {}
        )


def removed(decoder: nn.Module, squares: Any, most: int, judge: Callable[[nn.Module], Any]) -> list[Any]:
    """Return what is left of a mark as its decoder is trained on with the plain error of reconstruction."""
    latents, targets = latents_of(squares), torch.from_numpy(squares).permute(0, 3, 1, 2).float() / 255
    decoder = copy.deepcopy(decoder).requires_grad_(True)
    patterns = [b.requires_grad_(True) for n, b in decoder.named_buffers() if "pattern" in n]
    optimizer = torch.optim.Adam([*decoder.parameters(), *patterns], lr=REMOVAL_RATE)
    rng, rows = np.random.default_rng(0), []
    for step in range(most + 1):
        if step in REMOVAL:
            rows.append({"steps": step, **judge(decoder)})
            print(rows[-1], flush=True)
        chosen = torch.from_numpy(rng.integers(0, len(latents), REMOVAL_BATCH))
        loss = (decoder(latents[chosen]) - targets[chosen]).square().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return rows


def without_tile(decoder: nn.Module) -> nn.Module:
    """Return a decoder whose pattern was set to zero."""
    found = copy.deepcopy(decoder)
    for part in found.modules():
        if isinstance(part, Patterned):
            part.pattern.zero_()
    return found


def once(path: Path, make: Callable[[], Any]) -> Any:
    """Return what was found before, or find it now and keep it."""
    if not path.exists():
        found = json.dumps(make())
        path.write_text(found, encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))


def trained(task: SigningRun | PublishedRun, place: Path, held: Held, data: str) -> nn.Module:
    """Return the decoder of a way, at the PSNR that is asked for."""
    place.mkdir(parents=True, exist_ok=True)
    module: Any = fit(task, place, Told(), data=data)
    print(place.name, "is trained", flush=True)
    if isinstance(task, SigningRun):
        return at_psnr(lambda share: tiled(module, share), held.latents, held.plain)
    return at_psnr(lambda share: between(task.original, module.decoder, share), held.latents, held.plain)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--removal", type=int, default=max(REMOVAL), help="steps of removal at most")
    options = parser.parse_args()
    torch.set_num_threads(1)
    squares = load_pack(str(data_folder() / PACK), SIDE, LEARNED + OTHERS).squares
    source = signable("codec", squares[:LEARNED])
    run = DecoderRun(
        Schedule(steps=options.steps, batch=options.batch, rate=5e-4, warm_up=20, every=options.steps),
        early=False,
        tried=1,
    )
    extractor, learned = load_extractor(bundled(BUNDLE)), [source.latents[0]]
    held = Held(photos(options.count), source.decoder)
    ways: list[tuple[str, SigningRun | PublishedRun, Read]] = [
        (
            "published",
            PublishedRun(run, source.decoder, extractor, SIGNS, learned),
            published_reader(extractor),
        ),
        (
            "tile",
            SigningRun(run, source.decoder, learned, torch.device("cpu")),
            lambda pixels: read_raw(pixels, KEY, BITS).soft,
        ),
    ]
    rows: dict[str, Any] = {}
    for name, task, read in ways:
        place = options.folder / name
        decoder = trained(task, place, held, source.digest)
        row = once(place / "read.json", lambda d=decoder, r=read: held.judge(d, r, ATTACKS))
        row["seconds"] = read_log(place / LOG)["seconds"][-1]
        if name == "tile":
            row["zeroed"] = once(
                place / "zeroed.json", lambda d=decoder, r=read: held.judge(without_tile(d), r)
            )
        print(name, row, flush=True)
        rows[name] = (decoder, read, row)
    for name, (decoder, read, row) in rows.items():
        row["removal"] = once(
            options.folder / name / f"removal{options.removal}.json",
            lambda d=decoder, r=read: removed(
                d, squares[LEARNED:], options.removal, lambda one: held.judge(one, r)
            ),
        )
    result = {
        "bits": BITS,
        "steps": options.steps,
        "batch": options.batch,
        "pictures": options.count,
        "psnr_of_codec": round(psnr(held.plain, held.photos), 2),
        "removal": {"rate": REMOVAL_RATE, "batch": REMOVAL_BATCH, "photos": OTHERS},
        "ways": {name: row for name, (_, _, row) in rows.items()},
    }
    said = (
        f"--steps {options.steps} --batch {options.batch} --count {options.count} --removal {options.removal}"
    )
    write_result("decoder_ways", f"python benchmarks/decoder_ways.py FOLDER {said}", result)


if __name__ == "__main__":
    main()
