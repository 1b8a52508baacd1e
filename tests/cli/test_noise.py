"""`forensics generate --noise-mark` and `forensics watermark noise`, end to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.generators.pipelines.denoising import DenoisingSettings
from forensics.generators.pipelines.recipe import Recipe, recipe_text
from forensics.watermark.keyfile import save_keys
from forensics.watermark.keys import Key

from ..bundles import written
from ..onnx_models import denoiser, painter
from .commands import opened, run
from .conftest import Answer

pytest.importorskip("onnxruntime")
SIDE = 16


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    recipe = Recipe("flow", (3, SIDE, SIDE), settings=vars(DenoisingSettings()))
    files = {"recipe.json": recipe_text(recipe).encode(), "denoiser.onnx": denoiser(SIDE, 0.0, 0.25)}
    return written(tmp_path_factory.mktemp("models") / "flow", files)


@pytest.fixture
def draw(model: Path, key_file: Path, own_settings: None, tmp_path: Path) -> Callable[..., Path]:
    def call(*options: str) -> Path:
        out = tmp_path / "drawn"
        command = ("generate", str(model), "-o", str(out), "-n", "2", "--keys", str(key_file), *options)
        assert run(*command) == 0
        (out / "grid.png").unlink()
        (out / "settings.json").rename(tmp_path / "settings.json")
        return out

    return call


def test_rings_are_found_again(
    draw: Callable[..., Path], model: Path, key_file: Path, watermark: Callable[..., Answer], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    drawn = draw("--noise-mark", "tree-ring")
    capsys.readouterr()
    told = ("--model", model, "--scheme", "tree-ring", "--keys", key_file)
    answer = watermark("noise", drawn, *told, "--json")
    assert answer.status == 0
    for record in answer.records:
        assert record["detected"]
        assert record["log10_p"] < -8
        assert record["published_log10_p"] < -8
        assert (record["key_name"], record["payload"], record["error"]) == ("studio", None, None)
    other = tmp_path / "other.toml"
    save_keys([Key(bytes(range(7, 39)), "other")], other)
    found = watermark("noise", drawn / "000000.png", *told[:-1], other)
    assert found.status == 0
    assert "No mark of these keys was found in the noise." in found.out
    settings = json.loads((tmp_path / "settings.json").read_text())
    assert settings["noise_mark"] == {"scheme": "tree-ring", "key": Key(bytes(range(32))).id}


def test_payloads_are_read_again_from_turned_pictures(
    draw: Callable[..., Path], model: Path, key_file: Path, watermark: Callable[..., Answer],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    drawn = draw("--noise-mark", "gaussian-shading", "--layout", "short", "--payload", "beef")
    capsys.readouterr()
    told = ("--model", model, "--scheme", "gaussian-shading", "--keys", key_file, "--layout", "short")
    picture = drawn / "000001.png"
    found = watermark("noise", picture, *told)
    assert "payload    beef (short; its tag is right)" in found.out
    Image.fromarray(np.rot90(opened(picture))).save(picture)
    assert not watermark("noise", picture, *told, "--json").record["detected"]
    record = watermark("noise", picture, *told, "--turned", "--json").record
    assert (record["payload"], record["verified"], record["quarters"]) == ("beef", True, 3)
    assert "270 degrees to the left, to fit" in watermark("noise", picture, *told, "--turned").out


def test_raw_bits_and_pictures_of_other_sizes(
    draw: Callable[..., Path], model: Path, key_file: Path, watermark: Callable[..., Answer],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    drawn = draw("--noise-mark", "gaussian-shading", "--layout", "raw", "--bits", "8", "--payload", "5a")
    capsys.readouterr()
    told = ("--model", model, "--scheme", "gaussian-shading", "--keys", key_file, "--layout", "raw")
    large = drawn / "000001.png"
    with Image.open(large) as picture:
        picture.resize((32, 32), Image.Resampling.NEAREST).save(large)
    answer = watermark("noise", drawn, *told, "--bits", "8")
    assert answer.status == 3
    assert "payload    5a (raw; without a tag)" in answer.out
    assert "larger ones are cut and scaled with --fit" in answer.out
    assert watermark("noise", large, *told, "--bits", "8", "--fit", "--json").record["payload"] == "5a"


def test_wrong_usage_is_said(
    model: Path, key_file: Path, own_settings: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"recipe.json": recipe_text(Recipe("gan", (768,))).encode(), "generator.onnx": painter(SIDE)}
    gan = str(written(tmp_path / "gan", files))
    picture = tmp_path / "picture.png"
    Image.fromarray(np.zeros((SIDE, SIDE, 3), np.uint8)).save(picture)
    draw = ("generate", str(model), "-o", str(tmp_path / "out"), "--keys", str(key_file))
    find = ("watermark", "noise", str(picture), "--keys", str(key_file), "--model")
    ringed, shaded = ("--noise-mark", "tree-ring"), ("--noise-mark", "gaussian-shading")
    for command, reason in (
        (draw, "are of --noise-mark"),
        (("generate", gan, *draw[2:], *ringed), "this is a gan"),
        ((*draw, *ringed, "--payload", "1"), "Tree-Ring says nothing"),
        ((*draw, *ringed, "--sampler", "ancestral"), "draws fresh noise"),
        ((*draw, *ringed, "--from", str(picture)), "begin with noise alone"),
        ((*draw, *shaded, "--bits", "8"), "--bits is of --layout raw"),
        ((*draw, *shaded, "--layout", "short", "--payload", "fffff"), "at most 4 hexadecimal digits"),
        ((*draw[:-2], *ringed), "no keys"),
        ((*find, gan, "--scheme", "tree-ring"), "this is a gan"),
        ((*find, str(model), "--scheme", "tree-ring", "--layout", "raw"), "Tree-Ring says nothing"),
        ((*find, str(model), "--scheme", "tree-ring", "--label", "cat"), "no class 'cat'"),
        ((*find, "no such", "--scheme", "tree-ring"), "no model"),
        ((*find, str(model)), "Missing option"),
    ):
        assert run(*command) == 2, command
        assert reason in capsys.readouterr().err, command
    assert not list((tmp_path / "out").glob("*.png"))
