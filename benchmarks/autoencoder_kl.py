"""An AutoencoderKL of diffusers, trained on photos, learns to sign: what its mark survives and costs.

    python benchmarks/autoencoder_kl.py FOLDER [--minutes 6] [--steps 300] [--batch 4] [--count 48]

FOLDER gets the autoencoder (`vae`) and the decoder that signs for it (`signing`); what is there already is
not trained again, and a run that was interrupted goes on. Photos that neither saw are encoded, decoded with a
tile of a key and 48 bits for each, attacked, searched blindly, and the bits read.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import torch
from common import data_folder, write_result
from decoder_signing import PACK, SEEN, SIDE, key_of, photos, signs
from torch import Tensor

from forensics.datasets.packs import load_pack
from forensics.generators.adapters.autoencoders import open_autoencoder
from forensics.generators.adapters.signed_autoencoder import sign_autoencoder
from forensics.generators.train.signable import signable
from forensics.training.card import Card
from forensics.training.log import LOG, read_log
from forensics.training.loop import fit
from forensics.training.schedule import Schedule
from forensics.training.task import Silent
from forensics.watermark.attacks import parse_attack
from forensics.watermark.decoders import BITS, CONTRACT, Signature, raw_tile, read_raw, signature
from forensics.watermark.train.decoders.finish import Stands, finish
from forensics.watermark.train.decoders.pictures import pixels_of, psnr
from forensics.watermark.train.decoders.run import DecoderRun, SigningRun
from forensics.watermark.train.decoders.tiled import steady_rate

LEARNED = 400  # photos that the decoder learns to sign by
RATE, WEIGHT_OF_KL, WARM_UP = 1e-3, 1e-6, 50
SIDES, BATCHES = (64, 128), (8, 2)  # of crops; every fourth batch is of whole squares
ATTACKS = (*CONTRACT, "jpeg:80", "crop:0.5", "brightness:1.5")


class Told(Silent):
    """Who looks on, and says how far it is."""

    def stepped(self, step: int, _done: float) -> None:
        """Say every twentieth step."""
        if step % 20 == 0:
            print(f"step {step}", flush=True)


def small_autoencoder() -> Any:
    """Return one that halves the sides of pictures and has four channels of latents, not yet trained."""
    import diffusers

    torch.manual_seed(0)
    return diffusers.AutoencoderKL(
        block_out_channels=(32, 64),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=8,
        scaling_factor=1.0,
        mid_block_add_attention=False,
    )


def crops(squares: Any, step: int) -> Tensor:
    """Return a batch of crops, -1 to 1."""
    rng = np.random.default_rng([0, step])
    side, batch = (SIDES[step % 4 == 3], BATCHES[step % 4 == 3])
    parts = []
    for number in rng.integers(0, len(squares), batch):
        y, x = rng.integers(0, SIDE - side + 1, 2)
        parts.append(squares[number][y : y + side, x : x + side])
    return torch.from_numpy(np.stack(parts)).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def train(squares: Any, folder: Path, minutes: float) -> dict[str, float]:
    """Train one into a folder, by mean absolute and squared errors and a little for the size of latents."""
    model, begun, step = small_autoencoder(), time.monotonic(), 0
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    while (spent := time.monotonic() - begun) < 60 * minutes:
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / WARM_UP) * max(0.02, 1.0 - spent / (60 * minutes))
        x = crops(squares, step)
        latents = model.encode(x).latent_dist
        found = model.decode(latents.sample(torch.Generator().manual_seed(step))).sample
        error = (found - x).abs().mean() + (found - x).square().mean()
        optimizer.zero_grad(set_to_none=True)
        (error + WEIGHT_OF_KL * latents.kl().mean()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 100 == 0:
            print(f"step {step}: error {float(error.detach()):.4f}, {spent:.0f} s", flush=True)
    model.save_pretrained(folder)
    return {"steps": step, "seconds": round(time.monotonic() - begun)}


def once(path: Path, make: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Return what was found before, or find it now and keep it."""
    if not path.exists():
        path.write_text(json.dumps(make()), encoding="utf-8")
    found: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return found


def sign(folder: Path, squares: Any, steps: int, batch: int) -> dict[str, float]:
    """Teach its decoder to sign, as `forensics train decoder` does, and return what that command measures."""
    found = signable(f"diffusers:{folder / 'vae'}", squares[:LEARNED])
    rate = steady_rate(found.decoder, found.latents[0][:8], 5e-4)
    run = DecoderRun(Schedule(steps=steps, batch=batch, rate=rate, warm_up=20, every=100))
    task = SigningRun(run, found.decoder, found.latents, torch.device("cpu"))
    place = folder / "signing"
    place.mkdir(parents=True, exist_ok=True)
    trained = fit(task, place, Told(), data=found.digest + found.sha256)
    said = f"python benchmarks/autoencoder_kl.py FOLDER --steps {steps} --batch {batch}"
    card = Card(
        "autoencoder-signing", "Signs.", "a benchmark", f"{LEARNED} photos", "mixed", said, {}, 0, "cpu"
    )
    return finish(task, trained, Stands(found.file, found.sha256, found.weights), place, card)


@torch.no_grad()
def measured(folder: Path, pictures: Any) -> dict[str, Any]:
    """Return what photos say that were decoded with a key and bits for each."""
    x = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255
    vae = open_autoencoder(folder / "vae")
    latents = torch.cat([vae.encode(2 * part - 1).latent_dist.mode() for part in x.split(8)])
    plain = torch.cat([vae.decode(part).sample for part in latents.split(8)]) / 2 + 0.5
    said, marked = signature(key_of(0), "0").payload, []
    for number, one in enumerate(latents):
        own = Signature(said, raw_tile(key_of(number), signs(number, BITS)))
        signed = sign_autoencoder(open_autoencoder(folder / "vae"), folder / "signing", own)
        marked.append(signed.decode(one[None]).sample[0] / 2 + 0.5)
    rows = []
    for text in ATTACKS:
        attack = parse_attack(text)
        right = [
            (read_raw(attack(pixels_of(one), n), key_of(n)).soft * signs(n, BITS) > 0).mean()
            for n, one in enumerate(marked)
        ]
        rows.append({"attack": text, "bits": round(float(np.mean(right)), 4), "asked": CONTRACT.get(text)})
    return {
        "pictures": len(pictures),
        "psnr_of_autoencoder": round(psnr(plain, x), 2),
        "psnr": round(psnr(torch.stack(marked), plain), 2),
        "attacks": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--count", type=int, default=48)
    options = parser.parse_args()
    folder: Path = options.folder
    torch.set_num_threads(1)
    squares = load_pack(str(data_folder() / PACK), SIDE, SEEN).squares
    folder.mkdir(parents=True, exist_ok=True)
    trained = once(folder / "trained.json", lambda: train(squares, folder / "vae", options.minutes))
    metrics = once(folder / "signed.json", lambda: sign(folder, squares, options.steps, options.batch))
    log = read_log(folder / "signing" / LOG)
    signing = {
        "steps": log["step"][-1],
        "batch": options.batch,
        "seconds": log["seconds"][-1],
        **{name: value for name, value in metrics.items() if name.startswith("psnr")},
    }
    result = {"autoencoder": trained, "signing": signing, **measured(folder, photos(options.count))}
    print(result, flush=True)
    said = f"--minutes {options.minutes:g} --steps {options.steps} --batch {options.batch}"
    said += f" --count {options.count}"
    write_result("autoencoder_kl", f"python benchmarks/autoencoder_kl.py FOLDER {said}", result)


if __name__ == "__main__":
    main()
