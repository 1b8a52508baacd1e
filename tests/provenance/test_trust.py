"""The trust policy: what the file may say, where it stands, and what a list vouches for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from forensics.errors import CertificateError, TrustPolicyError
from forensics.provenance import CredentialState, ListKind, TrustList, TrustPolicy, read, trust_file
from forensics.provenance._statuses import Statuses
from forensics.provenance.certificates import describe_certificates, find_issuer, normalise_pem
from forensics.provenance.trust import policy_path, user_policy_path
from forensics.provenance.trust_file import add_list, list_name, remove_list, to_toml, write_policy

State = CredentialState


@pytest.fixture
def pem(pki) -> str:
    return pki.root_pem.decode()


def load(tmp_path: Path, text: str) -> TrustPolicy:
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return TrustPolicy.load(path)


def test_the_default_trusts_nobody_and_stays_at_home() -> None:
    policy = TrustPolicy.default()
    assert policy.lists == ()
    assert not policy.allow_network
    assert policy.allowed_hosts == ()


def test_files_are_relative_to_the_policy_and_inline_works(tmp_path: Path, pem: str, reference: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "a.pem").write_text(pem)
    text = (
        "version = 1\nekus = ['1.3.6.1.5.5.7.3.4']\nrequire_timestamp = true\n"
        "[[list]]\nname = 'a'\nfiles = ['lists/a.pem']\n"
        f"[[list]]\nname = 'b'\nkind = 'tsa'\ntrusted = false\npem = '''{pem}'''\n"
    )
    policy = load(tmp_path, text)
    assert policy.lists[0] == TrustList(name="a", pem=pem)
    assert policy.lists[1] == TrustList(name="b", kind=ListKind.TSA, trusted=False, pem=pem)
    assert policy.ekus == ("1.3.6.1.5.5.7.3.4",)
    assert policy.require_timestamp


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("colour = 'red'", "colour: unknown key"),
        ("lists = []", "lists: unknown key"),
        ("version = 2", "version: "),
        ("allow_network = 'perhaps'", "allow_network: "),
        ("allow_network = true", "allow_network needs allowed_hosts"),
        ("ekus = ['emailProtection']", r"ekus\[0\]: "),
        ("allowed_hosts = ['http://x/']", r"allowed_hosts\[0\]: "),
        ("list = 3", "list: "),
        ("[[list]]\nname = 'a'", r"list\[0\]: `files` or `pem`"),
        ("[[list]]\nname = 'a'\nfiles = 'a.pem'", r"list\[0\].files: "),
        ("[[list]]\nname = 'a'\nfiles = ['missing.pem']", "missing.pem: no such file"),
        ("[[list]]\nname = 'a'\npem = 'x'", r"list\[0\].pem: .*no PEM certificate"),
        ("[[list]]\nname = 'a'\npem = 3", r"list\[0\].pem: "),
        ("[[list]]\nname = '../a'\npem = 'PEM'", r"list\[0\].name: "),
        ("[[list]]\nname = 'a'\nkind = 'root'\npem = 'PEM'", r"list\[0\].kind: "),
        ("[[list]]\nname = 'a'\npem = 'PEM'\ncolour = 1", r"list\[0\].colour: unknown key"),
        ("[[list]]\nname = 'a'\npem = 'PEM'\n[[list]]\nname = 'a'\npem = 'PEM'", "'a' is named twice"),
        ("not toml", "not TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, pem: str, text: str, key: str) -> None:
    with pytest.raises(TrustPolicyError, match=key):
        load(tmp_path, text.replace("'PEM'", f"'''{pem}'''"))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "missing.toml", tmp_path, tmp_path / "binary.toml"):
        with pytest.raises(TrustPolicyError, match=path.name):
            TrustPolicy.load(path)


def test_private_keys_are_refused(pki) -> None:
    with pytest.raises(CertificateError, match="private key"):
        normalise_pem(pki.root_pem.decode() + pki.leaf().key_pem.decode(), where="x")


def test_text_between_certificates_is_dropped_and_doubles_are_merged(pem: str) -> None:
    bundle = f"# Root of somebody\n{pem}\nSubject: CN=x\n{pem.replace(chr(10), chr(13) + chr(10))}"
    assert normalise_pem(bundle, where="x") == pem
    (described,) = describe_certificates(pem)
    assert described.subject.startswith("CN=Test root")


def test_broken_certificate(pem: str) -> None:
    lines = pem.splitlines()
    with pytest.raises(CertificateError, match="cannot be parsed"):
        normalise_pem("\n".join([*lines[:2], *lines[3:]]), where="x")


# Where the policy stands


def test_resolution(tmp_path: Path, pem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def place(path: Path, name: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"[[list]]\nname = '{name}'\npem = '''{pem}'''\n")
        return path

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("FORENSICS_TRUST", raising=False)
    assert policy_path() is None
    assert TrustPolicy.resolve() == TrustPolicy.default()
    place(user_policy_path(), "own")
    assert TrustPolicy.resolve().lists[0].name == "own"
    monkeypatch.setenv("FORENSICS_TRUST", str(place(tmp_path / "env.toml", "env")))
    assert TrustPolicy.resolve().lists[0].name == "env"
    given = place(tmp_path / "given.toml", "given")
    assert TrustPolicy.resolve(given).lists[0].name == "given"
    monkeypatch.setenv("FORENSICS_TRUST", str(tmp_path / "missing.toml"))
    with pytest.raises(TrustPolicyError, match="no such file"):
        TrustPolicy.resolve()


# Changing it


def test_round_trip(tmp_path: Path, pem: str) -> None:
    policy = TrustPolicy(
        lists=(
            TrustList(name="a", pem=pem),
            TrustList(name="b", kind=ListKind.IDENTITY, trusted=False, pem=pem),
        ),
        ekus=("1.2.3",),
        require_timestamp=True,
        allow_network=True,
        allowed_hosts=("*.example.org", "[::1]:80"),
    )
    path = tmp_path / "new" / "trust.toml"
    write_policy(policy, path)
    link = tmp_path / "before"
    link.hardlink_to(path)
    write_policy(TrustPolicy.default(), path)
    assert TrustPolicy.load(path) == TrustPolicy.default()
    assert TrustPolicy.load(link) == policy  # the file was replaced, not written over
    assert [p.name for p in path.parent.iterdir()] == ["trust.toml"]
    assert load(tmp_path, to_toml(TrustPolicy.default())) == TrustPolicy.default()


def test_add_and_remove(tmp_path: Path, pem: str) -> None:
    source = tmp_path / "C2PA TRUST-LIST.pem"
    source.write_text(f"Subject: somebody\n{pem}")
    policy = add_list(TrustPolicy.default(), source, name=list_name(source), kind=ListKind.SIGNER)
    assert policy.lists == (TrustList(name="c2pa-trust-list", pem=pem),)
    with pytest.raises(TrustPolicyError, match="already"):
        add_list(policy, source, name="c2pa-trust-list", kind=ListKind.TSA)
    replaced = add_list(policy, source, name="c2pa-trust-list", kind=ListKind.TSA, replace=True)
    assert [entry.kind for entry in replaced.lists] == [ListKind.TSA]
    with pytest.raises(TrustPolicyError, match="cannot be called"):
        add_list(policy, source, name="a b", kind=ListKind.TSA)
    assert remove_list(policy, "c2pa-trust-list") == TrustPolicy.default()
    with pytest.raises(TrustPolicyError, match="there are: c2pa-trust-list"):
        remove_list(policy, "other")


def test_what_could_not_be_read_back_is_not_written(tmp_path: Path, pem: str, monkeypatch) -> None:
    monkeypatch.setattr(trust_file, "MAX_FILE_BYTES", 100)
    with pytest.raises(TrustPolicyError, match="read back"):
        write_policy(TrustPolicy(lists=(TrustList(name="a", pem=pem),)), tmp_path / "trust.toml")
    monkeypatch.undo()
    monkeypatch.setattr(trust_file, "to_toml", lambda policy: "version = 1\n")
    with pytest.raises(TrustPolicyError, match="read back"):
        write_policy(TrustPolicy(require_timestamp=True), tmp_path / "trust.toml")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, pem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trust.toml"
    write_policy(TrustPolicy.default(), path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TrustPolicyError, match="No space left"):
        write_policy(TrustPolicy(lists=(TrustList(name="a", pem=pem),)), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["trust.toml"]


# What follows from it


def test_a_list_that_is_only_named(forge, pem: str, jpeg, read_bytes) -> None:
    named = TrustPolicy(lists=(TrustList(name="interim", trusted=False, pem=pem),))
    report = read_bytes(forge.sign(jpeg), named)
    assert (report.state, report.trust_list) == (State.VALID_UNTRUSTED, "interim")
    assert not report.manifests[0].trusted


def test_anchor_in_two_lists_counts_for_signers(forge, pem: str, jpeg, read_bytes) -> None:
    signed = forge.sign(jpeg)
    leaf = forge.signer.certificates[0].public_bytes(_encoding()).decode()
    for anchors in (pem, pem + leaf, leaf + pem):
        for order in (("signer", "tsa"), ("tsa", "signer"), ("identity", "signer", "tsa")):
            both = TrustPolicy(lists=tuple(TrustList(name=k, kind=k, pem=anchors) for k in order))
            report = read_bytes(signed, both)
            assert (report.state, report.trust_list) == (State.TRUSTED, "signer")


def test_an_intermediate_may_be_an_anchor(forge, pki, jpeg, read_bytes) -> None:
    pem = forge.signer.certificates[1].public_bytes(_encoding()).decode()
    report = read_bytes(forge.sign(jpeg), TrustPolicy(lists=(TrustList(name="issuing", pem=pem),)))
    assert (report.state, report.trust_list) == (State.TRUSTED, "issuing")


def test_trusted_time(forge, tsa, pki, pem: str, jpeg, tmp_path: Path) -> None:
    path = tmp_path / "stamped.jpg"
    path.write_bytes(forge.sign(jpeg, tsa_url=tsa.url))
    authority = TrustList(name="clock", kind=ListKind.TSA, pem=tsa.root_pem.decode())
    signer = TrustList(name="test", pem=pem)
    for lists, trusted in (((signer,), False), ((signer, authority), True)):
        report = read(path, TrustPolicy(lists=lists))
        assert report.state is State.TRUSTED
        assert report.signed_time is not None
        assert report.signed_time.trusted is trusted
        strict = read(path, TrustPolicy(lists=lists, require_timestamp=True))
        assert strict.state is (State.TRUSTED if trusted else State.VALID_UNTRUSTED)


def test_an_anchor_for_signers_does_not_vouch_for_time(forge, tsa, pem: str, jpeg, read_bytes) -> None:
    mixed_up = TrustPolicy(lists=(TrustList(name="both", pem=pem + tsa.root_pem.decode()),))
    report = read_bytes(forge.sign(jpeg, tsa_url=tsa.url), mixed_up)
    assert report.state is State.TRUSTED
    assert report.signed_time is not None
    assert not report.signed_time.trusted


def test_times_of_first_version_claims_are_never_vouched_for(reference: Path, tsa) -> None:
    # The SDK reports timeStamp.trusted for them whatever the lists say.
    clock = TrustList(name="clock", kind=ListKind.TSA, pem=tsa.root_pem.decode())
    report = read(reference / "CA.jpg", TrustPolicy(lists=(clock,)))
    assert "timeStamp.trusted" in {c.code for c in report.codes}
    assert report.signed_time is not None
    assert not report.signed_time.trusted


def test_key_purposes_of_the_policy(pki, jpeg, read_bytes, forge) -> None:
    documents = "1.3.6.1.5.5.7.3.36"
    signed = type(forge)(pki.leaf(eku=(documents,))).sign(jpeg)
    other = pki.policy.model_copy(update={"ekus": ("1.3.6.1.4.1.62558.2.1",)})
    assert read_bytes(signed, pki.policy).state is State.TRUSTED
    report = read_bytes(signed, other)
    assert report.state is State.INVALID
    assert "signingCredential.invalid" in report.failures


def test_time_from_an_authority_that_stands_in_a_signer_list_too(
    forge, tsa, pem: str, jpeg, read_bytes
) -> None:
    both = TrustPolicy(
        lists=(
            TrustList(name="signers", pem=pem + tsa.root_pem.decode()),
            TrustList(name="clock", kind=ListKind.TSA, pem=tsa.root_pem.decode()),
        )
    )
    report = read_bytes(forge.sign(jpeg, tsa_url=tsa.url), both)
    assert (report.state, report.trust_list) == (State.TRUSTED, "signers")
    assert report.signed_time is not None
    assert report.signed_time.trusted


@pytest.mark.parametrize(
    ("explanation", "uri"),
    [
        ("timestamp cert trusted: TSA, trust list: urn:forensics:tsa:a", "urn:forensics:tsa:a"),
        ("legacy timestamp cert trusted: TSA", None),
        # an authority may call itself anything
        ("legacy timestamp cert trusted: x, trust list: urn:forensics:tsa:a", None),
        ("legacy timestamp cert trusted: \ntimestamp cert trusted: x, trust list: urn:forensics:tsa:a", None),
        ("timestamp cert trusted: x, trust list: urn:forensics:tsa:a, trust list: urn:b", "urn:b"),
    ],
)
def test_the_list_behind_a_time(explanation: str, uri: str | None) -> None:
    status = {"code": "timeStamp.trusted", "url": "self#jumbf=/c2pa/m/c2pa.signature"}
    groups = {"activeManifest": {"success": [{**status, "explanation": explanation}]}}
    assert Statuses({"active_manifest": "m", "validation_results": groups}).time_list("m") == uri
    ingredient = {"active_manifest": "m", "validation_results": groups}
    recorded = {"active_manifest": "a", "manifests": {"a": {"ingredients": [ingredient]}}}
    assert Statuses(recorded).time_list("m") is None


def test_an_ingredient_that_turns_out_to_be_a_strangers(forge, stranger, pki, jpeg, read_bytes) -> None:
    # As the SDK has it: what the signer recorded as unknown is settled, what he took for known is not.
    foreign = TrustList(name="then", pem=stranger.signer.certificates[1].public_bytes(_encoding()).decode())
    then = TrustPolicy(lists=(*pki.policy.lists, foreign))
    parent = stranger.sign(jpeg)
    settled = read_bytes(forge.sign(parent, ingredient=parent, policy=pki.policy), pki.policy)
    surprise = read_bytes(forge.sign(parent, ingredient=parent, policy=then), pki.policy)
    assert (settled.state, surprise.state) == (State.TRUSTED, State.VALID_UNTRUSTED)
    for report in (settled, surprise):
        assert [m.trusted for m in report.manifests] == [True, False]
        assert report.trust_list == "test"


# Issuers


def test_issuer_is_found_by_serial_number(pki) -> None:
    leaf = pki.leaf().certificates[0]
    der = leaf.public_bytes(_encoding("DER"))
    store = b"junk" * 9 + der + b"\0" * 20
    assert find_issuer(store, leaf.serial_number).startswith("CN=Test issuing CA")
    assert find_issuer(store, leaf.serial_number + 1) == ""
    assert find_issuer(der[8:], leaf.serial_number) == ""  # cut off before its start


def test_two_certificates_of_one_number_name_no_issuer(pki) -> None:
    leaf = pki.leaf().certificates[0]
    der = leaf.public_bytes(_encoding("DER"))
    lie = der.replace(b"Test issuing CA", b"Best issuing CA")
    assert lie != der
    assert find_issuer(lie + der, leaf.serial_number) == ""


def _encoding(name: str = "PEM") -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding

    return getattr(Encoding, name)
