"""The walk over the ingredients, on real files and on stores that nobody would sign."""

from __future__ import annotations

from typing import Any

import pytest

from forensics.provenance import Chain, CredentialState
from forensics.provenance._statuses import Statuses, is_failure
from forensics.provenance.chain import MAX_MANIFESTS, Role, judge, walk

URI = "self#jumbf=/c2pa/{}/c2pa.assertions/c2pa.ingredient"


def ingredient(target: str, relationship: str = "parentOf", **more: Any) -> dict[str, Any]:
    return {
        "title": f"of {target}",
        "relationship": relationship,
        "active_manifest": target,
        "label": "c2pa.ingredient",
        **more,
    }


def store(manifests: dict[str, list[dict[str, Any]]], **results: Any) -> dict[str, Any]:
    return {
        "active_manifest": next(iter(manifests)),
        "manifests": {label: {"ingredients": below} for label, below in manifests.items()},
        "validation_results": results,
    }


def status(code: str, label: str) -> dict[str, str]:
    return {"code": code, "url": f"self#jumbf=/c2pa/{label}/c2pa.signature", "explanation": ""}


def verdict(document: dict[str, Any]) -> Chain:
    statuses = Statuses(document)
    return judge(walk(document, statuses), statuses)


def delta(holder: str, *failures: dict[str, str]) -> list[dict[str, Any]]:
    return [{"ingredientAssertionURI": URI.format(holder), "validationDeltas": {"failure": list(failures)}}]


def test_single_without_ingredients() -> None:
    assert verdict(store({"a": []})) is Chain.SINGLE


def test_single_when_ingredients_carry_no_credentials() -> None:
    assert verdict(store({"a": [ingredient("")]})) is Chain.SINGLE


def test_intact() -> None:
    assert verdict(store({"a": [ingredient("b")], "b": []})) is Chain.INTACT


@pytest.mark.parametrize("code", ["assertion.dataHash.mismatch", "claimSignature.mismatch", "claim.missing"])
def test_failure_found_now_breaks(code: str) -> None:
    document = store({"a": [ingredient("b")], "b": []}, ingredientDeltas=delta("a", status(code, "b")))
    assert verdict(document) is Chain.BROKEN


@pytest.mark.parametrize(
    "code", ["signingCredential.untrusted", "cawg.x509.credential.untrusted", "cawg.ica.did_unavailable"]
)
def test_unknown_signer_or_identity_does_not_break(code: str) -> None:
    document = store({"a": [ingredient("b")], "b": []}, ingredientDeltas=delta("a", status(code, "b")))
    assert verdict(document) is Chain.INTACT


def test_forged_identity_breaks() -> None:
    forged = status("cawg.x509.signature.mismatch", "b")
    document = store({"a": [ingredient("b")], "b": []}, ingredientDeltas=delta("a", forged))
    assert verdict(document) is Chain.BROKEN


def test_recorded_failure_deep_down_breaks() -> None:
    bad = ingredient("c", validation_status=[{"code": "assertion.hashedURI.mismatch", "url": "x"}])
    document = store({"a": [ingredient("b")], "b": [bad], "c": []})
    assert verdict(document) is Chain.BROKEN
    found = walk(document, Statuses(document))
    assert [edge.failed for node in found.nodes for edge in node.edges] == [
        (),
        ("assertion.hashedURI.mismatch",),
    ]


def test_failure_recorded_as_information_still_breaks() -> None:
    hidden = {"activeManifest": {"informational": [status("assertion.dataHash.mismatch", "b")]}}
    document = store({"a": [ingredient("b", validation_results=hidden)], "b": []})
    assert verdict(document) is Chain.BROKEN


def test_recorded_successes_of_old_claims_do_not_break() -> None:
    good = [
        {"code": code, "url": ""}
        for code in (
            "claimSignature.validated",
            "signingCredential.trusted",
            "timeStamp.mismatch",
            "assertion.dataHash.match",
            "assertion.accessible",
        )
    ]
    assert verdict(store({"a": [ingredient("b", validation_status=good)], "b": []})) is Chain.INTACT


def test_missing_manifest_breaks() -> None:
    gone = {"code": "ingredient.manifest.missing", "url": URI.format("a")}
    document = store({"a": [ingredient("b")]}, activeManifest={"failure": [gone]})
    assert verdict(document) is Chain.BROKEN


