"""`forensics reconstruct`, and `forensics generate --from`, end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.generators.pipelines.denoising import DenoisingSettings
from forensics.generators.pipelines.recipe import Recipe, recipe_text

from ..bundles import written
from ..onnx_models import grey, painter
from .commands import opened, run

pytest.importorskip("onnxruntime")
SIDE = 16


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    recipe = Recipe("flow", (3, SIDE, SIDE), settings=vars(DenoisingSettings()))
    files = {"recipe.json": recipe_text(recipe).encode(), "denoiser.onnx": grey(SIDE)}
    return written(tmp_path_factory.mktemp("models") / "flow", files)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    y, x = np.mgrid[:SIDE, :SIDE]
    values = np.stack([90 + 4 * x, 90 + 4 * y, 120 + 2 * (x + y)], axis=-1).astype(np.uint8)
    path = tmp_path / "picture.png"
    Image.fromarray(values).save(path)
    return path


def test_noise_and_error_are_kept_without_loss(
    model: Path, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found"
    assert run("reconstruct", str(model), str(picture), "-o", str(out), "--steps", "20", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    with np.load(out / "000000.npz", allow_pickle=False) as found:
        error, noise = found["error"], found["noise"]
    assert error.dtype == noise.dtype == np.float32
    assert error.shape == (SIDE, SIDE, 3)
    assert noise.shape == (3, SIDE, SIDE)
    assert record["mean"] == pytest.approx(np.abs(error).mean(), rel=1e-6)
    assert record["root"] == pytest.approx(np.sqrt((error.astype(float) ** 2).mean()), rel=1e-6)
    shown = opened(out / "000000.png").astype(float)
    exact = np.clip(255 * (opened(picture) / 255.0 - error), 0, 255)
    np.testing.assert_allclose(shown, exact, atol=0.51)
    assert opened(out / "000000-error.png").shape == (SIDE, SIDE, 3)


def test_pictures_of_other_sizes_are_fitted_if_asked(
    model: Path, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    large, broken, out = tmp_path / "large.png", tmp_path / "broken.png", str(tmp_path / "found")
    Image.fromarray(np.full((40, 64, 3), 130, np.uint8)).save(large)
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    assert run("reconstruct", str(model), str(large), str(broken), str(picture), "-o", out) == 3
    lines = capsys.readouterr().out.splitlines()
    assert "larger ones are cut and scaled with --fit" in lines[0]
    assert "000002, error" in lines[2]
    assert run("reconstruct", str(model), str(large), "-o", out, "--fit") == 0
    assert "000000, error" in capsys.readouterr().out


def test_given_pictures_are_changed(
    model: Path, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, few = tmp_path / "changed", ("-n", "2", "--steps", "10")
    command = ("generate", str(model), "-o", str(out), "--from", str(picture))
    assert run(*command, *few, "--strength", "0") == 0
    np.testing.assert_array_equal(opened(out / "000001.png"), opened(picture))
    assert json.loads((out / "settings.json").read_text())["strength"] == 0
    assert run(*command, *few) == 2
    assert "pictures of other settings" in capsys.readouterr().err
    assert run(*command, *few, "--overwrite") == 0
    changed = [opened(out / f"00000{number}.png") for number in range(2)]
    assert not np.array_equal(changed[0], opened(picture))
    assert not np.array_equal(*changed)


def test_wrong_usage_is_said(
    model: Path, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    files = {"recipe.json": recipe_text(Recipe("gan", (768,))).encode(), "generator.onnx": painter(SIDE)}
    other = str(written(tmp_path / "gan", files))
    for command, reason in (
        (("generate", str(model), "-o", out, "--strength", "0.5"), "name it with --from"),
        (("generate", other, "-o", out, "--from", str(picture)), "a gan only draws new pictures"),
        (("reconstruct", other, str(picture), "-o", out), "a gan only draws new pictures"),
        (("reconstruct", str(model), str(picture), "-o", out, "--label", "cat"), "no class 'cat'"),
        (("reconstruct", str(model), "-o", out), "Missing argument"),
    ):
        assert run(*command) == 2, command
        assert reason in capsys.readouterr().err
