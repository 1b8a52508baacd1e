"""`schemes`, `fetch` and `detect --schemes`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from forensics.cli import main
from forensics.watermark.keyfile import save_keys
from forensics.watermark.keys import Key
from forensics.watermark.others.base import SCHEMES, bits_of
from forensics.watermark.others.dwt_dct import MESSAGES
from forensics.watermark.others.trustmark_code import SCHEMAS, encode
from forensics.watermark.others.weights import VARIABLE, weights_folder
from forensics.watermark.watermarker import Watermarker

from .onnx_fakes import fake_network
from .pictures import embedded

PAYLOAD = "0110111" * 8 + "01101"


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", VARIABLE):
        monkeypatch.setenv(name, str(tmp_path / "settings"))
    monkeypatch.delenv("FORENSICS_KEYS", raising=False)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Any:
    """Run `forensics watermark`; return its exit status, its standard output and its standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(["watermark", *map(str, arguments)])
        said = capfd.readouterr()
        return int(caught.value.code or 0), said.out, said.err

    return call


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    """A fake network of TrustMark Q, which reads one word from every picture."""
    word = encode(PAYLOAD, SCHEMAS[1])
    path = tmp_path / "fake.onnx"
    path.write_bytes(fake_network((1, 3, 256, 256), np.zeros((3, 100)), np.where(word, 0.1, -0.1)))
    return path


@pytest.fixture
def generated(tmp_path: Path, scene: Any) -> Path:
    """A picture with the mark of a public program."""
    message = next(m for m in MESSAGES if m.name == "FLUX.1")
    path = tmp_path / "generated.png"
    Image.fromarray(embedded(scene(3, 512, 512), bits_of(message.bits), "dwtDctSvd")).save(path)
    return path


def test_schemes_are_listed(run: Any, fake: Path) -> None:
    status, out, _ = run("schemes", "--json")
    records = {r["scheme"]: r for r in map(json.loads, out.splitlines())}
    assert status == 0
    assert set(records) == set(SCHEMES.names())
    assert records["dwtDct"]["ready"] is True
    assert records["dwtDct"]["payload_bits"] is None
    assert "FLUX.1" in records["dwtDct"]["known_payloads"]
    assert records["videoseal"]["ready"] is False
    assert "fetch videoseal" in records["videoseal"]["missing"]
    assert records["trustmark-q"]["payload_bits"] == [40, 61, 68, 75]
    text = run("schemes")[1]
    assert "videoseal: VideoSeal" in text
    assert "ready      no: no weights of videoseal" in text


def test_whose_mark_without_keys(run: Any, generated: Path) -> None:
    status, out, _ = run("detect", generated, "--schemes", "dwtDctSvd, dwtDct", "--json")
    record = json.loads(out)
    assert status == 0
    assert (record["detected"], record["key"], record["error"]) == (None, None, None)
    assert "no keys" in record["reason"]
    svd, dct = record["others"]
    assert (svd["scheme"], svd["compared"], svd["detected"]) == ("dwtDctSvd", "FLUX.1", True)
    assert (svd["matches"], svd["length"], svd["tried"]) == (46, 46, 16)
    assert svd["log10_p"] < -10
    assert (dct["scheme"], dct["detected"]) == ("dwtDct", False)
    text = run("detect", generated, "--schemes", "dwtDctSvd")[1]
    assert "other      dwtDctSvd: 46 of 46 bits are those of FLUX.1." in text
    assert "(found)" in text
    assert "p-value    " not in text  # of ours there is none


def test_marks_of_others_beside_ours(run: Any, tmp_path: Path, scene: Any, fake: Path) -> None:
    key = Key(bytes(range(32)), "studio")
    save_keys([key], tmp_path / "studio.toml")
    Image.fromarray(Watermarker(key).embed(scene(3, 384, 384), "c0ffee").pixels).save(tmp_path / "m.png")
    options = ("--keys", tmp_path / "studio.toml", "--expect", f"trustmark-q=0b{PAYLOAD}")
    status, out, _ = run("detect", tmp_path / "m.png", *options, "--weights", f"trustmark-q={fake}", "--json")
    record = json.loads(out)
    assert status == 0
    assert (record["detected"], record["payload"]) == (True, "000c0ffee")
    others = {r["scheme"]: r for r in record["others"]}
    assert set(others) == set(SCHEMES.names())  # --expect alone reads all
    found = others["trustmark-q"]
    assert (found["detected"], found["matches"], found["payload"]) == (True, 61, PAYLOAD)
    assert found["weights"] == hashlib.sha256(fake.read_bytes()).hexdigest()
    assert others["dwtDct"]["detected"] is False
    assert (others["videoseal"]["error"], others["videoseal"]["detected"]) == ("usage", None)


def test_without_the_option_nothing_of_others_is_said(run: Any, tmp_path: Path, generated: Path) -> None:
    save_keys([Key(bytes(range(32)), "studio")], tmp_path / "studio.toml")
    out = run("detect", generated, "--keys", tmp_path / "studio.toml", "--json")[1]
    assert "others" not in json.loads(out)
    assert run("detect", generated, "--json")[0] == 2  # no keys


def test_fetched_weights_are_used(run: Any, fake: Path, generated: Path) -> None:
    digest = hashlib.sha256(fake.read_bytes()).hexdigest()
    status, out, _ = run("fetch", "trustmark-b", "--from", fake, "--sha256", digest, "--json")
    assert status == 0
    assert json.loads(out)["sha256"] == digest
    assert Path(json.loads(out)["path"]).parent == weights_folder()
    record = json.loads(run("detect", generated, "--schemes", "trustmark-b", "--json")[1])
    assert record["others"][0]["payload"] == PAYLOAD
    assert record["others"][0]["detected"] is None
    assert "no proof" in record["others"][0]["reason"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fetch", "videoseal"], "no publication states the hash"),
        (["fetch", "dwtDct"], "needs no weights"),
        (["fetch", "nobody"], "no scheme is called 'nobody'"),
        (["fetch", "trustmark-q", "--sha256", "00"], "is pinned to another hash"),
        (["fetch", "trustmark-q", "--from", "http://example.org/x"], "over https only"),
        (["detect", "x.png", "--schemes", "nobody"], "no scheme is called 'nobody'"),
        (["detect", "x.png", "--expect", "hello"], "no payload of 8 to 1024 bits"),
        (["detect", "x.png", "--weights", "dwtDct=x"], "is no SCHEME=FILE"),
        (["detect", "x.png", "--weights", "trustmark-q"], "is no SCHEME=FILE"),
        (["detect", "x.png", "--weights", "trustmark-q=none.onnx"], "none.onnx is no file of weights"),
    ],
)
def test_wrong_usage(run: Any, arguments: list[str], said: str) -> None:
    status, _, error = run(*arguments)
    assert status == 2
    assert said in error


def test_files_that_cannot_be_read_have_no_others(run: Any, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    status, out, _ = run("detect", tmp_path / "text.png", "--schemes", "dwtDct", "--json")
    assert status == 3
    assert json.loads(out)["error"] == "unsupported"
