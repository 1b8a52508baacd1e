"""Text encoders to test with: a made-up one, and CLIP and T5 with random weights that know few words."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["FakeEncoder", "write_clip", "write_t5"]

WORDS = ("a", "cat", "dog", "red", "blue", "left", "right")


@dataclass(frozen=True)
class FakeEncoder:
    """Values that depend on words and their places, an end, and zeros behind it."""

    name: str = "fake"
    digest: str = "f" * 64
    length: int = 6
    width: int = 8

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        found = np.zeros((len(texts), self.length, self.width), np.float32)
        for number, text in enumerate(texts):
            for place, word in enumerate([*text.split()[: self.length - 1], "<end>"]):
                rng = np.random.default_rng(zlib.crc32(f"{place} {word}".encode()))
                found[number, place] = 3.0 * rng.standard_normal(self.width)
        return found


def write_clip(folder: Path, *, whole: bool = False, apart: bool = False) -> Path:
    """Write a CLIP; `whole` with the part that sees pictures, `apart` as diffusers has its parts."""
    import torch
    import transformers as hf

    words = ["<|startoftext|>", "<|endoftext|>", *(f"{word}</w>" for word in WORDS)]
    letters = sorted(set("".join(WORDS)))
    pieces = [*letters, *(f"{letter}</w>" for letter in letters if f"{letter}</w>" not in words)]
    merges = ["#version: 0.2"]
    for word in WORDS:
        parts = [*word[:-1], f"{word[-1]}</w>"]
        while len(parts) > 1:
            merges.append(f"{parts[0]} {parts[1]}")
            parts[:2] = [parts[0] + parts[1]]
            pieces.append(parts[0])
    kept = list(dict.fromkeys([*words, *pieces]))
    place = folder / "tokenizer" if apart else folder
    place.mkdir(parents=True)
    (place / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(kept)}))
    (place / "merges.txt").write_text("\n".join(dict.fromkeys(merges)) + "\n")
    files = (str(place / "vocab.json"), str(place / "merges.txt"))
    tokenizer = hf.CLIPTokenizer(*files, model_max_length=8)
    text: dict[str, Any] = {
        "vocab_size": len(kept), "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2,
        "num_attention_heads": 2, "max_position_embeddings": 8,
        "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1,
    }  # fmt: skip
    seen = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    torch.manual_seed(0)
    model = hf.CLIPTextModel(hf.CLIPTextConfig(**text)).eval()
    if whole:
        both = hf.CLIPModel(
            hf.CLIPConfig(text_config=text, vision_config={**seen, "image_size": 8, "patch_size": 4})
        )
        same = {name.removeprefix("text_model."): value for name, value in model.state_dict().items()}
        both.text_model.load_state_dict(same)
        model = both
    model.save_pretrained(folder / "text_encoder" if apart else folder)
    tokenizer.save_pretrained(place)
    return folder


def write_t5(folder: Path, *, whole: bool = False) -> Path:
    """Write an encoder of T5; `whole` with its decoder."""
    import tokenizers as tk
    import torch
    import transformers as hf

    known = {word: number for number, word in enumerate(("<pad>", "</s>", "<unk>", *WORDS))}
    inner = tk.Tokenizer(tk.models.WordLevel(known, "<unk>"))
    inner.pre_tokenizer = tk.pre_tokenizers.Whitespace()
    inner.post_processor = tk.processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", known["</s>"])]
    )
    special = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    tokenizer = hf.PreTrainedTokenizerFast(tokenizer_object=inner, **special)
    torch.manual_seed(0)
    config = hf.T5Config(vocab_size=len(known), d_model=12, d_kv=4, d_ff=16, num_layers=2, num_heads=3)
    model = hf.T5EncoderModel(config)
    if whole:
        both = hf.T5ForConditionalGeneration(config)
        both.load_state_dict(model.state_dict(), strict=False)
        model = both
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
