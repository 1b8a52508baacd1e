"""Features of trained networks in the training of codecs."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from forensics.errors import MissingExtra, UsageError  # noqa: E402
from forensics.generators.codec.perceptual import feature_loss  # noqa: E402
from forensics.generators.train.codec import PRESETS, CodecRun, Coding, prepare, seen_by  # noqa: E402
from forensics.generators.train.corpus import Corpus  # noqa: E402
from forensics.generators.train.pictures import Pictures  # noqa: E402
from forensics.generators.train.seeing import TimmFeatures, distance_in  # noqa: E402
from forensics.training.machine import Machine  # noqa: E402

from ...cli.commands import run  # noqa: E402

NAME = "test_resnet"


@pytest.fixture(scope="module")
def timm() -> Any:
    return pytest.importorskip("timm")


@pytest.fixture(scope="module")
def weights(timm: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from safetensors.torch import save_file

    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("weights") / "resnet.safetensors"
    save_file(timm.create_model(NAME).state_dict(), path)
    return path


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), np.uint8)


def test_features_are_those_of_the_file(timm: Any, weights: Path) -> None:
    from safetensors.torch import load_file

    model = timm.create_model(NAME, features_only=True)  # the same stages in another way
    model.load_state_dict(load_file(weights), strict=False)
    config = timm.data.resolve_model_data_config(timm.create_model(NAME))
    x = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    mean, deviation = (torch.tensor(config[name]).view(3, 1, 1) for name in ("mean", "std"))
    seeing = TimmFeatures(NAME, weights).train()
    found = seeing(x)
    torch.testing.assert_close(found, model.eval()((x - mean) / deviation))
    assert len(found) > 2
    assert (seeing.name, seeing.training) == ("timm:test_resnet", False)
    assert not any(p.requires_grad for p in seeing.parameters())
    assert seeing.digest == TimmFeatures(f"timm:{NAME}", weights).digest


def test_other_weights_have_another_digest(timm: Any, weights: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    other = {key: value + (value.ndim == 4) for key, value in load_file(weights).items()}
    save_file(other, tmp_path / "other.safetensors")
    assert TimmFeatures(NAME, tmp_path / "other.safetensors").digest != TimmFeatures(NAME, weights).digest


def test_they_count_beside_pixels(weights: Path, pixels: np.ndarray) -> None:
    seeing = TimmFeatures(NAME, weights)
    config = replace(PRESETS["smoke"], features=0.3)
    pictures = Pictures(pixels, None, torch.device("cpu"))
    losses = []
    for weight in (0.3, 0.6):
        task = Coding(replace(config, features=weight, network=seeing.name), pictures, seeing=seeing)
        losses.append(float(next(task.turns(0, 0.0)).loss.detach()))
    x = pictures.batch(config.schedule.batch, _drawing(pictures)).x
    codec = Coding(config, pictures).module.codec
    with torch.no_grad():
        found = codec.pictures(codec.latents(x, _drawing(pictures, skip=x)).z)
        wanted = float(feature_loss(seeing(found), seeing(x)))
    assert losses[1] - losses[0] == pytest.approx(0.3 * wanted, rel=0.02)


def _drawing(pictures: Pictures, skip: Any = None) -> torch.Generator:
    """Return what a task draws with, after its pictures if there are any."""
    from forensics.generators.train.pictures import drawing

    generator = drawing(pictures.device, 0, 0, 0)
    if skip is not None:
        pictures.batch(len(skip), generator)
    return generator


def test_weights_are_needed_and_have_to_fit(timm: Any, weights: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    for path, name, message in (
        (None, NAME, "needs weights"),
        (tmp_path / "none.safetensors", NAME, "cannot be read"),
        (tmp_path / "broken.safetensors", NAME, "no safetensors file"),
        (weights, "test_vit", "do not fit"),
        (weights, "nosuchmodel", "no model 'nosuchmodel'"),
    ):
        with pytest.raises(UsageError, match=message):
            TimmFeatures(name, path)
    with pytest.raises(UsageError, match="needs weights"):
        TimmFeatures(NAME, weights, download=True)


def test_sizes_that_it_does_not_take_are_refused(timm: Any, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "vit.safetensors"
    save_file(timm.create_model("test_vit3", num_classes=0).state_dict(), path)
    with pytest.raises(UsageError, match="takes no pictures of this size"):
        TimmFeatures("test_vit3", path)(torch.rand(1, 3, 32, 32))


def test_missing_timm_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtra, match=r"\[train\]"):
        TimmFeatures(NAME, Path("w.safetensors"))


def test_runs_and_corpora_name_the_same_network(weights: Path, pixels: np.ndarray) -> None:
    named = seen_by(PRESETS["smoke"], "timm:vgg16")
    assert (named.network, named.features) == ("timm:vgg16", 0.2)
    assert seen_by(PRESETS["vqgan"], "timm:vgg16").features == PRESETS["vqgan"].features
    for run_, corpus in (
        (named, Corpus(pixels, seeing=TimmFeatures(NAME, weights))),
        (named, Corpus(pixels)),
        (PRESETS["smoke"], Corpus(pixels, seeing=TimmFeatures(NAME, weights))),
    ):
        with pytest.raises(UsageError, match="names the network"):
            prepare(run_, corpus, Machine("cpu"))
    with pytest.raises(UsageError, match="do not count"):
        CodecRun(network="timm:vgg16")


def test_a_codec_is_trained_by_command(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, few = tmp_path / "codec", ("--preset", "smoke", "--most", "40", "--steps", "2")
    named = ("--perceptual", f"timm:{NAME}", "--perceptual-weights", str(weights))
    assert run("train", "codec", str(out), *few, *named) == 0
    card = json.loads((out / "card.json").read_text())
    assert card["config"]["network"] == f"timm:{NAME}"
    assert f"--perceptual timm:{NAME}" in card["command"]
    assert str(weights) not in (out / "card.json").read_text()
    assert run("train", "codec", str(tmp_path / "a"), *few, *named[2:]) == 2
    assert "--perceptual names the network" in capsys.readouterr().err
    assert run("train", "codec", str(tmp_path / "a"), *few, *named[:2]) == 2
    assert "needs weights" in capsys.readouterr().err


def test_distances_are_zero_between_equals_and_those_of_the_features(weights: Path) -> None:
    seeing = TimmFeatures(NAME, weights)
    one, other = torch.rand(2, 2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert float(distance_in(seeing)(one, one)) == pytest.approx(0.0, abs=1e-6)
    assert torch.equal(distance_in(seeing)(one, other), feature_loss(seeing(one), seeing(other)))


def test_a_decoder_learns_to_sign_by_command(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, few = tmp_path / "signing", ("--preset", "smoke", "--most", "16", "--side", "64", "--steps", "2")
    named = ("--perceptual", NAME, "--perceptual-weights", str(weights))
    assert run("train", "decoder", str(out), *few, *named) == 0
    card = json.loads((out / "card.json").read_text())
    assert card["config"]["network"] == f"timm:{NAME}"
    assert f"--perceptual timm:{NAME}" in card["command"]
    assert run("train", "decoder", str(tmp_path / "a"), *few, *named[2:]) == 2
    assert "--perceptual names the network" in capsys.readouterr().err
