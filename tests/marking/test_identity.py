"""The user's own identity: made once, never replaced, the same for everybody who asks at once."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import forensics
from forensics.errors import CertificateError, TrustPolicyError, UsageError
from forensics.marking import Marker, own_identity
from forensics.marking import identity as module
from forensics.provenance import CredentialState, TrustPolicy, read
from forensics.provenance.certificates import normalise_pem
from forensics.provenance.dev_ca import create_dev_ca, load_dev_ca, renew_leaf
from forensics.provenance.keys import load_chain, load_key
from forensics.watermark.keyfile import key_ring, save_keys
from forensics.watermark.keys import Key

CODE = (
    "from forensics.marking import own_identity; i = own_identity(); print(i.key.id, i.ca.expires, i.vouched)"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the application, which is not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("FORENSICS_KEYS", "FORENSICS_TRUST", "FORENSICS_CA", "FORENSICS_STORE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "forensics"


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_made_on_first_use_and_kept(home: Path) -> None:
    first = own_identity()
    before = content(home)
    assert len(first.made) == 4
    assert {"keys/marking.toml", "trust.toml", "store.sqlite", "marking/ca/root.key"} <= set(before)
    again = own_identity()
    assert (again.key, again.ca, again.made) == (first.key, first.ca, ())
    assert again.vouched
    assert content(home) == before
    assert first.key.secret.hex() not in repr(first) + str(first.made)
    if os.name == "posix":
        assert (home / "keys" / "marking.toml").stat().st_mode & 0o077 == 0
        assert (home / "marking" / "ca" / "signer.key").stat().st_mode & 0o077 == 0


def test_files_read_as_trusted_by_this_user_alone(home: Path, scene: npt.NDArray[np.uint8]) -> None:
    with Marker.default("sketch") as marker:
        done = marker.save(scene, home.parent / "made.png")
    assert done.state is CredentialState.TRUSTED
    assert read(done.path).state is CredentialState.TRUSTED
    assert read(done.path, TrustPolicy.default()).state is CredentialState.VALID_UNTRUSTED
    assert [key.id for key in key_ring()] == [done.key]
    assert forensics.audit(done.path).verdict is forensics.Verdict.SYNTHETIC


def test_several_processes_that_start_at_once_get_the_same(home: Path) -> None:
    command = [sys.executable, "-c", CODE]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    said = [process.communicate(timeout=100) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    assert len({out for out, _ in said}) == 1
    assert not [p for p in home.rglob(".*")]


def test_a_policy_that_somebody_writes_meanwhile_is_not_written_twice_into(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_identity()
    policy = home / "trust.toml"
    before, real = policy.read_text(), module._pem

    def meanwhile(root: Path) -> str:
        policy.write_text(before)
        return real(root)

    policy.unlink()
    monkeypatch.setattr(module, "_pem", meanwhile)
    assert own_identity().vouched
    assert policy.read_text() == before


def test_a_loser_of_the_race_takes_what_the_winner_made(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    winner = Key.generate("marking")
    real = module.save_keys

    def late(keys: list[Key], path: Path) -> None:
        real(keys, path)
        save_keys([winner], home / "keys" / "marking.toml")

    def late_ca(folder: Path, **options: object) -> None:
        create_dev_ca(folder)
        create_dev_ca(folder)  # which refuses

    monkeypatch.setattr(module, "save_keys", late)
    monkeypatch.setattr(module, "create_dev_ca", late_ca)
    found = own_identity()
    assert found.key == winner
    assert not any("key in" in line or "authority" in line for line in found.made)


def test_an_expired_certificate_is_renewed_for_the_same_key(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, soon = home / "marking" / "ca", dt.timedelta(days=2)
    create_dev_ca(folder, days=1)
    before = load_chain(folder / "chain.pem")[0]
    monkeypatch.setattr(module, "_SOON", soon)
    found = own_identity()
    after = load_chain(folder / "chain.pem")[0]
    assert "expired" in found.made[0]
    assert after.public_key() == before.public_key() == load_key(folder / "signer.key").public_key()
    assert after.serial_number != before.serial_number
    assert after.not_valid_after_utc > dt.datetime.now(dt.UTC) + soon
    assert found.ca == load_dev_ca(folder)


def test_an_expired_certificate_that_cannot_be_renewed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / "marking" / "ca"
    create_dev_ca(folder, days=1)
    monkeypatch.setattr(module, "_SOON", dt.timedelta(days=2))
    (folder / "issuing.key").unlink()
    with pytest.raises(CertificateError, match="cannot be renewed"):
        own_identity()


def test_a_renewed_leaf_signs(tmp_path: Path) -> None:
    made = create_dev_ca(tmp_path / "ca", days=2)
    renewed = renew_leaf(tmp_path / "ca", days=30)
    assert (renewed.expires - made.expires).days == 28
    with pytest.raises(UsageError, match="days"):
        renew_leaf(tmp_path / "ca", days=0)
    leaf, issuing = load_chain(renewed.chain)
    leaf.verify_directly_issued_by(issuing)


def test_a_policy_that_is_there_is_added_to_word_by_word(home: Path) -> None:
    home.mkdir()
    text = "version = 1  # mine\nrequire_timestamp = false\n"
    (home / "trust.toml").write_text(text)
    own_identity()
    after = (home / "trust.toml").read_text()
    assert after.startswith(text)
    assert [entry.name for entry in TrustPolicy.resolve().lists] == ["own-marks"]
    (home / "trust.toml").write_text("version = what")
    with pytest.raises(TrustPolicyError):
        own_identity()
    assert (home / "trust.toml").read_text() == "version = what"


def test_what_the_environment_names_is_used_and_not_changed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Key.generate("mine")
    save_keys([mine], tmp_path / "mine.toml")
    ca = create_dev_ca(tmp_path / "elsewhere")
    trust = tmp_path / "trust.toml"
    trust.write_text("version = 1\n")
    for name, place in (("KEYS", "mine.toml"), ("CA", "elsewhere"), ("TRUST", "trust.toml")):
        monkeypatch.setenv(f"FORENSICS_{name}", str(tmp_path / place))
    monkeypatch.setenv("FORENSICS_STORE", "postgresql+psycopg://nobody@nowhere/store")
    found = own_identity()
    assert (found.key, found.ca.chain) == (mine, ca.chain)
    assert found.store == "postgresql+psycopg://nobody@nowhere/store"
    assert not found.vouched
    assert trust.read_text() == "version = 1\n"
    root = normalise_pem(ca.root.read_text(), where="root")
    assert [entry.pem for entry in found.policy.lists] == [root]
    assert not home.exists()
    with pytest.raises(UsageError, match="origin composite"):
        own_identity("composite")


def test_pictures_that_were_changed_are_marked_by_a_key_of_their_own(home: Path) -> None:
    made, edited = own_identity(), own_identity("composite")
    assert (made.key.origin, edited.key.origin) == ("synthetic", "composite")
    assert made.key.id != edited.key.id
    assert made.ca == edited.ca
    assert len(key_ring()) == 2
    assert own_identity().key == made.key


def test_which_of_several_keys_marks(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = tmp_path / "ring.toml"
    save_keys([Key.generate("a"), Key.generate("b")], ring)
    monkeypatch.setenv("FORENSICS_KEYS", str(ring))
    with pytest.raises(UsageError, match="There are: a, b"):
        own_identity()
    ours = Key.generate("marking")
    save_keys([ours], ring, add=True)
    assert own_identity().key == ours


def test_a_damaged_certificate_is_said(home: Path) -> None:
    own_identity()
    (home / "marking" / "ca" / "chain.pem").write_text("no certificate")
    with pytest.raises(CertificateError):
        own_identity()
