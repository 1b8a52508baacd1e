"""The command `sign`, through the entry point, as a user has it."""

from __future__ import annotations

import hashlib
import json
import shlex
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from PIL import Image

from forensics.cli import main
from forensics.provenance.dev_ca import DevCa, create_dev_ca
from forensics.provenance.keys import load_key
from forensics.provenance.reading import read
from forensics.provenance.report import AiSignalKind, CredentialState
from forensics.provenance.trust import TrustPolicy


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> DevCa:
    return create_dev_ca(tmp_path_factory.mktemp("pki") / "ca")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "in.jpg"
    Image.linear_gradient("L").save(path)
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: object) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main(["credentials", *map(str, arguments)])
        captured = capsys.readouterr()
        return Ran(int(ended.value.code or 0), captured.out, captured.err)

    return call


@pytest.fixture
def closed_port() -> int:
    """Return a loopback port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def keys(ca: DevCa) -> tuple[object, ...]:
    return ("--cert", ca.chain, "--key", ca.key, "--trust", ca.trust)


MODEL = ("--template", "made-by-model", "--model", "sd", "--model-version", "2")


def test_sign_and_verify(picture: Path, tmp_path: Path, ca: DevCa, run: Any) -> None:
    out = tmp_path / "out.jpg"
    signed = run("sign", picture, out, *MODEL, *keys(ca), "--title", "Sunset")
    assert (signed.status, signed.err) == (0, "")
    assert signed.out.startswith(f"{out}: trusted\n")
    report = read(out, TrustPolicy.load(ca.trust))
    assert report.manifests[0].title == "Sunset"
    assert report.manifests[0].actions[0].software == "sd 2"
    assert run("verify", out, "--trust", ca.trust).status == 0


@pytest.mark.parametrize(
    ("template", "model", "kind"),
    [
        ("made-by-model", "m", AiSignalKind.FULLY),
        ("edited-by-model", "m", AiSignalKind.PARTLY),
        ("captured", None, AiSignalKind.CAPTURED),
        ("captured", "cam", AiSignalKind.CAPTURED),
        ("human-edit", None, AiSignalKind.HUMAN),
        ("human-edit", "paint", AiSignalKind.HUMAN),
    ],
)
def test_templates(
    template: str, model: str | None, kind: AiSignalKind, picture: Path, tmp_path: Path, ca: DevCa, run: Any
) -> None:
    named = () if model is None else ("--model", model)
    result = run("sign", picture, tmp_path / "o.jpg", "--template", template, *named, *keys(ca), "--json")
    assert result.status == 0, result.err
    assert read(tmp_path / "o.jpg", TrustPolicy.load(ca.trust)).ai_signal.kind is kind


def test_json_sidecar_and_chain(picture: Path, tmp_path: Path, ca: DevCa, run: Any) -> None:
    before = hashlib.sha256(picture.read_bytes()).hexdigest()
    result = run("sign", picture, picture, *MODEL, *keys(ca), "--sidecar", "--json")
    found = json.loads(result.out)
    assert found["state"] == "trusted"
    assert found["sidecar"] == str(tmp_path / "in.c2pa")
    assert found["timestamped"] is False
    assert hashlib.sha256(picture.read_bytes()).hexdigest() == before

    shown = run(
        "sign", picture, tmp_path / "copy.jpg", *MODEL, *keys(ca), "--sidecar", "--discard-credentials"
    )
    assert f"manifest   {tmp_path / 'copy.c2pa'} (" in shown.out

    run("sign", picture, tmp_path / "a.jpg", *MODEL, *keys(ca), "--discard-credentials")
    edited = run(
        "sign", tmp_path / "a.jpg", tmp_path / "b.jpg", "--template", "edited-by-model", "--model", "m",
        "--parent", tmp_path / "a.jpg", "--ingredient", picture, *keys(ca), "--json",
    )  # fmt: skip
    assert json.loads(edited.out)["chain"] == "intact"


def test_a_manifest_of_ones_own(picture: Path, tmp_path: Path, ca: DevCa, run: Any) -> None:
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalArt"
    action = {"action": "c2pa.created", "digitalSourceType": source}
    own = tmp_path / "manifest.json"
    own.write_text(json.dumps({"assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}]}))
    assert (
        run("sign", picture, tmp_path / "o.jpg", "--manifest", own, *keys(ca), "--title", "Art").status == 0
    )
    assert read(tmp_path / "o.jpg").manifests[0].title == "Art"

    action["digitalSourceType"] += "istry"
    own.write_text(json.dumps({"assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}]}))
    wrong = run("sign", picture, tmp_path / "p.jpg", "--manifest", own, *keys(ca))
    assert wrong.status == 2
    assert wrong.err.startswith("forensics: manifest: actions.0.")
    assert not (tmp_path / "p.jpg").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "say what the file is"),
        ((*MODEL, "--manifest", "m.json"), "say what the file is"),
        (("--manifest", "m.json", "--model", "x"), "--model goes with a template"),
        (("--template", "made-by-model"), "needs --model"),
        (("--template", "edited-by-model"), "needs --model"),
        (("--template", "captured", "--model-version", "1"), "needs --model"),
        (("--template", "painted"), "painted"),
        ((*MODEL, "--timestamp-optional"), "needs --timestamp"),
        ((*MODEL, "--timestamp", "tsa.example.org"), "http or https"),
        ((*MODEL, "--parent", "in.jpg"), "no parent"),
        (("--manifest", "missing.json"), "No such file"),
    ],
)
def test_usage(
    arguments: tuple[str, ...],
    words: str,
    picture: Path,
    tmp_path: Path,
    ca: DevCa,
    run: Any,
    monkeypatch: Any,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("sign", picture, "out.jpg", *arguments, *keys(ca))
    assert result.status == 2
    assert words in result.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.jpg"]


def test_exit_codes(picture: Path, tmp_path: Path, ca: DevCa, run: Any, closed_port: int) -> None:
    (tmp_path / "half.jpg").write_bytes(picture.read_bytes()[:500])
    out = tmp_path / "out.jpg"
    wrong_key = ("--cert", ca.chain, "--key", ca.directory / "root.key")
    url = f"http://127.0.0.1:{closed_port}/"
    assert run("sign", tmp_path / "none.jpg", out, *MODEL, *keys(ca)).status == 3
    assert run("sign", tmp_path / "half.jpg", out, *MODEL, *keys(ca)).status == 3
    assert run("sign", picture, picture, *MODEL, *keys(ca)).status == 2
    assert run("sign", picture, out, *MODEL, *wrong_key).status == 2
    assert run("sign", picture, tmp_path / "no" / "out.jpg", *MODEL, *keys(ca)).status == 4
    assert run("sign", picture, out, *MODEL, *keys(ca), "--timestamp", url).status == 4
    assert sorted(p.name for p in tmp_path.iterdir()) == ["half.jpg", "in.jpg"]

    fallback = run("sign", picture, out, *MODEL, *keys(ca), "--timestamp", url, "--timestamp-optional")
    assert fallback.status == 0
    assert "time stamp none: " in fallback.out
    assert run("sign", picture, out, *MODEL, *keys(ca)).status == 2
    assert run("sign", picture, out, *MODEL, *keys(ca), "--overwrite").status == 0
    assert run("sign", picture, picture, *MODEL, *keys(ca), "--in-place").status == 0


def test_passphrases(
    picture: Path, tmp_path: Path, ca: DevCa, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        load_key(ca.key).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame")
        )
    )
    arguments = ("sign", picture, tmp_path / "o.jpg", *MODEL, "--cert", ca.chain, "--key", locked)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    unasked = run(*arguments)
    assert unasked.status == 2
    assert "FORENSICS_KEY_PASSPHRASE" in unasked.err

    monkeypatch.setenv("FORENSICS_KEY_PASSPHRASE", "wrong sesame")
    wrong = run(*arguments)
    assert wrong.status == 2
    assert "wrong passphrase" in wrong.err
    assert "sesame" not in wrong.err

    monkeypatch.setenv("FORENSICS_KEY_PASSPHRASE", "open sesame")
    assert run(*arguments).status == 0

    monkeypatch.delenv("FORENSICS_KEY_PASSPHRASE")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.prompt", lambda *_, **options: "open sesame" if options["hide_input"] else "")
    assert run(*arguments, "--overwrite").status == 0


def test_names_cannot_forge_output(picture: Path, tmp_path: Path, ca: DevCa, run: Any) -> None:
    result = run("sign", picture, tmp_path / "x\x1b[2J\u202e.jpg", *MODEL, *keys(ca))
    assert result.status == 0
    assert "\\x1b[2J\\u202e" in result.out
    assert "\x1b" not in result.out


def test_the_two_commands_that_dev_ca_prints_work(picture: Path, tmp_path: Path, run: Any) -> None:
    printed = run("dev-ca", tmp_path / "my ca").out
    sign, verify = [shlex.split(line)[2:] for line in printed.splitlines() if line.startswith("  forensics ")]
    names = {"IN.jpg": str(picture), "OUT.jpg": str(tmp_path / "out.jpg")}
    assert run(*[names.get(word, word) for word in sign]).status == 0
    verified = run(*[names.get(word, word) for word in verify])
    assert verified.status == 0
    assert (
        run("doctor", tmp_path / "my ca" / "chain.pem", "--key", tmp_path / "my ca" / "signer.key").status
        == 0
    )


def test_help_imports_no_sdk() -> None:
    code = (
        "import sys\nfrom forensics.cli import main\n"
        "try:\n    main(['credentials', 'sign', '--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('c2pa', 'cryptography', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--timestamp-optional" in done.stdout
    assert done.stdout.rstrip().endswith("[]")


def test_state_is_untrusted_without_a_policy(
    picture: Path, tmp_path: Path, ca: DevCa, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORENSICS_TRUST", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    result = run("sign", picture, tmp_path / "o.jpg", *MODEL, "--cert", ca.chain, "--key", ca.key, "--json")
    assert json.loads(result.out)["state"] == CredentialState.VALID_UNTRUSTED
