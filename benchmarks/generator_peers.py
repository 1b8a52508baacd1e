"""Are our generators as fast to train and to draw with as those of diffusers and torchcfm?

    pip install diffusers torchcfm    # beside the extra `train`
    python benchmarks/generator_peers.py [--rounds 7] [--batch 32]

Each row is one step of a training, or one drawing, by their own code as their examples write it and by ours,
in turn, on networks of the same levels, widths, blocks and attention (the numbers of weights stand in the
row), on the same machine and with as many threads. Medians over the rounds; the ratio is ours to theirs in
pictures per second: above 1 we are faster. The drawings take equally many steps; ours run on ONNX Runtime, as
`forensics generate` does.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import torch
from common import ROOT, write_result
from diffusers import DDIMPipeline, DDIMScheduler, DDPMScheduler, DiTTransformer2DModel, UNet2DModel
from diffusers.training_utils import EMAModel
from torch import Tensor, nn
from torchcfm.conditional_flow_matching import ConditionalFlowMatcher
from torchcfm.models.unet import UNetModel

from forensics.generators.networks.transformer import TransformerConfig
from forensics.generators.networks.unet import UNetConfig
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.opening import open_pipeline
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.denoising import DIFFUSION, FLOW, DenoiserRun
from forensics.generators.train.families import FAMILIES
from forensics.training.card import Origins
from forensics.training.loop import fit
from forensics.training.machine import Machine
from forensics.training.schedule import Schedule
from forensics.training.task import Silent

SIDE, WIDTH, MULTIPLES = 32, 64, (1, 2, 2)
TOKENS, DEPTH, HEADS, PATCH = 192, 6, 6, 4
UNET = UNetConfig(width=WIDTH, multiples=MULTIPLES, blocks=1, attention=2)
TRANSFORMER = TransformerConfig(channels=3, patch=PATCH, width=TOKENS, depth=DEPTH, heads=HEADS)
STEPS = 10
Step = Callable[[], None]
Model = Callable[[Tensor, Tensor], Tensor]


def diffusers_unet() -> nn.Module:
    """Return the U-Net of diffusers with the levels of ours."""
    return UNet2DModel(
        sample_size=SIDE, layers_per_block=1, block_out_channels=tuple(WIDTH * m for m in MULTIPLES),
        down_block_types=("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"), norm_num_groups=8, attention_head_dim=32,
    )  # fmt: skip


def diffusers_transformer() -> nn.Module:
    """Return the transformer of diffusers with the width and depth of ours."""
    return DiTTransformer2DModel(
        num_attention_heads=HEADS, attention_head_dim=TOKENS // HEADS, in_channels=3, out_channels=3,
        num_layers=DEPTH, sample_size=SIDE, patch_size=PATCH, num_embeds_ada_norm=1,
    )  # fmt: skip


def torchcfm_unet() -> nn.Module:
    """Return the U-Net of torchcfm with the levels of ours."""
    return UNetModel(
        dim=(3, SIDE, SIDE), num_channels=WIDTH, num_res_blocks=1, channel_mult=list(MULTIPLES),
        attention_resolutions=str(SIDE // 4), num_heads=4,
    )  # fmt: skip


def by_diffusers(model: nn.Module, pictures: Tensor, batch: int) -> Step:
    """Return a step of training as the unconditional example of diffusers takes it."""
    scheduler = DDPMScheduler(num_train_timesteps=1000)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    average = EMAModel(model.parameters(), decay=0.9999)
    labels = {"class_labels": torch.zeros(batch, dtype=torch.long)} if "DiT" in type(model).__name__ else {}

    def step() -> None:
        clean = pictures[torch.randint(len(pictures), (batch,))]
        noise, moments = torch.randn_like(clean), torch.randint(0, 1000, (batch,))
        found = model(scheduler.add_noise(clean, noise, moments), moments, **labels).sample[:, :3]
        nn.functional.mse_loss(found, noise).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        average.step(model.parameters())

    return step


def by_torchcfm(
    model: Callable[[Tensor, Tensor], Tensor], module: nn.Module, pictures: Tensor, batch: int
) -> Step:
    """Return a step of training as the CIFAR-10 example of torchcfm takes it."""
    matcher = ConditionalFlowMatcher(sigma=0.0)
    optimizer = torch.optim.Adam(module.parameters(), lr=2e-4)
    average = {name: value.detach().clone() for name, value in module.state_dict().items()}

    def step() -> None:
        optimizer.zero_grad()
        clean = pictures[torch.randint(len(pictures), (batch,))]
        t, between, velocity = matcher.sample_location_and_conditional_flow(torch.randn_like(clean), clean)
        torch.mean((model(t, between) - velocity) ** 2).backward()
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            for name, value in module.state_dict().items():
                average[name].copy_(average[name] * 0.9999 + value * 0.0001)

    return step


def run_of(preset: DenoiserRun, model: Any, batch: int) -> DenoiserRun:
    """Return a run in pixels with a network of ours."""
    return replace(
        preset, model=model, side=SIDE, latent=False, schedule=Schedule(10**6, batch, 2e-4, every=10**9)
    )


def by_us(family: str, run: DenoiserRun, corpus: Corpus) -> tuple[Step, nn.Module]:
    """Return a step of the loop of `forensics train`, and what it trains."""
    from forensics.training.loop import _Run  # the steps of `fit`, one by one

    task = FAMILIES[family].prepare(run, corpus, Machine("cpu"))
    steps = _Run(task, Path(tempfile.mkdtemp()), Silent(), Machine("cpu")).steps()
    return lambda: (next(steps), None)[1], task.module


def in_turn(ours: Step, theirs: Step, rounds: int) -> tuple[float, float]:
    """Return the median seconds of each."""
    taken: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 1):
        for run, times in zip((ours, theirs), taken, strict=True):
            start = time.perf_counter()
            run()
            if turn:  # the first fills the caches
                times.append(time.perf_counter() - start)
    return statistics.median(taken[0]), statistics.median(taken[1])


def drawn_by_us(run: DenoiserRun, corpus: Corpus, batch: int, folder: Path) -> Step:
    """Return a drawing by ONNX Runtime with a network that took one step."""
    kind = FAMILIES["diffusion"]
    task = kind.prepare(replace(run, schedule=replace(run.schedule, steps=1)), corpus, Machine("cpu"))
    folder.mkdir()
    module = fit(task, folder)
    kind.finish(task, module, folder, kind.card("speed", task, Origins("none", "CC0-1.0", ""), 0), corpus)
    pipeline = open_pipeline(folder)
    return lambda: (list(pipeline.sample(Request(batch, batch=batch, steps=STEPS, sampler="ddim"))), None)[1]


def drawn_by_diffusers(model: nn.Module, batch: int) -> Step:
    """Return a drawing by the pipeline of diffusers."""
    pipeline = DDIMPipeline(model.eval(), DDIMScheduler(num_train_timesteps=1000))
    pipeline.set_progress_bar_config(disable=True)
    return lambda: (pipeline(batch_size=batch, num_inference_steps=STEPS, output_type="np"), None)[1]


def rows_of(rounds: int, batch: int, scratch: Path) -> list[dict[str, Any]]:
    """Measure all rows."""
    pixels = np.random.default_rng(0).integers(0, 256, (256, SIDE, SIDE, 3), dtype=np.uint8)
    corpus = Corpus(pixels)
    pictures = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1.0
    unet, transformer, cfm = diffusers_unet(), diffusers_transformer(), torchcfm_unet()
    rows = []

    def add(name: str, ours: Step, theirs: Step, weights: tuple[int, int]) -> None:
        mine, other = in_turn(ours, theirs, rounds)
        rows.append(
            {
                "row": name, "our_weights": weights[0], "their_weights": weights[1],
                "ours_per_s": round(batch / mine, 2), "theirs_per_s": round(batch / other, 2),
                "ratio": round(other / mine, 3),
            }
        )  # fmt: skip
        print(rows[-1], file=sys.stderr)

    for name, config, model in (("U-Net", UNET, unet), ("transformer", TRANSFORMER, transformer)):
        ours, module = by_us("diffusion", run_of(DIFFUSION["unet"], config, batch), corpus)
        add(f"train {name}, diffusers", ours, by_diffusers(model, pictures, batch), sizes(module, model))
    ours, module = by_us("flow", run_of(FLOW["matched"], UNET, batch), corpus)
    add("train U-Net, torchcfm", ours, by_torchcfm(cfm, cfm, pictures, batch), sizes(module, cfm))
    run = replace(run_of(FLOW["matched"], UNET, batch), pairing=False)
    ours, module = by_us("flow", run, corpus)
    same = by_us("flow", run, corpus)[1]
    step = by_torchcfm(lambda t, z: same(z, t), same, pictures, batch)
    add("train our U-Net by both loops, torchcfm", ours, step, sizes(module, same))
    ours = drawn_by_us(run_of(DIFFUSION["unet"], UNET, batch), corpus, batch, scratch / "unet")
    add(
        f"draw by U-Net, {STEPS} steps, diffusers", ours, drawn_by_diffusers(unet, batch), sizes(module, unet)
    )
    return rows


def sizes(ours: nn.Module, theirs: nn.Module) -> tuple[int, int]:
    """Return the numbers of weights."""
    mine, other = (sum(p.numel() for p in each.parameters()) for each in (ours, theirs))
    return mine, other


def main() -> int:
    """Measure, and write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as scratch:
        rows = rows_of(options.rounds, options.batch, Path(scratch))
    result = {
        "threads": torch.get_num_threads(), "batch": options.batch, "side": SIDE,
        "peers": {name: version(name) for name in ("diffusers", "torchcfm", "torch")}, "rows": rows,
    }  # fmt: skip
    path = write_result("generator_peers", "python benchmarks/generator_peers.py", result)
    print(path.relative_to(ROOT))
    return 0 if all(row["ratio"] >= 0.9 for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
