"""Detectors of generated pictures, from what they learn of to their files."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch")
import cv2  # noqa: E402

from forensics.detectors.learned.model import FEATURES, METHOD, TileModel, tile_model_of  # noqa: E402
from forensics.detectors.train.corpus import Corpus, load_corpora, load_corpus  # noqa: E402
from forensics.detectors.train.finish import finish_fitted, finish_network, folded  # noqa: E402
from forensics.detectors.train.fitting import Fit, fit_classifier, write_classifier  # noqa: E402
from forensics.detectors.train.methods import METHODS, network_for  # noqa: E402
from forensics.detectors.train.networks import Residuals, backbone  # noqa: E402
from forensics.detectors.train.probe import fit_probe  # noqa: E402
from forensics.detectors.train.run import PRESETS, DetectorRun, Telling, roc_area, tiles_of  # noqa: E402
from forensics.errors import UsageError  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.card import Origins  # noqa: E402
from forensics.training.loop import fit  # noqa: E402

ORIGINS = Origins("made up", "none", "a test")
SMOKE = PRESETS["smoke"]


def doubled(photos: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """What the worst of decoders does: every second pixel is that before it."""
    return photos[:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (60, 12, 12, 3), dtype=np.uint8)
    photos = np.stack([cv2.resize(c, (96, 96), interpolation=cv2.INTER_CUBIC) for c in coarse])
    noisy = photos + rng.normal(0, 6, photos.shape)
    photos = np.clip(noisy, 0, 255).astype(np.uint8)
    names = np.array([f"p{i}" for i in range(60)])
    splits = np.where(np.arange(60) < 40, "train", "val")
    return Corpus(
        tuple(np.concatenate([photos, doubled(photos)])),
        np.array([""] * 60 + ["doubler"] * 60),
        np.tile(names, 2),
        np.tile(splits, 2),
        np.zeros(120, np.int64),
    )


@pytest.mark.parametrize("method", ["spectral", "dct", "reconstruction"])
def test_fitted_detectors_tell_what_a_decoder_made(method: str, corpus: Corpus, tmp_path: Path) -> None:
    metrics = finish_fitted(method, Fit(pairs=120), SMOKE, corpus, tmp_path, ORIGINS)
    assert metrics["AUC held out, delivered"] > 0.8
    assert metrics["largest difference of ONNX and its model"] < 1e-4
    model = tile_model_of(open_bundle(tmp_path))
    photo, made = (corpus.pixels[i] for i in (50, 110))
    assert model.look(made).score > model.look(photo).score


@pytest.mark.parametrize("method", sorted(name for name, how in METHODS.items() if how.network))
def test_networks_become_files_that_compute_the_same(method: str, corpus: Corpus, tmp_path: Path) -> None:
    few = corpus.where(np.isin(corpus.sources, ["p0", "p1", "p2", "p50", "p51"]))
    run = replace(SMOKE, schedule=replace(SMOKE.schedule, batch=4, steps=2, every=2))
    network = fit(
        Telling(run, network_for(method, run), few, FEATURES[method], torch.device("cpu")), tmp_path
    )
    metrics = finish_network(method, network, run, few, tmp_path, ORIGINS)
    assert metrics["largest difference of ONNX and its model"] < 1e-4
    found = tile_model_of(open_bundle(tmp_path)).look(few.pixels[0])
    assert found.logits.shape == (1,)
    again = tile_model_of(open_bundle(tmp_path)).logits(np.stack(few.pixels[:3])[:, :64, :64])
    assert again.shape == (3,)


def test_folded_networks_compute_the_same_in_16_bits() -> None:
    torch.manual_seed(0)
    network = network_for("residual", SMOKE)
    network(torch.rand(8, 3, 64, 64))  # norms see something
    network.eval()
    one, x = folded(network), torch.rand(2, 3, 64, 64)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in one.modules())
    assert all((value == value.half().float()).all() for value in one.parameters())
    with torch.no_grad():
        torch.testing.assert_close(one(x), network(x), atol=5e-3, rtol=5e-3)


def test_the_residual_network_learns(corpus: Corpus, tmp_path: Path) -> None:
    run = replace(
        SMOKE, strength=0.2, schedule=replace(SMOKE.schedule, steps=40, batch=16, every=40, warm_up=2)
    )
    task = Telling(run, network_for("residual", run), corpus, FEATURES["residual"], torch.device("cpu"))
    assert task.measure(fit(task, tmp_path))["AUC held out"] > 0.8


def test_both_of_a_pair_went_the_same_way(corpus: Corpus) -> None:
    """With photos in the place of what was made of them, there is nothing to tell."""
    same = corpus.where(np.arange(len(corpus)) < 60)
    pixels = (*same.pixels, *same.pixels)
    twice = Corpus(pixels, corpus.makers, corpus.sources, corpus.splits, corpus.folders)
    tiles = tiles_of(twice, twice.partners(), DetectorRun(SMOKE.schedule), np.random.default_rng(3))
    made, photos = np.split(tiles, 2)
    assert (made == photos).all()
    assert len({tile.tobytes() for tile in made}) == len(made)


def test_support_vectors_are_written_as_well(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(size=(80, 6)).astype(np.float32)
    truth = (np.abs(values[:, 0]) > 0.7).astype(np.int64)
    fitted = fit_classifier(values, truth, Fit("svc"))
    assert write_classifier(fitted, (2, 3), tmp_path / "c.onnx", values) < 1e-4
    assert fitted.score(values, truth) > 0.9


def test_residuals_are_those_of_their_papers() -> None:
    x = torch.rand(1, 3, 8, 8)
    found = Residuals()(x)[0]
    levels = 255 * x[0].numpy()
    near = levels - levels[:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2)
    assert found[:3].numpy() == pytest.approx(np.tanh(near / 8), abs=1e-5)
    padded = np.pad(levels, ((0, 0), (1, 1), (1, 1)), mode="reflect")
    for channel in range(3):
        p = padded[channel]
        row = -0.5 * p[:, :-2] + p[:, 1:-1] - 0.5 * p[:, 2:]
        second = -0.5 * row[:-2] + row[1:-1] - 0.5 * row[2:]
        assert found[3 + channel].numpy() == pytest.approx(np.tanh(second / 8), abs=1e-4)


def test_roc_area_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(5)
    no, yes = rng.integers(0, 9, 40).astype(np.float32), rng.integers(2, 12, 30).astype(np.float32)
    truth = np.repeat([0, 1], [40, 30])
    assert roc_area(no, yes) == pytest.approx(metrics.roc_auc_score(truth, np.concatenate([no, yes])))


def test_backbones_keep_the_grid_unless_asked() -> None:
    pytest.importorskip("timm")
    network = backbone("resnet18")
    assert network.conv1.stride == (1, 1)
    assert backbone("resnet18", early=True).conv1.stride == (2, 2)
    with pytest.raises(UsageError, match="no network"):
        backbone("resnet17")


def built(folder: Path, rows: list[tuple[str, ...]], header: str = "file,label,maker,source,split") -> Path:
    for row in rows:
        picture = np.full((8, 8, 3), 9, np.uint8)
        cv2.imwrite(str(folder / row[0]), picture)
    with (folder / "manifest.csv").open("w", newline="") as file:
        file.write(header + "\n")
        csv.writer(file).writerows(rows)
    return folder


def test_built_folders_are_read(tmp_path: Path) -> None:
    rows = [("a.png", "real", "", "a", "train"), ("b.png", "fake", "codec", "a", "train")]
    rows += [("c.png", "fake", "gan", "a", "train")]
    found = load_corpus(built(tmp_path, rows), without=["gan"])
    assert found.names == ("codec",)
    assert found.partners().tolist() == [[1, 0]]


def test_folders_and_makers_are_drawn_alike(tmp_path: Path) -> None:
    """However many pictures each has."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    rows = [(f"r{i}.png", "real", "", str(i), "train") for i in range(9)]
    rows += [(f"f{i}.png", "fake", "one" if i else "two", str(i), "train") for i in range(9)]
    built(tmp_path / "a", rows)
    built(tmp_path / "b", [("r.png", "real", "", "0", "train"), ("f.png", "fake", "one", "0", "train")])
    both = load_corpora([tmp_path / "a", tmp_path / "b"])
    pairs = both.drawn(4000, np.random.default_rng(0))
    assert (both.sources[pairs[:, 0]] == both.sources[pairs[:, 1]]).all()
    assert (both.folders[pairs[:, 0]] == both.folders[pairs[:, 1]]).all()
    first = both.folders[pairs[:, 0]] == 0
    assert first.mean() == pytest.approx(0.5, abs=0.05)
    assert (both.makers[pairs[first, 0]] == "two").mean() == pytest.approx(0.5, abs=0.05)


