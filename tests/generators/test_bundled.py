"""The generators that come with the suite: whole, small, and better than noise."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("onnxruntime")

from forensics.datasets.clips import load_clips
from forensics.datasets.squares import centred
from forensics.generators.evaluation.spectrum import log_profiles, spectral_distance
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.opening import DECODER, ENCODER, network_of, open_pipeline
from forensics.media import open_media
from forensics.runtime.store import bundled, names
from forensics.watermark.quality import psnr

from ..cli.commands import opened, run

Pixels = npt.NDArray[np.uint8]
DATA = Path(__file__).parents[2] / "examples" / "data"
GENERATORS = {"flow": 64, "gan": 32}  # sides


def photos(side: int) -> list[Pixels]:
    return [centred(open_media(DATA / name).pixels, side) for name in ("photo.jpg", "signed.jpg")]


def test_all_models_together_are_small_and_as_their_cards_say() -> None:
    assert {"codec", "video", *GENERATORS} <= set(names())
    total = 0
    for name in names():
        bundle = bundled(name)
        for path in bundle.folder.iterdir():
            total += path.stat().st_size
        for file, digest in bundle.card["files"].items():
            assert hashlib.sha256(bundle.read(file)).hexdigest() == digest
        stray = {path.name for path in bundle.folder.iterdir()} - set(bundle.card["files"])
        assert stray <= {"card.json", "card.md", "nulls.json"}
    assert total <= 25_000_000


@pytest.mark.parametrize(
    ("name", "preset", "licence"),
    [*((name, "photos", "CC0 and MIT") for name in ("codec", *GENERATORS)), ("video", "sprites", "CC0-1.0")],
)
def test_cards_say_what_was_trained_how_on_what(name: str, preset: str, licence: str) -> None:
    card = bundled(name).card
    assert card["command"].startswith(f"forensics train {name} FOLDER --preset {preset}")
    assert card["licence"] == licence
    assert card["images"] > 50_000
    assert card["metrics"]["largest difference of ONNX and PyTorch"] < 1e-4


@pytest.mark.parametrize("side", [64, 128])
def test_the_codec_gives_photos_back(side: int) -> None:
    bundle = bundled("codec")
    encode, decode = network_of(bundle, ENCODER), network_of(bundle, DECODER)
    for photo in photos(side):
        x = np.moveaxis(photo, -1, 0)[None].astype(np.float32) / 255.0
        z = encode(x)
        assert z.shape == (1, 12, side // 4, side // 4)
        back = np.moveaxis((decode(z)[0].clip(0, 1) * 255).round().astype(np.uint8), 0, -1)
        assert psnr(photo, back) > 28


@pytest.mark.parametrize(("name", "side"), GENERATORS.items())
def test_spectra_of_what_is_drawn_are_those_of_pictures(name: str, side: int) -> None:
    """Noise is tens of decibels off, and so is a flat picture."""
    pipeline = open_pipeline(name)
    drawn = np.stack([*pipeline.sample(Request(4, label=0)), *pipeline.sample(Request(4, label=1))])
    assert drawn.shape == (8, side, side, 3)
    real = log_profiles(np.stack(photos(side)))
    noise = np.random.default_rng(0).integers(0, 256, drawn.shape, np.uint8)
    assert spectral_distance(log_profiles(drawn), real) < 0.5 * spectral_distance(log_profiles(noise), real)
    assert drawn.reshape(8, -1).std(axis=0).mean() > 20  # they differ


@pytest.mark.parametrize(("name", "side"), GENERATORS.items())
def test_they_are_drawn_with_by_name(name: str, side: int, tmp_path: Path) -> None:
    more = ("-n", "3", "--label", "clothing", "--seed", "4")
    assert run("generate", name, "-o", str(tmp_path / "a"), *more) == 0
    assert run("generate", name, "-o", str(tmp_path / "b"), *more) == 0
    for number in range(3):
        picture = opened(tmp_path / "a" / f"{number:06}.png")
        assert picture.shape == (side, side, 3)
        np.testing.assert_array_equal(picture, opened(tmp_path / "b" / f"{number:06}.png"))
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(picture, opened(tmp_path / "a" / "000000.png"))


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is marked with is made in a folder of the test's own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.mark.slow
def test_clips_move_as_those_of_the_corpus() -> None:
    made = np.stack(list(open_pipeline("video").sample(Request(8, seed=2))))
    real = load_clips("sprites", 32, 8, 64, 77)
    assert made.shape == (8, *real.shape[1:])
    for away in (1, 7):
        assert 0.4 * moved(real, away) < moved(made, away) < 1.6 * moved(real, away)
    assert moved(made, 1) < 0.8 * moved(made[:, [0, 4, 1, 5, 2, 6, 3, 7]], 1)


def moved(clips: Pixels, away: int) -> float:
    """Return how far frames so far from each other differ."""
    levels = clips.astype(float)
    return float(np.abs(levels[:, away:] - levels[:, :-away]).mean())


def test_clips_are_drawn_by_name_and_gone_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    av = pytest.importorskip("av")
    assert run("generate", "video", "-o", str(tmp_path), "-n", "2", "--steps", "6", "--more", "1") == 0
    assert "2 clips and grid.png" in capsys.readouterr().out
    with av.open(str(tmp_path / "000001.mp4")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert (len(frames), frames[0].shape) == (14, (32, 32, 3))