def test_edited_record_of_an_ingredient_breaks() -> None:
    edited = {"code": "assertion.hashedURI.mismatch", "url": URI.format("a")}
    document = store({"a": [ingredient("b")], "b": []}, activeManifest={"failure": [edited]})
    assert verdict(document) is Chain.BROKEN


def test_failure_of_a_manifest_that_nothing_names_breaks() -> None:
    hidden = status("claimSignature.mismatch", "c")
    document = store({"a": [ingredient("b")], "b": []}, activeManifest={"failure": [hidden]})
    assert verdict(document) is Chain.BROKEN


def test_failure_of_the_active_manifest_alone_does_not_break_the_chain() -> None:
    own = status("assertion.dataHash.mismatch", "a")
    document = store({"a": [ingredient("b")], "b": []}, activeManifest={"failure": [own]})
    assert verdict(document) is Chain.INTACT


def test_cycles_end() -> None:
    document = store({"a": [ingredient("b"), ingredient("a")], "b": [ingredient("a"), ingredient("b")]})
    found = walk(document, Statuses(document))
    assert [node.label for node in found.nodes] == ["a", "b"]
    assert found.complete
    assert verdict(document) is Chain.INTACT


def test_endless_histories_are_cut_and_count_as_broken() -> None:
    length = MAX_MANIFESTS + 10
    chain = {str(i): [ingredient(str(i + 1))] for i in range(length)}
    document = store({**chain, str(length): []})
    found = walk(document, Statuses(document))
    assert len(found.nodes) == MAX_MANIFESTS
    assert not found.complete
    assert verdict(document) is Chain.BROKEN


def test_roles() -> None:
    document = store(
        {
            "a": [ingredient("b"), ingredient("c", "componentOf"), ingredient("d", "inputTo")],
            "b": [ingredient("e"), ingredient("f", "componentOf")],
            "c": [ingredient("g")],
            "d": [ingredient("h"), ingredient("e")],  # e is reached from the line as well
            **{label: [] for label in "efgh"},
        }
    )
    roles = {node.label: node.role for node in walk(document, Statuses(document)).nodes}
    assert roles == {
        **dict.fromkeys("abe", Role.LINE),
        **dict.fromkeys("cfg", Role.PART),
        **dict.fromkeys("dh", Role.INPUT),
    }


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"active_manifest": 3, "manifests": []},
        {"active_manifest": "a", "manifests": {"a": {"ingredients": "no"}}},
        {"active_manifest": "a", "manifests": {"a": {"ingredients": [3, {"label": []}]}}},
        {"active_manifest": "a", "manifests": {"a": []}, "validation_results": {"activeManifest": [1]}},
        {"validation_results": {"ingredientDeltas": [{"validationDeltas": 3}, 4]}},
    ],
)
def test_documents_of_the_wrong_shape(document: dict[str, Any]) -> None:
    assert verdict(document) is Chain.SINGLE


def test_three_generations(forge, pki, jpeg, read_bytes) -> None:
    parent = forge.sign(jpeg)
    child = forge.sign(parent, ingredient=parent)
    report = read_bytes(forge.sign(child, ingredient=child), pki.policy)
    assert (report.state, report.chain) == (CredentialState.TRUSTED, Chain.INTACT)
    assert [len(m.ingredients) for m in report.manifests] == [1, 1, 0]
    assert report.proof


def test_tampered_grandparent(forge, pki, jpeg, read_bytes) -> None:
    parent = bytearray(forge.sign(jpeg))
    parent[-40] ^= 1
    child = forge.sign(bytes(parent), ingredient=bytes(parent))
    report = read_bytes(forge.sign(child, ingredient=child), pki.policy)
    assert (report.state, report.chain) == (CredentialState.TRUSTED, Chain.BROKEN)
    assert [bool(i.failed) for m in report.manifests for i in m.ingredients] == [False, True]


def test_ingredient_of_a_stranger_is_not_broken(forge, stranger, pki, jpeg, read_bytes) -> None:
    foreign = stranger.sign(jpeg)
    report = read_bytes(forge.sign(foreign, ingredient=foreign), pki.policy)
    assert report.chain is Chain.INTACT
    assert [m.trusted for m in report.manifests] == [True, False]


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("assertion.hashedURI.match", False),
        ("timeStamp.untrusted", False),
        ("signingCredential.ocsp.skipped", False),
        ("signingCredential.ocsp.revoked", True),
        ("assertion.inaccessible", True),
        ("claim.multiple", True),
        ("something.new", True),
    ],
)
def test_failures_by_code(code: str, failure: bool) -> None:
    assert is_failure(code) is failure
