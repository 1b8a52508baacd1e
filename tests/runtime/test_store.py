"""The model store: a model is what its card says, or it is not used."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from forensics.errors import ModelError
from forensics.runtime.onnx_file import onnx_section
from forensics.runtime.store import bundled, names, open_bundle


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.onnx").write_bytes(b"weights")
    card = {"files": {"model.onnx": hashlib.sha256(b"weights").hexdigest()}}
    (tmp_path / "card.json").write_text(json.dumps(card))
    return tmp_path


def test_file_is_given_if_it_is_the_one_of_the_card(folder: Path) -> None:
    assert open_bundle(folder).read("model.onnx") == b"weights"


def test_changed_file_is_refused(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"weighty")
    with pytest.raises(ModelError, match="not the file that its card names") as stop:
        open_bundle(folder).read("model.onnx")
    assert stop.value.expected == hashlib.sha256(b"weights").hexdigest()


def test_file_that_is_missing_or_not_named_is_refused(folder: Path) -> None:
    bundle = open_bundle(folder)
    with pytest.raises(ModelError, match="names no file"):
        bundle.read("../card.json")
    (folder / "model.onnx").unlink()
    with pytest.raises(ModelError, match="No such file"):
        bundle.read("model.onnx")


def test_file_that_another_model_of_the_suite_has_is_taken_from_there(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    for name in ("a", "b"):
        (home / name).mkdir(parents=True)
        (home / name / "card.json").write_text((folder / "card.json").read_text())
    (home / "b" / "model.onnx").write_bytes(b"weights")
    monkeypatch.setattr("forensics.runtime.store._home", lambda: home)
    (folder / "model.onnx").unlink()
    for place in (home / "a", folder):
        assert open_bundle(place).read("model.onnx") == b"weights"
    (home / "b" / "model.onnx").write_bytes(b"others")
    with pytest.raises(ModelError, match="not the file that its card names"):
        open_bundle(home / "a").read("model.onnx")
    (home / "b" / "card.json").write_text('{"files": {"model.onnx": "another"}}')
    with pytest.raises(ModelError, match="No such file"):
        open_bundle(home / "a").read("model.onnx")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 3}', "{"])
def test_card_that_is_none_is_refused(folder: Path, text: str) -> None:
    (folder / "card.json").write_text(text)
    with pytest.raises(ModelError):
        open_bundle(folder)


def test_model_that_does_not_ship_is_refused() -> None:
    with pytest.raises(ModelError, match="no model 'nobody'"):
        bundled("nobody")


@pytest.mark.parametrize("name", names())
def test_what_ships_is_what_its_card_says(name: str) -> None:
    bundle = bundled(name)
    for file in bundle.card["files"]:
        assert bundle.read(file)
    content = {file: bundle.read(file) for file in bundle.card["files"]}
    assert bundle.card.get("onnx", onnx_section(content)) == onnx_section(content)
    for fact in (
        "name",
        "task",
        "source",
        "data",
        "licence",
        "command",
        "config",
        "images",
        "metrics",
        "limits",
    ):
        assert bundle.card[fact], fact
    assert (bundle.folder / "card.md").read_text().startswith(f"# {bundle.card['name']}")
