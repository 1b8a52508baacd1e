"""CLIP and T5 of transformers as readers of texts: tiny ones with random weights, where it is installed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forensics.errors import MissingExtra, ModelError, UsageError
from forensics.generators.adapters.text_encoders import MOST_TOKENS, PretrainedText

from ..encoders import write_clip, write_t5

TEXTS = ("a red cat", "dog", "", "a red cat", "left")
pytestmark = pytest.mark.filterwarnings("default")  # what transformers imports warns of itself


@pytest.fixture
def transformers() -> Any:
    pytest.importorskip("torch")
    return pytest.importorskip(
        "transformers", reason="transformers is not installed; a made-up encoder stands"
    )


@pytest.fixture
def clip(tmp_path: Path, transformers: Any) -> Path:
    return write_clip(tmp_path / "clip")


@pytest.fixture
def t5(tmp_path: Path, transformers: Any) -> Path:
    return write_t5(tmp_path / "t5")


@pytest.mark.parametrize(
    ("kind", "reader", "length", "width"),
    [("clip", "CLIPTextModel", 8, 16), ("t5", "T5EncoderModel", MOST_TOKENS, 12)],
)
def test_texts_are_read_as_alone_and_without_padding(
    kind: str, reader: str, length: int, width: int,
    transformers: Any, request: pytest.FixtureRequest, no_network: None,
) -> None:  # fmt: skip
    """What stands behind the end changes nothing, and is zero."""
    import torch

    folder = request.getfixturevalue(kind)
    encoder = PretrainedText(folder)
    assert (encoder.name, encoder.length, encoder.width) == (kind, length, width)
    found = encoder.encode(TEXTS)
    assert (found.shape, found.dtype) == ((len(TEXTS), length, width), np.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = getattr(transformers, reader).from_pretrained(folder).eval()
    for text, values in zip(TEXTS, found, strict=True):
        with torch.no_grad():
            wanted = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].numpy()
        np.testing.assert_allclose(values[: len(wanted)], wanted, atol=1e-5)
        assert np.abs(wanted).max() > 0.1
        assert not values[len(wanted) :].any()
    np.testing.assert_array_equal(found[0], found[3])
    assert np.abs(found[1] - found[4]).max() > 0.01
    assert encoder.encode(()).shape == (0, length, width)
    long = encoder.encode(["a cat " * 50, "a cat " * 40])
    np.testing.assert_allclose(long[0], long[1], atol=1e-5)
    assert long.any(2).all()


def test_all_ways_to_keep_a_clip_give_the_same(clip: Path, no_network: None) -> None:
    encoder = PretrainedText(clip)
    wanted = encoder.encode(TEXTS)
    for name in ("whole", "apart"):
        other = PretrainedText(write_clip(clip.parent / name, **{name: True}))
        np.testing.assert_allclose(other.encode(TEXTS), wanted, atol=1e-6)
        assert (other.digest == encoder.digest) == (name == "apart")  # the same files, elsewhere


def test_decoder_of_t5_is_left(t5: Path, no_network: None) -> None:
    whole = PretrainedText(write_t5(t5.parent / "whole", whole=True))
    np.testing.assert_allclose(whole.encode(TEXTS), PretrainedText(t5).encode(TEXTS), atol=1e-6)


def test_another_encoder_has_another_digest(clip: Path, t5: Path) -> None:
    encoder = PretrainedText(clip)
    assert encoder.digest == PretrainedText(str(clip)).digest
    assert len({encoder.digest, PretrainedText(t5).digest}) == 2
    (clip / "README.md").write_text("nothing that counts")
    assert PretrainedText(clip).digest == encoder.digest
    from safetensors.numpy import load_file, save_file

    weights = load_file(clip / "model.safetensors")
    for name, value in weights.items():
        if name.endswith("final_layer_norm.bias"):
            weights[name] = value + 1
    save_file(weights, clip / "model.safetensors", {"format": "pt"})
    changed = PretrainedText(clip)
    assert changed.digest != encoder.digest
    assert np.abs(changed.encode(["cat"]) - encoder.encode(["cat"])).max() > 0.5


def test_only_whole_safetensors_are_read(clip: Path, t5: Path, no_network: None) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(t5 / "model.safetensors")
    weights.pop(next(name for name in weights if "layer_norm" in name))
    save_file(weights, t5 / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks weights of a T5EncoderModel: .*layer_norm"):
        PretrainedText(t5)
    import torch

    torch.save({}, clip / "pytorch_model.bin")
    (clip / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="transformers cannot load"):
        PretrainedText(clip)


def test_tokenizer_has_to_be_there(clip: Path, no_network: None) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt"):
        (clip / name).unlink(missing_ok=True)
    with pytest.raises(ModelError, match="cannot load the tokenizer"):
        PretrainedText(clip)


def test_names_are_fetched_only_where_that_is_allowed(
    clip: Path, monkeypatch: pytest.MonkeyPatch, no_network: None
) -> None:
    import huggingface_hub

    told: dict[str, Any] = {}

    def snapshot_download(name: str, *, allow_patterns: list[str]) -> str:
        if name == "some/damaged":
            raise OSError("not there\nat all")
        told.update(name=name, files=allow_patterns)
        return str(clip)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    with pytest.raises(UsageError, match="is no folder of a text encoder"):
        PretrainedText("some/clip-tiny")
    assert not told
    encoder = PretrainedText("some/clip-tiny", download=True)
    assert (encoder.name, told["name"]) == ("clip-tiny", "some/clip-tiny")
    assert encoder.digest == PretrainedText(clip).digest
    assert not [name for name in told["files"] if name.endswith((".bin", ".py", ".pt", "*"))]
    with pytest.raises(ModelError, match=r"some/damaged cannot be fetched: not there$"):
        PretrainedText("some/damaged", download=True)


def test_what_is_no_text_encoder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any library is asked."""
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UsageError, match="is no folder of a text encoder"):
        PretrainedText(tmp_path)
    for text, reason in (
        ('{"model_type": "bert"}', "type 'bert'; text encoders are read of CLIP and T5"),
        ('{"model_type": ["t5"]}', "text encoders are read of CLIP and T5"),
        ("[]", "does not say of what model"),
        ("{", "does not say of what model"),
        ("{}", "does not say of what model"),
    ):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(UsageError, match=reason):
            PretrainedText(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "t5"}))
    with pytest.raises(MissingExtra, match=r"a text encoder of transformers needs .*\[diffusers\]"):
        PretrainedText(tmp_path)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "modeling.py").write_text("raise SystemExit(9)\n")
    with pytest.raises(UsageError, match=r"brings code of its own, which is not run: more.modeling"):
        PretrainedText(tmp_path)
