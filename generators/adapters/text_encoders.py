"""Text encoders of Hugging Face transformers, CLIP and T5, from a folder of yours."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.errors import MissingExtra, ModelError, UsageError
from forensics.generators.adapters.hub import check_brings_no_code, offline, quiet, reason

__all__ = ["MOST_TOKENS", "PretrainedText"]

MOST_TOKENS = 77  # as CLIP has; T5 would take any number
_KINDS = {"clip": "CLIPTextModel", "clip_text_model": "CLIPTextModel", "t5": "T5EncoderModel"}
_CONFIG, _TOGETHER = "config.json", 32
_MODEL_FILES = ("config.json", "*.safetensors", "*.safetensors.index.json")
_TOKENIZER_FILES = (
    "added_tokens.json", "merges.txt", "special_tokens_map.json", "spiece.model", "tokenizer.json",
    "tokenizer_config.json", "vocab.json",
)  # fmt: skip
_SUBFOLDERS = ("", "text_encoder/", "tokenizer/")
_FEATURE = "a text encoder of transformers"


# Radford et al. 2021 (CLIP), arXiv:2103.00020; Raffel et al. 2020 (T5), arXiv:1910.10683. Both as encoders of
# prompts: Rombach et al. 2021, arXiv:2112.10752, and Saharia et al. 2022 (Imagen), arXiv:2205.11487.
class PretrainedText:
    """A text encoder of CLIP or T5 as it was trained: what its last layer says of each token.

    The code of the installed transformers runs, and none that lies in the folder; weights are read from
    safetensors files alone. Texts of more tokens than `length` are cut, as the tokenizer does it.

    Args:
        source: Folder that `save_pretrained` wrote, with model and tokenizer, or with both in folders
            `text_encoder` and `tokenizer` as pipelines of diffusers have them; with `download`, also the
            name of one on the hub.
        download: Fetch what is not there from the network; nothing is fetched otherwise.
        device: Where it runs; a GPU if there is one and this is None.

    Attributes:
        name: Of the folder.
        digest: SHA-256 over its files: weights, tokenizer and how they are to be read.
        length: Tokens of a text at most: as many as the tokenizer and the model take, `MOST_TOKENS` at most.
        width: Values for each token.

    Raises:
        MissingExtra: transformers is not installed.
        UsageError: There is no such folder, or it holds neither CLIP nor T5.
        ModelError: The encoder cannot be loaded.
    """

    def __init__(self, source: str | Path, *, download: bool = False, device: str | None = None) -> None:
        folder = Path(source)
        self.name = folder.resolve().name
        if download and not folder.is_dir():
            folder = _fetched(str(source))
        model, tokenizer = _places(folder)
        kind = _kind(model)
        check_brings_no_code(folder)
        transformers, self._torch = _libraries()
        self.digest = _digest(model, tokenizer)
        self._device = device or ("cuda" if self._torch.cuda.is_available() else "cpu")
        self._tokenizer = _tokenizer(transformers, tokenizer)
        found = _model(transformers, kind, model)
        self._model = found.float().requires_grad_(False).eval().to(self._device)
        places = getattr(found.config, "max_position_embeddings", MOST_TOKENS)
        self.length = int(min(self._tokenizer.model_max_length, places, MOST_TOKENS))
        self.width = int(found.config.hidden_size)

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return (N, length, width) values of texts; those behind the end of a text are zero."""
        if not texts:
            return np.zeros((0, self.length, self.width), np.float32)
        parts = [self._some(list(texts[i : i + _TOGETHER])) for i in range(0, len(texts), _TOGETHER)]
        return np.concatenate(parts)

    def _some(self, texts: list[str]) -> npt.NDArray[np.float32]:
        given = self._tokenizer(
            texts, padding="max_length", truncation=True, max_length=self.length, return_tensors="pt"
        )
        ids, mask = given["input_ids"].to(self._device), given["attention_mask"].to(self._device)
        with self._torch.inference_mode():
            found = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
            found = self._torch.where(mask[..., None] > 0, found, 0.0)
        return np.asarray(found.float().cpu().numpy(), np.float32)


def _libraries() -> tuple[Any, Any]:
    try:
        import torch
        import transformers
    except ImportError as error:
        raise MissingExtra(_FEATURE, "diffusers") from error
    return transformers, torch


def _fetched(name: str) -> Path:
    """Return the folder into which the files of an encoder on the hub were fetched."""
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise MissingExtra(_FEATURE, "diffusers") from error
    files = [f"{place}{each}" for place in _SUBFOLDERS for each in (*_MODEL_FILES, *_TOKENIZER_FILES)]
    try:
        return Path(snapshot_download(name, allow_patterns=files))
    except Exception as error:  # no network, no such name: each has its own class
        raise ModelError(f"{name} cannot be fetched: {reason(error)}", actual=name) from error


def _places(folder: Path) -> tuple[Path, Path]:
    """Return the folders of model and tokenizer.

    Raises:
        UsageError: There is no model.
    """
    model, tokenizer = (
        folder / name if (folder / name).is_dir() else folder for name in ("text_encoder", "tokenizer")
    )
    if not (model / _CONFIG).is_file():
        raise UsageError(
            f"{folder} is no folder of a text encoder: it has no {_CONFIG}, nor a folder text_encoder",
            expected=_CONFIG,
            actual=str(folder),
        )
    return model, tokenizer


def _kind(folder: Path) -> str:
    """Return the class of transformers that reads a folder.

    Raises:
        UsageError: It is none of CLIP and T5.
    """
    try:
        named = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder / _CONFIG} does not say of what model it is: {error}") from None
    if not isinstance(named, str) or named not in _KINDS:
        message = f"{folder} is a model of the type {named!r}; text encoders are read of CLIP and T5"
        raise UsageError(message, expected=tuple(_KINDS), actual=named)
    return _KINDS[named]


def _digest(model: Path, tokenizer: Path) -> str:
    """Return a digest of all files of an encoder that its values depend on."""
    found = hashlib.sha256()
    for folder, patterns in ((model, _MODEL_FILES), (tokenizer, _TOKENIZER_FILES)):
        for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
            with path.open("rb") as file:
                found.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return found.hexdigest()


def _tokenizer(transformers: Any, folder: Path) -> Any:
    try:
        with offline(True):
            found = transformers.AutoTokenizer.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False, padding_side="right"
            )
    except Exception as error:  # missing files, other versions: each has its own class
        raise ModelError(f"transformers cannot load the tokenizer in {folder}: {reason(error)}") from error
    if found.pad_token is None:
        found.pad_token = found.eos_token  # what stands behind the end becomes zero, whatever it is
    return found


@contextmanager
def _silent(logging: Any) -> Iterator[None]:
    """Have transformers not list the weights of parts that are left, such as the decoder of T5."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with quiet(logging):
            yield
    finally:
        logging.set_verbosity(before)


def _model(transformers: Any, kind: str, folder: Path) -> Any:
    try:
        with offline(True), _silent(transformers.utils.logging):
            found, about = getattr(transformers, kind).from_pretrained(
                str(folder), local_files_only=True, use_safetensors=True, output_loading_info=True
            )
    except Exception as error:  # missing files, other versions: each has its own class
        raise ModelError(f"transformers cannot load {folder}: {reason(error)}") from error
    if about["missing_keys"] or about["mismatched_keys"]:
        lacking = ", ".join(sorted(map(str, [*about["missing_keys"], *about["mismatched_keys"]]))[:3])
        raise ModelError(f"{folder} lacks weights of a {kind}: {lacking}", actual=str(folder))
    return found
