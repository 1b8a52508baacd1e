"""What `forensics generate` draws leaves marked, unless somebody asked for something else."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.cli.drawn import Drawn, Opened, Writer, carried
from forensics.datasets.procedural import camera
from forensics.generators.pipelines.denoising import DenoisingSettings
from forensics.generators.pipelines.outside import GENERATORS, register
from forensics.generators.pipelines.recipe import Recipe, recipe_text
from forensics.marking import own_identity
from forensics.marking.binding import GENERATION, parameters_digest
from forensics.marking.identity import own_store
from forensics.provenance import CredentialState, read
from forensics.provenance.store import ManifestStore
from forensics.watermark.decoders import signature
from forensics.watermark.video import detect_clip
from forensics.watermark.watermarker import detect

from ..bundles import written
from ..onnx_models import denoiser
from .commands import opened, run

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    """A generator called "cameras" of pictures that are large enough for a mark, and one of small ones."""
    monkeypatch.setattr(GENERATORS, "_members", {})
    register("cameras", lambda count, seed: np.stack([camera(seed + n, 192, 192) for n in range(count)]))
    register("small", lambda count, seed: np.stack([camera(seed + n, 64, 64) for n in range(count)]))


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_pictures_are_marked_from_end_to_end(cameras: None, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    command = ("generate", "cameras", "-o", str(out), "-n", "2", "--seed", "3")
    assert run(*command, "--json") == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["state"] for record in records] == ["trusted", "trusted"]
    assert len({record["payload"] for record in records}) == 2
    with ManifestStore(own_store()) as store:
        for record in records:
            path = Path(record["path"])
            found = detect(opened(path), [own_identity().key])
            assert found.payload is not None
            assert found.payload.identity == record["payload"]
            assert read(path).state is CredentialState.TRUSTED
            (entry,) = store.by_payload("spread", found.key, record["payload"])
            assert (entry.record.manifest_id, entry.record.model) == (record["manifest_id"], "cameras")
            settings = json.loads((out / "settings.json").read_text())
            how = parameters_digest({**settings, "number": record["number"]})
            assert entry.record.extra["parametersSha256"] == how
            assert GENERATION in read(path).manifests[0].assertions
        assert store.stats().records == 3  # the overview is one of them
    assert settings["marked"] is True
    assert read(out / "grid.png").state is CredentialState.TRUSTED
    before = files_of(out)
    assert run(*command) == 0
    assert files_of(out) == before
    (out / "000001.png").unlink()
    assert run(*command) == 0
    assert files_of(out)["000000.png"] == before["000000.png"]
    capsys.readouterr()
    assert run("audit", str(out / "000001.png"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "synthetic"


def test_unmarked_has_to_be_asked_for_and_is_recorded(
    cameras: None, tmp_path: Path, capsys: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "out"
    with caplog.at_level(logging.WARNING):
        assert run("generate", "cameras", "-o", str(out), "-n", "1", "--unmarked") == 0
    assert "unmarked, as asked for" in caplog.text
    assert json.loads((out / "settings.json").read_text())["marked"] is False
    assert read(out / "000000.png").state is CredentialState.NONE
    np.testing.assert_array_equal(opened(out / "000000.png"), camera(0, 192, 192))
    assert not own_store().parent.exists()
    assert run("generate", "cameras", "-o", str(out), "-n", "1") == 2
    assert "other settings" in capsys.readouterr().err
    stamped = ("--unmarked", "--timestamp", "http://127.0.0.1:9/")
    assert run("generate", "cameras", "-o", str(out), *stamped) == 2
    assert run("generate", "cameras", "-o", str(out), "--timestamp-optional") == 2


def test_small_pictures_have_credentials_and_an_entry(cameras: None, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    assert run("generate", "small", "-o", str(out), "-n", "2") == 0
    assert "3 of the files are too small" in capsys.readouterr().err  # the overview as well
    assert read(out / "000001.png").state is CredentialState.TRUSTED
    np.testing.assert_array_equal(opened(out / "000001.png"), camera(1, 64, 64))
    with ManifestStore(own_store()) as store:
        assert store.stats().records == 3


def test_no_time_stamp_no_pictures(cameras: None, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    nobody = ("--timestamp", "http://127.0.0.1:9/")
    assert run("generate", "cameras", "-o", str(out), "-n", "1", *nobody) == 4
    assert "no time stamp" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["settings.json"]
    assert run("generate", "cameras", "-o", str(out), "-n", "1", *nobody, "--timestamp-optional") == 0


def test_clips_are_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("av")
    monkeypatch.setattr(GENERATORS, "_members", {})
    whole = camera(4, 192, 240)
    register("clips", lambda count, seed: np.stack([[whole[:, n : n + 192] for n in range(4)]] * count))
    assert run("generate", "clips", "-o", str(tmp_path / "out"), "-n", "1") == 0
    path = tmp_path / "out" / "000000.mp4"
    assert read(path).state is CredentialState.TRUSTED
    assert detect_clip(path, [own_identity().key]).payload is not None


def test_a_picture_that_was_changed_says_so(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    recipe = Recipe("flow", (3, 16, 16), settings=vars(DenoisingSettings()))
    files = {"recipe.json": recipe_text(recipe).encode(), "denoiser.onnx": denoiser(16, 0.0, 0.25)}
    model, picture, out = written(tmp_path / "flow", files), tmp_path / "before.png", tmp_path / "out"
    Image.fromarray(camera(1, 16, 16)).save(picture)
    assert run("generate", str(model), "-o", str(out), "-n", "1", "--from", str(picture)) == 0
    (manifest,) = [m for m in read(out / "000000.png").manifests if m.active]
    assert [action.name for action in manifest.actions] == ["c2pa.opened", "c2pa.edited"]
    assert manifest.actions[1].source_type.endswith("/compositeWithTrainedAlgorithmicMedia")


class Decoder:
    """Draws what its decoder signed."""

    def __init__(self) -> None:
        self.signed = [signature(own_identity().key, f"{number:x}") for number in (7, 8)]

    def carried(self, number: int) -> Any:
        return self.signed[number].payload

    def draw(self, number: int) -> npt.NDArray[np.uint8]:
        tile = np.tile(self.signed[number].tile, (3, 3))[..., None]
        return np.clip(np.rint(camera(number, 192, 192) + 3.0 * tile), 0, 255).astype(np.uint8)


def test_what_a_decoder_signed_is_not_marked_again(tmp_path: Path) -> None:
    decoder = Decoder()
    assert carried(object(), 0) is None
    with Writer(Opened({"model": "signs"}), {}, None) as out:
        for number in range(2):
            pixels, path = decoder.draw(number), tmp_path / f"{number}.png"
            done = out.write(Drawn(pixels, path, number, carried(decoder, number)))
            assert done is not None
            assert done.payload == f"{number + 7:09x}"
            np.testing.assert_array_equal(opened(path), pixels)
