"""`forensics evaluate generator --model`, end to end, with models whose figures are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from forensics.cli import main
from forensics.generators.pipelines.denoising import DenoisingSettings
from forensics.generators.pipelines.recipe import RECIPE, Recipe, recipe_text

from ..bundles import written
from ..onnx_models import chain, denoiser, even
from .conftest import Answer
from .test_evaluate_generator import save

pytest.importorskip("onnxruntime")

SIDE, MEAN, DEVIATION = 16, 0.1, 0.25
Evaluate = Callable[..., Answer]


@pytest.fixture
def evaluate(own_settings: None, capsys: pytest.CaptureFixture[str]) -> Evaluate:
    """Run `forensics evaluate generator ...`, with as few splits as there can be."""

    def call(*arguments: object) -> Answer:
        with pytest.raises(SystemExit) as stop:
            main(["evaluate", "generator", "--splits", "2", *map(str, arguments)])
        return Answer(int(stop.value.code or 0), *capsys.readouterr())

    return call


def pixels(count: int, seed: int, deviation: float = DEVIATION) -> np.ndarray:
    """Pictures of independent Gaussian pixels, from -1 to 1."""
    x = MEAN + deviation * np.random.default_rng(seed).standard_normal((count, SIDE, SIDE, 3))
    return np.clip(np.rint(127.5 * (x + 1.0)), 0, 255).astype(np.uint8)


@pytest.fixture
def sets(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Made pictures, real ones, and those of the training, which are nearer to their mean."""
    return (
        save(tmp_path / "made", pixels(8, 1)),
        save(tmp_path / "real", pixels(20, 2)),
        save(tmp_path / "train", pixels(12, 3, 0.5 * DEVIATION)),
    )


def bundle(folder: Path, recipe: Recipe, **networks: bytes) -> Path:
    """A model on disk."""
    files = {f"{name}.onnx": content for name, content in networks.items()}
    files[RECIPE] = recipe_text(recipe).encode()
    return written(folder, files)


