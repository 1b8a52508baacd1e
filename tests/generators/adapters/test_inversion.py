"""Pictures to noise and back by pipelines of diffusers: tiny ones with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

import torch  # noqa: E402

from forensics.detectors.dire.maps import Settings, dire_maps  # noqa: E402
from forensics.errors import UsageError  # noqa: E402
from forensics.generators.adapters.inversion import DiffusersInversion  # noqa: E402
from forensics.generators.pipelines.base import Request  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")

BLOCKS: dict[str, Any] = {
    "block_out_channels": (8, 8), "norm_num_groups": 4, "layers_per_block": 1,
    "down_block_types": ("DownBlock2D",) * 2, "up_block_types": ("UpBlock2D",) * 2,
}  # fmt: skip


@pytest.fixture
def ddpm(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    unet = diffusers.UNet2DModel(sample_size=16, **BLOCKS)
    diffusers.DDPMPipeline(unet, diffusers.DDPMScheduler(1000)).save_pretrained(tmp_path / "ddpm")
    return tmp_path / "ddpm"


def pictures(count: int = 3, side: int = 16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)


class Gaussian:
    """What the best network predicts of standard normal pixels, whatever it is to predict."""

    dtype = torch.float32
    config = type("Config", (), {"sample_size": 16})

    def __init__(self, kind: str, shares: torch.Tensor) -> None:
        self.kind, self.shares = kind, shares

    def __call__(self, x: torch.Tensor, moment: int) -> Any:
        share = self.shares[moment]
        clean, noise = share.sqrt() * x, (1 - share).sqrt() * x
        v = share.sqrt() * noise - (1 - share).sqrt() * clean
        return type(
            "Found", (), {"sample": {"epsilon": noise, "sample": clean, "v_prediction": v}[self.kind]}
        )


@pytest.mark.parametrize("kind", ["epsilon", "sample", "v_prediction"])
def test_the_more_steps_the_nearer_they_come_back(ddpm: Path, no_network: None, kind: str) -> None:
    model, given = DiffusersInversion(str(ddpm), device="cpu"), pictures()
    model._network, model._predicts = Gaussian(kind, model._shares), kind
    errors = [float(dire_maps(given, model, Settings(steps=n, batch=2)).mean()) for n in (10, 100, 1000)]
    assert errors[0] > 5 * errors[1] > 25 * errors[2]


def test_it_is_ddim_written_out(ddpm: Path, no_network: None) -> None:
    """Against the equation, with the same network."""
    model = DiffusersInversion(str(ddpm), device="cpu")
    x = 2.0 * torch.rand(1, 3, 16, 16) - 1.0
    found = model.reconstruct(x.numpy(), Request(steps=4, batch=1))
    unet = diffusers.UNet2DModel.from_pretrained(ddpm / "unet")
    shares = diffusers.DDPMScheduler(1000).alphas_cumprod
    for moment in (999, 749, 499, 249):
        now, then = shares[moment], shares[moment - 250] if moment > 249 else torch.tensor(1.0)
        with torch.no_grad():
            noise = unet(x, moment).sample
        clean = (x - (1 - now).sqrt() * noise) / now.sqrt()
        x = then.sqrt() * clean + (1 - then).sqrt() * noise
    np.testing.assert_allclose(2 * found - 1, x.numpy(), atol=1e-4)


def test_pictures_of_another_size_are_refused(ddpm: Path, no_network: None) -> None:
    with pytest.raises(UsageError, match="16 x 16"):
        DiffusersInversion(str(ddpm), device="cpu").invert(pictures(side=24), Request(steps=2))


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"model_index\.json"):
        DiffusersInversion(str(tmp_path))


def test_a_pipeline_in_latents_has_the_size_of_its_pictures(tmp_path: Path, no_network: None) -> None:
    torch.manual_seed(0)
    unet = diffusers.UNet2DModel(sample_size=8, in_channels=4, out_channels=4, **BLOCKS)
    codec = diffusers.AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 8), norm_num_groups=4, latent_channels=4,
    )  # fmt: skip
    model = object.__new__(DiffusersInversion)
    model._torch, model._device, model._network, model._codec = torch, "cpu", unet.eval(), codec.eval()
    model._pipeline = type("Pipeline", (), {"vae_scale_factor": 2})()
    model._shares, model._predicts = diffusers.DDIMScheduler(1000).alphas_cumprod, "v_prediction"
    assert model.size == (16, 16)
    noise = model.invert(pictures(2), Request(steps=3, batch=1))
    assert noise.shape == (2, 4, 8, 8)
    assert model.reconstruct(noise, Request(steps=3, batch=1)).shape == (2, 3, 16, 16)
