"""`forensics evaluate generator`, end to end."""

from __future__ import annotations

import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from PIL import Image

from forensics.cli import main
from forensics.datasets.procedural import camera

from ..onnx_models import chain
from .conftest import Answer


@pytest.fixture
def evaluate(own_settings: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run `forensics evaluate generator ...`."""

    def call(*arguments: object) -> Answer:
        with pytest.raises(SystemExit) as stop:
            main(["evaluate", "generator", *map(str, arguments)])
        return Answer(int(stop.value.code or 0), *capsys.readouterr())

    return call


def save(folder: Path, pictures: np.ndarray, suffix: str = "png") -> Path:
    folder.mkdir()
    for number, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(folder / f"{number:03}.{suffix}")
    return folder


@pytest.fixture(scope="session")
def squares() -> np.ndarray:
    """64 procedural pictures of 32 x 32."""
    scenes = np.stack([camera(seed, 128, 128) for seed in range(4)])
    cut = scenes.reshape(4, 4, 32, 4, 32, 3).swapaxes(2, 3).reshape(64, 32, 32, 3)
    return cut[np.random.default_rng(1).permutation(64)]


@pytest.fixture
def sets(tmp_path: Path, squares: np.ndarray) -> tuple[Path, Path, Path]:
    """Made pictures (blurred, one of them a mirrored training picture), real and training ones."""
    made = np.stack([cv2.GaussianBlur(p, (0, 0), 1.2) for p in squares[:12]])
    made[7] = squares[50, :, ::-1]
    return (
        save(tmp_path / "made", made),
        save(tmp_path / "real", squares[12:40]),
        save(tmp_path / "train", squares[40:]),
    )


def test_a_person_gets_a_table(evaluate, sets: tuple[Path, ...]) -> None:
    made, real, train = sets
    answer = evaluate(made, real, "--train", train)
    assert answer.status == 0
    assert answer.err == ""
    lines = answer.out.splitlines()
    assert lines[0].startswith(
        "12 pictures of 32 x 32 a side of each comparison, from 12 made and 28 real ones"
    )
    assert "no features (--features)" in lines[0]
    (spectra,) = (line for line in lines if line.strip().startswith("spectra, dB"))
    assert spectra.strip().endswith("*")
    assert "among the made:  1 of 12" in answer.out
    assert "among the real:  0 of 28" in answer.out
    (pair,) = (line for line in lines if line.startswith("  007.png = 010.png: SSIM "))
    assert pair.endswith("mirrored")


def test_a_program_gets_one_object(evaluate, sets: tuple[Path, ...], tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    made, real, train = sets
    network = tmp_path / "means.onnx"
    network.write_bytes(chain("GlobalAveragePool", "Flatten"))
    command = (made, real, "--train", train, "--features", network, "--feature-range", "imagenet", "--json")
    answer = evaluate(*command, "--seed", 3)
    record = answer.record
    assert (answer.status, record["count"], record["side"], record["seed"]) == (0, 12, 32, 3)
    assert record["features"] == "means.onnx"
    names = [measure["name"] for measure in record["measures"]]
    assert names == [
        "sliced_wasserstein_32", "sliced_wasserstein_16", "sliced_wasserstein", "spectral_distance",
        "frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage",
    ]  # fmt: skip
    assert {"name", "title", "made", "real", "more_is_nearer", "beyond"} == set(record["measures"][0])
    assert record["sources"]["real"] == {
        "path": str(real), "squares": 28, "sizes": {"32x32": 28}, "formats": {"png": 28}, "too_small": 0,
        "unreadable": [],
    }  # fmt: skip
    assert len(record["spectra"]["frequencies"]) == 16
    copies = record["copies"]
    assert (copies["copied"], copies["pictures"], copies["train"]) == (1, 12, 24)
    (pair,) = copies["pairs"]
    assert (pair["picture"], pair["train"], pair["ratio"], pair["mirrored"]) == (
        "007.png",
        "010.png",
        None,
        True,
    )
    assert record["control"]["copied"] == 0
    assert evaluate(*command, "--seed", 3).out == answer.out
    assert evaluate(*command, "--seed", 4).record["measures"] != record["measures"]


def test_archives_are_read_and_larger_pictures_cut_where_asked(evaluate, sets, tmp_path: Path) -> None:
    made = sets[0]
    large = tmp_path / "large"
    save(large, np.stack([camera(seed, 64, 64) for seed in range(9)]))
    archive = tmp_path / "large.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(large, "large")
    refused = evaluate(made, archive)
    assert refused.status == 2
    assert "REAL holds pictures of 64x64" in refused.err
    assert "--side 32" in refused.err
    record = evaluate(made, archive, "--side", 32, "--json").record
    assert record["sources"]["real"]["squares"] == 36
    assert record["sources"]["real"]["sizes"] == {"64x64": 9}
    assert record["count"] == 12
    assert evaluate(large, archive, "--side", 32, "--json").record["count"] == 16  # no picture on both sides


def test_what_generators_draw_is_measured_without_their_overview(evaluate, sets: tuple[Path, ...]) -> None:
    made, real, _ = sets
    Image.fromarray(np.zeros((64, 256, 3), np.uint8)).save(made / "grid.png")
    assert evaluate(made, real).status == 2
    (made / "settings.json").write_text("{}")
    record = evaluate(made, real, "--json").record
    assert record["sources"]["made"]["sizes"] == {"32x32": 12}


def test_procedural_corpora_can_be_named(evaluate, sets: tuple[Path, ...]) -> None:
    made = sets[0]
    record = evaluate(made, "shapes", "--most", 9, "--json").record
    assert (record["count"], record["sources"]["real"]["formats"]) == (9, {"made": 18})
    assert evaluate("shapes", "textures", "--side", 32, "--most", 9).status == 0
    assert evaluate("shapes", "textures").status == 2


def test_real_pictures_of_a_corpus_are_none_that_were_trained_on(
    evaluate, sets: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training on a corpus has the first pictures of seed 0, and 0 is the seed if none is given."""
    monkeypatch.setattr("forensics.cli.evaluate.sources._CORPUS", 40)
    for more in ((), ("--seed", 1)):
        answer = evaluate(sets[0], "shapes", "--train", "shapes", "--most", 9, "--json", *more)
        assert "are also in" not in answer.err
        assert answer.record["control"]["copied"] < 18
    assert "are also in" not in evaluate("shapes", "shapes", "--side", 32, "--most", 9).err


def test_most_bounds_both_sets(evaluate, sets: tuple[Path, ...]) -> None:
    made, real, train = sets
    record = evaluate(made, real, "--train", train, "--most", 9, "--json").record
    assert [record["sources"][name]["squares"] for name in ("made", "real", "train")] == [9, 18, 24]


def test_what_cannot_be_read_is_left_out_and_said(evaluate, sets: tuple[Path, ...]) -> None:
    made, real, _ = sets
    (made / "broken.png").write_bytes(b"\x89PNG nothing")
    Image.fromarray(np.zeros((9, 40, 3), np.uint8)).save(real / "small.png")
    answer = evaluate(made, real, "--side", 32, "--json")
    assert answer.status == 3
    assert "left out of MADE, unreadable: broken.png" in answer.err
    assert "left out of REAL, too small: small.png" in answer.err
    assert answer.record["sources"]["made"]["unreadable"] == ["broken.png"]


def test_leaks_are_said(evaluate, sets: tuple[Path, ...], squares: np.ndarray, tmp_path: Path) -> None:
    made, real, _ = sets
    stored = save(tmp_path / "stored", squares[12:40], "jpg")
    assert "MADE is stored as PNG and REAL as JPEG" in evaluate(made, stored).err
    overlap = save(tmp_path / "overlap", squares[30:])
    err = evaluate(real, real, "--train", overlap).err
    assert "28 of MADE are also in REAL" in err
    assert "10 of REAL are also in --train" in err


def test_spectra_are_drawn(evaluate, sets: tuple[Path, ...], tmp_path: Path) -> None:
    made, real, _ = sets
    plot = tmp_path / "out.svg"
    assert evaluate(made, real, "--plot", plot).status == 0
    page = ElementTree.fromstring(plot.read_text(encoding="utf-8"))  # noqa: S314 - our own
    assert len([e for e in page.iter() if e.tag.endswith("polyline")]) == 2
    for wrong in (tmp_path / "out.png", tmp_path / "none" / "out.svg"):
        assert evaluate(made, real, "--plot", wrong).status == 2
        assert not wrong.exists()


def test_wrong_usage_is_told(evaluate, sets: tuple[Path, ...], tmp_path: Path, squares: np.ndarray) -> None:
    made, real, _ = sets
    few = save(tmp_path / "few", squares[:7])
    damaged = tmp_path / "damaged.tar"
    with tarfile.open(damaged, "w") as tar:
        tar.add(real, "real")
    data = damaged.read_bytes()
    damaged.write_bytes(data[: data.index(b"005.png") + 700])
    for arguments, status, message in (
        ((made, tmp_path / "none"), 2, "neither a folder"),
        ((made, damaged), 2, "damaged"),
        ((few, real), 2, "at least 8 pictures, not 7"),
        ((made, few), 2, "at least 16 pictures, not 7"),
        ((made, real, "--features", tmp_path / "none.onnx"), 2, "cannot be read"),
        ((made, real, "--features", real / "000.png"), 2, "cannot be run"),
        ((made, real, "--features", "timm:resnet18"), 2, "needs weights"),
        ((made, real, "--feature-side", 64), 2, "need --features"),
        ((made, real, "--splits", 1), 2, "--splits"),
        ((made,), 2, "REAL"),
    ):
        answer = evaluate(*arguments)
        assert (answer.status, answer.out) == (status, ""), answer.err
        assert message in answer.err, arguments


def test_missing_packages_are_told(evaluate, sets: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    made, real, _ = sets
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "timm", None)
    answer = evaluate(made, real, "--features", "timm:resnet18", "--download")
    assert answer.status == 2
    assert "synthetic-media-forensics[train]" in answer.err
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    answer = evaluate(made, real, "--features", real / "000.png")
    assert answer.status == 2
    assert "synthetic-media-forensics[cpu]" in answer.err
    assert answer.out == ""
