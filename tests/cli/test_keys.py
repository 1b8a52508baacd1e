"""`forensics keys`, end to end: decoders are given out, listed, known by their marks, and revoked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from forensics.runtime.sessions import Session
from forensics.watermark.attacks import parse_attack
from forensics.watermark.issuing import load_issued, registry
from tests.cli.commands import run
from tests.signed_models import model_folder, signing_folder

pytest.importorskip("onnxruntime")


@pytest.fixture
def given(tmp_path: Path, key_file: Path, own_settings: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("FORENSICS_ISSUED", str(tmp_path / "issued.db"))
    monkeypatch.setenv("FORENSICS_KEYS", str(key_file))
    model, signing = model_folder(tmp_path / "model"), signing_folder(tmp_path / "signing")
    return [
        "keys",
        "issue",
        "--generator",
        str(model),
        "--signing",
        str(signing),
        "--to",
        str(tmp_path / "out"),
    ]


def records(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_issued_listed_revoked(given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*given, "--name", "Ada", "--name", "Bo", "--json") == 0
    ada, bo = records(capsys)
    assert (ada["name"], bo["name"]) == ("Ada", "Bo")
    assert load_issued(Path(ada["path"])).payload.identity == ada["identity"] != bo["identity"]
    assert run("keys", "revoke", "Bo", "--reason", "left") == 0
    capsys.readouterr()
    assert run("keys", "list", "--json") == 0
    listed = records(capsys)
    assert [(one["name"], one["revoked"] is None, one["reason"]) for one in listed] == [
        ("Ada", True, ""),
        ("Bo", False, "left"),
    ]
    assert run("keys", "list") == 0
    assert "revoked" in capsys.readouterr().out


def test_a_picture_tells_whose_it_is(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = tmp_path / "names.txt"
    names.write_text("\n".join(f"user {n}" for n in range(50)), encoding="utf-8")
    assert run(*given, "--names", str(names), "--onnx") == 0
    decode = Session((tmp_path / "out" / "user_17.onnx").read_bytes())
    latents = np.full((1, 3, 128, 128), 0.5, np.float32)
    latents += 0.02 * np.random.default_rng(0).standard_normal(latents.shape).astype(np.float32)
    picture = np.clip(255 * decode(latents)[0][0].transpose(1, 2, 0), 0, 255)
    Image.fromarray(np.ascontiguousarray(picture.astype(np.uint8))).save(tmp_path / "picture.png")
    command = ["watermark", "identify", str(tmp_path / "picture.png"), "--issued", "--json"]
    capsys.readouterr()
    assert run(*command) == 0
    (found,) = records(capsys)
    assert (found["name"], found["users"], found["copied"]) == ("user 17", 50, None)
    assert found["log10_p"] < -6
    assert run("keys", "revoke", "user 17") == 0
    capsys.readouterr()
    assert run(*command) == 0
    assert records(capsys)[0]["name"] == "user 17, revoked"


def test_wrong_use(given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("keys", "list") == 0
    assert "no decoder was issued" in capsys.readouterr().out
    assert run(*given) == 2
    assert "nobody is named" in capsys.readouterr().err
    assert run("keys", "revoke", "Ada") == 2
    assert run(*given, "--name", "a/b", "--name", "a?b") == 2
    assert "would have the same file" in capsys.readouterr().err
    assert run(*given, "--name", "Ada") == 0
    assert run(*given, "--name", "Ada") == 2  # its file is there
    assert run(*given, "--name", "Ada", "--to", str(tmp_path / "elsewhere")) == 2  # and so is its name
    assert "already" in capsys.readouterr().err
    assert run("keys", "revoke", "Cy") == 2
    assert run("keys", "issue", "--generator", "gan", "--name", "Ada") == 2
    assert "forensics train decoder" in capsys.readouterr().err
    assert run(*given, "--names", str(tmp_path)) == 2
    picture = str(tmp_path / "picture.png")
    assert run("watermark", "identify", picture, "--issued", "--users", picture) == 2
    assert run("watermark", "identify", picture, "--registry", picture) == 2
    assert run("watermark", "identify", picture, "--issued", "--registry", str(tmp_path / "none.db")) == 2


def test_a_faint_mark_is_looked_for_by_every_holder(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter(range(1, 200))
    monkeypatch.setattr(registry.secrets, "randbits", lambda _: next(numbers) * 829348951 % (1 << 36))
    assert run(*given, *(f"--name={name}" for name in ("Ada", "Bo", "Cy", "Di"))) == 0
    tile = np.tile(load_issued(tmp_path / "out" / "Di.signed.json").tile, (4, 4))
    luma = 128 + 12 * np.random.default_rng(1).standard_normal(tile.shape)
    for name, marked in (("faint", luma + 1.25 * tile), ("plain", luma)):  # of 46 dB
        picture = np.repeat(np.clip(np.rint(marked), 0, 255).astype(np.uint8)[..., None], 3, axis=2)
        Image.fromarray(parse_attack("resize:0.5+jpeg:60")(picture)).save(tmp_path / f"{name}.png")
    faint, plain = (str(tmp_path / f"{name}.png") for name in ("faint", "plain"))
    command = ["watermark", "identify", faint, plain, "--issued", "--json"]
    capsys.readouterr()
    assert run(*command) == 0
    assert [(one["name"], one["detected"]) for one in records(capsys)] == [(None, False)] * 2
    assert run(*command, "--thorough") == 0
    first, second = records(capsys)
    assert (first["name"], first["detected"], first["users"]) == ("Di", True, 4)
    assert first["log10_p"] < -6
    assert (second["name"], second["detected"]) == (None, False)
    assert run("watermark", "identify", faint, "--thorough") == 2
    assert "--thorough are of --issued" in capsys.readouterr().err
    assert run(*given, *(f"--name=user {n}" for n in range(97))) == 0
    assert run(*command, "--thorough") == 2
    assert "at most 100 holders, not 101" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../up", "/root", "..", ".hidden", "a" * 300])
def test_names_stay_in_their_folder(given: list[str], tmp_path: Path, name: str) -> None:
    assert run(*given, "--name", name) == 0
    (path,) = (tmp_path / "out").iterdir()
    assert not path.name.startswith(".")
    assert load_issued(path).name == name


def test_decoders_of_an_autoencoder_are_issued(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model"  # all that is looked at is the file that the decoder stands for
    given[given.index("--generator") + 1] = f"diffusers:{model}"
    assert run(*given, "--name", "Ada", "--json") == 0
    (ada,) = records(capsys)
    assert load_issued(Path(ada["path"])).name == "Ada"
    signing = given.index("--signing")
    assert run(*given[:signing], *given[signing + 2 :], "--name", "Bo") == 2
    assert "--signing" in capsys.readouterr().err
    (model / "decoder.onnx").write_bytes(b"another")
    assert run(*given, "--name", "Bo") == 2
    assert "another autoencoder" in capsys.readouterr().err
    (model / "decoder.onnx").unlink()
    assert run(*given, "--name", "Bo") == 2
