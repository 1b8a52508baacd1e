"""`forensics generate` after a picture and into one, end to end, with networks that are known by hand."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.generators.pipelines.denoising import DenoisingSettings
from forensics.generators.pipelines.recipe import Recipe, recipe_text

from ..bundles import written
from ..onnx_models import grey_denoiser
from .commands import opened, run

pytest.importorskip("onnxruntime")
SIDE = 16


def saved(folder: Path, recipe: Recipe, **files: bytes) -> str:
    content = {"recipe.json": recipe_text(recipe).encode()}
    content |= {name.replace("_", "."): value for name, value in files.items()}
    return str(written(folder, content))


@pytest.fixture
def flow(tmp_path: Path) -> str:
    recipe = Recipe("flow", (3, SIDE, SIDE), settings=vars(DenoisingSettings(steps=3)))
    return saved(tmp_path / "flow", recipe, denoiser_onnx=grey_denoiser(SIDE))


@pytest.fixture
def control(tmp_path: Path) -> str:
    settings = {**vars(DenoisingSettings(steps=3)), "rule": "grey", "scale": 1}
    recipe = Recipe("control", (3, SIDE, SIDE), settings=settings)
    return saved(tmp_path / "control", recipe, denoiser_onnx=grey_denoiser(SIDE, shown=True))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    pixels[:, SIDE // 2 :] = 255
    Image.fromarray(pixels).save(tmp_path / "mask.png")
    return tmp_path / "mask.png"


def test_open_part_of_a_picture_is_painted(
    flow: str, photo: Path, mask: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = (
        "generate",
        flow,
        "-o",
        str(out),
        "--inpaint",
        str(photo),
        "--mask",
        str(mask),
        "--rounds",
        "2",
    )
    assert run(*command, "-n", "3") == 0
    known = opened(photo)
    for number in range(3):
        found = opened(out / f"{number:06d}.png")
        np.testing.assert_array_equal(found[:, : SIDE // 2], known[:, : SIDE // 2])
        np.testing.assert_array_equal(found[:, SIDE // 2 :], 128)
    settings = json.loads((out / "settings.json").read_text())
    assert settings["inpaint"] == f"photo.png {hashlib.sha256(photo.read_bytes()).hexdigest()}"
    assert "condition" not in settings
    assert run(*command, "-n", "4") == 0
    Image.fromarray(opened(mask)[:, ::-1]).save(mask)
    assert run(*command) == 2
    assert "pictures of other settings" in capsys.readouterr().err


def test_border_around_a_picture_is_painted(flow: str, photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    few = ("-n", "1", "--steps", "2", "--rounds", "1")
    assert run("generate", flow, "-o", str(out), "--outpaint", str(photo), "--border", "0.25", *few) == 0
    found = opened(out / "000000.png")
    assert (found[:4] == found[-4:]).all()
    assert (found[:4] == 128).all()
    inside = opened(photo).reshape(8, 2, 8, 2, 3).mean((1, 3))
    np.testing.assert_allclose(found[4:12, 4:12], inside, atol=1)


def test_picture_is_drawn_after_another(control: str, photo: Path, mask: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("generate", control, "-o", str(out), "-n", "2", "--condition", str(photo)) == 0
    luminance = opened(photo) @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(opened(out / "000001.png")[..., 0], luminance, atol=2)
    ready = ("--condition", str(photo), "--ready", "--overwrite", "-n", "1")
    assert run("generate", control, "-o", str(out), *ready) == 0
    np.testing.assert_allclose(opened(out / "000000.png")[..., 0], opened(photo).mean(2), atol=2)
    both = ("--condition", str(mask), "--inpaint", str(photo), "--mask", str(mask), "--rounds", "1")
    assert run("generate", control, "-o", str(tmp_path / "both"), "-n", "1", *both) == 0
    found = opened(tmp_path / "both" / "000000.png")
    np.testing.assert_array_equal(found[:, :8], opened(photo)[:, :8])
    assert (found[:, 8:] == 255).all()


def test_photograph_is_taken_upright(control: str, tmp_path: Path) -> None:
    """EXIF says that the picture is to be turned by a quarter: what is on top is stored on the left."""
    stored = np.zeros((SIDE, SIDE, 3), np.uint8)
    stored[:, : SIDE // 2] = 255
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(stored).save(tmp_path / "turned.png", exif=exif)
    out = tmp_path / "out"
    assert (
        run("generate", control, "-o", str(out), "-n", "1", "--condition", str(tmp_path / "turned.png")) == 0
    )
    found = opened(out / "000000.png")
    assert (found[: SIDE // 2] == 255).all()
    assert (found[SIDE // 2 :] == 0).all()


def test_wrong_usage_is_said(
    flow: str, control: str, photo: Path, mask: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = tmp_path / "small.png"
    Image.fromarray(opened(mask)[:8]).save(small)
    picture, hole = ("--inpaint", str(photo)), ("--mask", str(mask))
    for number, (model, options, reason, status) in enumerate(
        (
            (flow, picture, "--inpaint needs --mask", 2),
            (flow, hole, "--mask needs --inpaint or --condition", 2),
            (flow, ("--border", "0.2"), "--border needs --outpaint", 2),
            (flow, ("--rounds", "2"), "--rounds needs", 2),
            (flow, ("--ready",), "--ready needs --condition", 2),
            (flow, (*picture, *hole, "--outpaint", str(photo)), "do not go together", 2),
            (flow, (*picture, "--mask", str(small)), "16x16 pixels and the mask 16x8", 2),
            (flow, (*picture, *hole, "--sampler", "heun"), "no samplers", 2),
            (flow, ("--condition", str(photo)), "draws after no picture", 2),
            (flow, ("--inpaint", str(tmp_path / "none.png"), *hole), "none.png", 3),
            (control, (), "name one with --condition", 2),
            (control, ("--condition", str(photo), *hole), "takes no mask", 2),
            (control, (*picture, *hole), "only models of pictures by diffusion or flow", 2),
        )
    ):
        assert run("generate", model, "-o", str(tmp_path / f"out{number}"), *options) == status, options
        assert reason in capsys.readouterr().err