def settings(**changed: object) -> Recipe:
    return Recipe("flow", (3, SIDE, SIDE), settings={**vars(DenoisingSettings()), **changed})


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The best denoiser of the real pictures."""
    return bundle(tmp_path / "best", settings(), denoiser=denoiser(SIDE, MEAN, DEVIATION))


def posterior(noise: float, power: float = DEVIATION**2) -> float:
    """Error of the denoiser for pictures of another power around the same mean, sigma / alpha = noise."""
    gain = DEVIATION**2 / (DEVIATION**2 + noise**2)
    return (1.0 - gain) ** 2 * power + gain**2 * noise**2


def test_error_of_the_best_denoiser_is_the_posterior_variance(
    evaluate: Evaluate, sets: tuple[Path, ...], model: Path
) -> None:
    made, real, train = sets
    command = (made, real, "--train", train, "--model", model, "--json")
    answer = evaluate(*command)
    found = answer.record["model"]
    assert answer.status == 0
    assert (found["measure"], found["count"], found["train"]) == ("squared error", 20, 12)
    assert len(found["readings"]) == 9
    for one in found["readings"]:
        noise = one["point"]["noise"]
        assert one["point"]["time"] == pytest.approx(1 / (1 + noise))
        assert one["held_out"]["value"] == pytest.approx(posterior(noise), rel=0.05)
        assert one["train"]["value"] == pytest.approx(posterior(noise, DEVIATION**2 / 4), rel=0.05)
        assert one["blind"] == pytest.approx(posterior(noise), rel=0.05)
        assert one["gap"]["value"] == pytest.approx(one["held_out"]["value"] - one["train"]["value"])
    assert found["readings"][0]["over_fitted"]
    assert evaluate(*command).out == answer.out
    assert evaluate(*command, "--seed", 1).record["model"] != found
    (alone,) = evaluate(made, real, "--model", model, "--json").records
    assert alone["model"]["train"] is None
    assert alone["model"]["readings"][0]["gap"] is None
    assert evaluate(made, real, "--json").record["model"] is None


def test_a_person_gets_a_table_and_a_drawing(
    evaluate: Evaluate, sets: tuple[Path, ...], model: Path, tmp_path: Path
) -> None:
    made, real, train = sets
    plot = tmp_path / "loss.svg"
    answer = evaluate(made, real, "--train", train, "--model", model, "--loss-plot", plot)
    assert answer.status == 0
    lines = answer.out.splitlines()
    start = lines.index(
        "what the model says of 20 real pictures and 12 of the training: squared error of pixels from -1 to 1"
    )
    head, first = (line.split() for line in lines[start + 2 : start + 4])
    assert head == ["noise", "real", "training", "gap", "no", "model"]
    assert first[0] == "16"
    assert float(first[1]) == pytest.approx(posterior(16), rel=0.05)
    assert first[-2] == "*"
    assert lines[-1].startswith("* more than two standard errors")
    page = ElementTree.fromstring(plot.read_text(encoding="utf-8"))  # noqa: S314 - our own
    assert len([e for e in page.iter() if e.tag.endswith("polyline")]) == 3


def test_latents_need_the_codec_of_the_model(
    evaluate: Evaluate, sets: tuple[Path, ...], tmp_path: Path
) -> None:
    made, real, _ = sets
    same, different = chain("Identity", rank=4), chain("Neg", rank=4)
    recipe = Recipe("codec", (3, SIDE, SIDE), settings={"factor": 1})
    codec = bundle(tmp_path / "codec", recipe, encoder=same, decoder=same)
    other = bundle(tmp_path / "other", recipe, encoder=same, decoder=different)
    networks = {"denoiser": denoiser(SIDE, MEAN, DEVIATION), "decoder": same}
    model = bundle(tmp_path / "latent", settings(), **networks)
    whole = bundle(tmp_path / "whole", settings(), **networks, encoder=same)
    for more, message in (((), "with --codec"), (("--codec", other), "is not the codec")):
        answer = evaluate(made, real, "--model", model, *more)
        assert answer.status == 2
        assert message in answer.err
    found = evaluate(made, real, "--model", model, "--codec", codec, "--json").record["model"]
    assert found["unit"] == "of latents of about unit size"
    assert evaluate(made, real, "--model", whole, "--json").record["model"] == found


def test_grey_levels_take_bits(evaluate: Evaluate, sets: tuple[Path, ...], tmp_path: Path) -> None:
    made, real, train = sets
    recipe = Recipe("pixelcnn", (3, SIDE, SIDE), settings={"levels": 4})
    model = bundle(tmp_path / "levels", recipe, logits=even(4))
    answer = evaluate(made, real, "--train", train, "--model", model)
    assert answer.status == 0
    assert "bits for each value" in answer.out
    (row,) = (line for line in answer.out.splitlines() if line.split()[:3] == ["2", "±", "0"])
    assert row.split() == ["2", "±", "0", "2", "±", "0", "0", "±", "0", "2"]
    refused = evaluate(made, real, "--model", model, "--loss-plot", tmp_path / "loss.svg")
    assert refused.status == 2
    assert "one figure" in refused.err


def test_wrong_usage_is_told(evaluate: Evaluate, sets: tuple[Path, ...], model: Path, tmp_path: Path) -> None:
    made, real, _ = sets
    small = bundle(
        tmp_path / "small",
        Recipe("flow", (3, 8, 8), settings=settings().settings),
        denoiser=denoiser(8, 0, 1),
    )
    gan = bundle(tmp_path / "gan", Recipe("gan", (4,)), generator=chain("Neg", shape=("n", 4)))
    flow = bundle(tmp_path / "nf", Recipe("nf", (3 * SIDE**2,)), inverse=chain("Neg", shape=("n", 4)))
    svg = tmp_path / "loss.svg"
    for arguments, message in (
        (("--model", "nothing"), "no model 'nothing'"),
        (("--model", small), "takes 3 x 8 x 8 values"),
        (("--model", gan), "(gan) says nothing of pictures"),
        (("--model", flow), "without its likelihood"),
        (("--model", model, "--codec", gan), "needs no --codec"),
        (("--codec", gan), "name it with --model"),
        (("--loss-plot", svg), "name it with --model"),
        (("--model", model, "--loss-plot", tmp_path / "loss.png"), "ends in .svg"),
    ):
        answer = evaluate(made, real, *arguments)
        assert (answer.status, message in answer.err) == (2, True), answer
    assert not svg.exists()