def test_what_was_made_is_as_large_as_its_photo(tmp_path: Path) -> None:
    rows = [("r.png", "real", "", "0", "train"), ("f.png", "fake", "one", "0", "train")]
    built(tmp_path, rows)
    cv2.imwrite(str(tmp_path / "f.png"), np.zeros((8, 9, 3), np.uint8))
    with pytest.raises(UsageError, match="another size"):
        load_corpus(tmp_path)


def test_folders_that_are_none_are_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="datasets build"):
        load_corpus(tmp_path)
    built(tmp_path, [("a.png", "x")], "file,label")
    with pytest.raises(UsageError, match="no columns"):
        load_corpus(tmp_path)
    built(tmp_path, [("a.png", "real", "", "a", "train")])
    with pytest.raises(UsageError, match="of a photo"):
        load_corpus(tmp_path).partners()
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"a\.png"):
        load_corpus(tmp_path)


def test_a_folder_of_another_kind_is_no_detector(corpus: Corpus, tmp_path: Path) -> None:
    finish_fitted("spectral", Fit(pairs=40), SMOKE, corpus, tmp_path, ORIGINS)
    model = tile_model_of(open_bundle(tmp_path))
    assert isinstance(model, TileModel)
    assert (tmp_path / METHOD).is_file()


def test_a_probe_is_a_frozen_network_and_one_layer(corpus: Corpus, tmp_path: Path) -> None:
    """The features of an untrained network tell little, but on what it was fitted to they do."""
    pytest.importorskip("timm")
    torch.manual_seed(0)
    run = replace(SMOKE, side=96, backbone="test_vit", strength=0.0)
    probe = fit_probe(run, corpus, Fit(pairs=200, penalty=0.01), torch.device("cpu"))
    metrics = finish_network("linear_probe", probe, run, corpus, tmp_path, ORIGINS)
    assert metrics["largest difference of ONNX and its model"] < 1e-4
    train = corpus.split("train")
    pairs = train.partners()
    tiles = tiles_of(train, pairs, run, np.random.default_rng(9))
    logits = tile_model_of(open_bundle(tmp_path)).logits(tiles)
    assert roc_area(logits[len(pairs) :], logits[: len(pairs)]) > 0.65
