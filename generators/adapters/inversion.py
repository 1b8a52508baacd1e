"""Pictures to noise and back by a diffusion pipeline of Hugging Face diffusers, from a folder of yours."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.errors import ModelError, UsageError
from forensics.generators.adapters.diffusion_pipelines import load_pipeline
from forensics.generators.pipelines.base import Request

__all__ = ["DiffusersInversion"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

_PREDICTIONS = ("epsilon", "v_prediction", "sample")


# Song et al. 2020, "Denoising diffusion implicit models" (arXiv:2010.02502), eq. 13, and the same backwards.
# The schedulers of diffusers begin and end at other levels of noise on either way: they are not used.
class DiffusersInversion:
    """DDIM there and back with a pipeline that has a U-Net or transformer that predicts noise.

    It does what `Denoising` does for DIRE: in pixels, or in latents where the pipeline has an autoencoder.
    Pipelines that read texts are given an empty one.

    Args:
        source: Folder that `save_pretrained` wrote.
        device: Where it runs; a GPU if there is one and this is None.

    Raises:
        MissingExtra: diffusers is not installed.
        UsageError: There is no such folder, or it holds no pipeline.
        ModelError: The pipeline cannot be loaded, or has no network that denoises by steps of noise.
    """

    def __init__(self, source: str, *, device: str | None = None) -> None:
        self._pipeline, self._torch, self._device = load_pipeline(source, device=device)
        pipeline: Any = self._pipeline
        network = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
        scheduler: Any = getattr(pipeline, "scheduler", None)
        if network is None or not hasattr(scheduler, "alphas_cumprod"):
            raise ModelError(f"{source} has no diffusion model that DDIM could invert", actual=source)
        self._network = network.eval()
        self._shares = scheduler.alphas_cumprod.to(self._device)
        self._predicts = str(scheduler.config.get("prediction_type", "epsilon"))
        if self._predicts not in _PREDICTIONS:
            raise ModelError(
                f"{source} predicts {self._predicts}", expected=_PREDICTIONS, actual=self._predicts
            )
        self._codec: Any = getattr(pipeline, "vae", None)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the pictures it was made for."""
        side = int(self._network.config.sample_size)
        side *= int(getattr(self._pipeline, "vae_scale_factor", 1)) if self._codec is not None else 1
        return side, side

    def invert(self, pictures: Pixels, request: Request) -> Floats:
        """Return the noise that pictures come from, nearly: (N, C, h, w).

        Args:
            pictures: (N, H, W, 3) uint8 RGB of its own size.
            request: Its steps, and pictures at a time.

        Raises:
            UsageError: The pictures have another size.
        """
        if pictures.shape[1:3] != self.size:
            wanted, found = (f"{width} x {height}" for height, width in (self.size, pictures.shape[1:3]))
            raise UsageError(f"the model works on pictures of {wanted}", expected=wanted, actual=found)
        x = np.moveaxis(pictures.astype(np.float32) / np.float32(127.5) - np.float32(1), -1, 1)
        return self._along(np.ascontiguousarray(x), request, there=True)

    def reconstruct(self, noise: Floats, request: Request) -> Floats:
        """Return the pictures that come of noise, (N, 3, H, W), 0 to 1 and a little beyond.

        Args:
            noise: As `invert` returns it.
            request: The same as there.
        """
        return (self._along(noise, request, there=False) + np.float32(1)) / np.float32(2)

    def _along(self, given: Floats, request: Request, *, there: bool) -> Floats:
        """Go from level to level, by what is predicted at the noisier of two neighbours either way."""
        moments = [round((i + 1) * len(self._shares) / request.steps) - 1 for i in range(request.steps)]
        levels = [self._torch.ones_like(self._shares[0]), *self._shares[moments]]
        ways = list(zip(moments, levels, levels[1:], strict=False))
        found = []
        with self._torch.inference_mode():
            for part in np.split(given, range(request.batch, len(given), request.batch)):
                x = self._torch.from_numpy(part).to(self._device, self._network.dtype)
                x = self._encoded(x) if there else x
                texts = self._texts(len(part))
                for moment, clearer, noisier in ways if there else ways[::-1]:
                    now, then = (clearer, noisier) if there else (noisier, clearer)
                    noise = self._noise(self._network(x, moment, **texts).sample, x, noisier)
                    clean = (x - (1 - now).sqrt() * noise) / now.sqrt()
                    x = then.sqrt() * clean + (1 - then).sqrt() * noise
                found.append((x if there else self._decoded(x)).float().cpu().numpy())
        return np.concatenate(found)

    def _noise(self, predicted: Any, x: Any, share: Any) -> Any:
        """Return the noise that a prediction amounts to."""
        if self._predicts == "v_prediction":
            return share.sqrt() * predicted + (1 - share).sqrt() * x
        if self._predicts == "sample":
            return (x - share.sqrt() * predicted) / (1 - share).sqrt()
        return predicted

    def _encoded(self, x: Any) -> Any:
        if self._codec is None:
            return x
        return self._codec.encode(x).latent_dist.mean * self._codec.config.scaling_factor

    def _decoded(self, x: Any) -> Any:
        return x if self._codec is None else self._codec.decode(x / self._codec.config.scaling_factor).sample

    def _texts(self, count: int) -> dict[str, Any]:
        if getattr(self._pipeline, "text_encoder", None) is None:
            return {}
        empty, _ = self._pipeline.encode_prompt("", self._device, 1, False)
        return {"encoder_hidden_states": empty.expand(count, -1, -1)}
