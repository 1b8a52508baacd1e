"""One test for each trap of the SDK that reading must not fall into.

Where it can be shown, the first half of a test shows the trap in the SDK itself; should it ever be gone
there, the test says so.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import c2pa
import pytest

from forensics.provenance import AiSignalKind, Chain, CredentialState, TrustList, TrustPolicy, read
from forensics.provenance._sdk import Outcome, make_context, read_store, safe_settings

State = CredentialState
CAPTURE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"


def sdk_state(data: bytes, settings: dict) -> str:
    with c2pa.Reader("image/jpeg", io.BytesIO(data), context=c2pa.Context.from_dict(settings)) as reader:
        return reader.get_validation_state()


def bare_trust(kind: str, pem: bytes) -> dict:
    anchor = {"trust_kind": kind, "trust_uri": f"urn:bare:{kind}", "trust_anchors": pem.decode()}
    return {"version": 1, "trust": {"anchors": [anchor]}}


def test_p1_settings_keep_the_network_shut() -> None:
    settings = safe_settings()
    assert settings["verify"] == {"remote_manifest_fetch": False, "ocsp_fetch": False}
    assert settings["core"] == {"allowed_network_hosts": [], "allow_redirects": False}


def test_p4_gathered_assertions_are_not_vouched_for(forge, pki, jpeg, read_bytes) -> None:
    created = read_bytes(forge.sign(jpeg, created=True), pki.policy)
    gathered = read_bytes(forge.sign(jpeg, created=False), pki.policy)
    assert [a.created for a in created.manifests[0].actions] == [True]
    assert [a.created for a in gathered.manifests[0].actions] == [False]
    assert gathered.state is State.TRUSTED
    assert gathered.ai_signal.kind is AiSignalKind.CAPTURED
    assert (created.ai_signal.trusted, gathered.ai_signal.trusted) == (True, False)


def test_p4_claims_of_version_1_know_no_gathered_assertions(reference: Path) -> None:
    report = read(reference / "CA.jpg", TrustPolicy.default())
    assert all(action.created for action in report.manifests[0].actions)
    assert report.manifests[0].actions


def test_p5_c2pa_key_purpose_is_accepted(pki, jpeg, read_bytes, forge) -> None:
    official = type(forge)(pki.leaf(eku=("1.3.6.1.4.1.62558.2.1", "1.3.6.1.5.5.7.3.36")))
    signed = official.sign(jpeg)
    assert sdk_state(signed, bare_trust("manifest", pki.root_pem)) == "Invalid"
    assert read_bytes(signed, pki.policy).state is State.TRUSTED


@pytest.mark.parametrize(("kind", "sdk_kind"), [("tsa", "tsa"), ("identity", "cawg")])
def test_p6_only_signer_lists_vouch_for_signers(forge, pki, jpeg, read_bytes, kind, sdk_kind) -> None:
    signed = forge.sign(jpeg)
    assert sdk_state(signed, bare_trust(sdk_kind, pki.root_pem)) == "Trusted"
    leaky = TrustPolicy(lists=(TrustList(name="other", kind=kind, pem=pki.root_pem.decode()),))
    report = read_bytes(signed, leaky)
    assert (report.state, report.trust_list) == (State.VALID_UNTRUSTED, "other")
    assert not report.manifests[0].trusted
    assert not report.ai_signal.trusted
    assert any(c.failure and "does not vouch" in c.explanation for c in report.codes)


def test_p6_ingredients_whose_list_the_sdk_leaves_out(forge, stranger, pki, jpeg, read_bytes) -> None:
    # A parent that its taker recorded as trusted: the SDK then reports no trust for it at all.
    foreign_root = stranger.signer.certificates[-1].public_bytes(_pem())
    signer = TrustList(name="test", pem=pki.root_pem.decode())
    leak = TrustList(name="clock", kind="tsa", pem=foreign_root.decode())
    recording = TrustPolicy(lists=(signer, TrustList(name="then", pem=foreign_root.decode())))
    parent = stranger.sign(jpeg)
    report = read_bytes(
        forge.sign(parent, ingredient=parent, policy=recording), TrustPolicy(lists=(signer, leak))
    )
    assert [m.trusted for m in report.manifests] == [True, False]
    own = forge.sign(jpeg)
    report = read_bytes(forge.sign(own, ingredient=own, policy=recording), TrustPolicy(lists=(signer, leak)))
    assert [m.trusted for m in report.manifests] == [True, True]


def test_p6_a_list_of_another_kind_does_not_hide_an_unknown_ingredient(
    forge, stranger, pki, jpeg, read_bytes
) -> None:
    # The taker's record says nothing of trust, so the SDK would take it away, but for the leak.
    foreign_root = stranger.signer.certificates[-1].public_bytes(_pem()).decode()
    signer = TrustList(name="test", pem=pki.root_pem.decode())
    leak = TrustList(name="clock", kind="tsa", pem=foreign_root)
    parent = stranger.sign(jpeg)
    signed = forge.sign(parent, ingredient=parent, policy=TrustPolicy(lists=(signer, leak)))
    assert read_bytes(signed, TrustPolicy(lists=(signer,))).state is State.VALID_UNTRUSTED
    leaky = TrustPolicy(lists=(signer, leak))
    assert sdk_state(signed, safe_settings(leaky)) == "Trusted"
    report = read_bytes(signed, leaky)
    assert (report.state, [m.trusted for m in report.manifests]) == (State.VALID_UNTRUSTED, [True, False])


def test_p7_a_tampered_parent_is_not_laundered(forge, pki, jpeg, read_bytes) -> None:
    parent = bytearray(forge.sign(jpeg))
    parent[-40] ^= 1
    laundered = forge.sign(bytes(parent), ingredient=bytes(parent), policy=pki.policy)
    assert sdk_state(laundered, safe_settings(pki.policy)) == "Trusted"
    report = read_bytes(laundered, pki.policy)
    assert report.chain is Chain.BROKEN
    assert not report.proof


@pytest.mark.parametrize("name", ["CIE-sig-CA.jpg", "CACAE-uri-CA.jpg"])
def test_p7_official_files_with_a_broken_ingredient(reference: Path, name: str) -> None:
    assert read(reference / name, TrustPolicy.default()).chain is Chain.BROKEN


def test_p8_unknown_identity_takes_nothing_away(forge, stranger, pki, jpeg, read_bytes) -> None:
    signed = with_identity(forge, stranger, jpeg)
    assert sdk_state(signed, safe_settings(pki.policy)) == "Valid"
    report = read_bytes(signed, pki.policy)
    assert (report.state, report.trust_list) == (State.TRUSTED, "test")
    assert "cawg.x509.credential.untrusted" in {c.code for c in report.codes if c.failure}
    assert report.manifests[0].intact
    # Without a list for the signer it stays untrusted, identity or not.
    assert read_bytes(signed).state is State.VALID_UNTRUSTED


def test_p8_forged_identity_does_count(forge, stranger, pki, jpeg, read_bytes) -> None:
    signed = with_identity(forge, stranger, jpeg)
    assert signed.count(b"cawg.creator") == 1
    report = read_bytes(signed.replace(b"cawg.creator", b"cawg.creatar"), pki.policy)
    assert report.state is State.INVALID


def with_identity(forge, person, data: bytes) -> bytes:
    """Sign with a CAWG identity; the Python SDK has no public way to do so."""
    local = {"alg": "es256", "sign_cert": forge.signer.chain.decode()}
    identity = {"alg": "es256", "sign_cert": person.signer.chain.decode()}
    settings = {
        **safe_settings(),
        "signer": {"local": {**local, "private_key": forge.signer.key_pem.decode()}},
        "cawg_x509_signer": {
            "local": {
                **identity,
                "private_key": person.signer.key_pem.decode(),
                "referenced_assertions": ["c2pa.actions"],
                "roles": ["cawg.creator"],
            }
        },
    }
    action = {"action": "c2pa.created", "digitalSourceType": CAPTURE}
    manifest = {
        "claim_generator_info": [{"name": "forge", "version": "1"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }
    builder = c2pa.Builder(manifest, c2pa.Context.from_dict(settings))
    builder._has_context_signer = True
    out = io.BytesIO()
    builder.sign("image/jpeg", io.BytesIO(data), out)
    return out.getvalue()


FORKED = """
import os, sys
from forensics.provenance import TrustPolicy, read
from forensics.provenance._sdk import make_context
first = read(sys.argv[1], TrustPolicy.default())
context = make_context()
if os.fork() == 0:
    again = read(sys.argv[1], TrustPolicy.default())
    os._exit(0 if again == first and not context.is_valid and make_context().is_valid else 9)
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_p9_a_forked_child_makes_its_own_context(reference: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED, str(reference / "CA.jpg")],
        timeout=60,
        check=False,
    )
    assert done.returncode == 0


