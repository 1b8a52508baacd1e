"""Pipelines of diffusers: tiny ones with random weights where it is installed, and a fake one elsewhere."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from forensics.errors import MissingExtra, ModelError, UsageError
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.opening import open_pipeline


@pytest.fixture
def ddpm(tmp_path: Path) -> Path:
    """A real pipeline of diffusers with random weights."""
    pytest.importorskip("torch")
    diffusers = pytest.importorskip("diffusers", reason="diffusers is not installed; the fake stands for it")
    import torch

    torch.manual_seed(0)
    blocks = {"down_block_types": ("DownBlock2D",) * 2, "up_block_types": ("UpBlock2D",) * 2}
    unet = diffusers.UNet2DModel(
        sample_size=16, block_out_channels=(8, 8), norm_num_groups=4, layers_per_block=1, **blocks
    )
    diffusers.DDPMPipeline(unet, diffusers.DDPMScheduler(20)).save_pretrained(tmp_path / "ddpm")
    return tmp_path / "ddpm"


@pytest.mark.filterwarnings("default")
def test_real_pipeline_draws_without_a_connection(ddpm: Path, no_network: None) -> None:
    pipeline = open_pipeline(f"diffusers:{ddpm}")
    many = list(pipeline.sample(Request(3, seed=1, steps=3, batch=3)))
    assert [picture.shape for picture in many] == [(16, 16, 3)] * 3
    assert (many[0] != many[1]).any()
    few = list(pipeline.sample(Request(2, seed=1, steps=3, batch=1)))
    for one, other in zip(few, many, strict=False):
        np.testing.assert_allclose(one.astype(int), other.astype(int), atol=1)
    with pytest.raises(UsageError, match="takes no prompt"):
        next(pipeline.sample(Request(prompt="a cat")))
    with pytest.raises(UsageError, match="takes no guidance_scale"):
        next(pipeline.sample(Request(guidance=3.0)))


@pytest.mark.filterwarnings("default")
def test_weights_that_are_no_safetensors_are_refused(ddpm: Path, no_network: None) -> None:
    (ddpm / "unet" / "diffusion_pytorch_model.safetensors").rename(
        ddpm / "unet" / "diffusion_pytorch_model.bin"
    )
    with pytest.raises(ModelError, match="diffusers cannot load"):
        open_pipeline(f"diffusers:{ddpm}")


@pytest.fixture
def stable(tmp_path: Path) -> Path:
    """A real Stable Diffusion with random weights, which knows two words."""
    pytest.importorskip("torch")
    diffusers = pytest.importorskip("diffusers", reason="diffusers is not installed; the fake stands for it")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    words = ["<|startoftext|>", "<|endoftext|>", "a</w>", "cat</w>", "a", "c", "t"]
    (tmp_path / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    files = (str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt"))
    text = transformers.CLIPTextConfig(
        vocab_size=len(words), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=8,
        bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    small = {"block_out_channels": (8, 8), "norm_num_groups": 4}
    unet = diffusers.UNet2DConditionModel(
        sample_size=8, cross_attention_dim=16, attention_head_dim=2, layers_per_block=1, **small,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    codec = diffusers.AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, **small
    )
    pipeline = diffusers.StableDiffusionPipeline(
        codec, transformers.CLIPTextModel(text), transformers.CLIPTokenizer(*files, model_max_length=8), unet,
        diffusers.DDIMScheduler(20, clip_sample=False, steps_offset=1), None, None,
        requires_safety_checker=False,
    )  # fmt: skip
    pipeline.save_pretrained(tmp_path / "stable")
    return tmp_path / "stable"


@pytest.mark.filterwarnings("default")
def test_real_pipeline_of_texts_is_told_them(stable: Path, no_network: None) -> None:
    pipeline = open_pipeline(f"diffusers:{stable}")
    asked = Request(2, steps=2, prompt="a cat", guidance=3.0)
    drawn = list(pipeline.sample(asked))
    assert [picture.shape for picture in drawn] == [(16, 16, 3)] * 2
    (other,) = pipeline.sample(Request(1, steps=2, prompt="cat", guidance=3.0))
    assert (other != drawn[0]).any()


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Modules that only look like diffusers and PyTorch, and what the fake pipeline was told.

    They show what the adapter asks for, not that diffusers answers: that is shown above, with the real one.
    """
    told: dict[str, Any] = {"folder": tmp_path}
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "FakePipeline"}))

    class Generator:
        def __init__(self, device: str) -> None:
            self.seed = 0

        def manual_seed(self, seed: int) -> Generator:
            self.seed = seed
            return self

    class FakePipeline:
        def to(self, device: str) -> FakePipeline:
            told["device"] = device
            return self

        def set_progress_bar_config(self, **_: object) -> None:
            pass

        def __call__(
            self, prompt: list[str], guidance_scale: float = 7.5, num_inference_steps: int = 50,
            generator: object = None, output_type: str = "pil",
        ) -> SimpleNamespace:  # fmt: skip
            told.update(prompt=prompt, guidance=guidance_scale, steps=num_inference_steps, type=output_type)
            grey = [np.full((4, 5, 1), each.seed / 10, np.float32) for each in generator]
            return SimpleNamespace(images=np.stack(grey))

    def from_pretrained(source: str, **options: object) -> FakePipeline:
        told.update(options, source=source, offline=constants.HF_HUB_OFFLINE)
        if source == "damaged":
            raise OSError("no weights\nat all")
        return FakePipeline()

    constants = ModuleType("huggingface_hub.constants")
    constants.HF_HUB_OFFLINE = False
    modules: dict[str, Any] = {name: ModuleType(name) for name in ("diffusers", "torch", "huggingface_hub")}
    modules["diffusers"].DiffusionPipeline = SimpleNamespace(from_pretrained=from_pretrained)
    modules["torch"].Generator, modules["torch"].inference_mode = Generator, nullcontext
    modules["torch"].cuda = SimpleNamespace(is_available=lambda: False)
    modules["huggingface_hub"].constants = constants
    bars: list[bool] = [True]
    modules["diffusers"].utils = SimpleNamespace(
        logging=SimpleNamespace(
            is_progress_bar_enabled=lambda: bars[-1],
            disable_progress_bar=lambda: bars.append(False),
            enable_progress_bar=lambda: bars.append(True),
        )
    )
    for name, module in {**modules, "huggingface_hub.constants": constants}.items():
        monkeypatch.setitem(sys.modules, name, module)
    told["constants"] = constants
    return told


