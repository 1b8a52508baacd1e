"""`forensics train makers | detector | calibration`: from photos to a detector that says how sure it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from .commands import Answer, answered

MAKERS = ("--preset", "smoke", "--data", "procedural", "--most", "30", "--device", "cpu")


@pytest.fixture
def forensics(own_settings: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    return lambda *arguments: answered(capsys, *arguments)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("detectors")


@pytest.fixture
def pairs(forensics: Callable[..., Answer], place: Path) -> Path:
    """A set of pairs by a maker that was trained for it, and by one that comes with the suite."""
    folder = place / "set"
    if not folder.exists():
        made = forensics("train", "makers", place / "zoo", "--first", "5", "--count", "1", *MAKERS)
        assert (made.status, made.err) == (0, "")
        makers = f"codec:{place / 'zoo' / '005'},transposed4"
        built = forensics(
            "datasets", "build", folder, "--photos", "shapes", "--makers", makers, "--count", "60",
            "--per-photo", "2", "--size", "64", "--codec", "png", "--no-match", "--splits", "50,50,0",
        )  # fmt: skip
        assert built.status == 0
    return folder


def test_from_photos_to_a_weighed_opinion(
    forensics: Callable[..., Answer], pairs: Path, place: Path, tmp_path: Path
) -> None:
    trained = forensics(
        "train",
        "detector",
        tmp_path / "own",
        "--method",
        "spectral",
        "--data",
        pairs,
        "--pairs",
        "64",
        "--json",
    )
    assert trained.status == 0
    assert 0.0 <= trained.record["metrics"]["AUC held out, delivered"] <= 1.0
    card = json.loads((tmp_path / "own" / "card.json").read_text())
    assert "codec_005" in card["data"]
    assert str(place) not in json.dumps(card)

    weights = tmp_path / "weights"
    weighed = forensics(
        "calibrate",
        pairs,
        "--split",
        "val",
        "--detector",
        tmp_path / "own",
        "--only",
        "own_own",
        "-o",
        weights,
    )
    assert weighed.status == 0
    put = forensics("train", "calibration", tmp_path / "own", weights, "--as", "mine")
    assert put.status == 0
    table = json.loads((tmp_path / "own" / "calibration.json").read_text())
    assert (table["detector"], table["code"]) == ("mine", "mine.generated")

    (picture,) = (pairs / "fake" / "transposed4").glob("000000.png")
    audit = forensics("audit", "--json", "--no-stability", "--detector", tmp_path / "own", picture)
    (found,) = [e for e in audit.record["evidence"] if e["detector"].startswith("own_")]
    assert found["calibration"]["negatives"] > 0


@pytest.mark.parametrize("method", ["residual", "fingerprint"])
def test_networks_and_fingerprints(
    forensics: Callable[..., Answer], pairs: Path, tmp_path: Path, method: str
) -> None:
    options = ("--adversarial", "1") if method == "residual" else ()
    trained = forensics(
        "train", "detector", tmp_path / "own", "--method", method, "--data", pairs, "--preset", "smoke",
        "--device", "cpu", *options,
    )  # fmt: skip
    assert trained.status == 0
    assert {"residual": "AUC held out", "fingerprint": "tiles named rightly"}[method] in trained.out
    command = json.loads((tmp_path / "own" / "card.json").read_text())["command"]
    more = ("train", "detector", tmp_path / "more", "--data", pairs, "--preset", "smoke", "--device", "cpu")
    if method == "residual":
        assert forensics(*more, "--method", method, "--begin", tmp_path / "own").status == 0
        text = json.loads((tmp_path / "more" / "card.json").read_text())["command"]
        assert text.endswith("--begin own")
        other = forensics(*more, "--method", "cooccurrence", "--begin", tmp_path / "own")
        assert other.status == 4
        assert "is a detector of residual" in other.err
    assert ("--adversarial 1.0" in command) == (method == "residual")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--method", "dct", "--adversarial", "1"), "only residual"),
        (("--method", "dct", "--begin", "."), "begins from nothing"),
        (("--method", "dct", "--backbone", "resnet18"), "takes no network"),
        (("--method", "linear_probe"), "needs a network of timm"),
    ],
)
def test_wrong_use(
    forensics: Callable[..., Answer], pairs: Path, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    found = forensics("train", "detector", tmp_path / "own", "--data", pairs, *options)
    assert found.status == 2
    assert message in found.err


def test_a_folder_that_holds_no_pairs(forensics: Callable[..., Answer], tmp_path: Path) -> None:
    found = forensics("train", "detector", tmp_path / "own", "--method", "dct", "--data", tmp_path)
    assert found.status == 2
    assert "manifest.csv" in found.err
