from __future__ import annotations

import datetime as dt
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from forensics.cli.credentials.dev_ca import dev_ca
from forensics.errors import NotAFile, UsageError
from forensics.provenance.dev_ca import create_dev_ca
from forensics.provenance.keys import SigningAlgorithm, algorithm_of, load_chain, load_key
from forensics.provenance.manifests import made_by_model
from forensics.provenance.report import CredentialState
from forensics.provenance.signers import PemSigner
from forensics.provenance.signing import sign
from forensics.provenance.trust import TrustPolicy


@pytest.mark.parametrize("algorithm", ["es256", "es384", "es512", "ps256", "ed25519"])
def test_a_file_signed_with_it_is_trusted_by_its_policy_and_by_no_other(
    algorithm: str, tmp_path: Path, picture: Path
) -> None:
    made = create_dev_ca(tmp_path / "ca", algorithm=algorithm)
    signer = PemSigner(made.chain, made.key)
    assert signer.algorithm == made.algorithm == SigningAlgorithm(algorithm)

    trusted = sign(
        picture, tmp_path / "a.jpg", made_by_model("m"), signer, policy=TrustPolicy.load(made.trust)
    )
    unknown = sign(picture, tmp_path / "b.jpg", made_by_model("m"), signer, policy=TrustPolicy())

    assert trusted.state is CredentialState.TRUSTED
    assert unknown.state is CredentialState.VALID_UNTRUSTED


def test_the_folder_is_private_and_says_what_it_is_for(tmp_path: Path) -> None:
    made = create_dev_ca(tmp_path / "deep" / "ca", organisation="Ö & Co")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in made.directory.iterdir()}

    assert stat.S_IMODE(made.directory.stat().st_mode) == 0o700
    assert {name for name, mode in modes.items() if mode == 0o600} == {
        "signer.key",
        "issuing.key",
        "root.key",
    }
    assert set(modes) - {"signer.key", "issuing.key", "root.key"} == {
        "README.txt", "chain.pem", "issuing.pem", "root.pem", "trust.toml",
    }  # fmt: skip
    assert "FOR DEVELOPMENT ONLY" in (made.directory / "README.txt").read_text()
    for certificate in (*load_chain(made.chain), *load_chain(made.root)):
        assert "FOR DEVELOPMENT ONLY" in certificate.subject.rfc4514_string()
        assert "Ö & Co" in certificate.subject.rfc4514_string()


def test_the_leaf_has_the_profile_that_validators_ask_for(tmp_path: Path) -> None:
    made = create_dev_ca(tmp_path / "ca", days=30)
    leaf, issuing = load_chain(made.chain)
    (root,) = load_chain(made.root)

    assert leaf.issuer == issuing.subject
    assert issuing.issuer == root.issuer == root.subject
    assert leaf.not_valid_after_utc == made.expires
    assert (
        dt.timedelta(days=30) <= leaf.not_valid_after_utc - leaf.not_valid_before_utc < dt.timedelta(days=31)
    )
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert not constraints.value.ca
    purposes = [p.dotted_string for p in leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value]
    assert purposes == ["1.3.6.1.5.5.7.3.4", "1.3.6.1.4.1.62558.2.1"]
    leaf.extensions.get_extension_for_oid(ExtensionOID.AUTHORITY_KEY_IDENTIFIER)
    leaf.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_KEY_IDENTIFIER)
    assert issuing.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    assert load_key(made.key).public_key() == leaf.public_key()
    assert len({c.serial_number for c in (leaf, issuing, root)}) == 3


def test_openssl_follows_the_chain_to_the_root(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    made = create_dev_ca(tmp_path / "ca")
    anchors = ["-CAfile", made.root, "-untrusted", made.directory / "issuing.pem"]
    done = subprocess.run(
        [openssl, "verify", "-x509_strict", "-purpose", "smimesign", *anchors, made.chain],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_leaf_never_outlives_its_issuer(tmp_path: Path) -> None:
    made = create_dev_ca(tmp_path / "ca", days=3650)
    leaf, issuing = load_chain(made.chain)
    assert leaf.not_valid_after_utc <= issuing.not_valid_after_utc


def test_rsa_keys_are_large_enough(tmp_path: Path) -> None:
    made = create_dev_ca(tmp_path / "ca", algorithm="ps512")
    public = load_chain(made.chain)[0].public_key()
    assert algorithm_of(public) is SigningAlgorithm.PS256  # one kind of key serves all three
    assert public.key_size == 3072
    assert PemSigner(made.chain, made.key, algorithm="ps512").algorithm is SigningAlgorithm.PS512


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    made = create_dev_ca(tmp_path / "ca")
    before = {path.name: path.read_bytes() for path in made.directory.iterdir()}
    with pytest.raises(UsageError, match="never overwritten"):
        create_dev_ca(tmp_path / "ca")
    assert {path.name: path.read_bytes() for path in made.directory.iterdir()} == before

    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for taken in ("file", "link"):
        with pytest.raises(UsageError, match="not a folder"):
            create_dev_ca(tmp_path / taken)
    assert (tmp_path / "file").read_text() == "mine"


def test_an_empty_folder_is_used_and_made_private(tmp_path: Path) -> None:
    (tmp_path / "ca").mkdir(mode=0o755)
    made = create_dev_ca(tmp_path / "ca")
    assert stat.S_IMODE(made.directory.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "wrong",
    [{"days": 0}, {"days": 3651}, {"algorithm": "rs256"}, {"organisation": ""}, {"organisation": "a\nb"},
     {"organisation": "x" * 65}],
)  # fmt: skip
def test_wrong_wishes_make_nothing(wrong: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        create_dev_ca(tmp_path / "ca", **wrong)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told() -> None:
    with pytest.raises(NotAFile, match="cannot write"):
        create_dev_ca("/proc/forensics-ca")


def test_a_failing_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("forensics.provenance.dev_ca.os.replace", full)
    with pytest.raises(NotAFile, match="No space left"):
        create_dev_ca(tmp_path / "ca")
    assert list(tmp_path.iterdir()) == []


def test_the_command_prints_the_next_two(tmp_path: Path) -> None:
    result = CliRunner().invoke(dev_ca, [str(tmp_path / "my ca"), "--days", "10"], standalone_mode=False)
    assert result.return_value == 0
    assert "FOR DEVELOPMENT ONLY" in result.output
    commands = [line for line in result.output.splitlines() if line.startswith("  forensics credentials ")]
    assert [line.split()[2] for line in commands] == ["sign", "verify"]
    assert f"'{tmp_path}/my ca/chain.pem'" in commands[0]
    assert f"'{tmp_path}/my ca/trust.toml'" in commands[1]
