"""`forensics generate` with a decoder that signs: by one's own key, and as somebody issued it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from forensics.marking import own_identity
from forensics.watermark.issuing import load_issued
from forensics.watermark.keyfile import load_keys
from forensics.watermark.watermarker import detect
from tests.cli.commands import opened, run
from tests.signed_models import model_folder, signing_folder

pytest.importorskip("onnxruntime")


@pytest.fixture
def given(tmp_path: Path, own_settings: None) -> list[str]:
    model, signing = model_folder(tmp_path / "model"), signing_folder(tmp_path / "signing")
    return [str(model), "--signing", str(signing), "--steps", "1"]


def test_each_picture_says_something_of_its_own(given: list[str], tmp_path: Path) -> None:
    for folder in ("one", "other"):
        assert run("generate", *given, "-n", "3", "-o", str(tmp_path / folder), "--batch", "2") == 0
    key, found = own_identity().key, []
    for number in range(3):
        pixels = opened(tmp_path / "one" / f"{number:06d}.png")
        assert np.array_equal(pixels, opened(tmp_path / "other" / f"{number:06d}.png"))  # the same again
        said = detect(pixels, [key]).payload
        assert said is not None
        found.append(said.identity)
    assert run("generate", *given[:-1], "2", "-n", "1", "-o", str(tmp_path / "more")) == 0
    said = detect(opened(tmp_path / "more" / "000000.png"), [key]).payload
    assert said is not None
    assert len({*found, said.identity}) == 4  # other settings, other pictures
    settings = json.loads((tmp_path / "one" / "settings.json").read_text())
    assert (settings["marked"], settings["signing"]) == (True, "signing")


def test_what_was_issued_signs_without_a_key(
    given: list[str], tmp_path: Path, key_file: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("FORENSICS_ISSUED", str(tmp_path / "issued.db"))
    issue = ["keys", "issue", "--generator", *given[:3], "--name", "Ada", "--to", str(tmp_path)]
    assert run(*issue, "--keys", str(key_file)) == 0
    own = tmp_path / "Ada.signed.json"
    assert run("generate", *given, "--decoder", str(own), "-n", "2", "-o", str(tmp_path / "out")) == 0
    assert "only who has its key" in capsys.readouterr().err
    for number in range(2):
        said = detect(opened(tmp_path / "out" / f"{number:06d}.png"), load_keys(key_file)).payload
        assert said == load_issued(own).payload
    assert json.loads((tmp_path / "out" / "settings.json").read_text())["decoder"]["name"] == "Ada"
    plain = ["generate", *given, "--decoder", str(own), "--unmarked", "-n", "1"]
    assert run(*plain, "-o", str(tmp_path / "plain")) == 0
    assert np.array_equal(opened(tmp_path / "plain" / "000000.png"), opened(tmp_path / "out" / "000000.png"))


def test_what_does_not_fit_is_refused(
    given: list[str], tmp_path: Path, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["-o", str(tmp_path / "out"), "-n", "1"]
    assert run("generate", "flow", *given[1:], *out) == 2
    assert "signs for another model" in capsys.readouterr().err
    assert run("generate", *given, "--unmarked", *out) == 2
    assert run("generate", *given, "--noise-mark", "tree-ring", "--keys", str(key_file), *out) == 2
    assert "noise alone" in capsys.readouterr().err
    assert run("generate", "gan", "--decoder", str(key_file), *out) == 2
    assert "nothing signs for gan" in capsys.readouterr().err
    assert run("generate", *given, "--decoder", str(key_file), *out) == 2
    assert not (tmp_path / "out").exists()
