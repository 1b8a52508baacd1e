"""Networks that users name: what they get, what comes out, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forensics.errors import MissingExtra, UsageError
from forensics.generators.evaluation.extractor import (
    FeatureOptions,
    extract,
    load_extractor,
    prepared,
    resized,
)

from ...onnx_models import chain, linear

MEANS = ("GlobalAveragePool", "Flatten")
IMAGENET = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[bytes], str]:
    """Write a model, and return its path."""
    pytest.importorskip("onnxruntime")

    def write(model: bytes) -> str:
        path = tmp_path / "net.onnx"
        path.write_bytes(model)
        return str(path)

    return write


@pytest.mark.parametrize(
    "shape", [("n", 3, "h", "w"), ("n", 3, 32, 32), (5, 3, "h", "w"), (None, None, None, None)]
)
@pytest.mark.parametrize("values", [None, "unit", "signed", "imagenet"])
def test_features_are_those_of_the_network(saved, pictures: np.ndarray, shape, values: str | None) -> None:
    found = extract(pictures[:37], load_extractor(saved(chain(*MEANS, shape=shape)), FeatureOptions(values)))
    means = pictures[:37].mean(axis=(1, 2)) / 255
    wanted = {
        None: means,
        "unit": means,
        "signed": 2 * means - 1,
        "imagenet": (means - IMAGENET[0]) / IMAGENET[1],
    }
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, wanted[values], atol=1e-5)


def test_features_may_have_trailing_ones(saved, pictures: np.ndarray) -> None:
    found = extract(pictures[:4], load_extractor(saved(chain("GlobalAveragePool", rank=4))))
    np.testing.assert_allclose(found, pictures[:4].mean(axis=(1, 2)) / 255, atol=1e-5)


def test_pictures_are_scaled_to_what_the_network_takes(saved, pictures: np.ndarray) -> None:
    model = chain("Mul", *MEANS, shape=("n", 3, 16, 16))
    found = extract(pictures[:9], load_extractor(saved(model)))
    small = resized(pictures[:9], (16, 16))
    assert small.shape == (9, 16, 16, 3)
    np.testing.assert_allclose(
        small, (pictures[:9] / 255).reshape(9, 16, 2, 16, 2, 3).mean((2, 4)), atol=1e-6
    )
    np.testing.assert_allclose(found, (small**2).mean(axis=(1, 2)), atol=1e-6)
    open_size = load_extractor(saved(chain("Mul", *MEANS)), FeatureOptions(side=16))
    np.testing.assert_allclose(extract(pictures[:9], open_size), found, atol=1e-6)


def test_height_and_width_are_not_confused(saved, pictures: np.ndarray) -> None:
    assert resized(pictures[:2], (16, 8)).shape == (2, 16, 8, 3)
    extractor = load_extractor(saved(chain(*MEANS, shape=("n", 3, 16, 8))))
    np.testing.assert_allclose(extract(pictures[:2], extractor), pictures[:2].mean((1, 2)) / 255, atol=1e-5)


def test_larger_pictures_keep_what_they_show(pictures: np.ndarray) -> None:
    large = resized(pictures[:5], (75, 75))
    back = resized((np.clip(large, 0, 1) * 255).round().astype(np.uint8), (32, 32))
    assert np.abs(back - pictures[:5] / 255).mean() < 0.02


def test_channels_come_first(pictures: np.ndarray) -> None:
    values = prepared(pictures[:2].astype(np.float32) / 255, "unit")
    np.testing.assert_allclose(values[1, 2, 5, 7] * 255, pictures[1, 5, 7, 2], rtol=1e-6)


def test_every_batch_is_told(saved, pictures: np.ndarray) -> None:
    done: list[int] = []
    extract(pictures[:70], load_extractor(saved(chain(*MEANS))), done.append)
    assert done == [32, 32, 6]


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (b"nothing", FeatureOptions(), "cannot be run"),
        (linear(1.0, 0.0), FeatureOptions(), "one input"),  # of one channel
        (chain(*MEANS, shape=("n", 32, 32, 3)), FeatureOptions(), "one input"),
        (chain(*MEANS, shape=("n", "d")), FeatureOptions(), "one input"),
        (chain(*MEANS, shape=("n", 3, 48, 48)), FeatureOptions(side=32), "48 x 48 pixels, not 32"),
        (chain(*MEANS), FeatureOptions(values="bytes"), "no range"),
        (chain(*MEANS), FeatureOptions(weights=Path("w.safetensors")), "brings its weights"),
        (chain(*MEANS), FeatureOptions(download=True), "brings its weights"),
    ],
)
def test_networks_that_do_not_fit_are_refused(
    saved, model: bytes, options: FeatureOptions, message: str
) -> None:
    path = saved(model)
    with pytest.raises(UsageError, match=message):
        load_extractor(path, options)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (chain("Relu", rank=4), "not a row"),
        (chain("Sub", "Log", *MEANS), "not finite"),
        (chain("Mul", "MatMul", *MEANS), "cannot be run on this input"),  # of pictures that are not square
    ],
)
def test_what_makes_no_features_is_refused(saved, pictures: np.ndarray, model: bytes, message: str) -> None:
    extractor = load_extractor(saved(model))
    with pytest.raises(UsageError, match=message):
        extract(pictures[:3, :, :20].copy(), extractor)


def test_files_that_are_not_there_are_told(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    for path in (tmp_path / "none.onnx", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            load_extractor(str(path))


def test_missing_runtime_is_told(saved, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(chain(*MEANS))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match=r"\[cpu\]"):
        load_extractor(path)


def test_extractors_of_users_are_checked(pictures: np.ndarray) -> None:
    class Wrong:
        name = "mine"

        def __call__(self, pictures: np.ndarray) -> np.ndarray:
            return np.ones((len(pictures) - 1, 2))

    with pytest.raises(UsageError, match="mine made 2 rows of 3 pictures"):
        extract(pictures[:3], Wrong())
    with pytest.raises(UsageError, match="pictures"):
        extract(pictures[:3, :, :, 0], Wrong())