def test_fake_pipeline_is_told_what_is_asked(fake: dict[str, Any]) -> None:
    pipeline = open_pipeline(f"diffusers:{fake['folder']}")
    assert (fake["local_files_only"], fake["use_safetensors"], fake["trust_remote_code"]) == (
        True,
        True,
        False,
    )
    assert (fake["offline"], fake["constants"].HF_HUB_OFFLINE, fake["device"]) == (True, False, "cpu")
    drawn = list(pipeline.sample(Request(3, prompt="a cat", steps=9, guidance=2.0, batch=2)))
    assert (fake["prompt"], fake["steps"], fake["guidance"], fake["type"]) == (["a cat"], 9, 2.0, "np")
    assert [picture.shape for picture in drawn] == [(4, 5, 3)] * 3
    assert [int(picture[0, 0, 0]) for picture in drawn] == [0, 26, 51]
    next(pipeline.sample(Request()))
    assert (fake["prompt"], fake["steps"], fake["guidance"]) == ([""], 50, 7.5)
    with pytest.raises(UsageError, match="takes no sampler"):
        next(pipeline.sample(Request(sampler="heun")))


def test_network_is_used_only_where_it_is_allowed(fake: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="no folder of a pipeline of diffusers"):
        open_pipeline("diffusers:somebody/something")
    assert "source" not in fake
    open_pipeline("diffusers:somebody/something", download=True)
    assert (fake["source"], fake["local_files_only"], fake["offline"]) == ("somebody/something", False, False)
    with pytest.raises(ModelError, match=r"diffusers cannot load damaged: no weights$"):
        open_pipeline("diffusers:damaged", download=True)


def test_code_in_the_folder_is_not_run(fake: dict[str, Any]) -> None:
    (fake["folder"] / "unet").mkdir()
    (fake["folder"] / "unet" / "model.py").write_text("raise SystemExit(9)\n")
    with pytest.raises(UsageError, match=r"brings code of its own, which is not run: unet.model\.py"):
        open_pipeline(f"diffusers:{fake['folder']}")
    assert "source" not in fake


def test_diffusers_has_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model_index.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(MissingExtra, match=r"needs an extra: pip install '.*\[diffusers\]'"):
        open_pipeline(f"diffusers:{tmp_path}")
