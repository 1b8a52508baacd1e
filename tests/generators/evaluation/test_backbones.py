"""Models of timm, with weights of the test's own."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from forensics.errors import MissingExtra, UsageError
from forensics.generators.evaluation.extractor import FeatureOptions, extract, load_extractor

NAME = "test_resnet"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Weights of the model with its classifier, as they are published."""
    torch = pytest.importorskip("torch")
    timm = pytest.importorskip("timm")
    from safetensors.torch import save_file

    torch.manual_seed(3)
    path = tmp_path / "weights.safetensors"
    save_file(timm.create_model(NAME, pretrained=False, num_classes=7).state_dict(), path)
    return path


def test_features_are_those_of_the_model(weights: Path, pictures: np.ndarray) -> None:
    import timm
    import torch
    from safetensors.torch import load_file

    model = timm.create_model(NAME, pretrained=False, num_classes=7).eval()
    model.load_state_dict(load_file(weights))
    config = timm.data.resolve_model_data_config(model)
    extractor = load_extractor(f"timm:{NAME}", FeatureOptions(weights=weights, side=32))
    found = extract(pictures[:5], extractor)
    values = torch.from_numpy(pictures[:5].copy()).permute(0, 3, 1, 2) / 255
    mean, deviation = (torch.tensor(config[name]).view(3, 1, 1) for name in ("mean", "std"))
    with torch.inference_mode():
        wanted = model.forward_head(model.forward_features((values - mean) / deviation), pre_logits=True)
    np.testing.assert_allclose(found, wanted.numpy(), atol=1e-5)
    assert extractor.name == f"timm:{NAME}"
    other = load_extractor(f"timm:{NAME}", FeatureOptions("unit", 32, weights))
    assert np.abs(extract(pictures[:5], other) - found).max() > 1e-3


def test_pictures_are_scaled_to_what_the_model_takes(weights: Path, pictures: np.ndarray) -> None:
    import timm

    side = timm.data.resolve_model_data_config(timm.create_model(NAME))["input_size"][1]
    own, said = (
        load_extractor(f"timm:{NAME}", FeatureOptions(weights=weights, side=s)) for s in (None, side)
    )
    np.testing.assert_array_equal(own(pictures[:2]), said(pictures[:2]))


def test_weights_that_do_not_fit_are_refused(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    for path, name, message in (
        (tmp_path / "none.safetensors", NAME, "cannot be read"),
        (tmp_path / "broken.safetensors", NAME, "no safetensors file"),
        (weights, "test_vit", "do not fit"),
        (weights, "nosuchmodel", "no model 'nosuchmodel'"),
    ):
        with pytest.raises(UsageError, match=message):
            load_extractor(f"timm:{name}", FeatureOptions(weights=path))


def test_sizes_that_a_model_does_not_take_are_refused(tmp_path: Path, pictures: np.ndarray) -> None:
    pytest.importorskip("torch")
    timm = pytest.importorskip("timm")
    from safetensors.torch import save_file

    path = tmp_path / "vit.safetensors"
    save_file(timm.create_model("test_vit3", num_classes=0).state_dict(), path)
    extractor = load_extractor("timm:test_vit3", FeatureOptions(weights=path, side=32))
    with pytest.raises(UsageError, match="does not run"):
        extractor(pictures[:2])


@pytest.mark.parametrize("options", [FeatureOptions(), FeatureOptions(weights=Path("w"), download=True)])
def test_nothing_is_fetched_unless_asked_for(options: FeatureOptions) -> None:
    with pytest.raises(UsageError, match="needs weights"):
        load_extractor(f"timm:{NAME}", options)


@pytest.mark.parametrize("package", ["timm", "torch"])
def test_missing_packages_are_told(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=r"\[train\]"):
        load_extractor(f"timm:{NAME}", FeatureOptions(weights=Path("w.safetensors")))
