"""`forensics credentials inspect`, `verify` and `trust`, end to end."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import c2pa
import pytest

from forensics.cli import main
from forensics.provenance import CredentialReport

REFERENCE = Path(__file__).parents[1] / "data" / "c2pa"
HOSTILE = "[bold red]x[/] \x1b[31m\u202egpj.exe\nOK  forged.jpg: trusted"


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("FORENSICS_TRUST", raising=False)
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def call(*arguments: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as stop:
            main(["credentials", *map(str, arguments)])
        return stop.value.code, "".join(capsys.readouterr())

    return call


@pytest.fixture
def policy(run, tmp_path: Path) -> Path:
    path = tmp_path / "trust.toml"
    assert run("trust", "import", REFERENCE / "anchors.pem", "--name", "test", "--policy", path)[0] == 0
    return path


def test_verify(run, policy: Path, tmp_path: Path) -> None:
    good, broken, bad = (REFERENCE / n for n in ("CA.jpg", "CACAE-uri-CA.jpg", "XCA.jpg"))
    status, text = run("verify", good, "--trust", policy)
    assert status == 0
    assert text.startswith("OK ")
    assert "trusted, chain single" in text
    status, text = run("verify", good, broken, bad, "--trust", policy)
    assert status == 1
    assert [line.split()[0] for line in text.splitlines()] == ["OK", "FAILED", "FAILED"]
    assert "assertion.dataHash.mismatch" in text
    status, text = run("verify", good, tmp_path / "missing.jpg", "--trust", policy)
    assert status == 3
    assert "UNREADABLE" in text


def test_verify_without_trust(run) -> None:
    assert run("verify", REFERENCE / "CA.jpg")[0] == 1
    assert run("verify", REFERENCE / "CA.jpg", "--allow-untrusted")[0] == 0
    for name in ("CACAE-uri-CA.jpg", "XCA.jpg", "cloud.jpg"):
        assert run("verify", REFERENCE / name, "--allow-untrusted")[0] == 1


def test_verify_json(run, policy: Path, tmp_path: Path) -> None:
    status, text = run("verify", REFERENCE / "CA.jpg", tmp_path, "--json", "--trust", policy)
    first, second = map(json.loads, text.splitlines())
    assert status == 3
    assert first["verified"]
    assert CredentialReport.model_validate(first["credentials"]).trust_list == "test"
    assert (second["verified"], second["credentials"]) == (False, None)
    assert "is a folder" in second["error"]


def test_usage(run, tmp_path: Path) -> None:
    assert run("verify")[0] == 2
    assert run("verify", REFERENCE / "CA.jpg", "--trust", tmp_path / "missing.toml")[0] == 2
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("colour = 1")
    status, text = run("verify", REFERENCE / "CA.jpg", "--trust", wrong)
    assert status == 2
    assert "colour: unknown key" in text


def test_inspect(run, policy: Path) -> None:
    status, text = run("inspect", REFERENCE / "CACAE-uri-CA.jpg", "--trust", policy)
    assert status == 0
    for words in (
        "state: trusted",
        "chain: broken",
        "signed by: C2PA Signer (C2PA Test Signing Cert), trusted",
        "certified by: CN=Intermediate CA",
        "componentOf: E-uri-CA.jpg  does not verify: assertion.hashedURI.mismatch",
        "recorded by a signer",
    ):
        assert words in text, words
    assert text.count("made with: make_test_images") == 3
    status, text = run("inspect", REFERENCE / "cloud.jpg")
    assert status == 0
    assert "address, not fetched: https://cai-manifests.adobe.com/" in text
    assert run("inspect", REFERENCE / "missing.jpg")[0] == 3


def test_inspect_json(run, policy: Path) -> None:
    status, text = run("inspect", REFERENCE / "CA.jpg", "--json", "--trust", policy)
    record = json.loads(text)
    assert status == 0
    assert record["path"].endswith("CA.jpg")
    assert CredentialReport.model_validate(record["credentials"]).state == "trusted"


def test_inspect_a_sidecar(run, tmp_path: Path, hostile: tuple[bytes, bytes]) -> None:
    picture, sidecar = tmp_path / "a.jpg", tmp_path / "elsewhere.bin"
    picture.write_bytes(hostile[0])
    sidecar.write_bytes(hostile[1])
    status, text = run("inspect", picture, "--sidecar", sidecar)
    assert status == 0
    assert "valid_untrusted" in text


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """Return a picture and a manifest store full of words that want to be something else."""
    from PIL import Image

    from forensics.provenance.dev_ca import create_dev_ca

    authority = create_dev_ca(tmp_path_factory.mktemp("ca"))
    picture, out = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (16, 16), (9, 9, 9)).save(picture, "JPEG")
    signer = c2pa.Signer.from_info(
        c2pa.C2paSignerInfo(
            alg=c2pa.C2paSigningAlg.ES256,
            sign_cert=Path(authority.chain).read_bytes(),
            private_key=Path(authority.key).read_bytes(),
            ta_url=None,
        )
    )
    action = {
        "action": "c2pa.created",
        "digitalSourceType": HOSTILE,
        "softwareAgent": {"name": HOSTILE},
        "when": "2026-01-01T00:00:00Z",
    }
    manifest = {
        "title": HOSTILE,
        "claim_generator_info": [{"name": HOSTILE, "version": "1"}],
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [action]}},
            {
                "label": "c2pa.soft-binding",
                "data": {"alg": HOSTILE, "blocks": [{"scope": {}, "value": HOSTILE}]},
            },
        ],
    }
    with c2pa.Builder(manifest) as builder:
        builder.set_no_embed()
        store = builder.sign(signer, "image/jpeg", io.BytesIO(picture.getvalue()), out)
    return picture.getvalue(), store


def test_hostile_words_are_shown_as_they_are(run, tmp_path: Path, hostile: tuple[bytes, bytes]) -> None:
    picture = tmp_path / "[red]\x1b[2J\u202egpj.jpg"
    picture.write_bytes(hostile[0])
    picture.with_suffix(".c2pa").write_bytes(hostile[1])
    _, shown = run("inspect", picture)
    _, verified = run("verify", picture)
    for text in (shown, verified):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "[red]" in text
    assert "[bold red]x[/]" in shown
    assert "\\x1b[31m" in shown
    assert "\nOK  forged.jpg" not in shown
    assert len(verified.splitlines()) == 1


def test_trust(run, tmp_path: Path) -> None:
    status, text = run("trust", "list")
    assert status == 0
    assert "nobody is trusted" in text
    assert run("trust", "import", REFERENCE / "anchors.pem")[0] == 0
    own = tmp_path / "config" / "forensics" / "trust.toml"
    assert own.is_file()
    assert run("verify", REFERENCE / "CA.jpg")[0] == 0  # the user's own policy is found
    status, text = run("trust", "list", "--json")
    assert json.loads(text)["lists"] == [
        {"name": "anchors", "kind": "signer", "trusted": True, "certificates": 3}
    ]
    assert run("trust", "import", REFERENCE / "anchors.pem")[0] == 2
    assert run("trust", "import", REFERENCE / "anchors.pem", "--replace", "--kind", "tsa")[0] == 0
    assert run("verify", REFERENCE / "CA.jpg")[0] == 1
    status, text = run("trust", "show", "anchors")
    assert status == 0
    assert text.count("SHA-256") == 3
    assert len(json.loads(run("trust", "show", "--json")[1])["certificates"]) == 3
    assert run("trust", "show", "other")[0] == 2
    assert run("trust", "remove", "anchors")[0] == 0
    assert run("trust", "remove", "anchors")[0] == 2
    assert run("verify", REFERENCE / "CA.jpg")[0] == 1


def test_trust_import_refuses(run, tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("hello")
    assert run("trust", "import", junk)[0] == 2
    assert run("trust", "import", tmp_path / "missing.pem")[0] == 2
    times = tmp_path / "C2PA-TSA-TRUST-LIST.pem"
    times.write_bytes((REFERENCE / "anchors.pem").read_bytes())
    status, text = run("trust", "import", times)
    assert status == 2
    assert "--kind tsa" in text
    assert run("trust", "import", times, "--kind", "tsa")[0] == 0


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom forensics.cli.main import cli\n"
        "cli.main(['credentials', '--help'], standalone_mode=False)\n"
        "print(sorted({'c2pa', 'cryptography', 'pydantic', 'rich', 'cv2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for name in ("inspect", "verify", "sign", "dev-ca", "doctor", "trust"):
        assert f"  {name} " in done.stdout