def test_p12_every_failure_has_a_name(forge, jpeg, reference: Path) -> None:
    signed = forge.sign(jpeg)
    default = TrustPolicy.default()
    cases = {
        Outcome.FOUND: signed,
        Outcome.ABSENT: jpeg,
        Outcome.UNSUPPORTED: b"plain text",
        Outcome.REMOTE: (reference / "cloud.jpg").read_bytes(),
    }
    for outcome, data in cases.items():
        assert read_store(io.BytesIO(data), None, default).outcome is outcome
    start = signed.index(b"\xff\xeb")
    texts = Counter[str]()
    for position in range(start, start + 1500, 3):
        flipped = bytearray(signed)
        flipped[position] ^= 1
        reading = read_store(io.BytesIO(bytes(flipped)), "image/jpeg", default)
        if reading.outcome is Outcome.MALFORMED:
            texts[reading.detail.split(":")[0]] += 1
            assert reading.detail
    assert len(texts) >= 5  # classes of exceptions
    assert sum(texts.values()) >= 50


def test_p16_threads_share_a_context(reference: Path) -> None:
    policy = TrustPolicy(
        lists=(TrustList(name="a", pem=(reference / "anchors.pem").read_text(encoding="utf-8")),)
    )
    expected = read(reference / "CA.jpg", policy)
    context = make_context(policy)
    found: list[object] = []

    def work() -> None:
        for _ in range(15):
            try:
                found.append(read(reference / "CA.jpg", policy) == expected)
            except Exception as error:
                found.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 90
    assert make_context(policy) is context


def test_reports_survive_json(reference: Path) -> None:
    report = read(reference / "CACAE-uri-CA.jpg", TrustPolicy.default())
    assert type(report).model_validate(json.loads(report.model_dump_json())) == report


def _pem():
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.PEM
