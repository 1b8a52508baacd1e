"""`forensics train codec|flow|diffusion|gan`, end to end: what is trained can be drawn with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from forensics.generators.train.families import FAMILIES
from forensics.training.log import read_log

from .commands import opened, run


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "flow"
    assert run("train", "flow", str(folder), "--preset", "smoke", "--most", "60", "--steps", "4") == 0
    return folder


def test_training_leaves_a_whole_model(model: Path) -> None:
    assert {path.name for path in model.iterdir()} == {
        "card.json", "card.md", "checkpoint.safetensors", "denoiser.onnx", "log.csv", "loss.svg",
        "recipe.json", "samples", "weights.safetensors",
    }  # fmt: skip
    card = json.loads((model / "card.json").read_text())
    assert card["command"] == (
        "forensics train flow FOLDER --preset smoke --data procedural --seed 0 --steps 4 --most 60"
    )
    assert card["images"] == 32
    assert 0 < card["seconds"] == read_log(model / "log.csv")["seconds"][-1]
    assert "32 pictures seen in " in (model / "card.md").read_text()
    assert opened(model / "samples" / "0000004.png").shape == (32, 128, 3)
    assert (model / "loss.svg").read_text().startswith("<svg xmlns=")


def test_a_run_on_other_data_does_not_go_on(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("train", "flow", str(model), "--preset", "smoke", "--steps", "4")
    files = ("checkpoint.safetensors", "weights.safetensors", "card.json", "log.csv")
    before = [(model / name).read_bytes() for name in files]
    for other in (("--most", "61"), ("--most", "60", "--data", "textures")):
        assert run(*command, *other) == 2
        assert "is from a run on other data; start in another folder" in capsys.readouterr().err
    assert [(model / name).read_bytes() for name in files] == before


def test_what_was_trained_is_drawn_with(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "drawn"
    assert run("generate", str(model), "-o", str(out), "-n", "3", "--steps", "2", "--sampler", "euler") == 0
    assert opened(out / "000002.png").shape == (16, 16, 3)


@pytest.mark.parametrize("preset", ["reflow", "distilled", "halved"])
def test_models_are_learned_from(
    model: Path, tmp_path: Path, preset: str, capsys: pytest.CaptureFixture[str]
) -> None:
    student, few = str(tmp_path / "student"), ("--most", "40", "--steps", "2", "--batch", "4")
    assert run("train", "flow", student, "--preset", preset, *few) == 2
    assert "name its folder with --teacher" in capsys.readouterr().err
    assert run("train", "flow", student, "--preset", preset, "--teacher", str(model), *few) == 0
    card = json.loads((tmp_path / "student" / "card.json").read_text())
    assert f"--preset {preset} --data procedural --seed 0 --teacher flow" in card["command"]
    assert run("generate", student, "-o", str(tmp_path / "drawn"), "-n", "2", "--steps", "1") == 0
    assert opened(tmp_path / "drawn" / "000001.png").shape == (16, 16, 3)
    for wrong, reason in (
        (("flow", student, "--preset", "smoke"), "learns from pictures alone"),
        (("gan", student, "--preset", "smoke"), "only diffusion and flow learn from a teacher"),
        (("flow", student, "--preset", preset, "--codec", str(model)), "leave --codec out"),
    ):
        assert run("train", *wrong, "--teacher", str(model), *few) == 2
        assert reason in capsys.readouterr().err


def test_guidance_is_learned_from_a_model_of_classes(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ("--data", "shapes", "--classes", "--most", "40", "--steps", "2", "--batch", "4")
    teacher, student = tmp_path / "teacher", tmp_path / "student"
    assert run("train", "diffusion", str(teacher), "--preset", "latent", "--guidance", "3", *few) == 2
    assert "only the preset guided" in capsys.readouterr().err
    assert run("train", "flow", str(teacher), "--preset", "smoke", *few) == 0
    guided = ("train", "flow", str(student), "--preset", "guided")
    assert run(*guided, "--teacher", str(teacher), "--guidance", "3", *few) == 0
    card = json.loads((student / "card.json").read_text())
    assert card["config"]["lesson"]["guidance"] == 3
    assert "--guidance 3" in card["command"]
    assert "difference to the teacher at guidance 3" in card["metrics"]
    drawn = tmp_path / "drawn"
    assert run("generate", str(student), "-o", str(drawn), "-n", "2", "--label", "star", "--steps", "2") == 0
    assert run(*guided, "--teacher", str(model), "--most", "40") == 2
    assert "classes or words can be guided" in capsys.readouterr().err


def test_pictures_can_be_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3), np.uint8)
        Image.fromarray(pixels).save(photos / f"{number}.png")
    short = ("--preset", "smoke", "--steps", "1")
    for cut, count in (("pieces", 16), ("whole", 4), ("both", 20)):
        out = tmp_path / cut
        assert run("train", "flow", str(out), *short, "--data", str(photos), "--cut", cut) == 0
        card = json.loads((out / "card.json").read_text())
        assert card["data"].startswith(f"{count} squares of 16 px")
        assert f"--cut {cut}" in card["command"]
    capsys.readouterr()
    for wrong in (("--data", str(photos), "--classes"), ("--data", "shapes")):
        assert run("train", "flow", str(tmp_path / "out"), *short, *wrong, "--cut", "whole") == 2
        assert "--cut is of pictures in files" in capsys.readouterr().err


def test_latents_need_their_codec(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codec, out = str(tmp_path / "codec"), str(tmp_path / "flow")
    assert run("train", "codec", codec, "--preset", "smoke", "--most", "40", "--steps", "3", "--json") == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["PSNR held out"] > 5
    small = ("--preset", "latent", "--most", "40", "--steps", "1", "--batch", "4")
    assert run("train", "flow", out, *small) == 2
    assert "--codec" in capsys.readouterr().err
    clips = ("train", "video", out, "--preset", "smoke")
    for command in (
        ("train", "flow", out, *small, "--codec"),
        ("train", "flow", out, *small, "--teacher"),
        (*clips, "--begin"),
    ):
        assert run(*command, str(tmp_path / "nowhere")) == 2
        assert "neither a folder nor one that comes with the suite" in capsys.readouterr().err
    assert run("train", "flow", out, *small, "--codec", codec) == 0
    assert (tmp_path / "flow" / "decoder.onnx").read_bytes() == (
        tmp_path / "codec" / "decoder.onnx"
    ).read_bytes()
    card = json.loads((tmp_path / "flow" / "card.json").read_text())
    assert card["command"].endswith(
        "--preset latent --data procedural --seed 0 --codec codec --steps 1 --batch 4 --most 40"
    )


def test_maps_of_tokens_are_trained_and_drawn(tmp_path: Path) -> None:
    codec, model, out = (str(tmp_path / name) for name in ("codec", "model", "drawn"))
    short = ("--most", "40", "--steps", "1", "--batch", "2")
    assert run("train", "codec", codec, "--preset", "scales", *short) == 0
    assert run("train", "tokens", model, "--preset", "var", "--codec", codec, *short) == 0
    assert run("generate", model, "-o", out, "-n", "2") == 0
    assert opened(tmp_path / "drawn" / "000001.png").shape == (64, 64, 3)


@pytest.mark.parametrize("family", ["nf", "tokens", "gan"])
def test_every_family_is_trained_and_drawn_with(tmp_path: Path, family: str) -> None:
    model, out = tmp_path / "model", tmp_path / "drawn"
    assert run("train", family, str(model), "--preset", "smoke", "--most", "40", "--steps", "2") == 0
    assert run("generate", str(model), "-o", str(out), "-n", "2") == 0
    assert opened(out / "000001.png").shape[2] == 3


def test_classes_are_learned_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = str(tmp_path / "model"), str(tmp_path / "drawn")
    few = ("--preset", "smoke", "--data", "shapes", "--classes", "--most", "80", "--steps", "2")
    assert run("train", "flow", model, *few) == 0
    assert (
        run("generate", model, "-o", out, "-n", "2", "--steps", "2", "--label", "disc", "--guidance", "2")
        == 0
    )
    assert run("generate", model, "-o", out, "--label", "cat") == 2
    assert "there are: " in capsys.readouterr().err


def test_wrong_usage_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "a")
    for command, reason in (
        (("flow", out, "--preset", "magic"), "no preset 'magic'; there are: smoke, latent"),
        (("gan", out, "--preset", "smoke", "--data", str(tmp_path / "none")), "neither a folder"),
    ):
        assert run("train", *command) == 2
        assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "commands"),
    [
        ("--begin", ("flow smoke", "gan smoke", "video mocogan", "codec smoke")),
        (
            "--codec",
            ("flow pixels", "diffusion unet", "video smoke", "tokens pixelcnn", "gan smoke", "nf smoke"),
        ),
        ("--classes", ("codec smoke", "nf smoke", "video smoke", "video mocogan")),
    ],
)
def test_what_a_run_would_not_look_at_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, commands: tuple[str, ...]
) -> None:
    given = (option,) if option == "--classes" else (option, str(tmp_path))
    for command in commands:
        family, preset = command.split()
        out = str(tmp_path / "out")
        assert run("train", family, out, "--preset", preset, "--most", "2", "--steps", "1", *given) == 2
        assert f"the preset {preset} has no use for {option}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_sweep_over_time_is_a_run_for_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "sweep"
    few = ("--preset", "smoke", "--most", "60", "--steps", "3")
    command = ("train", "flow", str(folder), *few, "--time-sweep", "9,0.0001", "--json")
    assert run(*command) == 0
    out, err = capsys.readouterr()
    assert {path.name for path in folder.iterdir()} == {
        "minutes-0.0001", "minutes-9", "sweep.csv", "sweep.svg",
    }  # fmt: skip
    short, long = json.loads(out)["runs"]
    assert (short["minutes"], short["steps"], short["images"]) == (0.0001, 1, 8)
    assert (long["minutes"], long["steps"], long["images"]) == (9.0, 3, 24)
    assert long["minutes taken"] < 9.0
    assert "all 3 steps were over after" in err
    names, *rows = (line.split(",") for line in (folder / "sweep.csv").read_text().splitlines())
    assert names[:4] == ["minutes", "minutes taken", "steps", "images"]
    assert names[4:] == [f"held-out error at {t}" for t in (0.1, 0.3, 0.5, 0.7, 0.9)]
    assert [[float(value) for value in row] for row in rows] == [
        pytest.approx([one[name] for name in names], rel=1e-6) for one in (short, long)
    ]
    card = json.loads((folder / "minutes-9" / "card.json").read_text())
    assert card["command"].endswith(
        "--preset smoke --data procedural --seed 0 --minutes 9 --steps 3 --most 60"
    )
    assert card["metrics"]["held-out error at 0.5"] == long["held-out error at 0.5"]
    log = (folder / "minutes-9" / "log.csv").read_text()
    assert run(*command) == 0
    assert json.loads(capsys.readouterr().out)["runs"] == [short, long]
    assert (folder / "minutes-9" / "log.csv").read_text() == log


def test_steps_of_several_batches_in_less_memory(tmp_path: Path) -> None:
    out, few = tmp_path / "model", ("--preset", "smoke", "--most", "40", "--steps", "2")
    how = ("--batch", "4", "--accumulate", "3", "--scaling", "linear", "--spare-memory")
    assert run("train", "flow", str(out), *few, *how) == 0
    card = json.loads((out / "card.json").read_text())
    assert card["images"] == 2 * 4 * 3
    assert "--batch 4 --accumulate 3 --scaling linear --most 40" in card["command"]
    preset = FAMILIES["flow"].presets["smoke"].schedule
    schedule = card["config"]["schedule"]
    assert schedule["rate"] == pytest.approx(preset.rate * 12 / preset.batch)
    assert run("train", "flow", str(tmp_path / "rate"), *few, "--rate", "0.0125") == 0
    card = json.loads((tmp_path / "rate" / "card.json").read_text())
    assert card["config"]["schedule"]["rate"] == 0.0125


def test_games_have_no_steps_of_several_batches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = ("--preset", "smoke", "--most", "40", "--accumulate", "2")
    assert run("train", "gan", str(tmp_path / "a"), *few) == 2
    assert "players of a game take turns" in capsys.readouterr().err


def test_wrong_sweeps_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "sweep"
    for more, reason in (
        (("--time-sweep", "1"), "two or more different numbers of minutes"),
        (("--time-sweep", "1,2", "--minutes", "3"), "a run has --minutes"),
    ):
        assert run("train", "flow", str(out), "--preset", "smoke", *more) == 2
        assert reason in capsys.readouterr().err
    assert not out.exists()


def test_presets_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train", "gan", str(tmp_path / "a"), "--preset", "list") == 0
    assert {"smoke", "dcgan", "wgan-gp", "relativistic", "style"} <= set(capsys.readouterr().out.split())
    assert not (tmp_path / "a").exists()


def test_clips_are_written_as_films(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    model, out = tmp_path / "model", tmp_path / "drawn"
    assert run("train", "video", str(model), "--preset", "smoke", "--most", "30", "--steps", "2") == 0
    few = ("-n", "2", "--steps", "2", "--more", "1")
    assert run("generate", str(model), "-o", str(out), *few) == 0
    with av.open(str(out / "000001.mp4")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert (len(frames), frames[0].shape) == (7, (16, 16, 3))
    assert opened(out / "grid.png").shape == (32, 128, 3)
